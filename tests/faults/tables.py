"""
Promise 4, full tables: with few descriptors and many clients, those that are
in are served, the others wait at no cost, and get in when there is room.
"""

import contextlib
import resource
import time

import load
from crowd import Crowd, Habit
from effort import Efforts
from server import QUIET
from verdict import counted, nothing_lost, within

WORKERS = 2
DESCRIPTORS = 256
INSIDE = 20  # that were there first, and go on asking
MAX_CPU = 0.05  # cores
MAX_ROOM = 0.1  # seconds
MAX_LINES = 1  # of the log, a second
LEAVING = 50
OVER = WORKERS - 1  # of those inside: as many as may pass the limit at once
ONCE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

EFFORTS = Efforts(
    clients=(1000, 400),
    seconds=(5, 0.5),  # for which it is watched while it is full
)


def limit_descriptors():
    limits = DESCRIPTORS, DESCRIPTORS
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def await_full(server, clients):
    """Until nobody has got in for a while; returns how many are in."""
    server.eventually(lambda: clients.answered, "the first to get in")
    inside = 0
    while (now := clients.answered) != inside:
        inside = now
        time.sleep(QUIET)
    return inside


def watch(server, seconds):
    """CPU seconds and lines of its log, a second."""
    cpu, lines = sum(server.thread_seconds()), server.output().count("\n")
    begin = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - begin
    more = server.output().count("\n") - lines
    return (sum(server.thread_seconds()) - cpu) / took, more / took


def let_some_in(server, clients, inside):
    """
    Some leave; returns how long it takes until others are in. They are as
    many, but for those who were in over the limit: nobody comes in for them.
    """
    began = clients.leave(LEAVING)
    wanted = inside + LEAVING - OVER
    server.eventually(
        lambda: clients.answered >= wanted,
        lambda: f"{wanted} to get in: {inside} were in, {LEAVING} of whom "
        f"have left, and {clients.answered} got in, of {clients.opened}",
    )
    return max(clients.look().answered) - began


def measure(target, effort):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            target.start("-w", WORKERS, preexec_fn=limit_descriptors)
        )
        bodies = (target.body(),)
        first = load.kept_alive(server.address, bodies, INSIDE, pause=0.5)
        stack.enter_context(first)
        first.await_connections()
        clients = stack.enter_context(
            Crowd(server.address, effort.clients, Habit(ONCE))
        )
        inside = await_full(server, clients)
        cpu, lines = watch(server, effort.seconds)
        room = let_some_in(server, clients, inside)
        outcome, life = first.stop(), clients.look()
    wrong = sum(status not in (0, 200) for status in life.statuses)
    title = f"{DESCRIPTORS} descriptors"
    yield nothing_lost(f"{title}: lost of who is in", outcome)
    yield counted(f"{title}: not answered 200", wrong, inside + LEAVING)
    yield within(f"{title}: CPU while it is full", cpu, MAX_CPU, "cores")
    yield within(f"{title}: room is taken after", room, MAX_ROOM)
    yield within(f"{title}: lines of log", lines, MAX_LINES, "a second")
