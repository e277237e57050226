"""
Promise 10, faults at the start: one line names the cause, at once; and a start
without a fault serves at once.
"""

import contextlib
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import time
from typing import NamedTuple

from capabilities import obey_modes, without_capabilities
from effort import Efforts
from server import HTDOCS, PATIENCE, PROGRAM
from verdict import holds, not_measured, progress, within

MAX_TIME = 0.1  # seconds to the end, or until it serves
CAP_NET_BIND_SERVICE = 10
UNPRIVILEGED = pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")

EFFORTS = Efforts(starts=(10, 3))  # of each kind


class Fault(NamedTuple):
    title: str
    arguments: tuple
    named: str  # in the line
    preexec: object = None


def faults(directory, port):
    """In a directory of their own, and with a port that is taken."""
    closed = directory / "closed"
    closed.mkdir(mode=0)
    missing = directory / "missing"
    taken = f"127.0.0.1:{port}"
    yield Fault("port taken", ("-l", taken), taken)
    yield Fault("no ROOT", (missing,), str(missing))
    yield Fault("unreadable ROOT", (closed,), str(closed), obey_modes)
    if int(UNPRIVILEGED.read_text()) > 80:
        no_right = without_capabilities(CAP_NET_BIND_SERVICE)
        address = "127.0.0.1:80"
        yield Fault("no right to the port", ("-l", address), address, no_right)
    for option in (
        "--workers=-1",
        "--workers=1000000",
        "--listen=70000",
        "--no-such-option",
        "--user=no-such-user",
        "--max-conns=1000000000",
    ):
        yield Fault(option, (option,), option.strip("-").partition("=")[2])
    log = missing / "access.log"
    options = "--log=combined", f"--log-file={log}"
    yield Fault("unwritable log", options, str(log))


def run(fault):
    """How it ended: its status, its line, and the seconds that it took."""
    begin = time.monotonic()
    ended = subprocess.run(
        [PROGRAM, "-l", "127.0.0.1:0", *map(str, fault.arguments)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=PATIENCE,
        cwd=HTDOCS.parent,
        preexec_fn=fault.preexec,
    )
    return ended, time.monotonic() - begin


def is_told(ended, fault):
    """Whether one line of stderr names the cause, and stdout is empty."""
    one = re.fullmatch(r"mtasync: ([^\n]+)\n", ended.stderr)
    named = one and fault.named in one[1]
    return bool(named) and ended.stdout == "" and ended.returncode > 0


def measure_faults(effort):
    slowest = 0.0
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        other = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = other.getsockname()[1]
        for fault in faults(pathlib.Path(directory), port):
            progress(fault.title)
            runs = [run(fault) for _ in range(effort.starts)]
            took = statistics.median(took for _, took in runs)
            slowest = max(slowest, took)
            ended = runs[0][0]
            kept = is_told(ended, fault)
            told = "told in one line" if kept else ended.stderr.strip()
            figure = f"status {ended.returncode}, {told}"
            yield holds(fault.title, figure, "one line, not 0", kept)
    yield within("slowest of them, median", slowest, MAX_TIME)


def seconds_to_start(target):
    """Until it takes connections, from before there was a process."""
    with target.start() as server:
        return server.started - server.began


def measure(target, effort):
    if target.own:
        yield from measure_faults(effort)
    else:
        yield not_measured("faults", "not mtasync")
    starts = [seconds_to_start(target) for _ in range(effort.starts)]
    median = statistics.median(starts)
    yield within("from start until it serves, median", median, MAX_TIME)
