"""Has a dialogue with a server, and judges each answer as it comes."""

import random
import select
import socket
import struct
import time

from wire import PATIENCE, Response, parts_of

READ_SIZE = 1 << 16


class Wrong(AssertionError):
    """An answer, or an end, that is not what was to come."""


def expect(condition, what):
    if not condition:
        raise Wrong(what)


def check_body(response, answer, body):
    if answer.parts:
        response.body = body
        found = [(first, last, data) for first, last, _, _, data in
                 parts_of(response)]
        expect(
            found == [(a, b, answer.body[a : b + 1]) for a, b in answer.parts],
            f"other parts than {answer.parts}",
        )
    elif answer.body is not None:
        expect(body == answer.body, f"another body: {body[:100]!r}...")
    elif not answer.bare and answer.status >= 400:
        line = b"%d " % answer.status
        expect(body.startswith(line), f"another body: {body[:100]!r}...")


def check(response, body, answer):
    """That this is it; Wrong, where it is not."""
    expect(response.status == answer.status, f"status {response.status}")
    expect(response.field("Date"), "no Date")
    for name, value in answer.fields:
        found = response.field(name)
        expect(found == value, f"{name} is {found}, not {value}")
    closes = response.field("Connection") == "close"
    expect(closes == answer.closes, f"Connection: close is there: {closes}")
    if not answer.bare:
        check_body(response, answer, body)
    elif answer.body is not None:
        length = response.field("Content-Length")
        size = str(len(answer.body))
        expect(length == size, f"Content-Length {length}, not {size}")


class Talk:
    """A connection on which one dialogue is had."""

    def __init__(self, address, dialogue, reads, receive_buffer):
        self.exchanges = dialogue.exchanges
        # there is no answer to who does not send all
        self.wanted = len(self.exchanges) - (dialogue.cut > 0)
        self.reads = reads  # bytes at a time
        self.count = 0  # of the answers that have come
        self.continued = -1  # the last one that a 100 came for
        self.stream = bytearray()
        self.end = ""  # FIN or RST
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer
            )
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def is_whole(self):
        return self.count == self.wanted

    # Receiving

    def may_continue(self):
        """Whether a 100 has its place here."""
        here = self.exchanges[self.count : self.count + 1]
        return here and here[0].expects and self.continued < self.count

    def take(self):
        """Judges what has come; returns whether that was an answer."""
        end = self.stream.find(b"\r\n\r\n")
        if end < 0:
            return False
        response = Response(bytes(self.stream[:end]))
        start = end + 4
        if response.status == 100:
            expect(self.may_continue(), "a 100 that nobody waits for")
            self.continued = self.count
            del self.stream[:start]
            return True
        expect(not self.is_whole(), f"one answer too many: {response}")
        answer = self.exchanges[self.count].answer
        size = 0
        if not answer.bare and response.status not in (204, 304):
            size = int(response.field("Content-Length") or -1)
            expect(size >= 0, f"no length: {response}")
        if len(self.stream) < start + size:
            return False
        try:
            check(response, bytes(self.stream[start : start + size]), answer)
        except AssertionError as fault:
            raise Wrong(f"answer {self.count + 1}: {fault}") from None
        del self.stream[: start + size]
        self.count += 1
        return True

    def receive(self):
        """Returns whether there was anything."""
        try:
            data = self.socket.recv(self.reads)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            self.end = "RST"
            return False
        self.stream += data
        while data and self.take():
            pass
        if not data:
            self.end = "FIN"
        return bool(data)

    # Both ways

    def go_on(self, data=b"", until=lambda: True, patience=PATIENCE):
        """Sends the data, and receives, until that is so."""
        poll = select.poll()
        left = memoryview(data)
        give_up = time.monotonic() + patience
        while (left or not until()) and not self.end:
            poll.register(
                self.socket,
                select.POLLIN | (select.POLLOUT if left else 0),
            )
            wait = max(0, give_up - time.monotonic())
            for _, event in poll.poll(1000 * wait) or [(0, 0)]:
                expect(event, f"nothing more comes; {self.state()}")
                if event & ~select.POLLOUT:
                    self.receive()
                if event & select.POLLOUT and left and not self.end:
                    left = left[self.send(left) :]

    def send(self, data):
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            self.drain()
            self.end = self.end or "RST"
            return len(data)

    def drain(self):
        """What is there already."""
        while self.receive():
            pass

    # Ends

    def state(self):
        return (
            f"{self.count} of {self.wanted} answers came, then "
            f"{bytes(self.stream[:200])!r} and {self.end or 'silence'}"
        )

    def await_end(self, may_reset):
        """The server's FIN behind the last answer."""
        self.go_on(until=lambda: False)
        expect(self.is_whole() and not self.stream, self.state())
        expect(self.end == "FIN" or may_reset, self.state())

    def half_close(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # it has been reset
            pass

    def close(self, reset=False):
        if reset:
            at_once = struct.pack("ii", 1, 0)
            self.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, at_once
            )
        self.socket.close()


