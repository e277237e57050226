"""
Promise 12, soak: for as long as one likes, everything at once, good clients
and bad ones, files that change, reloads and new logs. At the end, what the
server uses is back at its base. MINUTES says how long.
"""

import contextlib
import os
import pathlib
import random
import signal
import tempfile
import time
from collections import Counter
from typing import NamedTuple

import load
import slow
from crowd import Crowd, Habit
from effort import Efforts
from server import PATIENCE, Failed
from sleepers import LONG
from verdict import counted, holds, not_measured, progress, within

WORKERS = 2
LIMITS = ["header", "body", "idle", "write"]
LIMIT = 1  # seconds, of each
SLEEP = 0.1
SHOW = 5  # seconds from one line of progress to the next
MAX_GROWTH = 1  # MiB
FILES = WORKERS * 2  # as many as are too large for the cache's memory
MIB = 1 << 20

# Two versions of each file; the larger one is sent from the disk.
PAGES = [b"one\n" * 1000, b"other\n" * 900]
LARGE = [b"one\n" * 100_000, b"other\n" * 80_000]  # sent from the disk

EFFORTS = Efforts(
    seconds=(60 * float(os.environ.get("MINUTES") or 1), 0),
    each=(100, 20),  # clients of each bad kind
)

# Those who are cut at their limits; and those who have to leave by themselves:
# they sleep, or have a file on its way.
CUT = [kind.habit for kind in slow.KINDS]
LEAVE = [
    Habit(LONG),
    Habit(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"),
]


class Site:
    """A document root that changes, and a log that is replaced."""

    def __init__(self, target, directory):
        self.directory = pathlib.Path(directory)
        self.root = self.directory / "root"
        self.root.mkdir()
        self.log = self.directory / "log"
        (self.root / target.page).write_bytes(target.body())
        with open(self.root / "big", "wb") as file:
            file.truncate(slow.BIG)
        self.version = 0
        self.change()

    def change(self):
        self.version = 1 - self.version
        for name, versions in ("page", PAGES), ("large", LARGE):
            new = self.directory / "new"
            new.write_bytes(versions[self.version])
            new.replace(self.root / name)

    def options(self):
        limits = [f"--{name}-timeout={LIMIT}s" for name in LIMITS]
        return [*limits, "--log=combined", f"--log-file={self.log}"]


class Totals:
    """What became of the good clients' requests."""

    def __init__(self):
        self.answered = self.early = self.slept = self.rounds = 0
        self.bad = Counter()

    def add(self, outcome, sleep=0):
        self.answered += outcome.answered
        self.bad += outcome.lost + outcome.wrong
        if sleep:
            self.slept += outcome.answered
            self.early += sum(took < sleep for took in outcome.took)


class Use(NamedTuple):
    """What a server uses."""

    memory: int
    descriptors: int
    sockets: int
    timers: int  # that are armed

    def __str__(self):
        return (
            f"{self.memory / MIB:.2f} MiB, {self.descriptors} descriptors, "
            f"{self.sockets} sockets, {self.timers} timers"
        )


def measure_use(server):
    return Use(
        server.memory(),
        server.descriptors(),
        server.descriptors("socket:"),
        server.armed_timers(),
    )


def measure_rest(server, sockets):
    """The same when it has nothing to do, and all have left."""
    server.eventually(
        lambda: server.descriptors("socket:") == sockets
        and not server.armed_timers(),
        "sockets and timers to return to their base",
    )
    server.await_rest()
    return measure_use(server)


def begin_good(stack, server):
    """Loads, each with the least time that an answer takes."""
    address, body = server.address, server.target.body()
    how = {"pause": 0.005, "spread": 0.1}
    path = f"/sleep/{SLEEP}s"
    loads = [
        (load.kept_alive(address, (body,), 8, **how), 0),
        (load.kept_alive(address, PAGES, 4, target="/page", **how), 0),
        (load.kept_alive(address, LARGE, 4, target="/large", **how), 0),
        (load.one_each(address, (body,), 4, **how), 0),
        (load.kept_alive(address, (body,), 40, target=path, **how), SLEEP),
    ]
    for each, _ in loads:
        stack.enter_context(each)
    return loads


def begin_bad(stack, server, effort, habits):
    crowds = [
        Crowd(server.address, effort.each, habit) for habit in habits
    ]
    for each in crowds:
        stack.enter_context(each)
    return crowds


def disturb(server, site, chance):
    """What an operator does now and then."""
    site.change()
    what = chance.randrange(20)
    if what == 0:
        server.reload()
    elif what == 1 and site.log.exists():  # it has opened a new one since
        site.log.rename(site.log.with_name("old log"))
        server.signal(signal.SIGUSR1)


def await_end(server, site, crowds, chance):
    """Until all have been cut, while things change."""
    give_up = time.monotonic() + PATIENCE
    while any(each.ended < each.count for each in crowds):
        if time.monotonic() > give_up:
            left = [each.count - each.ended for each in crowds]
            use = measure_use(server)
            raise Failed(f"not cut: {left}; {use}\n{server.output()}")
        disturb(server, site, chance)
        time.sleep(0.02)


def go_round(server, site, effort, totals):
    """All clients once, from their beginning to their end."""
    chance = random.Random(totals.rounds)
    junk = Habit(chance.randbytes(200) + b"\r\n\r\n")
    with contextlib.ExitStack() as stack:

        def begin(habit):
            crowd = Crowd(server.address, effort.each, habit)
            return stack.enter_context(crowd)

        loads = begin_good(stack, server)
        cut = [begin(habit) for habit in (junk, *CUT)]
        leaving = [begin(habit) for habit in (junk, *CUT, *LEAVE)]
        for each in leaving:
            server.eventually(
                lambda: each.opened == each.count, "a crowd to come"
            )
            each.leave(each.count // 2)
            each.leave(each.count, reset=True)
        await_end(server, site, cut, chance)
        use = measure_use(server)
        for each, sleep in loads:
            totals.add(each.stop(), sleep)
    totals.rounds += 1
    return use


def soak(server, site, effort, totals, sockets):
    """What it uses at rest: after a first round, and in the end."""
    begin = shown = time.monotonic()
    go_round(server, site, effort, totals)
    base = measure_rest(server, sockets)
    progress(f"soak: base: {base}")
    while totals.rounds < 2 or time.monotonic() < begin + effort.seconds:
        use = go_round(server, site, effort, totals)
        if time.monotonic() < shown + SHOW:
            continue
        shown = time.monotonic()
        progress(
            f"soak: {shown - begin:.0f} s, {totals.answered:,} requests, "
            f"{totals.bad.total()} lost or wrong; {use}"
        )
    last = measure_rest(server, sockets)
    progress(f"soak: in the end: {last}")
    return base, last


def measure(target, effort):
    if not target.own:
        yield not_measured("soak", "not mtasync")
        return
    totals = Totals()
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        site = Site(target, directory)
        server = stack.enter_context(
            target.start("-w", WORKERS, *site.options(), root=site.root)
        )
        start = measure_use(server)
        base, last = soak(server, site, effort, totals, start.sockets)
        server.stop()
        status = server.wait()
    tried = totals.answered + totals.bad.total()
    kinds = [f" {count} {kind}" for kind, count in totals.bad.items()]
    what = f"lost or wrong{','.join(kinds)}"
    yield counted(what, totals.bad.total(), tried)
    yield counted("sleeps answered early", totals.early, totals.slept)
    yield counted("timers armed in the end", last.timers, 2)
    sockets = last.sockets - start.sockets
    yield counted("sockets more than at the start", sockets, start.sockets)
    files = last.descriptors - start.descriptors
    yield holds("files kept open", f"{files}", f"<= {FILES}", files <= FILES)
    more = (last.memory - base.memory) / MIB
    yield within("memory more than after a round", more, MAX_GROWTH, "MiB")
    yield holds("exit status", f"{status}", "0", status == 0)
