"""
make bench-growth: how the cost of a request grows.

With workers, connections, files and sleepers, server and wrk on one CPU. Each
step is compared to the first one of its row in the same round. Prints for each
row whether it is flat, or why not, and what the limit is. It ends with status
1 if an answer was wrong. QUICK=1 takes fewer and shorter rounds.
"""

import contextlib
import os
import pathlib
import resource
import statistics
import sys
import tempfile
import textwrap
import time
from typing import Callable, NamedTuple

import command
import contenders
import held
import loads
import picture
from clients import limit
from contenders import AGED, ONE_CPU, running
from effort import QUICK
from loads import KEPT_ALIVE, Load
from report import Figure, hides, progress, short, spread
from report import sure_range, table
from processes import thread_seconds
from server import HTDOCS, MTASYNC, Failed, Server

PAGE = (HTDOCS / contenders.PAGE).read_bytes()
ROUNDS, SECONDS = (2, 0.25) if QUICK else (9, 1)
MOST_SECONDS = 8  # of a round, on a busy machine
HELD = 15_000
FILES = 20_000 if QUICK else 100_000  # more than a worker keeps
FILES_EACH = 1000  # of a directory
FLAT = 1.05  # times the first; less than that is called flat
NOISY = " ~"
RELATIVE = "to the first's"
CSV = "bench-growth.csv"
MEMORY = "/dev/shm"  # where files wait for no disk


class Step(NamedTuple):
    """What is measured again and again."""

    number: int
    server: Server
    load: Load
    size: int  # bytes of an answer
    open: int  # descriptors without the load
    costs: list  # of the rounds


class Cost(NamedTuple):
    title: str
    take: Callable  # of a Step, in one round


class Row(NamedTuple):
    """What grows, and what is said of it."""

    name: str
    numbers: list
    start: Callable  # the server and the load of a number, for a stack's time
    cost: Cost
    why: str  # if it is not flat
    limit: str  # a sentence


def start(stack, *options, root=HTDOCS):
    return stack.enter_context(
        running(MTASYNC, *options, root=root, cpus=ONE_CPU)
    )


def with_workers(number, stack, _root):
    return start(stack, f"--workers={number}"), KEPT_ALIVE


def with_open(number, stack, _root):
    server = start(stack, "--workers=1", "--idle-timeout=1h")
    idle = number - KEPT_ALIVE.connections
    if idle:
        stack.enter_context(held.holding(server, idle, "idle"))
    return server, KEPT_ALIVE


def with_busy(number, stack, _root):
    return start(stack, "--workers=1"), Load("", connections=number)


def with_files(number, stack, root):
    server = start(stack, "--workers=1", root=root)
    return server, Load("", target="/0/0.html", files=number)


def with_sleepers(number, stack, _root):
    server = start(stack, "--workers=1")
    if number:
        stack.enter_context(held.holding(server, number, "sleeping"))
    return server, KEPT_ALIVE


def ratio(step):
    """The steady one, once all connections are open."""

    def used():
        return loads.cpu_seconds(step.server), sum(thread_seconds(wrk.pid))

    with loads.started(step.server, step.load, ONE_CPU) as wrk:
        step.server.await_descriptors(step.open + step.load.connections)
        before = used()
        time.sleep(SECONDS)
        server_cpu, wrk_cpu = (b - a for a, b in zip(before, used()))
        figures = loads.finish(step.load, wrk)
    loads.check_bytes(step.load, figures, step.size)
    return server_cpu / wrk_cpu


def each_request(step, seconds=min(SECONDS, 0.5)):
    """
    In us: of the requests that a long load has more than a short one, for
    opening the connections is in both.
    """
    short_one, long_one = (
        loads.run(step.server, step.load, length, step.size, ONE_CPU)
        for length in (seconds, 3 * seconds)
    )
    requests = long_one.requests - short_one.requests
    used = [one.cpu * one.requests for one in (short_one, long_one)]
    if requests > short_one.requests and used[1] > used[0]:
        return (used[1] - used[0]) / requests
    if seconds > MOST_SECONDS:
        raise Failed(f"{step.number:,} connections: no answers")
    return each_request(step, 2 * seconds)  # a busy machine


RATIO = Cost("server CPU / wrk CPU", ratio)
EACH = Cost("server CPU us/request", each_request)


def rows():
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = limit(HELD)
    return [
        Row(
            "workers",
            [1, 2, 4, 8],
            with_workers,
            RATIO,
            "each finds fewer requests at once, and the one CPU changes "
            "between threads more often",
            "More workers than CPUs gain nothing.",
        ),
        Row(
            "connections, 64 of them busy",
            [64, 512, 4096, most],
            with_open,
            RATIO,
            "idle ones take room in the CPU's caches",
            f"The limit is --max-conns, here RLIMIT_NOFILE: {files:,}.",
        ),
        Row(
            "connections, all of them busy",
            [64, 512, min(most, 4096)],
            with_busy,
            EACH,
            "what belongs to a connection, here and in the kernel, has left "
            "the CPU's caches when its turn comes",
            "wrk's own cost grows too, so its CPU time is no measure here; "
            "more connections would wait for so long that it counts errors.",
        ),
        Row(
            "files below ROOT, at random",
            [10, 1000, FILES],
            with_files,
            RATIO,
            "each file that is asked for is looked at on the disk once a "
            "second, and a worker keeps 8,192, of 32 MiB together: of "
            f"{FILES:,}, most are opened anew for each request",
            "The limit is that cache.",
        ),
        Row(
            "sleepers",
            [0, 1000, most],
            with_sleepers,
            RATIO,
            "sleepers take room in the CPU's caches",
            f"The limit is --max-sleepers, here RLIMIT_NOFILE: {files:,}.",
        ),
    ]


