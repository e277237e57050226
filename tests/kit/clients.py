"""
What all crowds of clients are made of: a process of their own, so that they
take nothing from who measures; one loop in it, of many connections; and the
reading of an answer where every microsecond counts (wire.py is for those who
look at it closely).

load.py has clients who ask again and again, and judge each answer; crowd.py,
very many who all do one slow thing; asker.py, those who ask at set times
whatever became of the requests before.
"""

import ctypes
import gc
import heapq
import multiprocessing
import os
import re
import resource
import select
import socket
import time
from contextlib import suppress
from typing import NamedTuple

READ_SIZE = 1 << 16
TICK = 0.05  # seconds between two looks at those who have waited for too long
# Another address than that of the loads, which need the ports of their own. A
# port is then taken at connect(2), see ip(7); socket.py lacks the number.
ELSEWHERE = "127.0.0.3"
IP_BIND_ADDRESS_NO_PORT = 24
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
CLOSE = re.compile(rb"\r\nconnection: *close", re.I)


class Answer(NamedTuple):
    """One that is whole."""

    status: int
    closes: bool
    body: bytes
    more: int  # bytes behind it


def take_answer(data):
    """The Answer that the data begin with, or None while it is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, start = data[:end], end + 4
    length = LENGTH.search(head)
    if not length:
        return Answer(int(head[9:12] or 0), False, b"", len(data))
    end = start + int(length[1])
    if len(data) < end:
        return None
    closes = bool(CLOSE.search(head))
    return Answer(int(head[9:12]), closes, data[start:end], len(data) - end)


def allow_descriptors():
    """As many as this process may have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def limit(wanted):
    """
    As many connections of those wanted as the limit of descriptors allows,
    with a quarter of it to spare for servers and others.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, hard * 3 // 4)


def socket_elsewhere():
    """One that has its ports for itself."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    connection.bind((ELSEWHERE, 0))
    return connection


def enter_namespace(name):
    """Of the network, by its name for ip-netns(8)."""
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    if LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns to {name}")
    os.close(fd)


class Process:
    """
    A process of clients, for the length of a with statement: it makes a loop
    of these arguments, and runs it. What the loop counts is seen here at once.
    """

    def __init__(self, loop, *arguments, counters):
        fork = multiprocessing.get_context("fork")
        self._progress = fork.RawArray("Q", counters)
        self._pipe, theirs = fork.Pipe()
        self._process = fork.Process(
            target=run_loop,
            args=(loop, arguments, self._pipe, theirs, self._progress),
        )
        self._process.start()
        theirs.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._process.kill()
        self._process.join()

    def is_running(self):
        return self._process.is_alive()

    @property
    def pid(self):
        return self._process.pid


def run_loop(loop, arguments, others_end, pipe, progress):
    """In the process, which ends when the other one has."""
    others_end.close()
    gc.disable()  # its pauses would be in the figures
    allow_descriptors()
    with suppress(KeyboardInterrupt, EOFError):
        loop(*arguments, progress).run(pipe)


class Loop:
    """Calls steps of clients: when a socket is ready, or at a time."""

    def __init__(self, progress):
        self.progress = progress
        self.poll = select.epoll()
        self.later = []  # heap of (when, turn, step, client)
        self.turns = 0

    def put_off(self, seconds, step, client):
        """Returns the number of the turn, by which is_current() knows it."""
        self.turns += 1
        due = time.monotonic() + seconds
        heapq.heappush(self.later, (due, self.turns, step, client))
        return self.turns

    def is_current(self, client, turn):
        """Whether what was put off then is still to be done."""
        raise NotImplementedError

    def time_left(self, most=TICK):
        """Seconds to sleep; -1 is for as long as one likes."""
        if not self.later:
            return most
        left = max(0, self.later[0][0] - time.monotonic())
        return left if most < 0 else min(most, left)

    def run_later(self):
        now = time.monotonic()
        while self.later and self.later[0][0] <= now:
            _, turn, step, client = heapq.heappop(self.later)
            if self.is_current(client, turn):
                step(client)
