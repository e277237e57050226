"""What many sleeping or idle connections cost: speed, and memory."""

import contextlib
import pathlib
import resource
import subprocess
import sys

import load
from answer import PATIENCE, Fault
from report import progress, spread, table
from server import cpu_seconds

SCRIPT = pathlib.Path(__file__).with_name("hold.py")
WANTED = 10_000
SECONDS = 1  # of one round of speed: many short pairs beat a few long ones


def limit():
    """How many a process may hold, with a quarter of its files to spare."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        return WANTED
    return min(WANTED, hard * 3 // 4)


@contextlib.contextmanager
def holding(server, count, kind):
    """
    So many connections, "sleeping" or "idle", all of them known to the server
    and quiet. Yields the id of the process that holds them.
    """
    server.settle()
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
        server.settle()
        if server.descriptors() - before < count:
            raise Fault(f"fewer than {count} {kind} connections are open")
        yield holder.pid
        holder.stdin.close()
        if holder.wait(PATIENCE) != 0:
            raise Fault(f"a connection was to be {kind}, and was not")
    server.settle()


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


def measure_memory(start_server, rounds):
    """Bytes for each connection, in a fresh server for each round."""
    count = limit()
    kinds = {"sleeping": [], "idle": []}
    for number in range(rounds):
        for kind, bytes_each in kinds.items():
            progress(f"memory, {kind}, round {number + 1} of {rounds}")
            with start_server() as server:
                server.settle()
                before = server.anonymous_bytes()
                with holding(server, count, kind):
                    more = server.anonymous_bytes() - before
            bytes_each.append(more / count)
    table(
        "Memory of the process",
        ["bytes/connection"],
        [
            [f"{count:,} {kind}", spread(bytes_each)]
            for kind, bytes_each in kinds.items()
        ],
    )
