"""The pictures, by gnuplot: each as SVG and as PNG."""

import shutil
import statistics
import subprocess

import curve
import order
from models import MODELS

TERMINALS = {
    "svg": 'svg size {size} dynamic font "sans-serif,13" background "white"',
    "png": 'pngcairo size {size} font "sans-serif,10"',
}
NONE_AT = 0.25  # where 0 is on a logarithmic axis that begins at 1
BREAK_AT = 0.5  # the line between the two


def why_not():
    if shutil.which("gnuplot"):
        return ""
    return "gnuplot is missing (Debian: apt-get install gnuplot-nox)"


def block(name, rows):
    """Data for gnuplot."""
    yield f"${name} << END"
    for row in rows:
        yield " ".join(map(str, row))
    yield "END"


def line_styles():
    """A style for each model, by its number."""
    for number, model in enumerate(MODELS, 1):
        width = 3 if model is MODELS[-1] else 2
        yield (
            f"set style line {number} linecolor rgb '{model.colour}' "
            f"dashtype {model.dash} linewidth {width} "
            f"pointtype {model.point} pointsize 1"
        )


def common():
    yield "set encoding utf8"
    yield from line_styles()
    yield "set border 3 linecolor rgb '#606060'"
    yield "set tics nomirror out"
    yield "set grid xtics ytics linecolor rgb '#d8d8d8' linetype 1"


def count_axis(label, counts):
    """Logarithmic, with a place for 0 to the left of a break."""
    tics = [f'"{count:,}" {count or NONE_AT}' for count in counts]
    yield "set logscale x 2"
    yield f"set xrange [{NONE_AT / 1.3}:{1.4 * max(1, *counts)}]"
    yield f"set xtics ({', '.join(tics)}) rotate by -45"
    yield f'set xlabel "{label}"'
    yield (
        f"set arrow 1 from {BREAK_AT}, graph 0 to {BREAK_AT}, graph 1 nohead "
        "dashtype '.' linecolor rgb '#909090'"
    )


def curves(rows_of, name):
    """The data of all models, and the command that plots it."""
    plots = []
    for number, model in enumerate(MODELS, 1):
        yield from block(f"{name}{number}", rows_of(model))
        plots.append(
            f"${name}{number} using 1:2 with linespoints linestyle {number} "
            f'title "{model.name}" noenhanced'
        )
    yield f"plot {', '.join(plots)}"


def panels(columns, rows, title):
    yield (
        f"set multiplot layout {rows},{columns} title {title!r} noenhanced"
    )


# The latency of `/`


def latency(points, effort):
    yield from common()
    yield from panels(2, 1, "How long `/` takes beside sleeping requests")
    yield from count_axis("sleepers at once", effort.sleepers)
    bound = 1e3 * effort.bound
    yield "set logscale y 10"
    yield f"set yrange [*:{2 * bound}]"
    yield 'set format y "%g"'
    yield (
        f"set arrow 2 from graph 0, first {bound} to graph 1, first {bound} "
        "nohead linecolor rgb '#909090'"
    )
    yield (
        f"set label 2 'not answered within {effort.bound} s' at graph 0.02, "
        f"first {bound} offset 0, 0.6 textcolor rgb '#606060'"
    )
    yield "set key at graph 0.03, graph 0.9 left Left reverse opaque"
    for name in "p50", "p99":
        yield f'set title "{name}"'
        yield f'set ylabel "{name} of the latency of `/`, ms" noenhanced'

        def rows(model, figure=curve.FIGURES[name]):
            return [
                (p.sleepers or NONE_AT, figure(p.took))
                for p in points
                if p.model == model.name
            ]

        yield from curves(rows, name)
    yield "unset multiplot"


# One sleep and five `/`


def order_panel(number, model, bars):
    mine = order.of_model(bars, model)
    yield from block(
        f"bars{number}",
        [
            (1e3 * b.begin, 1e3 * b.end, -b.number, b.number == 0, f"{1e3 * (b.end - b.begin):.3g}")
            for b in mine
        ],
    )


# Memory and threads


def save(directory, points, bars, holdings, effort):
    """Returns the names of the files."""
    if why_not():
        return []
    made = []
    drawings = {
        "race-latency": ("1200,560", list(latency(points, effort))),
    }
    for name, (size, script) in drawings.items():
        for ending, terminal in TERMINALS.items():
            file = f"{name}.{ending}"
            lines = [
                f"set terminal {terminal.format(size=size)}",
                f'set output "{file}"',
                *script,
            ]
            subprocess.run(
                ["gnuplot"],
                input="\n".join(lines) + "\n",
                text=True,
                check=True,
                cwd=directory,
            )
            made.append(file)
    return made
