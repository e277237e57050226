"""
A client that asks by a timetable: each question at its time, on a connection
of its own, whatever became of the others. A slow server can't slow it down,
so that no question is left out that would have had to wait.

It is no Loop of clients.py: it is to the microsecond, where their
epoll_wait(2) is to the next millisecond, and runs in the process that
measures.
"""

import collections
import errno
import gc
import math
import os
import select
import socket
import time
from typing import NamedTuple

from clients import READ_SIZE, take_answer
from server import MTASYNC
from wire import request

TICK = 0.01  # seconds
SERVED = "200"
REFUSED = "refused"
IN_VAIN = "not in time"


class Question(NamedTuple):
    at: float  # seconds from the start
    target: str = "/"


class Ending(NamedTuple):
    """How a question ended: SERVED, REFUSED, IN_VAIN, a status, a fault."""

    question: Question
    kind: str
    opened: float  # seconds from the start, as the next
    ended: float

    @property
    def served(self):
        return self.kind == SERVED

    @property
    def took(self):
        """From when it was due, not from when the client came to it."""
        return self.ended - self.question.at

    @property
    def late(self):
        """By how much the client was."""
        return self.opened - self.question.at


class Asked:
    """A question that is under way."""

    def __init__(self, question, opened):
        self.question = question
        self.opened = opened
        self.sent = False
        self.buffer = b""
        self.socket = socket.socket()
        self.socket.setblocking(False)


class Asker:
    """Asks them, in their order, and waits so many seconds for each."""

    def __init__(self, address, questions, bound):
        self.address = address
        self.later = collections.deque(questions)
        self.bound = bound
        self.body = MTASYNC.body()
        self.busy = {}  # by the number of their socket, the oldest first
        self.endings = []
        self.poll = select.epoll()
        self.start = time.monotonic()

    def __enter__(self):
        gc.disable()  # its pauses would be in the figures
        self.start = time.monotonic()
        return self

    def __exit__(self, *exception):
        gc.enable()
        for asked in self.busy.values():
            asked.socket.close()
        self.poll.close()

    def now(self):
        return time.monotonic() - self.start

    def run(self, until=math.inf):
        """Until all have ended, or that time. Returns how they did."""
        while (self.later or self.busy) and self.now() < until:
            self.wait(until)
            for fd, _ in self.poll.poll(0):
                self.step(self.busy[fd])
            self.open_due()
            self.give_up()
        return self.endings

    def run_until_asked(self):
        """Until all questions are with the kernel, at least."""
        while self.later or not all(a.sent for a in self.busy.values()):
            self.run(self.now() + TICK)

    def oldest(self):
        return next(iter(self.busy.values()), None)

    def wait(self, until):
        """To the microsecond, where epoll_wait(2) would be to the next ms."""
        times = [until]
        if self.later:
            times.append(self.later[0].at)
        if self.busy:
            times.append(self.oldest().question.at + self.bound)
        left = max(0, min(times) - self.now())
        select.select([self.poll], [], [], left)

    def open_due(self):
        now = self.now()
        while self.later and self.later[0].at <= now:
            self.open(self.later.popleft())

    def give_up(self):
        now = self.now()
        while self.busy and self.oldest().question.at + self.bound <= now:
            self.end(self.oldest(), IN_VAIN)

    def open(self, question):
        asked = Asked(question, self.now())
        error = asked.socket.connect_ex(self.address)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, f"connect: {os.strerror(error)}")
        self.busy[asked.socket.fileno()] = asked
        self.poll.register(asked.socket, select.EPOLLOUT)

    def step(self, asked):
        try:
            if asked.sent:
                self.receive(asked)
            else:
                self.send(asked)
        except BlockingIOError:
            pass
        except ConnectionRefusedError:
            self.end(asked, REFUSED)
        except ConnectionError:
            self.end(asked, "reset")

    def send(self, asked):
        asked.socket.send(request(asked.question.target, "Connection: close"))
        asked.sent = True
        self.poll.modify(asked.socket, select.EPOLLIN)

    def receive(self, asked):
        data = asked.socket.recv(READ_SIZE)
        asked.buffer += data
        answer = take_answer(asked.buffer)
        if answer:
            self.end(asked, self.judge(answer))
        elif not data:
            self.end(asked, "cut short" if asked.buffer else "no answer")

    def judge(self, answer):
        if answer.status == 200 and answer.body != self.body:
            return "wrong content"
        return str(answer.status)

    def end(self, asked, kind):
        del self.busy[asked.socket.fileno()]
        asked.socket.close()
        self.endings.append(
            Ending(asked.question, kind, asked.opened, self.now())
        )


def ask(address, questions, bound):
    with Asker(address, questions, bound) as asker:
        return asker.run()


def tell_faults(endings):
    """In words, how those ended that were not served, the most first."""
    kinds = collections.Counter(e.kind for e in endings if not e.served)
    found = kinds.most_common()
    return ", ".join(f"{count:,} {kind}" for kind, count in found)
