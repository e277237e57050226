"""All figures as bench.csv, and what a request costs as a picture."""

import csv
import statistics

from courses import COST
from gnuplot import draw, tell

CSV = "bench.csv"


def save_table(path, figures, names):
    """The names are those of the columns before the numbers."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*names, "median", "min", "max", "rounds"])
        for each in figures:
            three = [f(each.values) for f in (statistics.median, min, max)]
            numbers = [f"{number:.6g}" for number in three]
            rows.writerow(
                [*each[:3], *numbers, len(each.values)],
            )


def datablock(figures, loads, servers):
    """For gnuplot: a line for each load, three columns for each server."""
    found = {(each.load, each.server): each.values for each in figures}
    lines = ["$costs << END"]
    for load in loads:
        cells = [f'"{load}"']
        for server in servers:
            taken = found.get((load, server))
            cells += (
                [str(f(taken)) for f in (statistics.median, min, max)]
                if taken
                else ["NaN"] * 3
            )
        lines.append(" ".join(cells))
    return [*lines, "END"]


def script(figures):
    figures = [each for each in figures if each.name == COST]
    loads = list(dict.fromkeys(each.load for each in figures))
    servers = list(dict.fromkeys(each.server for each in figures))
    bars = [
        f"$costs using {3 * i + 2}:{3 * i + 3}:{3 * i + 4}:xtic(1) "
        f'title "{server}"'
        for i, server in enumerate(servers)
    ]
    yield from datablock(figures, loads, servers)
    yield 'set title "CPU time for each request; the floor takes 1"'
    yield "set style data histogram"
    yield "set style histogram errorbars gap 1.5 lw 1"
    yield "set style fill solid 0.8 border rgb 'black'"
    yield "set boxwidth 0.9"
    yield "set key outside right top"
    yield "set yrange [0:*]"
    yield "set grid ytics"
    yield "set xtics scale 0"
    yield f"plot {', '.join(bars)}"


def save(figures):
    save_table(CSV, figures, ["figure", "load", "server"])
    tell([CSV, *draw("bench", "1200,420", list(script(figures)))])
