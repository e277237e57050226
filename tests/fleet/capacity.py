"""
What more replicas are worth: places for sleepers, and what a request costs.
"""

import functools
import resource
import statistics
import time
from typing import NamedTuple

import load
from effort import Efforts
from members import ALONE, FRONT, PAGE, REPLICAS, Fleet
from server import eventually
from verdict import counted, progress, within

SURPLUS = 1.2  # times as many as there are places ask for a sleep
SPREAD = 2  # seconds over which they do
PAUSE = 0.1  # seconds between two requests of a client
SAME_MEMORY = 1.1  # times that of the only one, at most
SAME_COST = 1.25
TO_HAPROXY = 1.5
OPTIONS = ("--workers=2",)

EFFORTS = Efforts(
    descriptors=(1500, 200),  # of each
    # For each replica, so many ask for `/` ten times a second.
    clients=(40, 5),
    seconds=(1.2, 0.3),  # of a round
    rounds=(7, 1),
)


def use(fleet, count):
    """Of the replicas, HAProxy uses so many."""
    for number, name in enumerate(REPLICAS):
        state = "ready" if number < count else "maint"
        fleet.balancer.tell(f"set server mtasync/{name} state {state}")


# Places


class Full(NamedTuple):
    """What sleeps where there is no place left."""

    asleep: int
    descriptors: int  # for them
    memory: int  # bytes


def fill(effort, count):
    """So many replicas, with more who ask than there are places."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    each = min(effort.descriptors, most // 8)  # HAProxy takes two for each
    limited = functools.partial(
        resource.setrlimit, resource.RLIMIT_NOFILE, (each, each)
    )
    with Fleet(*OPTIONS, preexec_fn=limited) as fleet:
        use(fleet, count)
        replicas = [fleet.replicas[n] for n in list(REPLICAS)[:count]]
        servers = [replica.server for replica in replicas]
        before = [(s.descriptors(), s.memory()) for s in servers]
        asking = int(SURPLUS * each * count)
        fleet.load(
            *(load.sleepers, FRONT, (PAGE,), asking, "/sleep/5m"),
            spread=SPREAD,
        )
        known = fleet.balancer.known
        eventually(
            lambda: sum(int(known(r.name)["scur"]) for r in replicas)
            == asking,
            "all to be with one of them",
        )
        for server in servers:
            server.await_rest()
        after = [(s.descriptors(), s.memory()) for s in servers]
        descriptors, memory = (
            sum(a[i] - b[i] for a, b in zip(after, before)) for i in range(2)
        )
        return Full(fleet.asleep(), descriptors, memory)


def measure_places(effort):
    progress("places")
    one, three = fill(effort, 1), fill(effort, 3)
    what = f"asleep on three, {one.asleep:,} on one"
    yield counted(what, three.asleep, 3 * one.asleep, 3 * one.asleep)
    for number, full in ("one", one), ("three", three):
        what = f"descriptors for all those on {number}"
        yield counted(what, full.descriptors, full.asleep, full.asleep)
    alone = one.memory / one.asleep
    yield within(
        f"memory for each on three, {alone:.0f} bytes on one",
        *(three.memory / three.asleep, SAME_MEMORY * alone, "bytes"),
    )


# Cost


def cpu(servers):
    return sum(sum(server.thread_seconds()) for server in servers)


def cost(fleet, effort, address, servers, count=1):
    """CPU seconds of these servers for each request that comes there."""
    clients = count * effort.clients
    how = {"pause": PAUSE, "spread": PAUSE}
    asking = fleet.load(load.kept_alive, address, (PAGE,), clients, **how)
    asking.await_answers(clients)
    before, answered = cpu(servers), asking.answered
    time.sleep(effort.seconds)
    asking.await_answers(1)
    spent, answered = cpu(servers) - before, asking.answered - answered
    asking.stop()
    return spent / answered


def measure_cost(effort):
    """
    At a pace that is the same for each replica: one that has less to do finds
    fewer requests at once, and each costs more. HAProxy alone does the same work
    in each round, on the same CPUs.
    """
    counts = range(1, len(REPLICAS) + 1)
    through = {count: [] for count in counts}
    with Fleet(*OPTIONS) as fleet:
        servers = [replica.server for replica in fleet.replicas.values()]
        balancer = [fleet.balancer.server]
        for number in range(effort.rounds):
            progress(f"cost, {number + 1} of {effort.rounds}")
            alone = cost(fleet, effort, ALONE, balancer)
            for count in counts:
                use(fleet, count)
                spent = cost(fleet, effort, FRONT, servers, count)
                through[count].append(spent / alone)
    one, *others = (statistics.median(through[n]) for n in counts)
    for count, more in enumerate(others, 2):
        what = f"CPU for `/` through {count}, to that through 1"
        yield within(what, more / one, SAME_COST, "times")
    yield within(
        "CPU for `/` in mtasync, to HAProxy's that answers alone",
        *(one, TO_HAPROXY, "times"),
    )


def measure(effort, _timelines=None):
    yield from measure_places(effort)
    yield from measure_cost(effort)
