"""
make bench-timers: how exactly /sleep keeps time.

With 1, 1,000 and 10,000 sleepers, on a server that does nothing else, and
beside a load of `/`. Then with 10,000 at once whose times are drawn: what was
asked against what came. Prints histograms, quantiles, and a verdict for each
mark. It ends with status 1 if a sleep was early or its answer wrong, and not
because of a broken mark: a busy machine makes sleeps late. QUICK=1 takes less
of each.
"""

import bisect
import contextlib
import csv
import sys
from typing import NamedTuple

import command
import contenders
import drawn
import held
import loads
import picture
import sleeping
from clients import limit
from contenders import running
from effort import QUICK
from percentiles import percentile
from report import progress, short, table
from server import HTDOCS, MTASYNC, Failed
from sleeping import Lateness

PAGE = (HTDOCS / contenders.PAGE).read_bytes()
SECONDS = 1 if QUICK else 10
# How many sleep, and how long at most in us: few have to sleep often.
CROWDS = {1: 20_000, 1000: 1_000_000, 10_000: 4_000_000}
BESIDE = {False: "idle", True: "`/` loaded"}
CLOCKS = {"receipt": "by the receipts", "observed": "by the client's clock"}
# Where the histogram's bars begin, in ms.
STEPS = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
BAR = 12  # characters of a bar of all
CSV = "bench-timers.csv"


class Mark(NamedTuple):
    loaded: bool
    sleepers: list  # numbers of them for which it holds
    percent: int
    most: float  # ms


MARKS = [
    Mark(False, list(CROWDS), 50, 0.2),
    Mark(False, list(CROWDS), 99, 2),
    Mark(True, [max(CROWDS)], 99, 10),
]


class Case(NamedTuple):
    """What was measured; the times are in ms, sorted, by each of CLOCKS."""

    loaded: bool
    wanted: int
    sleepers: int  # fewer, where RLIMIT_NOFILE does not allow more
    times: dict

    name = property(lambda self: f"{BESIDE[self.loaded]}, {self.sleepers:,}")


POINTS = {
    "least": lambda times: times[0],
    "p50": lambda times: percentile(times, 50),
    "p99": lambda times: percentile(times, 99),
    "max": lambda times: times[-1],
}


def measure_case(loaded, wanted):
    count = limit(wanted)
    progress(f"{count:,} sleeping, {BESIDE[loaded]}")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(MTASYNC))
        loads.check(server, loads.KEPT_ALIVE, PAGE)
        if loaded:
            wrk = stack.enter_context(loads.started(server, loads.KEPT_ALIVE))
        found = sleeping.measure(server, count, CROWDS[wanted], SECONDS, PAGE)
        if loaded:
            loads.finish(loads.KEPT_ALIVE, wrk)
    times = dict(zip(Lateness._fields, map(sorted, zip(*found))))
    return Case(loaded, wanted, count, times)


def histogram(times):
    """How many lie between each step and the next."""
    below = [bisect.bisect_left(times, step) for step in STEPS[1:]]
    return [b - a for a, b in zip([0, *below], [*below, len(times)])]


def bar(count, total):
    filled = "#" * max(count > 0, round(BAR * count / total))
    return f"{count:6,} {filled.ljust(BAR)}"


def report_histogram(cases, loaded, clock):
    shown = [case for case in cases if case.loaded == loaded]
    counts = [histogram(case.times[clock]) for case in shown]
    used = [at for at, row in enumerate(zip(*counts)) if any(row)]
    rows = [
        [
            f"from {STEPS[at]:g}",
            *(bar(each[at], sum(each)) for each in counts),
        ]
        for at in range(used[0], used[-1] + 1)
    ]
    table(
        f"{BESIDE[loaded]}: ms late {CLOCKS[clock]}",
        [f"{case.sleepers:,} sleeping" for case in shown],
        rows,
    )


def report_points(cases):
    rows = [
        [
            f"{case.name}, {name}",
            f"{len(case.times[clock]):,}",
            *(short(point(case.times[clock])) for point in POINTS.values()),
        ]
        for case in cases
        for clock, name in CLOCKS.items()
    ]
    table("ms late", ["sleeps", *POINTS], rows)


