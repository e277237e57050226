"""The picture: how long answers took, over the time of what befell the fleet."""

from typing import NamedTuple

from load import Outcome
from percentiles import percentile

STEP = 0.25  # seconds of which a point tells
SIZE = 1000, 260  # of a panel


class Timeline(NamedTuple):
    """Of answers: from the first of these times to the last; others are marks."""

    title: str
    outcome: Outcome
    times: list


def points(timeline):
    """By the time of the answer: seconds, and the p50, p99 and slowest, in ms."""
    began, ended = timeline.times[0], timeline.times[-1]
    steps = [[] for _ in range(int((ended - began) / STEP))]
    for sent, took in zip(timeline.outcome.sent, timeline.outcome.took):
        step = int((sent + took - began) // STEP)
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
    width, height = SIZE
    lines = [
        f"set multiplot layout {len(timelines)},1",
        "set logscale y",
        'set ylabel "ms"',
        'set xlabel "s"',
        "set grid ytics",
        "set key outside right top",
    ]
    for timeline in timelines:
        lines += panel(timeline)
    lines.append("unset multiplot")
    return f"{width},{height * len(timelines)}", lines
