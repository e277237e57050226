"""wrk(1): how it is started and ended, and what it says."""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time
from typing import NamedTuple

from server import Failed

SCRIPT = pathlib.Path(__file__).with_suffix(".lua")
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


def command(
    url, fields=(), connections=CONNECTIONS, threads=THREADS, depth=1, files=0
):
    """Fields are lines of each request's head; see wrk.lua for the last."""
    words = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{LONGEST}s"]
    for field in fields:
        words += ["-H", field]
    return [*words, f"-s{SCRIPT}", url, str(depth), str(files)]


@contextlib.contextmanager
def started(words):
    """The process of this command, which has ended when the block has."""
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def catches(process, number):
    """Whether it has a handler of this signal, which would end it (proc(5))."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    mask = int(status.split("SigCgt:")[1].split()[0], 16)
    return mask >> number - 1 & 1


def finish(process, seconds=0):
    """Its figures, when it has run for so long: it knows whole ones alone."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    while process.poll() is None and not catches(process, signal.SIGINT):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    if process.returncode != 0:
        raise Failed(f"wrk ended with {process.returncode}")
    return json.loads(output.splitlines()[-1])


def cpu_seconds():
    """Of children that have ended: here, wrk."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(server, seconds, *fields):
    """A round of `/`."""
    before, wrk_before = server.cpu_seconds(), cpu_seconds()
    with started(command(server.url(), fields)) as process:
        figures = finish(process, seconds)
    cpu = server.cpu_seconds() - before
    return Round(
        rate=1e6 * figures["requests"] / figures["duration"],
        p99=figures["p99"] / 1e3,
        share=cpu / (cpu_seconds() - wrk_before),
        errors=sum(figures[name] for name in ERRORS),
    )