def judged(case, mark):
    """By the receipts; the client's own delay may not break a mark."""
    receipt, observed = (
        percentile(case.times[clock], mark.percent) for clock in CLOCKS
    )
    verdict = "kept" if receipt <= mark.most else "BROKEN"
    return [f"{short(receipt)}  {verdict}", short(observed)]


def report_marks(cases):
    rows = [
        [
            f"{case.name}: p{mark.percent}",
            f"{mark.most:g}",
            *judged(case, mark),
        ]
        for mark in MARKS
        for case in cases
        if case.loaded == mark.loaded and case.wanted in mark.sleepers
    ]
    table("marks, ms late", ["at most", *CLOCKS.values()], rows)
    print(
        "The receipt is the server's own view. The client's clock is a bound "
        "from above: its\ntimes have the way of the whole answer in them, and "
        "what keeps the client from\nlooking at it. A busy machine makes both "
        "late."
    )


def save_table(cases):
    with open(CSV, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["load", "sleepers", "clock", "figure", "value"])
        for case in cases:
            for clock, times in case.times.items():
                key = ["/" if case.loaded else "idle", case.sleepers, clock]
                for name, point in POINTS.items():
                    rows.writerow([*key, f"{name} ms", f"{point(times):.6f}"])
                for step, count in zip(STEPS, histogram(times)):
                    rows.writerow([*key, f"sleeps from {step:g} ms", count])


def panel(cases, loaded, clock):
    """For gnuplot: one histogram, its bars beside each other."""
    shown = [case for case in cases if case.loaded == loaded]
    counts = [histogram(case.times[clock]) for case in shown]
    yield "$sleeps << END"
    for step, *row in zip(STEPS, *counts):
        shares = [100 * n / sum(of) for n, of in zip(row, counts)]
        yield " ".join([f'"{step:g}"', *map(str, shares)])
    yield "END"
    yield f'set title "{BESIDE[loaded]}, {CLOCKS[clock]}"'.replace("`", "")
    bars = [
        f'$sleeps using {at + 2}:xtic(1) title "{case.sleepers:,} sleeping"'
        for at, case in enumerate(shown)
    ]
    yield f"plot {', '.join(bars)}"


def script(cases):
    yield "set style data histogram"
    yield "set style histogram clustered gap 1"
    yield "set style fill solid 0.8"
    yield "set boxwidth 1"
    yield "set grid ytics"
    yield 'set xtics scale 0 font ",10"'
    yield "set key outside top center horizontal maxrows 1"
    yield "set yrange [0:100]"
    yield 'set xlabel "ms late, from"'
    yield 'set ylabel "% of the sleeps"'
    yield "set multiplot layout 2,2"
    for loaded in BESIDE:
        for clock in CLOCKS:
            yield from panel(cases, loaded, clock)
    yield "unset multiplot"


def check(cases):
    least = min(case.times["observed"][0] for case in cases)
    if least < 0:
        raise Failed(f"a sleep was early by {-least} ms")


def measure():
    longest = ", ".join(f"{each / 1e6:g}" for each in CROWDS.values())
    command.print_facts(
        server=f"on all CPUs, with {len(contenders.ALL_CPUS)} workers",
        load=f"wrk -c{loads.KEPT_ALIVE.connections} for `/`, on the same CPUs",
        sleeps=f"again and again for {SECONDS} s, of up to {longest} s",
    )
    held.print_limit(max(CROWDS))
    cases = [
        measure_case(loaded, wanted) for loaded in BESIDE for wanted in CROWDS
    ]
    for loaded in BESIDE:
        for clock in CLOCKS:
            report_histogram(cases, loaded, clock)
    report_points(cases)
    report_marks(cases)
    save_table(cases)
    lines = list(script(cases))
    made = [CSV, *picture.draw("bench-timers", "1200,800", lines)]
    made += drawn.measure(limit(max(CROWDS)))
    picture.tell(made)
    check(cases)


if __name__ == "__main__":
    sys.exit(command.run(measure))
