"""What the pictures have in common: gnuplot, the models' styles, the axes."""

import shutil
import subprocess

from models import MODELS, POOLED
from server import Failed

DRAWN = [*MODELS, POOLED]
TERMINALS = {
    "svg": 'svg size {size} dynamic font "sans-serif,13" background "white"',
    "png": 'pngcairo size {size} font "sans-serif,10"',
}
NONE_AT = 0.3  # where 0 is on a logarithmic axis whose other numbers are >= 1
BREAK_AT = 0.55  # the line between the two
GREY = "#606060"
STYLE = f"""\
set encoding utf8
set border 3 linecolor rgb '{GREY}'
set tics nomirror out
set grid xtics ytics linecolor rgb '#dcdcdc' linetype 1"""
LEGEND_AT = 0.87  # of the width


def why_not():
    if shutil.which("gnuplot"):
        return ""
    return "gnuplot is missing (Debian: apt-get install gnuplot-nox)"


def quoted(text):
    """For gnuplot, as it stands."""
    return "'" + str(text).replace("'", "''") + "'"


def block(name, rows):
    """Data under a name."""
    yield f"${name} << END"
    for row in rows:
        yield " ".join(map(str, row))
    yield "END"


def line_styles():
    """A style for each model, by its number."""
    for number, model in enumerate(DRAWN, 1):
        width = 3 if model is MODELS[-1] else 2
        yield (
            f"set style line {number} linecolor rgb '{model.colour}' "
            f"dashtype {model.dash} linewidth {width} "
            f"pointtype {model.point} pointsize 1"
        )


def panels(count, title):
    """Side by side, with room for a legend at their right."""
    yield STYLE
    yield from line_styles()
    yield (
        f"set multiplot layout 1,{count} title {quoted(title)} noenhanced "
        f"margins 0.06,{LEGEND_AT - 0.02},0.17,0.82 "
        f"spacing 0.065,0"
    )
    yield f"set key at screen {LEGEND_AT}, 0.5 left center Left reverse"
    yield "set key spacing 1.6 samplen 4"


def count_axis(label, counts):
    """Logarithmic, with a place for 0 to the left of a break."""
    tics = [f'"{count:,}" {count or NONE_AT}' for count in counts]
    yield "set logscale x 2"
    yield f"set xrange [{NONE_AT / 1.5}:{1.5 * max(1, *counts)}]"
    yield f"set xtics ({', '.join(tics)})"
    yield f"set xlabel {quoted(label)}"
    yield (
        f"set arrow 1 from {BREAK_AT}, graph 0 to {BREAK_AT}, graph 1 nohead "
        f"dashtype '.' linecolor rgb '{GREY}'"
    )


def decades():
    """Marks of a logarithmic axis."""
    tics = [f"'{10**n:,g}' {10**n}" for n in range(-3, 6)]
    yield "set logscale y 10"
    yield f"set ytics ({', '.join(tics)})"


def latency_axis(bound):
    """In ms, with a line for those who are not answered in time."""
    yield from decades()
    yield f"set yrange [0.1:{2500 * bound}]"
    yield (
        f"set arrow 2 from graph 0, first {1e3 * bound} to graph 1, "
        f"first {1e3 * bound} nohead linecolor rgb '{GREY}'"
    )
    text = f"not answered within {bound} s"
    yield (
        f"set label 2 {quoted(text)} at graph 0.02, first {1e3 * bound} "
        f"offset 0, 0.5 textcolor rgb '{GREY}'"
    )


def curves(name, rows_of):
    """A panel with a curve for each model that has rows."""
    plots = []
    for number, model in enumerate(DRAWN, 1):
        rows = rows_of(model)
        if not rows:
            continue
        yield from block(f"{name}{number}", rows)
        plots.append(
            f"${name}{number} using 1:2 with linespoints linestyle {number} "
            f"title {quoted(model.name)} noenhanced"
        )
    yield f"plot {', '.join(plots)}"
    yield "unset key"  # the first panel's is for all


def draw(directory, name, size, script):
    """Returns the names of the files."""
    made = []
    script = list(script)
    for ending, terminal in TERMINALS.items():
        made.append(f"{name}.{ending}")
        lines = [
            f"set terminal {terminal.format(size=size)}",
            f"set output {quoted(made[-1])}",
            *script,
            "",
        ]
        run = subprocess.run(
            ["gnuplot"],
            input="\n".join(lines),
            capture_output=True,
            text=True,
            cwd=directory,
        )
        if run.returncode != 0:
            raise Failed(f"gnuplot fails: {' '.join(run.stderr.split())}")
    return made
