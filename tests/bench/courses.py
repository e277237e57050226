"""
The same loads for all servers, in rounds taken in turn: on all CPUs, for what
a client sees; and with server and wrk on one CPU, for what a request costs.
There, the ratio of their CPU times is steady where all else swings.
"""

import contextlib
from typing import NamedTuple

import loads
from contenders import ALL_CPUS, FLOOR, ONE_CPU, OURS, Contender
from report import Figure, hides, progress, spread, table
from server import MTASYNC

NOISY = " ~"  # after what noise does not tell from mtasync's
NOTHING = "-"
COST = "server CPU / wrk CPU, to the floor's"
BOTH = "requests/s of CPU, server's and wrk's, to the floor's"


class Course(NamedTuple):
    """Where, how often and how long all loads are run."""

    name: str
    cpus: tuple
    rounds: int
    seconds: float  # of each round
    loads: list


def courses(effort):
    """On all CPUs, and on one."""
    return (
        Course(
            "all CPUs",
            ALL_CPUS,
            effort.rounds,
            effort.seconds,
            [*loads.LOADS, loads.BESIDE_SLEEPS],
        ),
        Course(
            "one CPU",
            ONE_CPU,
            effort.steady_rounds,
            effort.steady_seconds,
            loads.LOADS,
        ),
    )


class Entry(NamedTuple):
    """A load for a server, and what came of it."""

    load: loads.Load
    contender: Contender
    size: int  # bytes of an answer
    rounds: list


def without_faults(contender, each, action):
    """
    The action's result; or None, with a line of the reason, where a peer is
    at fault. Ours may not be.
    """
    try:
        return action()
    except (AssertionError, OSError) as fault:
        if contender.name in OURS:
            raise
        print(f"{contender.name} is left out of {each.name!r}: {fault}")
        return None


def enter(contenders, course, root):
    """All of them that answer rightly."""
    entries = []
    for each in course.loads:
        page = (root / each.file()).read_bytes()
        for contender in filter(lambda one: one.fits(each), contenders):
            size = without_faults(
                contender,
                each,
                lambda: loads.check(contender.server(each), each, page),
            )
            if size:
                entries.append(Entry(each, contender, size, []))
    return entries


def run_round(entry, course):
    server = entry.contender.server(entry.load)
    return without_faults(
        entry.contender,
        entry.load,
        lambda: loads.run(
            server, entry.load, course.seconds, entry.size, course.cpus
        ),
    )


def run(course, targets, root):
    """
    Returns the entries. A load's servers follow each other, so that a round's
    figures compare, and every other round is in the reverse order.
    """
    with contextlib.ExitStack() as stack:
        contenders = [
            Contender(target, root, course.cpus, stack) for target in targets
        ]
        entries = enter(contenders, course, root)
        for number in range(course.rounds):
            progress(f"{course.name}, round {number + 1} of {course.rounds}")
            for entry in list(entries)[:: -1 if number % 2 else 1]:
                taken = run_round(entry, course)
                if taken:
                    entry.rounds.append(taken)
                else:
                    entries.remove(entry)
    return entries


def of_load(entries, each):
    """By the server's name, its rounds."""
    return {
        entry.contender.name: entry.rounds
        for entry in entries
        if entry.load == each
    }


def mark(theirs, ours):
    """NOISY, if it may be chance which of the two is less."""
    pairs = zip(theirs, ours)
    return NOISY if hides([one / other for one, other in pairs]) else ""


def report_rates(entries, course):
    """A table for each load. Returns the figures."""
    figures = []
    for each in course.loads:
        by_server = of_load(entries, each)
        rows = []
        for name, rounds in by_server.items():
            row = [name]
            for field, title in loads.FIGURES.items():
                taken = loads.values(rounds, field)
                ours = loads.values(by_server[MTASYNC.name], field)
                noise = "" if name == MTASYNC.name else mark(taken, ours)
                row.append(spread(taken) + noise)
                figures.append(Figure(title, each.name, name, taken))
            rows.append(row)
        table(f"`{each.target}` {each.name}", loads.FIGURES.values(), rows)
    print("Pipelined, a latency is that of all 16 answers.")
    return figures


def to_the_floor(entries, course, field, title):
    """Figures of a field, divided by the floor's in the same round."""
    for each in course.loads:
        by_server = of_load(entries, each)
        base = loads.values(by_server[FLOOR], field)
        for name, rounds in by_server.items():
            pairs = zip(loads.values(rounds, field), base)
            relative = [mine / floor for mine, floor in pairs]
            yield Figure(title, each.name, name, relative)


def relative_table(title, figures, course):
    """A row for each load, a column for each server but the floor."""
    found = {(each.load, each.server): each.values for each in figures}
    names = list(dict.fromkeys(each.server for each in figures))[1:]

    def cell(each, name):
        taken = found.get((each.name, name))
        if not taken:
            return NOTHING
        if name == MTASYNC.name:
            return spread(taken)
        return spread(taken) + mark(taken, found[each.name, MTASYNC.name])

    table(
        title,
        names,
        [
            [each.name, *(cell(each, name) for name in names)]
            for each in course.loads
        ],
    )


def report_costs(entries, course):
    """Two tables. Returns the figures."""
    figures = [
        Figure(
            "server CPU / wrk CPU",
            entry.load.name,
            entry.contender.name,
            loads.values(entry.rounds, "share"),
        )
        for entry in entries
    ]
    for field, title, heading in (
        ("share", COST, "CPU of server / wrk; the floor's is 1"),
        ("both", BOTH, "requests/s on one CPU; the floor's is 1"),
    ):
        relative = list(to_the_floor(entries, course, field, title))
        relative_table(heading, relative, course)
        figures += relative
    print(
        f"On one CPU, {course.rounds} rounds of {course.seconds} s; each is "
        "compared to the floor's of the same round.\n"
        "Requests/s are those of a second of CPU, the server's and wrk's: "
        "they tell of the work of\nboth, where the kernel may do the one's at "
        "the other's expense, as with large files."
    )
    return figures


def measure(targets, root, effort):
    everywhere, steady = courses(effort)
    figures = report_rates(run(everywhere, targets, root), everywhere)
    figures += report_costs(run(steady, targets, root), steady)
    print(
        f"In these tables,{NOISY} is a warning: noise hides whether it or "
        "mtasync's is less. Of 6 rounds\nor more, all others are told apart "
        "with 95 % certainty."
    )
    return figures
