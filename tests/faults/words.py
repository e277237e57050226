"""
Promise 13, slow and faulty on purpose: thousands of requests with all kinds of
words at once, each answered as it asked; `/` beside them unmoved, and all as
before when they are gone. What each costs.
"""

import statistics
import time

import load
from clients import limit
from crowd import Crowd, Habit
from effort import Efforts
from mixture import Mixture, Wish
from verdict import counted, not_measured, nothing_lost, progress, within

WORKERS = 2
MIB = 1 << 20
MAX_GROWTH = 1  # MiB
MAX_LEAVE = 0.1  # seconds, until the last of them is let go
MAX_ASLEEP, MAX_PACED = 640, 800  # bytes of the process, each
MAX_CORES = 0.5  # of the answers with a rate
RATE, RATED = "100k", 1000
MAX_P50 = 0.002  # seconds, of `/` beside them
MAX_IDLE = 0.01  # cores
WARM_UP = 2  # rounds after which memory is what it is going to be
GARBAGE = 26  # bytes of it
OPTIONS = ("-w", WORKERS, "--pool=wide:slots=100000")

EFFORTS = Efforts(
    mixed=(10_000, 1000),  # requests
    seconds=(8, 1.5),  # that each of them takes, at least
    asleep=(15_000, 2000),
    rated=(5, 0),  # seconds for which the paced are watched; 0: not
)

DISTRIBUTIONS = [
    "8m..9m", "500s~20s", "normal:8m,10s", "lognormal:8m,9m",
    "pct:p50=8m,max=9m", "8m:50,9m:50",
]  # fmt: skip
PACES = [
    "over=9m&size=20", "rate=1&size=500", "every=9m&size=9",
    "every=8m..9m&lines=9", "at=end&delay=9m&size=100",
]  # fmt: skip


def wishes_of(d):
    """One of each kind, which takes d seconds or more."""
    text, no_chunk = f"{d}s", len("no-size\r\nabc\r\n0\r\n\r\n")
    status = len("503 Service Unavailable: on purpose\n")
    return [
        Wish(f"/sleep/{text}?size=2000", 200, 2000, "", d, letters=True),
        Wish(f"/sleep/{text}?status=503", 503, status, "", d),
        Wish(f"/sleep/{text}..{d + 1}s?size=30", 200, 30, "", d, letters=True),
        Wish(f"/sleep/pct:p0={text},p100={d + 1}s?size=9", 200, 9, "", d),
        Wish(f"/sleep/{text}?at=body&size=99", 200, 99, "", d, letters=True),
        Wish(f"/sleep/{text}?at=end&size=99", 200, 99, "", last=d),
        Wish(f"/sleep/0?over={text}&size=20", 200, 20, "", 0, d, letters=True),
        Wish(f"/sleep/0?rate=2&size={2 * d + 1:.0f}", 200, int(2 * d + 1), "",
             0, int(2 * d) / 2),
        Wish(f"/sleep/0?every={d / 5}s&size=6", 200, 6, "", 0, d),
        Wish(f"/sleep/0?every={d / 2}s&lines=3&framing=length", 200, 135, "",
             last=d),
        Wish(f"/sleep/{text}?fault=close", 0, 0, "FIN", d),
        Wish(f"/sleep/{text}?fault=reset", 0, 0, "RST", d),
        Wish(f"/sleep/0?fault=hang&for={text}", 0, 0, "RST", d),
        Wish(f"/sleep/{text}?fault=reset&after=50&size=99", 200, 50, "RST", d,
             letters=True),
        Wish(f"/sleep/{text}?fault=truncate&size=99", 200, 49, "FIN", d,
             letters=True),
        Wish(f"/sleep/{text}?fault=length&size=99", 200, 99, "FIN", d,
             letters=True),
        Wish(f"/sleep/{text}?fault=garbage", 0, GARBAGE, "FIN", d),
        Wish(f"/sleep/{text}?fault=chunk&size=3", 200, no_chunk, "FIN", d),
        Wish(f"/sleep/{text}?pool=wide&size=30", 200, 30, "", d, letters=True),
        Wish(f"/sleep/{text}?key=all&fail=1000000&size=9", 503, 9, "", d),
        Wish(f"/sleep/{text}?down=1h/1h&size=9", 503, 9, "", d),
    ]  # fmt: skip


def run_round(server, count, wishes):
    """All of them, to their ends."""
    before = server.descriptors()
    with Mixture(server.address, count, wishes) as mixture:
        server.eventually(lambda: mixture.begun == count, "all to begin")
        server.eventually(lambda: mixture.ended == count, "all to end")
    await_gone(server, before)


def await_gone(server, before):
    server.eventually(
        lambda: server.descriptors() <= before, "all to be let go"
    )
    server.await_rest()


