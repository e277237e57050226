"""What many sleeping or idle connections cost: speed, and memory."""

import contextlib

import loads
from clients import limit
from contenders import OURS, running
from crowd import Crowd, Habit
from report import Figure, progress, spread, table
from processes import cpu_seconds
from server import MTASYNC, Failed
from wire import request

WANTED_OF_PEERS = 5_000  # their configurations set limits, for each worker
SECONDS = 1  # of one round of speed: many short pairs beat a few long ones
# What each asks for, and whether it gets an answer: longer than any bench.
KINDS = {"sleeping": ("/sleep/5m", False), "idle": ("/", True)}


def print_limit(wanted):
    """Where it is less than what is wanted."""
    if limit(wanted) < wanted:
        print(
            f"RLIMIT_NOFILE allows {limit(wanted):,} connections to be held, "
            f"not {wanted:,}."
        )


@contextlib.contextmanager
def holding(server, count, kind):
    """
    So many connections, "sleeping" or "idle", all of them known to the server
    and quiet. Yields the id of the process that holds them.
    """
    target, answered = KINDS[kind]
    server.await_rest()
    before = server.descriptors()
    with Crowd(server.address, count, Habit(request(target))) as crowd:
        server.await_descriptors(before + count)
        if answered:
            server.eventually(
                lambda: crowd.answered == count, f"{count} answers"
            )
        server.await_rest()
        yield crowd.pid
        if crowd.ended or crowd.answered != count * answered:
            raise Failed(f"a connection was to be {kind}, and was not")
    server.await_rest()


def measure_speed(server, size, wanted, pairs):
    """
    The load of `/` without sleepers and with them, in turn in one server: in
    the order 0 N N 0, 0 N N 0, ... in which drift cancels. Neighbours make a
    pair, and each pair a ratio.
    """
    count = limit(wanted)
    without, beside, holders_cpu = [], [], 0

    def take(rounds):
        rounds.append(loads.run(server, loads.KEPT_ALIVE, SECONDS, size))

    for pair in range(0, pairs, 2):
        progress(f"0 and {count:,} sleepers, pair {pair + 1} of {pairs}")
        take(without)
        with holding(server, count, "sleeping") as pid:
            before = cpu_seconds(pid)
            take(beside)
            take(beside)
            holders_cpu += cpu_seconds(pid) - before
        take(without)

    def compare(name):
        columns = [loads.values(rounds, name) for rounds in (without, beside)]
        ratios = [more / none for none, more in zip(*columns)]
        return [spread(column) for column in [*columns, ratios]]

    figures = loads.FIGURES | loads.SHARE
    table(
        "`/` beside sleepers",
        ["0 sleepers", f"{count:,} sleepers", "ratio of each pair"],
        [[title, *compare(name)] for name, title in figures.items()],
    )
    print(
        f"{pairs} pairs of rounds of {SECONDS} s; meanwhile the sleepers' "
        f"client used {1000 * holders_cpu:.0f} ms of CPU."
    )


def bytes_each(target, count, kind):
    """Of memory for each connection, in a fresh server."""
    with running(target) as server:
        server.await_rest()
        before = server.memory()
        with holding(server, count, kind):
            return (server.memory() - before) / count


def measure_memory(targets, effort):
    """Of all, but that only mtasync can sleep."""
    cases = [(target, "idle") for target in targets]
    cases.append((MTASYNC, "sleeping"))
    figures = []
    for target, kind in cases:
        ours = target.name in OURS
        most = effort.held if ours else min(effort.held, WANTED_OF_PEERS)
        count = limit(most)
        taken = []
        rounds = effort.memory_rounds
        for number in range(rounds):
            progress(f"{kind} in {target.name}, {number + 1} of {rounds}")
            taken.append(bytes_each(target, count, kind))
        load = f"{count:,} {kind}"
        figures.append(Figure("bytes/connection", load, target.name, taken))
    table(
        "Memory of the processes",
        ["connections", "bytes/connection"],
        [[each.server, each.load, spread(each.values)] for each in figures],
    )
    return figures
