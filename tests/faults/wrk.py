"""How fast `/` is, by wrk(1), with the script of the bench."""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
from typing import NamedTuple

from target import Failed

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "bench" / "load.lua"
ERRORS = ["connect", "read", "write", "status", "timeout"]
CONNECTIONS = 64
LONGEST = 60  # seconds of a round
THREADS = min(2, len(os.sched_getaffinity(0)))


class Round(NamedTuple):
    rate: float  # requests a second
    p99: float  # ms
    # wrk does the same work for each request, on the same CPUs at the same
    # time: against its CPU time, the server's is steady where both swing.
    share: float
    errors: int


def why_not():
    return "" if shutil.which("wrk") else "wrk is missing (Debian: wrk)"


def command(server, fields=()):
    words = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{LONGEST}s"]
    for field in fields:
        words += ["-H", field]
    return [*words, f"-s{SCRIPT}", server.url(), "1"]


def cpu_seconds_of_children():
    """Of those that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def output_after(seconds, words):
    """What wrk prints when it is interrupted: it knows whole seconds alone."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        raise Failed(f"wrk ended with {process.returncode}")
    return output


def run(server, seconds, *fields):
    """Fields are lines of each request's head."""
    before, wrk_before = server.cpu_seconds(), cpu_seconds_of_children()
    output = output_after(seconds, command(server, fields))
    cpu = server.cpu_seconds() - before
    figures = json.loads(output.splitlines()[-1])
    return Round(
        rate=1e6 * figures["requests"] / figures["duration"],
        p99=figures["p99"] / 1e3,
        share=cpu / (cpu_seconds_of_children() - wrk_before),
        errors=sum(figures[name] for name in ERRORS),
    )
