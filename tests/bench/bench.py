"""
make bench: how fast the built server is, and what it costs.

Measures and prints; no figure makes it fail. It ends with status 1 if an
answer was wrong, a load had an error, or a sleep was early. The environment
names the program (MTASYNC), and asks for fewer and shorter rounds (QUICK=1).
"""

import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
from typing import NamedTuple

import calls
import held
import load
import timers
from answer import Fault
from server import Server

PROGRAM = os.environ.get("MTASYNC", "./mtasync")
HTDOCS = pathlib.Path(__file__).resolve().parents[2] / "htdocs"
PAGE = (HTDOCS / "hello.html").read_bytes()
OPTIONS = ["-l", "127.0.0.1:0"]


class Effort(NamedTuple):
    """How often and how long things are measured."""

    seconds: int  # of one round of a load, in whole seconds for wrk
    rounds: int
    pairs: int  # of rounds without and with sleepers; even
    memory_rounds: int


FULL = Effort(seconds=2, rounds=5, pairs=32, memory_rounds=3)
QUICK = Effort(seconds=1, rounds=3, pairs=4, memory_rounds=1)


def start_server():
    return Server([PROGRAM, *OPTIONS, str(HTDOCS)])


def output_of(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    return run.stdout


def processor():
    names = re.findall(
        r"^model name\s*: (.*)$",
        pathlib.Path("/proc/cpuinfo").read_text(),
        re.M,
    )
    return names[0] if names else platform.machine()


def print_facts(server, effort):
    """The machine, the versions, and what is run."""
    workers = re.search(r"with (\d+ workers?)", server.start_line)[1]
    cpus = len(os.sched_getaffinity(0))
    versions = output_of(PROGRAM, "--version").splitlines()
    wrk = " ".join(output_of("wrk", "-v").split()[:2])
    busy = f"load average {os.getloadavg()[0]:.2f} before"
    facts = {
        "machine": f"{processor()}, {cpus} CPUs, {busy}",
        "system": f"{platform.system()} {platform.release()}",
        "versions": ", ".join([*versions, wrk]),
        "server": f"mtasync {' '.join(OPTIONS)} htdocs, {workers}",
        "load": f"wrk -t{load.THREADS} -d{effort.seconds}s "
        f"-c{load.KEPT_ALIVE.connections}, on the same CPUs",
        "figures": "median  min..max of the rounds",
    }
    for name, fact in facts.items():
        print(f"{name:9} {fact}")
    if held.limit() < held.WANTED:
        print(
            f"RLIMIT_NOFILE allows {held.limit():,} connections to be held, "
            f"not {held.WANTED:,}."
        )


def measure(effort):
    with start_server() as server:
        print_facts(server, effort)
        size = load.measure(server, PAGE, effort.rounds, effort.seconds)
    with start_server() as server:
        held.measure_speed(server, size, effort.pairs)
    held.measure_memory(start_server, effort.memory_rounds)
    with start_server() as server:
        calls.measure(server, size, effort.seconds)
    with start_server() as server:
        timers.measure(server)


def main():
    if not shutil.which("wrk"):
        print(
            "bench: wrk is missing (Debian: apt-get install wrk)",
            file=sys.stderr,
        )
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure(QUICK if os.environ.get("QUICK") == "1" else FULL)
    except Fault as fault:
        print(f"bench: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
