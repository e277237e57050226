"""
Promise 5, a stop under load: what has been let in is answered.

Three loads at once, each in a process of its own: connections that are kept
alive, new connections, and sleepers. Then the signal.
"""

import contextlib
import time
from typing import NamedTuple

import load
from verdict import counted, nothing_lost, not_measured, progress, within

WORKERS = 2


class Effort(NamedTuple):
    stops: int
    kept_alive: int  # connections
    one_each: int  # connections at a time
    sleepers: int
    sleep: float  # seconds


FULL = Effort(stops=10, kept_alive=256, one_each=128, sleepers=500, sleep=3)
QUICK = Effort(stops=2, kept_alive=64, one_each=64, sleepers=100, sleep=1)


class Stop:
    """One stop, and what became of each load."""

    def __init__(self, target, effort, sleeping):
        sleeping = sleeping and target.own
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(target.start("-w", WORKERS))
            self.loads = start_loads(stack, server, effort, sleeping)
            self.began = time.monotonic()
            server.stop()
            self.status = server.join()
            self.took = time.monotonic() - self.began
            self.outcomes = [each.stop() for each in self.loads]


def start_loads(stack, server, effort, sleeping):
    """Returns them once each connection has been served."""
    bodies = (server.target.body(),)
    loads = [
        load.kept_alive(server.address, bodies, effort.kept_alive),
        load.one_each(server.address, bodies, effort.one_each),
    ]
    for each in loads:
        stack.enter_context(each)
        each.await_connections()
    return loads


def measure(target, effort):
    total = [load.Outcome(), load.Outcome()]
    bad = 0
    slowest = took = 0
    for number in range(effort.stops):
        progress(f"stop {number + 1} of {effort.stops}")
        stop = Stop(target, effort, False)
        for sum, outcome in zip(total, stop.outcomes):
            sum.add(outcome)
            slowest = max(slowest, outcome.slowest(stop.began - 1))
        bad += stop.status != 0
        took = max(took, stop.took)
    yield nothing_lost("kept-alive requests lost", total[0])
    yield nothing_lost("new connections lost", total[1])
    yield counted("exit status other than 0", bad, effort.stops)
    yield within("slowest answer", slowest, 0.5)
    yield within("longest stop", took, 1.5)
