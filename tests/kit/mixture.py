"""
Mixtures: a process with very many connections, each of which asks for a slow
or faulty answer of its own, and tells how it differed from what was asked.
"""

import errno
import select
import time
from collections import Counter
from typing import NamedTuple

from clients import READ_SIZE, Loop, Process, socket_elsewhere

AT_ONCE = 200  # connections that are opened between two looks at the others
ALPHABET = b"abcdefghijklmnopqrstuvwxyz"


class Wish(NamedTuple):
    """What one asks for, and what is to come of it."""

    target: str
    status: int  # 0: no head comes
    size: int  # bytes behind the head, or without one
    end: str = ""  # FIN or RST; without: whole, and the connection goes on
    delay: float = 0  # seconds before which no byte of these is due,
    span: float = 0  # and behind that between the first one and the last
    last: float = 0  # seconds before which the end, or the last byte, is not
    letters: bool = False  # they are those of size=LIST


class Mixture(Process):
    """A process of so many, whose wishes are these in turn."""

    def __init__(self, address, count, wishes):
        super().__init__(Wishers, address, count, wishes, counters=2)
        self.count = count

    begun = property(lambda self: self._progress[0])
    ended = property(lambda self: self._progress[1])

    def faults(self):
        """What differed, by what it was and the target: how often."""
        self._pipe.send("faults")
        return self._pipe.recv()

    def leave(self):
        """All go; returns when the last one has."""
        self._pipe.send("leave")
        return self._pipe.recv()


class Wisher:
    """One connection."""

    def __init__(self, wish):
        self.wish = wish
        self.socket = socket_elsewhere()
        self.began = 0
        self.head = None
        self.data = bytearray()  # while the head is not whole
        self.size = 0  # bytes behind the head


class Wishers(Loop):
    def __init__(self, address, count, wishes, progress):
        super().__init__(progress)
        self.address = address
        self.wishes = [wishes[i % len(wishes)] for i in range(count)]
        self.wishers = {}
        self.faults = Counter()

    def run(self, pipe):
        self.poll.register(pipe.fileno(), select.EPOLLIN)
        while True:
            for _ in range(min(AT_ONCE, len(self.wishes))):
                self.open(self.wishes.pop())
            for fd, _ in self.poll.poll(0 if self.wishes else None):
                if fd == pipe.fileno():
                    self.obey(pipe)
                elif fd in self.wishers:
                    self.on_event(self.wishers[fd])

    def obey(self, pipe):
        if pipe.recv() == "faults":
            pipe.send(self.faults)
            return
        for each in list(self.wishers.values()):
            self.close(each)
        pipe.send(time.monotonic())

    def open(self, wish):
        wisher = Wisher(wish)
        wisher.socket.setblocking(False)
        error = wisher.socket.connect_ex(self.address)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "connect")
        self.wishers[wisher.socket.fileno()] = wisher
        self.poll.register(wisher.socket, select.EPOLLOUT)

    def on_event(self, wisher):
        if wisher.began:
            self.read(wisher)
            return
        start = f"GET {wisher.wish.target} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        wisher.began = time.monotonic()
        wisher.socket.send(start.encode())
        self.poll.modify(wisher.socket, select.EPOLLIN)
        self.progress[0] += 1

    def read(self, wisher):
        try:
            data = wisher.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except ConnectionError:
            self.finish(wisher, "RST")
            return
        at = time.monotonic() - wisher.began
        if not data:
            self.finish(wisher, "FIN", at)
            return
        if wisher.head is None and wisher.wish.status:
            wisher.data += data
            head, found, data = wisher.data.partition(b"\r\n\r\n")
            if not found:
                return
            self.take_head(wisher, bytes(head))
        if data:
            self.take_body(wisher, bytes(data), at)

    def take_head(self, wisher, head):
        wisher.head = head
        if not head.startswith(b"HTTP/1.1 %d " % wisher.wish.status):
            self.blame(wisher, "status")

    def take_body(self, wisher, data, at):
        wish, first = wisher.wish, wisher.size
        wisher.size += len(data)
        share = (wisher.size - 1) / max(1, wish.size - 1)
        if at < wish.delay + wish.span * share:
            self.blame(wisher, "early")
        if wish.letters:
            start = first % len(ALPHABET)
            if not (ALPHABET * (len(data) // 26 + 2))[start:].startswith(data):
                self.blame(wisher, "bytes")
        if not wish.end and wisher.size >= wish.size:
            self.finish(wisher, "", at)

    def finish(self, wisher, end, at=None):
        wish = wisher.wish
        at = at or time.monotonic() - wisher.began
        if end != wish.end:
            self.blame(wisher, f"end by {end or 'nothing'}")
        if wisher.size != wish.size or bool(wish.status) != bool(wisher.head):
            self.blame(wisher, "size")
        if at < max(wish.last, wish.delay):
            self.blame(wisher, "early")
        self.progress[1] += 1
        self.close(wisher)

    def blame(self, wisher, what):
        self.faults[what, wisher.wish.target] += 1

    def close(self, wisher):
        del self.wishers[wisher.socket.fileno()]
        wisher.socket.close()
