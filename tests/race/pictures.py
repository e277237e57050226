"""The pictures of the report, each as SVG and as PNG."""

import curve
import drawing
import order
from drawing import NONE_AT, quoted
from models import MODELS
from report import short
from server import Failed

SLEEPERS = "requests asleep, or waiting to be"
SLEEP_COLOUR = "#b8b8b8"
LEAST = 0.008  # of the longest bar, or it could not be seen


def latency(points, effort):
    yield from drawing.panels(
        2, "How long / takes beside sleeping requests, by model"
    )
    yield from drawing.count_axis(SLEEPERS, effort.sleepers)
    for name in "p50", "p99":
        yield f"set title {quoted(f'{name} of the latency of /, in ms')}"
        yield from drawing.latency_axis(effort.bound)
        figure = curve.FIGURES[name]
        yield from drawing.curves(
            name,
            lambda model, figure=figure: [
                (p.sleepers or NONE_AT, figure(p.took))
                for p in points
                if p.model == model.name
            ],
        )
    yield "unset multiplot"


def order_rows(bars):
    """Begin, end, place, colour and text of each bar, in ms."""
    least = LEAST * max(bar.end for bar in bars)
    for bar in bars:
        begin, end = 1e3 * bar.begin, 1e3 * max(bar.end, bar.begin + least)
        took = short(1e3 * (bar.end - bar.begin))
        yield begin, end, -bar.number, f'"{took} ms"'


def order_panel(number, model, bars):
    sleep, *others = order_rows(order.of_model(bars, model))
    yield from drawing.block(f"sleep{number}", [sleep])
    yield from drawing.block(f"others{number}", others)
    yield f"set title {quoted(model.name)} noenhanced"
    box = "using 1:3:1:2:($3-0.36):($3+0.36) with boxxyerror"
    text = "using 2:3:4 with labels left offset 0.5, 0"
    yield (
        f"plot $sleep{number} {box} linecolor rgb '{SLEEP_COLOUR}', "
        f"$others{number} {box} linecolor rgb '{model.colour}', "
        f"$sleep{number} {text}, $others{number} {text}"
    )


def order_of_answers(bars, effort):
    title = "One slow request, and five fast ones right behind it, by model"
    tics = [f"'/sleep/{effort.nap}' 0"]
    tics += [f"'/' {-n}" for n in range(1, order.BEHIND + 1)]
    yield drawing.STYLE
    yield (
        f"set multiplot layout 2,3 title {quoted(title)} "
        "margins 0.075,0.985,0.12,0.85 spacing 0.075,0.19"
    )
    yield "unset key"
    yield "set style fill solid 1 noborder"
    marks = [n * 500 * effort.nap for n in range(3)]
    marks = ", ".join(f"'{mark:,g}' {mark}" for mark in marks)
    yield f"set xtics ({marks})"
    yield f"set xrange [0:{1400 * max(bar.end for bar in bars)}]"
    yield f"set yrange [{-order.BEHIND - 0.6}:0.6]"
    yield f"set ytics ({', '.join(tics)}) scale 0"
    yield "unset grid"
    yield "set grid xtics"
    for number, model in enumerate(MODELS):
        if number >= 3:
            yield "set xlabel 'ms since the first request'"
        yield from order_panel(number, model, bars)
    yield "unset multiplot"


def memory(holdings, effort):
    panels = {
        "asleep at once": lambda each: each.asleep,
        "memory, in MiB": lambda each: each.memory / (1 << 20),
        "threads": lambda each: each.threads,
    }
    counts = [*effort.held, *effort.held_by_loops]
    yield from drawing.panels(
        len(panels), "What sleeping requests take, by model"
    )
    yield from drawing.count_axis("requests for a sleep at once", counts)
    yield from drawing.decades()
    for number, (title, figure) in enumerate(panels.items()):
        yield f"set title {quoted(title)}"
        yield from drawing.curves(
            f"memory{number}_",
            lambda model, figure=figure: [
                (h.asked or NONE_AT, figure(h) or "NaN")
                for h in holdings
                if h.model == model.name
            ],
        )
    yield "unset multiplot"


def save(directory, points, bars, holdings, effort):
    """Returns the names of the files, and why there are none."""
    if drawing.why_not():
        return [], drawing.why_not()
    drawings = [
        ("race-latency", "1100,440", latency(points, effort)),
        ("race-order", "1100,460", order_of_answers(bars, effort)),
        ("race-memory", "1100,400", memory(holdings, effort)),
    ]
    made = []
    for each in drawings:
        try:
            made += drawing.draw(directory, *each)
        except Failed as failure:
            return [], str(failure)
    return made, ""