def plant(root, count):
    """So many small files, a thousand in a directory."""
    for directory in range(0, count, FILES_EACH):
        below = root / str(directory // FILES_EACH)
        below.mkdir()
        for number in range(min(FILES_EACH, count - directory)):
            path = below / f"{number}.html"
            path.write_bytes(PAGE)
            os.utime(path, (AGED, AGED))  # or its head changes once it is old


def prepare(row, number, stack, root):
    progress(f"{row.name}: {number:,}")
    server, each = row.start(number, stack, root)
    size = loads.check(server, each, PAGE)
    server.await_rest()
    return Step(number, server, each, size, server.descriptors(), [])


def measure_row(row, root):
    """Returns the figures: of each step, and relative to the first."""
    with contextlib.ExitStack() as stack:
        steps = [prepare(row, number, stack, root) for number in row.numbers]
        for number in range(ROUNDS):
            progress(f"{row.name}, round {number + 1} of {ROUNDS}")
            for step in steps[:: -1 if number % 2 else 1]:
                step.costs.append(row.cost.take(step))
    for step in steps:
        pairs = zip(step.costs, steps[0].costs)
        relative = [cost / first for cost, first in pairs]
        yield Figure(row.cost.title, row.name, f"{step.number:,}", step.costs)
        yield Figure(RELATIVE, row.name, f"{step.number:,}", relative)


def verdict(row, relative):
    """Whether it is flat, or why not."""
    medians = {
        each.server: statistics.median(each.values) for each in relative[1:]
    }
    hidden = {each.server for each in relative[1:] if hides(each.values)}
    steep = {name: one for name, one in medians.items() if one > FLAT}
    if not steep:
        return f"Flat: at most {short(max(medians.values()))} times."
    if steep.keys() <= hidden:
        return "Noise hides whether it is flat."
    figures = [
        f"{short(one)} times with {name}"
        for name, one in steep.items()
        if name not in hidden
    ]
    return f"Not flat, {', '.join(figures)}: {row.why}."


def report_row(row, figures):
    costs = [each for each in figures if each.name != RELATIVE]
    relative = [each for each in figures if each.name == RELATIVE]
    cells = [
        spread(each.values) + (NOISY if hides(each.values) else "")
        for each in relative[1:]
    ]
    table(
        row.name,
        [each.server for each in costs],
        [
            [row.cost.title, *(spread(each.values) for each in costs)],
            [RELATIVE, "1", *cells],
        ],
    )
    print(textwrap.fill(f"{verdict(row, relative)} {row.limit}", 79))


def panel(figures, name):
    """For gnuplot: a row's medians, and where they lie for certain."""
    yield "$costs << END"
    for each in figures:
        if each.load == name and each.name == RELATIVE:
            middle = statistics.median(each.values)
            three = [middle, *sure_range(each.values)]
            yield " ".join([f'"{each.server}"', *map(str, three)])
    yield "END"
    yield f'set title "{name}"'
    yield "plot 1 dt 2 lc 'gray', $costs using 0:2:3:4:xtic(1) lc 1 lw 2 pt 7"


def script(figures):
    names = list(dict.fromkeys(each.load for each in figures))
    yield "unset key"
    yield "set style data yerrorlines"
    yield "set offsets 0.3, 0.3, 0, 0"
    yield "set yrange [0:*]"
    yield "set grid ytics"
    yield 'set ylabel "cost, to the first\'s"'
    yield "set multiplot layout 2,3"
    for name in names:
        yield from panel(figures, name)
    yield "unset multiplot"


def measure():
    command.print_facts(
        load=f"wrk -t1, on one CPU with the server, {ROUNDS} rounds of "
        f"{SECONDS} s",
        figures="median  min..max of the rounds",
    )
    held.print_limit(HELD)
    figures = []
    where = MEMORY if pathlib.Path(MEMORY).is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as directory:
        root = pathlib.Path(directory)
        for row in rows():
            if row.start is with_files:
                plant(root, FILES)
            found = list(measure_row(row, root))
            report_row(row, found)
            figures += found
    print(
        f"In these tables,{NOISY} is a warning: noise hides whether it is "
        f"more or less than the first's.\nFlat is what takes at most {FLAT} "
        "times as much."
    )
    picture.save_table(CSV, figures, ["figure", "row", "step"])
    lines = list(script(figures))
    picture.tell([CSV, *picture.draw("bench-growth", "1200,640", lines)])


if __name__ == "__main__":
    sys.exit(command.run(measure))
