"""What a promise comes to: what was measured, and how it was judged."""

import os
import pathlib
import sys
from typing import NamedTuple, Optional

import report
from server import Failed

COLUMNS = ("measured", "figure", "mark", "verdict")
PROGRAM = pathlib.Path(sys.argv[0]).stem  # whose progress it is


class Row(NamedTuple):
    what: str
    figure: str
    mark: str  # what the figure is to be
    kept: Optional[bool]  # None: not measured
    why: str = ""  # it was not measured
    timed: bool = False  # by a clock or a size: `make check` leaves it out

    def verdict(self):
        if self.kept is None:
            return f"not measured: {self.why}"
        return "kept" if self.kept else "BROKEN"


def chosen(modules, what):
    """The names of those that ONLY asks for, or of all, in their order."""
    wanted = [n for n in os.environ.get("ONLY", "").split(",") if n]
    unknown = set(wanted) - set(modules)
    if unknown:
        raise Failed(
            f"no such {what}: {', '.join(sorted(unknown))}; "
            f"there are {', '.join(modules)}"
        )
    return [name for name in modules if not wanted or name in wanted]


def not_measured(what, why):
    return Row(what, "", "", None, why)


def counted(what, count, of, mark=0):
    """A number that is to be exact, of so many that were tried."""
    return Row(what, f"{count:,} of {of:,}", f"{mark:,}", count == mark)


def nothing_lost(what, outcome):
    """What a load lost, or got wrong; it is to have had answers at all."""
    bad = outcome.lost + outcome.wrong
    figure = f"{bad.total():,} of {outcome.answered + bad.total():,}"
    if bad:
        kinds = [f"{kind} {count:,}" for kind, count in bad.most_common()]
        figure += f" ({', '.join(kinds)})"
    return Row(what, figure, "0", not bad and outcome.answered > 0)


def within(what, figure, mark, unit="s", without_fault=0):
    """
    A figure that is to be at most the mark. Where it is over the mark without
    any fault, too, the machine is too busy to tell.
    """
    kept = figure <= mark
    why = f"{without_fault:,.3g} {unit} without a fault, too"
    return Row(
        what,
        f"{figure:,.3g} {unit}",
        f"<= {mark:,.3g} {unit}",
        None if not kept and without_fault > mark else kept,
        why,
        timed=True,
    )


def at_least(what, figure, mark, unit="s"):
    """A figure that is to be no less than the mark."""
    return Row(
        what,
        f"{figure:,.3g} {unit}",
        f">= {mark:,.3g} {unit}",
        figure >= mark,
        timed=True,
    )


def holds(what, figure, mark, kept):
    """A fact that needs words."""
    return Row(what, figure, mark, kept)


def broken(what, failure):
    """Where the server does not even do what the measurement needs."""
    return Row(what, failure, "measured", False)


def progress(text):
    report.progress(text, PROGRAM)


def judge(name, rows):
    """All that are measured; one more where a server, or an answer, fails altogether."""
    judged = []
    try:
        for row in rows:
            progress(f"{name}: {row.what}: {row.figure} {row.verdict()}")
            judged.append(row)
    except (AssertionError, OSError) as failure:
        progress(failure)
        judged.append(broken("the rest", str(failure).partition("\n")[0]))
    return judged


def lines_of(title, judged):
    """A table of (name, Row) for people; a name stands where it is new."""
    lines = [(title, *COLUMNS)]
    before = None
    for name, row in judged:
        cells = row.what, row.figure, row.mark, row.verdict()
        lines.append((name if name != before else "", *cells))
        before = name
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths)]
        yield "   ".join(cells).rstrip()


def summary(judged):
    kept = [row.kept for _, row in judged]
    return (
        f"{kept.count(True)} kept, {kept.count(False)} broken, "
        f"{kept.count(None)} not measured"
    )


def status(judged):
    """With which a command ends."""
    return 1 if any(row.kept is False for _, row in judged) else 0
