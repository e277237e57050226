"""
make bench: how fast the built server is, and what it costs.

It is compared to the floor, and to those of its peers that are installed.
Measures and prints; no figure makes it fail. It ends with status 1 if an
answer was wrong, a load had an error, or a sleep was early. The environment
names the programs (MTASYNC, FLOOR), asks for fewer and shorter rounds
(QUICK=1), or for system calls and instructions of all servers (COUNTS=1).
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

import calls
import command
import contenders
import counts
import courses
import held
import load
import peer
import picture
import timers
from contenders import running
from target import HTDOCS, MTASYNC

PAGE = (HTDOCS / contenders.PAGE).read_bytes()


class Effort(NamedTuple):
    """How often and how long things are measured."""

    seconds: float  # of one round of a load
    rounds: int
    steady_seconds: float  # with server and wrk on one CPU
    steady_rounds: int
    pairs: int  # of rounds without and with sleepers; even
    memory_rounds: int


FULL = Effort(
    seconds=1,
    rounds=6,
    steady_seconds=1,
    steady_rounds=9,
    pairs=32,
    memory_rounds=3,
)
QUICK = Effort(
    seconds=0.25,
    rounds=1,
    steady_seconds=0.25,
    steady_rounds=2,
    pairs=2,
    memory_rounds=1,
)


def version(name):
    """A peer's, by the number in the first line that it tells."""
    program = shutil.which(name, path=peer.PATH)
    run = subprocess.run(
        [program, "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return f"{name} {re.search(r'[0-9][0-9.]+', run.stdout)[0]}"


def print_facts(targets, missing, effort):
    """The machine, the versions, and what is run."""
    cpus = len(contenders.ALL_CPUS)
    threads = load.threads(contenders.ALL_CPUS)
    facts = {
        "servers": f"on all CPUs, with {cpus} workers or threads each",
        "load": f"wrk -t{threads} -c{load.KEPT_ALIVE.connections}, rounds of "
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
    held.print_limit()


def measure_own(effort):
    """What is measured of mtasync alone."""
    with running(MTASYNC) as server:
        size = load.check(server, load.KEPT_ALIVE, PAGE)
        held.measure_speed(server, size, effort.pairs)
    with running(MTASYNC) as server:
        calls.measure(server, size)
    with running(MTASYNC) as server:
        timers.measure(server)


def measure():
    effort = QUICK if command.QUICK else FULL
    targets, missing = contenders.find()
    print_facts(targets, missing, effort)
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        contenders.plant(root)
        figures = courses.measure(targets, root, effort)
        if os.environ.get("COUNTS") == "1":
            figures += counts.measure(targets, root)
    figures += held.measure_memory(targets, effort.memory_rounds)
    measure_own(effort)
    picture.save(figures)


if __name__ == "__main__":
    sys.exit(command.run(measure))
