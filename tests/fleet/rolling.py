"""
All three are replaced, one after the other, while clients ask: by a stop and a
start, and by --take-over.
"""

import time
from typing import NamedTuple

import load
from effort import Efforts
from load import Outcome
from members import FRONT, PAGE, Fleet
from percentiles import percentile
from portrait import Timeline
from verdict import counted, not_measured, nothing_lost, progress, within

PAUSE = 0.2  # seconds between two requests of a client
PATIENCE = 20  # seconds for HAProxy to know
SLOWER = 2  # times before, at most
ENOUGH = 1000  # answers have a p99

EFFORTS = Efforts(
    # Each asks for `/` five times a second, or sleeps again and again.
    kept_alive=(160, 20),
    one_each=(20, 5),
    asleep=(200, 20),
    sleep=(2, 0.5),  # seconds
    # In small, the delay of a stop ends when HAProxy knows, however late.
    until_known=(False, True),
    stop_delay=("2s", "1m"),
    take_over_delay=("2s", "1s"),
    seconds=(8, 1),  # before, and after
    rounds=(3, 1),  # at most
)
UPGRADE = "by upgrades of packages"


def begin(fleet, effort):
    """The loads: of `/`, and of sleepers; once each client was served."""
    how = {"pause": PAUSE, "spread": PAUSE}
    bodies = (PAGE,)
    loads = [
        fleet.load(load.kept_alive, FRONT, bodies, effort.kept_alive, **how),
        fleet.load(load.one_each, FRONT, bodies, effort.one_each, **how),
        fleet.load(
            *(load.kept_alive, FRONT, bodies, effort.asleep),
            target=f"/sleep/{effort.sleep}s",
            spread=effort.sleep,
        ),
    ]
    for each in loads:
        each.await_answers(each.plan.connections)
    return loads


def total(loads):
    outcome = Outcome()
    for each in loads:
        outcome.add(each.stop())
    return outcome


def by_stop(fleet, replica, effort):
    """It ends, and another one begins."""
    before = replica.server
    before.stop()
    if effort.until_known:
        if fleet.balancer.await_down(replica.name, PATIENCE):
            before.stop()
    before.join()
    fleet.start(replica)


def by_take_over(fleet, replica, effort):
    """Another one begins in its place, and it ends."""
    before = replica.server
    fleet.start(replica, "--take-over")
    before.stop()
    before.join()


def roll(fleet, effort, way):
    """Returns the times at which each one's turn began, and the last one's end."""
    turns = []
    for replica in fleet.replicas.values():
        progress(f"rolling: {replica.name}")
        turns.append(time.monotonic())
        way(fleet, replica, effort)
        fleet.balancer.await_up(replica.name)
    return [*turns, time.monotonic()]


class Pace(NamedTuple):
    """The p99 of `/` in ms, of the answers that came in each of three times."""

    before: float
    during: float
    after: float

    @property
    def slower(self):
        return self.during / self.before


def pace_of(outcome, times):
    """None where there are too few answers between some of the times."""
    came = [(s + took, took) for s, took in zip(outcome.sent, outcome.took)]
    figures = []
    for begin, end in zip(times, times[1:]):
        took = sorted(took for at, took in came if begin <= at < end)
        if len(took) < ENOUGH:
            return None
        figures.append(1000 * percentile(took, 99))
    return Pace(*figures)


def roll_once(effort, way, delay):
    """Returns the outcomes of `/` and of the sleepers, and the times."""
    with Fleet("--workers=2", f"--drain-delay={delay}") as fleet:
        loads = begin(fleet, effort)
        began = time.monotonic()
        time.sleep(effort.seconds)
        turns = roll(fleet, effort, way)
        time.sleep(effort.seconds)
        ended = time.monotonic()
        return total(loads[:2]), total(loads[2:]), [began, *turns, ended]


def measure_way(effort, title, way, delay, timelines):
    """
    What is lost is of all rounds. What takes longer is of the best one: all
    else on the machine makes it longer, too.
    """
    pages, sleeps, paces = Outcome(), Outcome(), []
    while len(paces) < effort.rounds:
        each, asleep, times = roll_once(effort, way, delay)
        pages.add(each)
        sleeps.add(asleep)
        paces.append(pace_of(each, [*times[:2], *times[-2:]]))
        if not paces[-1] or paces[-1].slower <= SLOWER:
            break
    timelines.append(Timeline(f"{title}: `/`", each, times))
    yield nothing_lost(f"{title}: of `/`, lost or wrong", pages)
    yield nothing_lost(f"{title}: of /sleep/{effort.sleep}s", sleeps)
    early = sum(took < effort.sleep for took in sleeps.took)
    yield counted(f"{title}: sleeps early", early, sleeps.answered)
    refused = pages.refused + sleeps.refused
    connects = pages.connects + sleeps.connects
    yield counted(f"{title}: refused", refused, connects)
    began, ended = times[0], times[-1]
    sent = sum(began <= s < ended for s in [*each.sent, *asleep.sent])
    rate = sent / (ended - began)
    what = f"{title}: p99 of `/` at {rate:,.0f}/s"
    if None in paces:
        yield not_measured(what, f"less than {ENOUGH:,} answers each time")
        return
    best = min(paces, key=lambda pace: pace.slower)
    yield within(
        f"{what}; before {best.before:.3g} ms",
        *(best.during, SLOWER * best.before, "ms"),
        without_fault=best.after,
    )


def measure(effort, timelines):
    for title, way, delay in (
        ("by stop and start", by_stop, effort.stop_delay),
        ("by --take-over", by_take_over, effort.take_over_delay),
    ):
        progress(title)
        yield from measure_way(effort, title, way, delay, timelines)
    why = "wants systemd, which no namespace has; see Packages in README"
    yield not_measured(UPGRADE, why)
