"""What many sleeping or idle connections cost: speed, and memory."""

import contextlib
import pathlib
import resource
import subprocess
import sys

import load
from answer import PATIENCE, Fault
from contenders import OURS, running
from report import Figure, progress, spread, table
from target import MTASYNC, cpu_seconds

SCRIPT = pathlib.Path(__file__).with_name("hold.py")
WANTED = 10_000
WANTED_OF_PEERS = 5_000  # their configurations set limits, for each worker
SECONDS = 1  # of one round of speed: many short pairs beat a few long ones


def limit(wanted=WANTED):
    """How many a process may hold, with a quarter of its files to spare."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, hard * 3 // 4)


def print_limit(wanted=WANTED):
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
    server.await_rest()
    before = server.descriptors()
    command = [sys.executable, SCRIPT, *server.address, count, kind]
    with subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a ^C is ours to handle
    ) as holder:
        if holder.stdout.readline() != "held\n":
            raise Fault(f"{count} {kind} connections could not be opened")
        server.await_rest()
        if server.descriptors() - before < count:
            raise Fault(f"fewer than {count} {kind} connections are open")
        yield holder.pid
        holder.stdin.close()
        if holder.wait(PATIENCE) != 0:
            raise Fault(f"a connection was to be {kind}, and was not")
    server.await_rest()


def measure_speed(server, size, pairs):
    """
    The load of `/` without sleepers and with them, in turn in one server: in
    the order 0 N N 0, 0 N N 0, ... in which drift cancels. Neighbours make a
    pair, and each pair a ratio.
    """
    count = limit()
    without, beside, holders_cpu = [], [], 0

    def take(rounds):
        rounds.append(load.run(server, load.KEPT_ALIVE, SECONDS, size))

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
        columns = [load.values(rounds, name) for rounds in (without, beside)]
        ratios = [more / none for none, more in zip(*columns)]
        return [spread(column) for column in [*columns, ratios]]

    figures = load.FIGURES | load.SHARE
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


def measure_memory(targets, rounds):
    """Of all, but that only mtasync can sleep."""
    cases = [(target, "idle") for target in targets]
    cases.append((MTASYNC, "sleeping"))
    figures = []
    for target, kind in cases:
        ours = target.name in OURS
        count = limit() if ours else min(limit(), WANTED_OF_PEERS)
        taken = []
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
