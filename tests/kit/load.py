"""
Clients that know what is lost and what is not: a process that keeps many
connections busy, and afterwards tells how each request ended.

A request is answered: its whole answer came, of the status and with a body
that were expected, else it is wrong. Or it was refused: nobody listened. Or
its connection was closed before: the server's FIN was here before it could be
sent. All else is lost: by a reset, by an answer that is cut short, by an end
without an answer, or since nothing came.

Whether a FIN was here first is asked right before a request is sent. It may
come between that look and the sending; then the kernel knows of it right
after. So a request counts as lost only if its connection was still whole when
it had been sent.
"""

import contextlib
import errno
import math
import os
import select
import socket
import time
from array import array
from collections import Counter
from typing import NamedTuple

from clients import READ_SIZE, Loop, Process, enter_namespace, take_answer
from wire import PATIENCE, request

RETRY = 0.05  # seconds until the next try of who was refused
ESTABLISHED = 1  # of tcp_info's tcpi_state
TOTAL_RETRANS = 100  # where in tcp_info that number is


class Plan(NamedTuple):
    """What the clients do."""

    address: tuple
    bodies: tuple  # a good answer holds one of them
    connections: int = 64
    target: str = "/"
    once: bool = False  # a new connection for each request
    repeat: bool = True  # until stopped; else one request each
    pause: float = 0  # seconds between an answer and the next request
    spread: float = 0  # seconds over which the connections begin
    namespace: str = ""  # of the network, by its name for ip-netns(8)
    also: tuple = ()  # statuses that are as good, with any body

    def request(self):
        return request(self.target, *["Connection: close"] * self.once)


def kept_alive(address, bodies, connections, **how):
    """Connections on which one request follows the other."""
    return Load(Plan(address, bodies, connections, **how))


def one_each(address, bodies, connections, **how):
    """A new connection for each request; so many at a time."""
    return Load(Plan(address, bodies, connections, once=True, **how))


def sleepers(address, bodies, connections, target, **how):
    """One request on each connection."""
    how = {"target": target, "repeat": False, **how}
    return Load(Plan(address, bodies, connections, **how))


def begin_pair(stack, address, bodies, connections, **how):
    """
    Both, with so many connections each, for as long as the stack lasts, once
    each connection has been served.
    """
    loads = [
        kept_alive(address, bodies, connections[0], **how),
        one_each(address, bodies, connections[1], **how),
    ]
    for each in loads:
        stack.enter_context(each)
    for each in loads:
        each.await_connections()
    return loads


class Outcome:
    """How the requests of a load ended. Times are in seconds."""

    def __init__(self):
        self.connects = 0  # connections that came about
        self.refused = 0  # connections that nobody wanted
        self.repeated = 0  # connections whose first packets went unheard
        self.closed = 0  # connections ended by the server between requests
        self.lost = Counter()  # by kind
        self.wrong = Counter()  # by what was wrong
        self.sent = array("d")  # when the requests went out that were answered
        self.took = array("d")  # how long each answer took, from its request
        self.slow_connect = 0.0  # the longest that a connection took to open
        self.last_sent = {}  # of those with a body, by its number among bodies
        self.lost_after = array("d")  # when the connections began that lost
        self.failed = array("d")  # when that began which was lost or wrong

    @property
    def answered(self):
        return len(self.took)

    def slowest(self, since=0.0, until=math.inf):
        """How long it took, of the answers that came between these times."""
        answers = zip(self.sent, self.took)
        return max(
            (t for s, t in answers if since <= s + t < until), default=0.0
        )

    def add(self, other):
        """Takes the outcome of another load in."""
        self.connects += other.connects
        self.refused += other.refused
        self.repeated += other.repeated
        self.closed += other.closed
        self.lost += other.lost
        self.wrong += other.wrong
        self.sent += other.sent
        self.took += other.took
        self.lost_after += other.lost_after
        self.failed += other.failed
        self.slow_connect = max(self.slow_connect, other.slow_connect)
        for number, when in other.last_sent.items():
            before = self.last_sent.get(number, when)
            self.last_sent[number] = max(when, before)


