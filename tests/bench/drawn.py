"""
Times that are drawn: what was asked against what came, by quantiles.

Each kind of them has a fresh server and a seed, so that the same is drawn each
time. A quantile is kept if it is within 1 % of what was asked, or within 3
standard errors: between the quantiles asked for that lie so much lower and
higher, which needs no density, and is right where a list has its steps.
"""

import bisect
import csv
import math
import statistics
from typing import Callable, NamedTuple

import contenders
import picture
import sleeping
from contenders import running
from percentiles import percentile
from report import progress, short, table
from server import HTDOCS, MTASYNC, Failed

STEM = "bench-timers-drawn"
SEED = 7
PERCENTS = [1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9]
NEAR = 0.01  # of what was asked
ERRORS = 3  # standard ones
TINY = 1e-9  # a share next to none, or to all
LINE = 1000  # points of a line in the picture


def even(first, last):
    return lambda share: first + (last - first) * share


def normal(mean, deviation):
    quantile = statistics.NormalDist(mean, deviation).inv_cdf
    return lambda share: max(0, quantile(share))


def lognormal(median, p99):
    of_p99 = statistics.NormalDist().inv_cdf(0.99)
    deviation = math.log(p99 / median) / of_p99
    quantile = statistics.NormalDist(math.log(median), deviation).inv_cdf
    return lambda share: math.exp(quantile(share))


def exponential(mean):
    return lambda share: -mean * math.log(1 - share)


def straight(points):
    """Between each (percent, value) and the next, from 0 to 100 %."""

    def quantile(share):
        after = bisect.bisect_left(points, (100 * share,), 1, len(points) - 1)
        (p, low), (q, high) = points[after - 1 : after + 1]
        return even(low, high)((100 * share - p) / (q - p))

    return quantile


def steps(values):
    """A list of (value, percent), the least first."""

    def quantile(share):
        for value, percent in values:
            share -= percent / 100
            if share < 0:
                return value
        return values[-1][0]

    return quantile


class Kind(NamedTuple):
    name: str
    when: str  # as it is asked for
    quantile: Callable  # of what is asked, in ms, by the share that is less


KINDS = [
    Kind("even", "100ms..500ms", even(100, 500)),
    Kind("around", "300ms~100ms", even(200, 400)),
    Kind("normal", "normal:400ms,100ms", normal(400, 100)),
    Kind("lognormal", "lognormal:200ms,900ms", lognormal(200, 900)),
    Kind("exp", "exp:200ms", exponential(200)),
    Kind(
        "pct",
        "pct:min=50ms,p50=100ms,p90=400ms,p99.9=900ms,max=1s",
        straight([(0, 50), (50, 100), (90, 400), (99.9, 900), (100, 1000)]),
    ),
    Kind(
        "list",
        "100ms:70,300ms:25,900ms:5",
        steps([(100, 70), (300, 25), (900, 5)]),
    ),
]


class Case(NamedTuple):
    """What came of a kind: sorted, in ms."""

    kind: Kind
    drawn: list  # as the receipts say
    came: list  # and when it came, as they say: what was drawn, and its delay
    seen: list  # by the client's clock
    earliest: float  # by the client's clock: less than 0 is early


def measure_kind(kind, count):
    progress(f"{count:,} times drawn, {kind.name}")
    page = (HTDOCS / contenders.PAGE).read_bytes()
    with running(MTASYNC) as server:
        when = f"{kind.when}?seed={SEED}"
        slept = sleeping.measure_at_once(server, count, when, page)
    return Case(
        kind,
        sorted(each.due for each in slept),
        sorted(each.due + each.late for each in slept),
        sorted(each.took for each in slept),
        min(each.lateness.observed for each in slept),
    )


def bounds(kind, percent, count):
    """Between which the quantile of so many draws is kept."""
    share = percent / 100
    error = ERRORS * math.sqrt(share * (1 - share) / count)
    asked = kind.quantile(share)
    low = kind.quantile(max(TINY, share - error))
    high = kind.quantile(min(1 - TINY, share + error))
    return min(low, asked * (1 - NEAR)), max(high, asked * (1 + NEAR))


