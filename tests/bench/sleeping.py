"""
Many sleepers in one thread that costs little: each has a connection of its
own, and sleeps again and again.
"""

import contextlib
import random
import re
import select
import time
from typing import NamedTuple

from clients import allow_descriptors, socket_elsewhere
from server import Failed
from wire import PATIENCE, request

RECEIPT = re.compile(rb"Server-Timing: sleep;dur=([\d.]+), late;dur=([\d.]+)")
SHORTEST = 1000  # us


class Lateness(NamedTuple):
    """Of one sleep, in ms."""

    receipt: float
    observed: float  # by our clock; what is our own delay is in it


class Sleeper:
    def __init__(self, connection, page):
        self._connection = connection
        self._page = page

    def ask(self, asked):
        """For a sleep of so many microseconds."""
        self._asked = asked
        self._got = b""
        question = request(f"/sleep/{asked}us")
        self._began = time.monotonic_ns()
        self._connection.send(question)

    def wake(self):
        """Reads; returns the Lateness once the answer is whole, else None."""
        data = self._connection.recv(65536)
        now = time.monotonic_ns()
        self._got += data
        if data and not self._got.endswith(self._page):
            return None
        receipt = RECEIPT.search(self._got)
        if (
            not self._got.startswith(b"HTTP/1.1 200 ")
            or not receipt
            or float(receipt[1]) != self._asked / 1000
        ):
            raise Failed(f"a sleep of {self._asked} us: {self._got}")
        observed = (now - self._began) / 1e6 - self._asked / 1000
        return Lateness(float(receipt[2]), observed)


def open_all(address, count, page, stack):
    """By their descriptors."""
    sleepers = {}
    for _ in range(count):
        connection = stack.enter_context(socket_elsewhere())
        connection.connect(address)
        connection.setblocking(False)
        sleepers[connection.fileno()] = Sleeper(connection, page)
    return sleepers


def sleep_in_turn(sleepers, epoll, longest, seconds):
    """Yields the Lateness of each sleep, until all are awake."""
    chance = random.Random(len(sleepers))  # the same each time
    end = time.monotonic() + seconds
    for fd, sleeper in sleepers.items():
        epoll.register(fd, select.EPOLLIN)
        # none ends before the last has asked
        sleeper.ask(chance.randrange(longest // 4, longest))
    asleep = len(sleepers)
    while asleep:
        events = epoll.poll(PATIENCE)
        if not events:
            raise Failed(f"{asleep} sleeps are not answered")
        for fd, _ in events:
            lateness = sleepers[fd].wake()
            if not lateness:
                continue
            yield lateness
            if time.monotonic() < end:
                sleepers[fd].ask(chance.randrange(SHORTEST, longest))
            else:
                asleep -= 1


def measure(server, count, longest, seconds, page):
    """
    So many sleepers, for so long: the Lateness of each of their sleeps of up
    to `longest` microseconds.
    """
    allow_descriptors()
    with contextlib.ExitStack() as stack:
        epoll = stack.enter_context(select.epoll())
        sleepers = open_all(server.address, count, page, stack)
        return list(sleep_in_turn(sleepers, epoll, longest, seconds))
