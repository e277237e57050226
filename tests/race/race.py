"""
make race: six ways to wait, the same loads.

Measures, and leaves race.md, race.csv and pictures in the current directory;
no figure makes it fail. It ends with status 1 if a server does not start, ends
badly or is wrong where nothing is to wait. The environment names the program
(MTASYNC), and asks for less and shorter of all (QUICK=1).
"""

import pathlib
import re
import resource
import shlex
import signal
import sys
import time

import arrivals
import curve
import document
import footprint
import machine
import order
import pictures
import rate
import wrk
from effort import Efforts
from models import MODELS, POOLED, check, end
from report import progress
from server import PROGRAM, Failed

BENDING = [*MODELS, POOLED]  # those whose curves are drawn

# Times are in seconds.
EFFORTS = Efforts(
    command=("make race", "make race QUICK=1"),  # by which it is asked for
    # beside which `/` is asked for
    sleepers=((0, 1, 4, 16, 64, 256, 1024), (0, 4, 1024)),
    rate=(200, 200),  # of `/`, a second
    seconds=(2, 0.4),  # of asking for `/`
    settle=(1, 0.2),  # before, for the sleepers
    bound=(2, 0.4),  # for each `/`
    nap=(1, 1),  # of the sleepers
    wrk_seconds=(2, 1),
    held=((0, 16, 128, 1024), (0, 1024)),  # sleepers, whose memory is taken
    held_by_loops=((10_000,), ()),  # more of them
    long_nap=(2, 0.6),  # of these
    crowd=(2000, 2000),
    patience=(5, 1),  # with the crowd
)


def allow_descriptors(effort):
    """As many as the clients need."""
    need = 100 + max(effort.crowd, *effort.held, *effort.held_by_loops)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < need:
        raise Failed(f"RLIMIT_NOFILE allows {hard:,}, and {need:,} are needed")
    if soft != resource.RLIM_INFINITY and soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))


def tell(model):
    """How it is started, and what it says of itself."""
    command = shlex.join(["mtasync", *model.arguments()])
    with model.start() as server:
        line = re.search(r" on http://\S+/ (.*)", server.stdout)
        end(server)
    return f"{model.how}: `{command}`, {line[1]}"


def facts(effort):
    """What the figures depend on; to be asked before the loads."""
    versions = machine.versions(PROGRAM)
    versions.append(wrk.why_not() or machine.version_of_wrk())
    found = {
        "machine": machine.machine(),
        "system": machine.system(),
        "versions": ", ".join(versions),
        "command": f"`{effort.command}`; clients and servers share the CPUs",
    }
    return found | {model.name: tell(model) for model in BENDING}


def measure(effort):
    """All loads. Returns their sections, and what is to be drawn."""
    points = curve.measure(BENDING, effort)
    rounds = rate.measure(MODELS, effort)
    bars = order.measure(MODELS, effort)
    holdings = footprint.measure(MODELS, effort)
    crowds = arrivals.measure(MODELS, effort)
    sections = [
        curve.section(points, BENDING, effort),
        rate.section(rounds, MODELS, effort),
        order.section(bars, MODELS, effort),
        footprint.section(holdings, effort),
        arrivals.section(crowds, effort),
    ]
    return sections, (points, bars, holdings)


def run(effort, directory):
    """Leaves the report in the directory; returns its text, and the names."""
    begin = time.monotonic()
    check(BENDING)
    allow_descriptors(effort)
    known = facts(effort)
    sections, drawn = measure(effort)
    known["took"] = f"{time.monotonic() - begin:.0f} s"
    progress("pictures", "race")
    made, why_not = pictures.save(directory, *drawn, effort)
    text = "\n".join(document.document(known, sections, why_not))
    (directory / "race.md").write_text(text, encoding="utf-8")
    document.save_csv(directory / "race.csv", sections)
    return text, ["race.md", "race.csv", *made]


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        text, made = run(EFFORTS.chosen, pathlib.Path.cwd())
    except (Failed, OSError) as fault:
        print(f"race: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(text)
    print(f"Saved as {', '.join(made)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
