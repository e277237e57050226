"""
make bench-origins: the same delay to mtasync and to others that can sleep.

1 to 5,000 at once, to those that are installed, one after the other; each has
a fresh server for each number. `/`, or what else is fast there, is asked for
meanwhile. Prints what came and what it took, and leaves a CSV and pictures.
It ends with status 1 if mtasync was early, or left anybody without an answer.
Those that are missing are named, and left out. QUICK=1 takes less of all,
SMOKE=1 so little that only the answers are judged.
"""

import contextlib
import csv
import math
import sys
import tempfile
import threading
import time
from typing import NamedTuple

import asker
import command
import picture
import slow_origins
from asleep import Sleepers
from clients import allow_descriptors, limit
from effort import Efforts
from percentiles import percentile
from report import progress, short, table
from server import Failed
from wire import Client, Ended, request

EFFORTS = Efforts(
    counts=((1, 100, 1000, 5000), (1, 1000), (1, 20)),
    seconds=(1, 0.5, 0.2),  # of each sleep
    bound=(5, 2, 10),  # seconds after it, until which an answer is in time
    rate=(200, 200, 20),  # of `/`, a second
)
WARM = 20  # sleeps before it begins, for those that compile as they run
FEW = 100  # or more share out the memory: less would share out noise
EVERY = 0.1  # seconds between two looks at the memory
STEM = "bench-origins"


class Case(NamedTuple):
    """What an origin did with so many; times in ms."""

    origin: slow_origins.Origin
    count: int
    late: list  # of those answered in time; sorted, as the next two
    early: list
    fast: list  # how long `/` took; infinite: not in time
    memory: float  # bytes for each that was asked for
    cpu: float  # us for each, `/` among them

    name = property(lambda self: self.origin.name)


class Peak(threading.Thread):
    """The most memory that a server has, all of its processes together."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.most = 0
        self._end = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self._end.set()
        self.join()

    def run(self):
        while not self._end.wait(EVERY):
            with contextlib.suppress(OSError):  # one of them has just ended
                self.most = max(self.most, self.server.memory("Rss"))


class Fast(asker.Asker):
    """Asks for what does not sleep; the content is the origin's affair."""

    def judge(self, answer):
        return str(answer.status)


def ask_one(server, target, *fields, **how):
    """The status of an answer, which some give as HTTP/1.0."""
    with Client(server.address) as client:
        client.send(request(target, *fields, **how))
        return int(client.read_until(b"\r\n")[9:12])


def is_ready(server, origin):
    with contextlib.suppress(OSError, Ended):
        return ask_one(server, origin.fast) == 200
    return False


def tell(server, origin):
    """What it is to answer, to one that is not told at its start."""
    method, path, text = origin.told
    fields = f"Content-Length: {len(text)}", "Content-Type: application/json"
    body = text.encode()
    status = ask_one(server, path, *fields, method=method, body=body)
    if status not in (200, 201):
        raise Failed(f"{status} for {path}")


@contextlib.contextmanager
def started(origin):
    """
    A server of it, which may leave files where it runs. mtasync too has a
    session of its own, as others have by Server: a session has its part of
    the CPUs, see sched(7), which it would have to share with the clients.
    """
    own = origin.target.own
    wrapper = ["setsid"] if own else []
    with tempfile.TemporaryDirectory() as cwd:
        with origin.target.start(cwd=cwd, wrapper=wrapper) as server:
            yield server
            if own:
                server.stop()
                server.join()


@contextlib.contextmanager
def ready(origin, effort):
    """A server of it that answers as it is to, and has done so before."""
    with started(origin) as server:
        if origin.told:
            tell(server, origin)
        server.eventually(lambda: is_ready(server, origin), origin.fast)
        asked = ask(server, origin, WARM, effort)
        if list(asked.statuses) != [200] * WARM:
            raise Failed(f"not all of {WARM} sleeps were answered")
        yield server


def ask(server, origin, count, effort):
    patience = effort.seconds + effort.bound
    question = request(origin.slow)
    with Sleepers(server.address, count, question, patience) as sleepers:
        return sleepers.finish()


def ask_beside(server, origin, count, effort):
    """Returns what came of the sleepers, and how long `/` took meanwhile."""
    questions = [
        asker.Question(number / effort.rate, origin.fast)
        for number in range(math.ceil(effort.seconds * effort.rate))
    ]
    patience = effort.seconds + effort.bound
    arguments = server.address, count, request(origin.slow), patience
    with Sleepers(*arguments) as sleepers:
        with Fast(server.address, questions, patience) as fast:
            endings = fast.run()
        asked = sleepers.finish()
    took = [1e3 * e.took if e.served else math.inf for e in endings]
    return asked, sorted(took)


def lateness(asked, effort):
    """In ms: of those answered in time how late, and of some, how early."""
    late, early = [], []
    for began, sent, answered, status in zip(*asked):
        over = answered - began - effort.seconds
        if status == 200 and over <= effort.bound:
            late.append(1e3 * over)
            early.append(1e3 * (effort.seconds - (answered - sent)))
    return sorted(late), sorted(each for each in early if each > 0)


def measure_case(origin, count, effort):
    progress(f"{count:,} asleep in {origin.name}")
    with ready(origin, effort) as server:
        memory, cpu = server.memory("Rss"), server.cpu_seconds()
        with Peak(server) as peak:
            asked, fast = ask_beside(server, origin, count, effort)
        cpu = server.cpu_seconds() - cpu
    return Case(
        origin,
        count,
        *lateness(asked, effort),
        fast,
        max(0, peak.most - memory) / count if count >= FEW else math.nan,
        1e6 * cpu / (count + len(fast)),
    )


