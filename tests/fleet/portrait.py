"""The picture: how long answers took, by the time at which they were asked."""

from typing import NamedTuple

from load import Outcome
from percentiles import percentile

STEP = 0.25  # seconds of which a point tells
SIZE = 700, 260  # of a panel
COLUMNS = 2
LEAST, MOST = 0.05, 30000  # ms


class Timeline(NamedTuple):
    """Of answers: from the first of these times to the last; others are marks."""

    title: str
    outcome: Outcome
    times: list


def points(timeline):
    """Seconds, and the p50, p99 and slowest of what was asked then, in ms."""
    began, ended = timeline.times[0], timeline.times[-1]
    steps = [[] for _ in range(int((ended - began) / STEP))]
    for sent, took in zip(timeline.outcome.sent, timeline.outcome.took):
        step = int((sent - began) // STEP)
        if 0 <= step < len(steps):
            steps[step].append(1000 * took)
    for number, times in enumerate(steps):
        times.sort()
        three = [percentile(times, p) for p in (50, 99, 100)] if times else []
        yield " ".join(map(str, [number * STEP, *three]))


def panel(timeline):
    yield "$points << END"
    yield from points(timeline)
    yield "END"
    yield f"set title '{timeline.title}' noenhanced"
    for number, when in enumerate(timeline.times[1:-1], 1):
        at = when - timeline.times[0]
        yield (
            f"set arrow {number} from {at}, graph 0 to {at}, graph 1 "
            "nohead dashtype 2 linecolor rgb 'gray'"
        )
    curves = [
        f'$points using 1:{column} with {how} title "{name}"'
        for column, how, name in (
            (2, "lines lw 2", "p50"),
            (3, "lines lw 2", "p99"),
            (4, "points pt 7 ps 0.3", "slowest"),
        )
    ]
    yield f"plot {', '.join(curves)}"
    yield "unset arrow"


def picture(timelines):
    """Its size, and gnuplot's script."""
    rows = -(-len(timelines) // COLUMNS)
    lines = [
        f"set multiplot layout {rows},{COLUMNS}",
        "set logscale y",
        f"set yrange [{LEAST}:{MOST}]",
        'set ylabel "ms"',
        'set xlabel "s"',
        "set grid ytics",
        "set key top right horizontal",
    ]
    for timeline in timelines:
        lines += panel(timeline)
    lines.append("unset multiplot")
    width, height = SIZE
    return f"{COLUMNS * width},{rows * height}", lines