def broken(kind, times):
    """The percents of the quantiles that are not kept."""
    found = []
    for percent in PERCENTS:
        low, high = bounds(kind, percent, len(times))
        if not low <= percentile(times, percent) <= high:
            found.append(percent)
    return found


def quantiles(times):
    return [percentile(times, percent) for percent in PERCENTS]


def asked(kind):
    return [kind.quantile(percent / 100) for percent in PERCENTS]


def report_quantiles(cases):
    rows = []
    for case in cases:
        for name, values in [
            ("asked", asked(case.kind)),
            ("drawn", quantiles(case.drawn)),
            ("came", quantiles(case.came)),
            ("seen", quantiles(case.seen)),
        ]:
            rows.append([f"{case.kind.name}, {name}", *map(short, values)])
    names = [f"p{percent}" for percent in PERCENTS]
    table(f"{len(cases[0].came):,} at once, ms", names, rows)


def verdict(kind, times):
    percents = broken(kind, times)
    names = ", ".join(f"p{percent}" for percent in percents)
    return f"BROKEN at {names}" if percents else "kept"


def report_verdicts(cases):
    table(
        "quantiles as asked",
        ["as drawn", "as it came", "least ms late, seen"],
        [
            [
                case.kind.when,
                verdict(case.kind, case.drawn),
                verdict(case.kind, case.came),
                short(case.earliest),
            ]
            for case in cases
        ],
    )
    print(
        f"Kept is within {100 * NEAR:g} % or {ERRORS} standard errors. What "
        "was drawn does not depend on the machine.\nWhat came has the "
        "server's delay in it, by its receipts; what was seen, the client's "
        "too."
    )


def save_table(cases):
    """Returns its name."""
    path = f"{STEM}.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        names = ["asked ms", "drawn ms", "came ms", "seen ms", "least", "most"]
        rows.writerow(["kind", "when", "sleepers", "percent", *names])
        for case in cases:
            kind, count = case.kind, len(case.came)
            columns = zip(
                asked(kind),
                *map(quantiles, (case.drawn, case.came, case.seen)),
                *zip(*(bounds(kind, percent, count) for percent in PERCENTS)),
            )
            for percent, values in zip(PERCENTS, columns):
                key = [kind.name, kind.when, count, percent]
                rows.writerow([*key, *(f"{value:.6f}" for value in values)])
    return path


def panel(case):
    """For gnuplot: the quantiles of a kind, asked as a line, seen as dots."""
    yield "$asked << END"
    for at in range(1, LINE):
        yield f"{100 * at / LINE} {case.kind.quantile(at / LINE)}"
    yield "END"
    yield "$seen << END"
    for percent in [*range(2, 100, 4), 99, 99.5, 99.9]:
        yield f"{percent} {percentile(case.seen, percent)}"
    yield "END"
    yield f'set title "{case.kind.when}" noenhanced font ",11"'
    yield (
        'plot $asked with lines lw 2 title "asked", '
        '$seen with points pt 7 ps 0.6 title "seen"'
    )


def script(cases):
    yield "set grid"
    yield "set key top left"
    yield "set xrange [0:100]"
    yield "set yrange [0:*]"
    yield 'set xlabel "% of the sleeps are no longer"'
    yield 'set ylabel "ms"'
    yield "set multiplot layout 2,4"
    for case in cases:
        yield from panel(case)
    yield "unset multiplot"


def check(cases):
    for case in cases:
        if case.earliest < 0:
            early = -case.earliest
            raise Failed(f"{case.kind.when} was early by {early} ms")


def measure(count):
    """Of all kinds; returns the names of the files that it has made."""
    cases = [measure_kind(kind, count) for kind in KINDS]
    report_quantiles(cases)
    report_verdicts(cases)
    made = [save_table(cases)]
    made += picture.draw(STEM, "1600,800", list(script(cases)))
    check(cases)
    return made
