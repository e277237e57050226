"""
Many sleepers in one thread that costs little: each has a connection of its
own, and sleeps again and again.
"""

import contextlib
import itertools
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
BETWEEN_LOOKS = 16  # who ask between two looks at the others


class Lateness(NamedTuple):
    """Of one sleep, in ms."""

    receipt: float
    observed: float  # by our clock; what is our own delay is in it


class Slept(NamedTuple):
    """One sleep, in ms."""

    due: float  # by the receipt, as the next
    late: float
    took: float  # by our clock; what is our own delay is in it

    lateness = property(lambda s: Lateness(s.late, s.took - s.due))


class Sleeper:
    def __init__(self, connection, page):
        self._connection = connection
        self._page = page

    def ask(self, when, due=None):
        """For a sleep of what WHEN says, which comes to so many ms."""
        self._when, self._due = when, due
        self._got = b""
        question = request(f"/sleep/{when}")
        self._began = time.monotonic_ns()
        self._connection.send(question)

    def wake(self):
        """Reads; returns the Slept once the answer is whole, else None."""
        data = self._connection.recv(65536)
        now = time.monotonic_ns()
        self._got += data
        if data and not self._got.endswith(self._page):
            return None
        receipt = RECEIPT.search(self._got)
        if (
            not self._got.startswith(b"HTTP/1.1 200 ")
            or not receipt
            or float(receipt[1]) != (self._due or float(receipt[1]))
        ):
            raise Failed(f"a sleep of {self._when}: {self._got}")
        return Slept(*map(float, receipt.groups()), (now - self._began) / 1e6)


def open_all(address, count, page, stack):
    """By their descriptors."""
    sleepers = {}
    for _ in range(count):
        connection = stack.enter_context(socket_elsewhere())
        connection.connect(address)
        connection.setblocking(False)
        sleepers[connection.fileno()] = Sleeper(connection, page)
    return sleepers


def ask(sleeper, asked):
    """For a sleep of so many microseconds."""
    sleeper.ask(f"{asked}us", asked / 1000)


def wake_next(sleepers, epoll):
    """Waits for some of them; yields who is answered, and the Slept."""
    events = epoll.poll(PATIENCE)
    if not events:
        raise Failed("sleeps are not answered")
    yield from wake(sleepers, events)


def wake(sleepers, events):
    for fd, _ in events:
        if slept := sleepers[fd].wake():
            yield fd, slept


def sleep_in_turn(sleepers, epoll, longest, seconds):
    """Yields the Lateness of each sleep, until all are awake."""
    chance = random.Random(len(sleepers))  # the same each time
    end = time.monotonic() + seconds
    for fd, sleeper in sleepers.items():
        epoll.register(fd, select.EPOLLIN)
        # none ends before the last has asked
        ask(sleeper, chance.randrange(longest // 4, longest))
    asleep = len(sleepers)
    while asleep:
        for fd, slept in wake_next(sleepers, epoll):
            yield slept.lateness
            if time.monotonic() < end:
                ask(sleepers[fd], chance.randrange(SHORTEST, longest))
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


def measure_at_once(server, count, when, page):
    """So many who ask once, all for this WHEN: the Slept of each."""
    allow_descriptors()
    with contextlib.ExitStack() as stack:
        epoll = stack.enter_context(select.epoll())
        sleepers = open_all(server.address, count, page, stack)
        return [slept for _, slept in sleep_at_once(sleepers, epoll, when)]


def sleep_at_once(sleepers, epoll, when):
    """Looks at those who are awake while others have yet to ask."""
    left = len(sleepers)
    for number, (fd, sleeper) in enumerate(sleepers.items()):
        epoll.register(fd, select.EPOLLIN)
        sleeper.ask(when)
        if number % BETWEEN_LOOKS == 0:
            for woken in wake(sleepers, epoll.poll(0)):
                left -= 1
                yield woken
    while left:
        for woken in wake_next(sleepers, epoll):
            left -= 1
            yield woken