def median(outcome):
    return statistics.median(outcome.took)


def measure_mixture(target, count, seconds):
    """Beside `/`, first without and then with them; whole, and by leaving."""
    bodies, wishes = (target.body(),), wishes_of(seconds)
    with target.start(*OPTIONS) as server:
        server.await_rest()
        before = server.descriptors()
        for _ in range(WARM_UP):
            run_round(server, count, wishes_of(1))
        memory = server.memory()
        with load.kept_alive(server.address, bodies, 8, pause=0.01) as alone:
            alone.await_connections()
            alone.await_answers(1000)
            without = alone.stop()
        with Mixture(server.address, count, wishes) as mixture:
            beside = load.kept_alive(server.address, bodies, 8, pause=0.01)
            server.eventually(lambda: mixture.begun == count, "all to begin")
            under_way = count - mixture.ended
            with beside:
                server.eventually(lambda: mixture.ended == count, "all to end")
                outcome = beside.stop()
            faults = mixture.faults()
        await_gone(server, before)
        grown = (server.memory() - memory) / MIB
    for (what, asked), number in faults.most_common(5):
        progress(f"words: {what} {number} times: {asked}")
    title = f"{count:,} of mixed words"
    yield counted(f"{title}: under way at once", under_way, count, count)
    yield counted(f"{title}: not as asked", faults.total(), count)
    yield nothing_lost(f"{title}: lost of / beside them", outcome)
    yield within(
        f"{title}: p50 of / beside them",
        median(outcome),
        MAX_P50,
        without_fault=median(without),
    )
    yield within(f"{title}: memory more afterwards", grown, MAX_GROWTH, "MiB")


def measure_leaving(target, count):
    """In the midst of it: no timer and no memory stays."""
    with target.start(*OPTIONS) as server:
        server.await_rest()
        before = server.descriptors()
        took, sizes = [], []
        for _ in range(WARM_UP + 1):
            with Mixture(server.address, count, wishes_of(500)) as mixture:
                server.eventually(lambda: mixture.begun == count, "them")
                began = mixture.leave()
                server.eventually(
                    lambda: server.descriptors() <= before, "all to be let go"
                )
                took.append(time.monotonic() - began)
            await_gone(server, before)
            sizes.append(server.memory())
        cpu = sum(server.thread_seconds())
        time.sleep(1)
        cpu = sum(server.thread_seconds()) - cpu
    title = f"{count:,} of mixed words leave"
    yield within(f"{title}: let go", min(took), MAX_LEAVE)
    grown = (sizes[-1] - sizes[-2]) / MIB
    yield within(f"{title}: memory more than before", grown, MAX_GROWTH, "MiB")
    yield within(f"{title}: CPU afterwards", cpu, MAX_IDLE, "cores")


def memory_of_each(target, count, words):
    with target.start("-w", WORKERS) as server:
        server.await_rest()
        memory, before = server.memory(), server.descriptors()
        wishes = [Wish(f"/sleep?{each}", 200, 1 << 40) for each in words]
        with Mixture(server.address, count, wishes):
            server.await_descriptors(before + count)
            server.await_rest()
            return (server.memory() - memory) / count


def measure_memory(target, count):
    drawn = [f"delay={each}" for each in DISTRIBUTIONS]
    each = memory_of_each(target, count, drawn)
    title = f"memory of each of {count:,}"
    yield within(f"{title}, delays drawn", each, MAX_ASLEEP, "bytes")
    paced = [w if "delay" in w else f"delay=0&{w}" for w in PACES]
    each = memory_of_each(target, count, paced)
    yield within(f"{title}, paced", each, MAX_PACED, "bytes")


def measure_rates(target, seconds):
    """What many paces at once cost of the processor."""
    path = f"/sleep/0?rate={RATE}&size=50m"
    start = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with target.start("-w", WORKERS) as server:
        with Crowd(server.address, RATED, Habit(start)) as paced:
            server.eventually(lambda: paced.answered == RATED, "all to begin")
            time.sleep(1)
            cpu, begin = sum(server.thread_seconds()), time.monotonic()
            time.sleep(seconds)
            cores = sum(server.thread_seconds()) - cpu
            cores /= time.monotonic() - begin
    title = f"{RATED:,} answers of {RATE} a second"
    yield within(f"{title}: CPU", cores, MAX_CORES, "cores")


def measure(target, effort):
    if not target.own:
        yield not_measured("words", "it has no /sleep")
        return
    count = limit(effort.mixed)
    yield from measure_mixture(target, count, effort.seconds)
    yield from measure_leaving(target, count)
    yield from measure_memory(target, limit(effort.asleep))
    if effort.rated:
        yield from measure_rates(target, effort.rated)