class Load(Process):
    """
    A process of such clients. Without an answer for PATIENCE seconds, a
    request is lost.
    """

    def __init__(self, plan):
        super().__init__(Clients, plan, counters=2)
        self.plan = plan
        self._outcome = None

    answered = property(lambda self: self._progress[0])
    refused = property(lambda self: self._progress[1])

    def await_answers(self, count):
        """Waits until so many more than now have come."""
        wanted = self.answered + count
        self._await(lambda: self.answered >= wanted, "answers")

    def await_connections(self):
        """Waits until each connection has very likely been served."""
        self.await_answers(3 * self.plan.connections)

    def await_refusal(self):
        self._await(lambda: self.refused, "a refusal")

    def _await(self, predicate, what):
        give_up = time.monotonic() + PATIENCE
        while not predicate():
            if time.monotonic() > give_up or not self.is_running():
                raise TimeoutError(f"a load still waits for {what}")
            time.sleep(0.002)

    def stop(self):
        """Begins no more requests, waits for the rest, tells how all went."""
        with contextlib.suppress(BrokenPipeError):  # it has ended by itself
            self._pipe.send("stop")
        return self.finish()

    def finish(self):
        """Waits for a load that ends by itself."""
        if self._outcome is None:
            self._outcome = self._pipe.recv()
        return self._outcome


class Client:
    """One of them. It has a socket while it has something under way."""

    __slots__ = (
        "began",
        "buffer",
        "opened",
        "sent",
        "socket",
        "step",
        "turn",
        "whole",
    )


