"""`/` beside sleepers: the curve on which each model falls over."""

import math
import statistics
from typing import NamedTuple

import asker
from document import Record, Section, Table
from models import POOLED, sleeping
from report import progress, short

LOAD = "`/` beside sleepers"


class Point(NamedTuple):
    model: str
    sleepers: int
    took: list  # ms of each `/`, sorted; the bound, if not answered in time
    answered: int
    faults: str  # how the rest ended, in words
    late: float  # ms that the client asked late, at most


def percentile(numbers, share):
    """Of sorted ones, the least that so large a share does not exceed."""
    return numbers[max(0, math.ceil(share * len(numbers)) - 1)]


FIGURES = {
    "p50": statistics.median_low,
    "p99": lambda took: percentile(took, 0.99),
    "max": max,
}


def timetable(effort):
    count = round(effort.rate * effort.seconds)
    return [asker.Question(n / effort.rate) for n in range(count)]


def measure_point(model, count, effort):
    with model.start() as server:
        with sleeping(server, count, effort.nap, effort.settle):
            endings = asker.ask(
                server.address, timetable(effort), effort.bound
            )
    took = [e.took if e.served else effort.bound for e in endings]
    return Point(
        model.name,
        count,
        sorted(1e3 * min(each, effort.bound) for each in took),
        sum(e.served for e in endings),
        asker.tell_faults(endings),
        1e3 * max(e.late for e in endings),
    )


def measure(models, effort):
    """All points of a number of sleepers one after the other: they compare."""
    points = []
    for count in effort.sleepers:
        for model in models:
            progress(f"`/` beside {count:,} sleepers: {model.name}", "race")
            points.append(measure_point(model, count, effort))
    return points


def find(points, model, count):
    return next(
        p for p in points if p.model == model.name and p.sleepers == count
    )


def tell_latency(number, bound):
    return f"over {short(bound)}" if number >= bound else short(number)


def tables(points, models, effort):
    columns = [f"{count:,}" for count in effort.sleepers]

    def rows(cell):
        for model in models:
            found = [find(points, model, n) for n in effort.sleepers]
            yield [model.name, *map(cell, found)]

    for name, figure in FIGURES.items():
        yield Table(
            [f"{name} of `/`, ms, beside sleepers:", *columns],
            list(
                rows(
                    lambda p: tell_latency(figure(p.took), 1e3 * effort.bound)
                )
            ),
        )
    yield Table(
        [f"answered of {len(points[0].took):,}, beside:", *columns],
        list(rows(lambda p: f"{p.answered:,}")),
    )


def records(points):
    for point in points:
        key = LOAD, point.model, point.sleepers
        for name, figure in FIGURES.items():
            yield Record(*key, f"{name} ms", f"{figure(point.took):.3f}")
        yield Record(*key, "asked", len(point.took))
        yield Record(*key, "answered in time", point.answered)
        yield Record(*key, "not answered in time", point.faults or "none")


def section(points, models, effort):
    late = max(point.late for point in points)
    return Section(
        "Where each model falls over",
        f"""So many requests for `/sleep/{effort.nap}` are always asleep, or
        wait to be: when one ends, its client asks again at once. Beside them,
        `/` is asked for {effort.rate} times a second for {effort.seconds} s,
        by a timetable that goes on whatever becomes of the requests before,
        each on a new connection. The time counts from when the timetable has
        it, up to the end of the answer. What is not answered within
        {effort.bound} s, is refused or fails counts as {effort.bound} s: a
        server that stalls can't look fast. The client was late by
        {short(late)} ms at most, which is in the figures. `{POOLED.name}` is
        no model of its own: it shows that a pool of `--pool` bends as a pool
        of threads does.""",
        list(tables(points, models, effort)),
        list(records(points)),
        "race-latency",
    )