def pieces(chance, data):
    """The data, cut at random."""
    kind = chance.choice(["whole", "few", "few", "small"])
    most = {"whole": len(data), "few": max(1, len(data) // 2), "small": 3}
    while data:
        size = chance.randint(1, max(1, most[kind]))
        if len(data) > 2000:
            size = max(size, len(data) // 8)
        yield data[:size]
        data = data[size:]


def say(talk, chance, exchange, number):
    """One exchange's data; where it asks to, waits for the word to go on."""
    data = exchange.data
    if exchange.expects and chance.randrange(3):
        # nothing is under way then, so that the 100 has to come
        talk.go_on(until=lambda: talk.count == number)
        talk.go_on(data[: exchange.head_size])
        talk.go_on(until=lambda: talk.continued == number)
        data = data[exchange.head_size :]
    for piece in pieces(chance, data):
        talk.go_on(piece)
        if chance.randrange(8) == 0:
            time.sleep(chance.choice([0, 0.0005, 0.002]))


def say_all(talk, chance, dialogue):
    for number, exchange in enumerate(dialogue.exchanges):
        if chance.randrange(3) == 0:
            talk.go_on(until=lambda n=number: talk.count == n)
        last = number == len(dialogue.exchanges) - 1
        if last and dialogue.cut:
            talk.go_on(exchange.data[: -dialogue.cut])
        else:
            say(talk, chance, exchange, number)
    talk.go_on(dialogue.junk)


def leave(talk, chance, dialogue):
    """In the middle of it, having said a part; what came was right so far."""
    data = b"".join(e.data for e in dialogue.exchanges) + dialogue.junk
    for piece in pieces(chance, data[: chance.randrange(len(data))]):
        talk.go_on(piece)
    talk.drain()
    talk.close(reset=dialogue.end == "reset")


def say_at_once(talk, dialogue):
    """The simplest way to have it, by which a case is told."""
    data = b"".join(e.data for e in dialogue.exchanges)
    talk.go_on(data[: len(data) - dialogue.cut] + dialogue.junk)


def play(address, dialogue):
    """Raises Wrong, where something else comes than is to come."""
    chance = random.Random(dialogue.seed)
    reads = chance.choice([READ_SIZE, READ_SIZE, 1000])
    # who asks for a close and says more anyway loses what is on its way
    slow = dialogue.seed and not dialogue.junk
    buffer = chance.choice([0, 0, 0, 4096]) if slow else 0
    talk = Talk(address, dialogue, reads, buffer)
    try:
        if dialogue.seed and dialogue.end in ("close", "reset"):
            return leave(talk, chance, dialogue)
        if dialogue.seed:
            say_all(talk, chance, dialogue)
        else:
            say_at_once(talk, dialogue)
        finish(talk, dialogue)
    finally:
        talk.close()
    return None


def finish(talk, dialogue):
    asleep = any(each.sleeps for each in dialogue.exchanges)
    closes = dialogue.exchanges[-1].answer.closes and not dialogue.cut
    if dialogue.end != "half-close" or asleep:
        talk.go_on(until=talk.is_whole)
    if dialogue.end == "half-close" and not talk.end:
        talk.half_close()
    if dialogue.end == "half-close" or closes:
        # what comes after the close that a client has asked for is reset
        asked = dialogue.exchanges[-1].asks_close
        talk.await_end(may_reset=asked and dialogue.junk)
    expect(talk.is_whole() and not talk.stream, talk.state())