def measure_all(origins, effort):
    """Returns the cases, and why those that can not be measured can not."""
    cases, failed = [], {}
    for count in dict.fromkeys(map(limit, effort.counts)):
        for origin in origins:
            if origin.name in failed:
                continue
            try:
                cases.append(measure_case(origin, count, effort))
            except (Failed, OSError) as fault:
                if origin.target.own:
                    raise
                failed[origin.name] = str(fault).partition("\n")[0]
    return cases, failed


def points(values):
    """p50 and p99, or NaN where there are none."""
    return [percentile(values, p) if values else math.nan for p in (50, 99)]


def figures(case):
    """By their names, for the table, the CSV and the picture."""
    late, early, fast = map(points, (case.late, case.early, case.fast))
    return {
        "in time %": 100 * len(case.late) / case.count,
        "late p50 ms": late[0],
        "late p99 ms": late[1],
        "early %": 100 * len(case.early) / case.count,
        "early p50 ms": early[0],
        "early p99 ms": early[1],
        "bytes each": case.memory,
        "CPU us each": case.cpu,
        "/ p50 ms": fast[0],
        "/ p99 ms": fast[1],
    }


def cell(number):
    if math.isnan(number):
        return "-"
    return "never" if math.isinf(number) else short(number)


def report(cases, effort):
    for count in dict.fromkeys(case.count for case in cases):
        shown = [case for case in cases if case.count == count]
        table(
            f"{count:,} for {effort.seconds} s",
            list(figures(shown[0])),
            [
                [case.name, *map(cell, figures(case).values())]
                for case in shown
            ],
        )
    print(
        f"In time is within {effort.bound} s of the end of the sleep. Late "
        "counts from the opening of a\nconnection, early from the sending; "
        "both are by the client's clock, whose own delay\nis in what is late. "
        "Bytes are of resident memory, the most of the server's while\nthey "
        "slept less what it had before, for each that was asked for: of one "
        "that makes\nthem queue, not all of them are asleep. CPU is the "
        f"server's. `/` is asked for {effort.rate} times\na second meanwhile; "
        "never is not in time."
    )


def save_table(cases, missing):
    """Returns its name."""
    path = f"{STEM}.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["origin", "asked for", "figure", "value"])
        for case in cases:
            for name, value in figures(case).items():
                rows.writerow([case.name, case.count, name, f"{value:.6g}"])
        for name, why in missing.items():
            rows.writerow([name, "", "missing", why])
    return path


PANELS = {  # figures, and whether on a scale of powers
    "in time %": False,
    "late p99 ms": True,
    "bytes each": True,
    "/ p99 ms": True,
}


def panel(cases, figure, names):
    """For gnuplot: how a figure grows, a line for each origin."""
    for at, name in enumerate(names):
        yield f"$origin{at} << END"
        for case in cases:
            value = figures(case)[figure]
            if case.name == name and math.isfinite(value):
                yield f"{case.count} {value}"
        yield "END"
    lines = [
        f'$origin{at} with linespoints lw 2 pt 7 title "{name}"'
        for at, name in enumerate(names)
    ]
    yield f'set title "{figure}"'
    yield f"plot {', '.join(lines)}"


def script(cases):
    names = list(dict.fromkeys(case.name for case in cases))
    yield "set grid"
    yield "set key outside right top"
    yield "set logscale x"
    yield 'set xlabel "asked for at once"'
    yield "set multiplot layout 2,2"
    for figure, powers in PANELS.items():
        yield "set logscale y" if powers else "unset logscale y"
        yield "set yrange [*:*]" if powers else "set yrange [0:105]"
        if any(math.isfinite(figures(case)[figure]) for case in cases):
            yield from panel(cases, figure, names)
    yield "unset multiplot"


def check(cases):
    """Only mtasync has promised anything."""
    for case in cases:
        if not case.origin.target.own:
            continue
        if case.early:
            raise Failed(f"a sleep was early by {case.early[-1]} ms")
        if len(case.late) < case.count:
            missed = case.count - len(case.late)
            raise Failed(f"{missed} of {case.count} sleeps were not in time")


def print_origins(origins, missing):
    rows = [[each.name, each.version, each.how] for each in origins]
    rows += [[name, "missing", why] for name, why in missing.items()]
    table("origin", ["version", "how it is configured, or to be had"], rows)


def run(effort):
    """Measures, reports, and returns the names of the files it has made."""
    allow_descriptors()
    origins, missing = slow_origins.find(effort.seconds)
    command.print_facts(
        servers="one after the other, a fresh one for each number",
    )
    print_origins(origins, missing)
    begin = time.monotonic()
    cases, failed = measure_all(origins, effort)
    report(cases, effort)
    for name, why in failed.items():
        print(f"{name} failed, and is left out from there on: {why}")
    print(f"It took {time.monotonic() - begin:.0f} s.")
    made = [save_table(cases, missing | failed)]
    made += picture.draw(STEM, "1400,800", list(script(cases)))
    check(cases)
    return made


def measure():
    picture.tell(run(EFFORTS.chosen))


if __name__ == "__main__":
    sys.exit(command.run(measure, needs=()))
