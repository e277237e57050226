"""
Promise 5, a stop under load: who has been let in is answered.

Several loads at once, each in a process of its own: connections that are kept
alive, new connections, and sleepers. Then comes the signal.
"""

import contextlib
import functools
import statistics
import time

import line
import load
from effort import Efforts
from load import Outcome
from verdict import counted, not_measured, nothing_lost, progress, within

WORKERS = 2
MAX_DELAY = 0.5  # seconds that the drain may hold an answer up
MAX_STOP = 1.5
MAX_SECOND = 0.1  # from the second signal to the end
CUT = 3  # the exit status of a stop that cut requests off
DELAY = 0.05  # seconds that a packet takes to those who are far away
MAX_LATE = (
    0.1  # more than that: beyond the time that a drain has for a round trip
)
KEPT_ALIVE, NEW = "kept-alive requests", "new connections"
ASLEEP = "sleepers"

EFFORTS = Efforts(
    stops=(10, 1),
    other_stops=(5, 1),  # of each other kind
    kept_alive=(256, 64),  # connections
    one_each=(128, 64),  # connections at a time
    sleepers=(500, 100),
    sleep=(2, 1),  # seconds; longer than it takes to begin the loads
)


class Stops:
    """What some stops came to, together."""

    def __init__(self, title):
        self.title = title
        self.count = self.unclean = 0
        self.outcomes = {}  # by the kind of load
        self.slowest = self.longest = 0

    def add(self, server, loads):
        """Stops the server under its loads, which are (kind, Load)."""
        began = time.monotonic()
        server.stop()
        self.unclean += server.wait() != 0
        self.longest = max(self.longest, time.monotonic() - began)
        self.count += 1
        for kind, each in loads:
            outcome = each.stop()
            self.outcomes.setdefault(kind, Outcome()).add(outcome)
            if kind != ASLEEP:
                self.slowest = max(self.slowest, outcome.slowest(began))

    def rows(self):
        for kind, outcome in self.outcomes.items():
            yield nothing_lost(f"{self.title}: {kind} lost", outcome)
        yield counted(
            f"{self.title}: exit status not 0", self.unclean, self.count
        )


def do_stops(title, count, begin):
    """So many; begin() puts a server and its loads on a stack."""
    stops = Stops(title)
    for number in range(count):
        progress(f"{title}, {number + 1} of {count}")
        with contextlib.ExitStack() as stack:
            stops.add(*begin(stack))
    return stops


def begin_busy(stack, server, effort, address, **how):
    """Loads that go on and on, once each of their connections was served."""
    pair = load.begin_pair(
        stack,
        address,
        (server.target.body(),),
        (effort.kept_alive, effort.one_each),
        **how,
    )
    return list(zip((KEPT_ALIVE, NEW), pair))


def begin_plain(target, effort, stack):
    server = stack.enter_context(target.start("-w", WORKERS))
    return server, begin_busy(stack, server, effort, server.address)


def begin_beside_sleepers(target, effort, stack):
    server = stack.enter_context(target.start("-w", WORKERS))
    before = server.descriptors()
    bodies, path = (target.body(),), f"/sleep/{effort.sleep}s"
    asleep = stack.enter_context(
        load.sleepers(server.address, bodies, effort.sleepers, path)
    )
    server.await_descriptors(before + effort.sleepers)
    busy = begin_busy(stack, server, effort, server.address)
    return server, [(ASLEEP, asleep), *busy]


def begin_at_three_addresses(target, effort, stack):
    three = ["127.0.0.1:0", "127.0.0.1:0", "127.0.0.2:0"]
    server = stack.enter_context(target.start("-w", WORKERS, listen=three))
    loads = []
    for address in server.addresses:
        loads += begin_busy(stack, server, effort, address)
    return server, loads


def begin_far_away(target, effort, stack):
    here, there = stack.enter_context(line.delayed(DELAY))
    how = {
        "listen": [f"{line.SERVER}:0"],
        "wrapper": ["ip", "netns", "exec", here],
    }
    server = stack.enter_context(target.start("-w", WORKERS, **how))
    how = {"namespace": there, "spread": 4 * DELAY}  # in all phases at once
    return server, begin_busy(stack, server, effort, server.address, **how)


def measure_plain(target, effort):
    begin = functools.partial(begin_plain, target, effort)
    stops = do_stops("stop", effort.stops, begin)
    yield from stops.rows()
    yield within("stop: slowest answer", stops.slowest, MAX_DELAY)
    yield within("stop: from signal to end", stops.longest, MAX_STOP)


def measure_beside_sleepers(target, effort):
    begin = functools.partial(begin_beside_sleepers, target, effort)
    stops = do_stops("beside sleepers", effort.stops, begin)
    yield from stops.rows()
    slept = [took - effort.sleep for took in stops.outcomes[ASLEEP].took]
    early = sum(late < 0 for late in slept)
    yield counted("beside sleepers: answered early", early, len(slept))
    yield within("beside sleepers: latest of them", max(slept), MAX_DELAY)
    yield within("beside sleepers: slowest answer", stops.slowest, MAX_DELAY)


def measure_others(target, effort):
    at_three = functools.partial(begin_at_three_addresses, target, effort)
    title = "three addresses"
    yield from do_stops(title, effort.other_stops, at_three).rows()
    title = f"{1000 * DELAY:.0f} ms away"
    if why := line.why_not():
        yield not_measured(title, why)
        return
    far_away = functools.partial(begin_far_away, target, effort)
    for row in do_stops(title, effort.other_stops, far_away).rows():
        late = line.LATEST.value
        if row.kept or late < MAX_LATE:
            yield row
        else:
            yield not_measured(row.what, f"a packet was {late:.2g} s late")


def measure_second_signal(target, effort):
    """Which comes while sleepers hold the drain up."""
    asleep = effort._replace(sleep=60)
    took, unlike = [], 0
    for number in range(effort.other_stops):
        progress(f"second signal, {number + 1} of {effort.other_stops}")
        with contextlib.ExitStack() as stack:
            server, loads = begin_beside_sleepers(target, asleep, stack)
            server.stop()
            for _, busy in loads[1:]:
                busy.await_refusal()
                busy.stop()
            began = time.monotonic()
            server.stop()
            unlike += server.wait() != CUT
            took.append(time.monotonic() - began)
    what = f"second signal: exit status not {CUT}"
    yield counted(what, unlike, effort.other_stops)
    median = statistics.median(took)
    yield within("second signal: to the end, median", median, MAX_SECOND)


def measure(target, effort):
    yield from measure_plain(target, effort)
    if target.own:
        yield from measure_beside_sleepers(target, effort)
        yield from measure_others(target, effort)
        yield from measure_second_signal(target, effort)
    else:
        yield not_measured("with sleepers, elsewhere, twice", "not mtasync")
