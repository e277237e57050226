"""
make bench: how fast the built server is, and what it costs.

It is compared to the floor, and to those of its peers that are installed.
Measures and prints; no figure makes it fail. It ends with status 1 if an
answer was wrong, a load had an error, or a sleep was early. The environment
names the programs (MTASYNC, FLOOR), asks for fewer and shorter rounds
(QUICK=1), for so few that only the answers are judged (SMOKE=1), or for system
calls and instructions of all servers (COUNTS=1).
"""

import os
import pathlib
import re
import sys
import tempfile

import calls
import command
import contenders
import counts
import courses
import held
import loads
import peer
import picture
import slots
import timers
from contenders import running
from effort import Efforts
from server import HTDOCS, MTASYNC

PAGE = (HTDOCS / contenders.PAGE).read_bytes()


EFFORTS = Efforts(
    seconds=(1, 0.25, 0.1),  # of one round of a load
    rounds=(6, 1),
    steady_seconds=(1, 0.25, 0.1),  # with server and wrk on one CPU
    steady_rounds=(9, 2, 1),
    held=(10_000, 10_000, 200),  # connections, asleep or idle
    pairs=(32, 2),  # of rounds without and with sleepers; even
    memory_rounds=(3, 1),
    sleeps=(1000, 1000, 100),
)


def version(name):
    """A peer's, by the number in the first line that it tells."""
    return f"{name} {re.search(r'[0-9][0-9.]+', peer.version(name))[0]}"


def print_facts(targets, missing, effort):
    """The machine, the versions, and what is run."""
    cpus = len(contenders.ALL_CPUS)
    threads = loads.threads(contenders.ALL_CPUS)
    facts = {
        "servers": f"on all CPUs, with {cpus} workers or threads each",
        "load": f"wrk -t{threads} -c{loads.KEPT_ALIVE.connections}, rounds of "
        f"{effort.seconds} s, on the same CPUs",
        "figures": "median  min..max of the rounds",
    }
    if missing:
        facts["missing"] = ", ".join(missing)
    peers = [
        version(target.name)
        for target in targets
        if target.name not in contenders.OURS
    ]
    command.print_facts(peers, **facts)
    held.print_limit(effort.held)


def measure_own(effort):
    """What is measured of mtasync alone."""
    with running(MTASYNC) as server:
        size = loads.check(server, loads.KEPT_ALIVE, PAGE)
        held.measure_speed(server, size, effort.held, effort.pairs)
    with running(MTASYNC) as server:
        calls.measure(server, size)
    with running(MTASYNC) as server:
        timers.measure(server, effort.sleeps)
    with running(MTASYNC, *slots.OPTIONS) as server:
        slots.measure(server, effort.steady_seconds, effort.steady_rounds)


def measure():
    effort = EFFORTS.chosen
    targets, missing = contenders.find()
    print_facts(targets, missing, effort)
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        contenders.plant(root)
        figures = courses.measure(targets, root, effort)
        if os.environ.get("COUNTS") == "1":
            figures += counts.measure(targets, root)
    figures += held.measure_memory(targets, effort)
    measure_own(effort)
    picture.save(figures)


if __name__ == "__main__":
    sys.exit(command.run(measure))
