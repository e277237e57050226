"""
Promise 1, sleepers: very many requests are asleep, each is answered in time,
and nobody else waits for them.
"""

import contextlib
import socket
import statistics
import time
from collections import Counter

import load
import sleeps
import wrk
from clients import limit
from crowd import Crowd, Habit
from effort import Efforts
from verdict import at_least, counted, holds, not_measured, nothing_lost
from verdict import progress, within

WORKERS = 2
MIN_RATE = 0.95  # of the throughput without sleepers
MAX_P99 = 2  # times as much
MAX_P50_LATE, MAX_P99_LATE = 1, 10  # ms
MAX_BYTES = 640  # of the process, each
MAX_LEAVE = 0.1  # seconds
LONG = b"GET /sleep/9m HTTP/1.1\r\nHost: localhost\r\n\r\n"

EFFORTS = Efforts(
    sleepers=(15_000, 2000),
    sleep=(6, 1),  # seconds
    pairs=(16, 0),  # of rounds without and with sleepers; even
    round=(1, 1),  # seconds
    sleeps=(3000, 100),  # of which the lateness is measured
)


def measure_answers(target, effort, count):
    """All at once; and the threads meanwhile."""
    with target.start("-w", WORKERS) as server:
        threads, before = server.threads(), server.descriptors()
        bodies, path = (target.body(),), f"/sleep/{effort.sleep}s"
        asleep = load.sleepers(server.address, bodies, count, path)
        with asleep:
            server.await_descriptors(before + count)
            more = server.threads() - threads
            outcome = asleep.finish()
    early = sum(took < effort.sleep for took in outcome.took)
    yield nothing_lost(f"{count:,} asleep: not answered 200", outcome)
    yield counted("answered early", early, outcome.answered)
    yield counted("threads more than without them", more, threads)


@contextlib.contextmanager
def asleep(server, count):
    """So many who are asleep for longer than anything here takes."""
    server.await_rest()
    before = server.descriptors()
    with Crowd(server.address, count, Habit(LONG)) as sleepers:
        server.await_descriptors(before + count)
        server.await_rest()
        yield sleepers
    server.eventually(
        lambda: server.descriptors() <= before, "the sleepers to leave"
    )


def measure_memory(target, count):
    with target.start("-w", WORKERS) as server:
        server.await_rest()
        before = server.memory()
        with asleep(server, count):
            each = (server.memory() - before) / count
        with asleep(server, count):
            again = (server.memory() - before) / count
    yield within("memory of each", each, MAX_BYTES, "bytes")
    yield within("the same, a second time", again, MAX_BYTES, "bytes")


def measure_speed(target, effort, count):
    """
    Rounds in the order 0 N N 0, 0 N N 0, ... in which drift cancels.
    Neighbours make a pair, and each pair a ratio.
    """
    without, beside = [], []
    with target.start("-w", WORKERS) as server:
        for pair in range(0, effort.pairs, 2):
            progress(f"sleepers: pair {pair + 1} of {effort.pairs}")
            without.append(wrk.run(server, effort.round))
            with asleep(server, count):
                beside.append(wrk.run(server, effort.round))
                beside.append(wrk.run(server, effort.round))
            without.append(wrk.run(server, effort.round))

    def ratio(name):
        pairs = zip(without, beside)
        return statistics.median(
            getattr(with_, name) / getattr(none, name) for none, with_ in pairs
        )

    rate, p99, share = map(ratio, ("rate", "p99", "share"))
    errors = sum(each.errors for each in without + beside)
    title = f"/ beside {count:,} asleep"
    yield at_least(f"{title}: rate", rate, MIN_RATE, "times")
    yield within(f"{title}: p99", p99, MAX_P99, "times")
    # the work for each request, which decides the rate on CPUs of its own
    most = 1 / MIN_RATE
    yield within(f"{title}: server's CPU against wrk's", share, most, "times")
    yield counted(f"{title}: errors", errors, len(without + beside))


def measure_lateness(target, effort):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(target.start("-w", WORKERS))
        bodies = (target.body(),)
        busy = load.kept_alive(server.address, bodies, 64)
        stack.enter_context(busy)
        busy.await_connections()
        receipts, observed = sleeps.measure(server.address, effort.sleeps)
        outcome = busy.stop()
    count = len(receipts)
    early = sum(late < 0 for late in receipts + observed)
    title = "sleeps while / is loaded"
    yield nothing_lost(f"{title}: lost of /", outcome)
    yield counted(f"{title}: early", early, count)
    p50, p99 = receipts[count // 2], receipts[count * 99 // 100]
    yield within(f"{title}: p50 late", p50, MAX_P50_LATE, "ms")
    yield within(f"{title}: p99 late", p99, MAX_P99_LATE, "ms")


def measure_leaving(target, effort, count):
    """By FIN and by reset; until the descriptors are back."""
    for reset in False, True:
        with target.start("-w", WORKERS) as server:
            before = server.descriptors()
            with asleep(server, count) as sleepers:
                began = sleepers.leave(count, reset)
                server.eventually(
                    lambda: server.descriptors() == before,
                    "those who left to be let go",
                )
                took = time.monotonic() - began
        name = "reset" if reset else "FIN"
        yield within(f"{count:,} leave by {name}: let go", took, MAX_LEAVE)


def ask_for_more(server):
    """The head of the answer to one more sleeper."""
    with socket.create_connection(server.address, load.PATIENCE) as client:
        client.sendall(LONG)
        return client.recv(4096)


def measure_limit(target, count):
    """Twice as many as may sleep."""
    most = count // 2
    options = ["-w", WORKERS, f"--max-sleepers={most}"]
    with target.start(*options) as server:
        clients = Crowd(server.address, 2 * most, Habit(LONG))
        with clients:
            server.eventually(
                lambda: clients.answered >= most, "those over the limit"
            )
            server.await_rest()
            statuses = Counter(clients.look().statuses)
            head = ask_for_more(server)
    title = "--max-sleepers"
    more = most - statuses[503]
    yield counted(f"{title}: not answered 503 above it", more, most)
    more = most - statuses[0]
    yield counted(f"{title}: not asleep below it", more, most)
    told = b"\r\nRetry-After: " in head
    yield holds(f"{title}: Retry-After", "yes" if told else "no", "yes", told)


def measure(target, effort):
    if not target.own:
        yield not_measured("sleepers", "it has no /sleep")
        return
    count = limit(effort.sleepers)
    yield from measure_answers(target, effort, count)
    yield from measure_memory(target, count)
    if effort.pairs and not wrk.why_not():
        yield from measure_speed(target, effort, count)
    elif effort.pairs:
        yield not_measured("/ beside them", wrk.why_not())
    yield from measure_lateness(target, effort)
    yield from measure_leaving(target, effort, min(count, 100))
    yield from measure_limit(target, count)
