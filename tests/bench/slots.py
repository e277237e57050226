"""What a slot of a pool costs: /sleep/0 without and with one, in turn."""

import statistics
from typing import NamedTuple

import loads
from report import progress, spread, table
from server import Failed
from wire import Client

MOST = 3  # us of the server's CPU, more than without a pool
OPTIONS = ["--pool=free:slots=1000", "--pool=full:slots=4,queue=1000"]


class Case(NamedTuple):
    name: str
    target: str
    told: str = ""  # by the receipt
    base: str = ""  # the case that it is compared to
    connections: int = 64


# With a word, so that words alone are told apart from the pool; and of those
# who have to wait for their slot, beside as many as have one at a time, since
# a loop that seldom has two to serve in a round takes more for each.
CASES = [
    Case("none", "/sleep/0"),
    Case("none, but a word", "/sleep/0?status=200", "status=200", "none"),
    Case("one that is free", "/sleep/0?pool=free", "pool=free", "none"),
    Case("none, 4 asleep", "/sleep/100us", connections=4),
    Case("one of 4 for 64", "/sleep/100us?pool=full", "pool=full",
         "none, 4 asleep"),
]  # fmt: skip


def check(server, case):
    with Client(server.address) as client:
        response = client.ask(case.target)
    told = response.field("Mtasync") or ""
    if response.status != 200 or not told.endswith(case.told):
        raise Failed(f"{case.target}: a wrong answer: {response}")


def cost(server, case, seconds):
    """us of the server's CPU for each request, in one round."""
    load = loads.Load(case.name, case.connections, target=case.target)
    before = loads.cpu_seconds(server)
    with loads.started(server, load) as process:
        figures = loads.finish(load, process, seconds)
    return 1e6 * (loads.cpu_seconds(server) - before) / figures["requests"]


def row(case, costs):
    if not case.base:
        return [case.name, spread(costs[case.name]), "", ""]
    pairs = zip(costs[case.name], costs[case.base])
    more = [taken - base for taken, base in pairs]
    verdict = "kept" if statistics.median(more) <= MOST else "BROKEN"
    if "free" not in case.target:  # a wait for it has no mark
        verdict = ""
    return [case.name, spread(costs[case.name]), spread(more), verdict]


def measure(server, seconds, rounds):
    """Each round in the order 0 1 2 2 1 0, in which drift cancels."""
    costs = {case.name: [] for case in CASES}
    for case in CASES:
        check(server, case)
    for number in range(rounds):
        progress(f"slots of a pool, {number + 1} of {rounds}")
        for case in [*CASES, *reversed(CASES)]:
            costs[case.name].append(cost(server, case, seconds))
    table(
        "slots of a pool",
        ["us of CPU/request", "more than none", f"at most {MOST}"],
        [row(case, costs) for case in CASES],
    )