class Clients(Loop):
    """All clients of a process."""

    def __init__(self, plan, progress):
        super().__init__(progress)
        if plan.namespace:
            enter_namespace(plan.namespace)
        self.plan = plan
        self.request = plan.request()
        self.bodies = {body: n for n, body in enumerate(plan.bodies)}
        self.busy = {}  # clients by the number of their socket
        self.stopping = False
        self.outcome = Outcome()

    def run(self, pipe):
        count = self.plan.connections
        for number in range(count):
            at = number * self.plan.spread / count
            self.wait(at, self.open, Client())
        self.poll.register(pipe.fileno(), select.EPOLLIN)
        while self.busy or self.later:
            events = self.poll.poll(self.time_left())
            for fd, _ in events:
                client = self.busy.get(fd)
                if client is not None:
                    client.step(client)
                elif fd == pipe.fileno():
                    self.stop(pipe)
            self.run_later()
            if not events:
                self.give_up()
            self.progress[0] = self.outcome.answered
            self.progress[1] = self.outcome.refused
        pipe.send(self.outcome)

    def stop(self, pipe):
        """Lets those go that have nothing under way."""
        self.poll.unregister(pipe.fileno())
        self.stopping = True
        for client in list(self.busy.values()):
            if client.step == self.on_idle:
                self.close(client)
        self.later.clear()

    # Time

    def wait(self, seconds, step, client):
        """The last step that is put off is the one that counts."""
        client.turn = self.put_off(seconds, step, client)

    def is_current(self, client, turn):
        return turn == client.turn

    def give_up(self):
        """On those who have waited for too long."""
        too_old = time.monotonic() - PATIENCE
        for client in list(self.busy.values()):
            if client.step != self.on_idle and client.began < too_old:
                self.lose(client, "silent")

    # The way of a request

    def open(self, client):
        client.socket = socket.socket()
        client.socket.setblocking(False)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.began = client.opened = time.monotonic()
        client.step = self.on_connected
        error = client.socket.connect_ex(self.plan.address)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, f"connect: {os.strerror(error)}")
        self.poll.register(client.socket, select.EPOLLIN | select.EPOLLOUT)
        self.busy[client.socket.fileno()] = client

    def on_connected(self, client):
        error = client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error == errno.ECONNREFUSED:
            self.outcome.refused += 1
            self.go_on(client, RETRY)
        elif error:
            reset = error == errno.ECONNRESET
            self.lose(client, "reset" if reset else os.strerror(error))
        else:
            took = time.monotonic() - client.began
            outcome = self.outcome
            outcome.connects += 1
            outcome.repeated += has_repeated(client.socket)
            outcome.slow_connect = max(outcome.slow_connect, took)
            self.poll.modify(client.socket, select.EPOLLIN)
            self.ask(client)

    def ask(self, client):
        """Sends a request, unless the connection has ended by now."""
        try:
            ended = not client.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            pass
        except ConnectionError:
            return self.lose(client, "reset")
        else:
            return self.end_idle(client, ended)
        client.buffer = b""
        client.step = self.on_answer
        client.began = client.sent = time.monotonic()
        try:
            client.socket.send(self.request)
        except ConnectionError:
            return self.lose(client, "reset")
        client.whole = is_established(client.socket)

    def on_idle(self, client):
        """Something comes between two requests."""
        try:
            ended = not client.socket.recv(1, socket.MSG_PEEK)
        except ConnectionError:
            return self.lose(client, "reset")
        self.end_idle(client, ended)

    def end_idle(self, client, ended):
        if not ended:
            return self.reject(client, "unasked bytes")
        self.outcome.closed += 1
        self.go_on(client)

    def on_answer(self, client):
        try:
            data = client.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except ConnectionError:
            return self.lose(client, "reset")
        if not data:
            return self.end_early(client)
        client.buffer = client.buffer + data if client.buffer else data
        answer = take_answer(client.buffer)
        if answer:
            self.judge(client, answer)

    def end_early(self, client):
        if client.buffer:
            self.lose(client, "cut short")
        elif client.whole:
            self.lose(client, "no answer")
        else:
            self.outcome.closed += 1
            self.go_on(client)

    def judge(self, client, answer):
        number = self.bodies.get(answer.body)
        if answer.more:
            self.reject(client, "too many bytes, or no length")
        elif answer.status == 200 and number is None:
            self.reject(client, "body")
        elif answer.status == 200 or answer.status in self.plan.also:
            self.accept(client, number, answer.closes)
        else:
            self.reject(client, f"status {answer.status}")

    def accept(self, client, number, closing):
        now, outcome = time.monotonic(), self.outcome
        outcome.sent.append(client.sent)
        outcome.took.append(now - client.sent)
        before = outcome.last_sent.get(number, client.sent)
        outcome.last_sent[number] = max(before, client.sent)
        if closing:
            client.step = self.on_end
        elif self.stopping or not self.plan.repeat:
            self.close(client)
        elif self.plan.pause:
            client.step = self.on_idle
            self.wait(self.plan.pause, self.ask, client)
        else:
            self.ask(client)

    def on_end(self, client):
        """An answer that says close is followed by a FIN, and no reset."""
        try:
            data = client.socket.recv(READ_SIZE)
        except ConnectionError:
            return self.lose(client, "reset")
        if data:
            return self.reject(client, "bytes after the last answer")
        self.go_on(client, self.plan.pause)

    # Ends

    def lose(self, client, kind):
        self.outcome.lost[kind] += 1
        self.outcome.lost_after.append(client.opened)
        self.outcome.failed.append(client.began)
        self.go_on(client, RETRY)

    def reject(self, client, what):
        self.outcome.wrong[what] += 1
        self.outcome.failed.append(client.began)
        self.go_on(client, RETRY)

    def go_on(self, client, pause=0):
        """With a new connection, where there is to be one."""
        self.close(client)
        if self.stopping or not self.plan.repeat:
            return
        if pause:
            self.wait(pause, self.open, client)
        else:
            self.open(client)

    def close(self, client):
        del self.busy[client.socket.fileno()]
        client.turn = None
        client.socket.close()


def tcp_info(connection, size):
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)


def is_established(connection):
    """Whether neither a FIN nor a reset has come."""
    return tcp_info(connection, 1)[0] == ESTABLISHED


def has_repeated(connection):
    """Whether anything had to be sent again."""
    return tcp_info(connection, TOTAL_RETRANS + 4)[TOTAL_RETRANS] > 0
