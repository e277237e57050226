"""
Promise 2, idle connections: they cost little, end when their time is over, and
nobody waits for that, however many are due at once.
"""

import contextlib
import statistics

import load
from clients import limit
from crowd import Crowd, Habit
from effort import Efforts
from verdict import counted, not_measured, nothing_lost, progress, within

WORKERS = 2
MAX_BYTES = 512  # of the process, each
MAX_LATE = 0.1  # seconds, of one
MAX_ALL_LATE = 0.5  # of thousands
MAX_SLOW = 0.02  # of any answer meanwhile
ONCE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

EFFORTS = Efforts(
    idle=(15_000, 500),
    due=(10_000, 500),  # that are due at once
    rounds=(5, 1),
    timeout=(3, 1),  # seconds
)


@contextlib.contextmanager
def idle(server, count):
    """So many that have had an answer."""
    with Crowd(server.address, count, Habit(ONCE)) as clients:
        server.eventually(
            lambda: clients.answered == count, f"{count} answers"
        )
        yield clients


def measure_memory(target, count):
    with target.start("-w", WORKERS) as server:
        server.await_rest()
        before = server.memory()
        with idle(server, count):
            server.await_rest()
            each = (server.memory() - before) / count
    yield within(f"memory of each of {count:,}", each, MAX_BYTES, "bytes")


def wait_for_end(target, effort, count):
    """The crowd's life until all are closed, and how a load fared."""
    options = ["-w", WORKERS, f"--idle-timeout={effort.timeout}s"]
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(target.start(*options))
        clients = stack.enter_context(idle(server, count))
        bodies = (target.body(),)
        busy = load.kept_alive(server.address, bodies, 8, pause=0.002)
        stack.enter_context(busy)
        server.eventually(
            lambda: clients.ended == count, "all to be closed"
        )
        return clients.look(), busy.stop()


def measure_end(target, effort, title, count, mark):
    slowest, latest, early, resets = [], [], 0, 0
    outcomes = load.Outcome()
    for number in range(effort.rounds):
        progress(f"idle: {title}, {number + 1} of {effort.rounds}")
        life, outcome = wait_for_end(target, effort, count)
        # their time begins between the request and the answer
        early += sum(took < effort.timeout for took in life.times_to_end())
        latest.append(max(life.times_to_end("answered")) - effort.timeout)
        resets += sum(life.resets)
        slowest.append(outcome.slowest())
        outcomes.add(outcome)
    yield nothing_lost(f"{title}: lost of /", outcomes)
    tried = count * effort.rounds
    yield counted(f"{title}: closed early", early, tried)
    yield counted(f"{title}: not closed by FIN", resets, tried)
    # the median of the rounds: in each, the clients' own process may be slow
    middle = statistics.median(latest)
    yield within(f"{title}: closed late", middle, mark)
    middle = statistics.median(slowest)
    yield within(f"{title}: slowest /", middle, MAX_SLOW)


def measure(target, effort):
    yield from measure_memory(target, limit(effort.idle))
    if not target.own:
        yield not_measured("their end", "not mtasync")
        return
    yield from measure_end(target, effort, "a few due", 20, MAX_LATE)
    due = limit(effort.due)
    title = f"{due:,} due at once"
    yield from measure_end(target, effort, title, due, MAX_ALL_LATE)
