"""System calls per request, as strace(1) counts them."""

import re
import signal
import subprocess

import loads
from report import progress, table
from server import Failed, why_no_strace

# A line of its table: % time, seconds, usecs/call, calls, errors, syscall.
ROW = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", re.M)
# Seconds of the two rounds by which calls are counted.
SHORT = 0.25
LONG = 1.25
RARE = 0.005  # a call that fewer requests make has no line of its own


def count_once(server, each, seconds, size):
    """Returns a dictionary of all calls of one round, and its requests."""
    pids = server.pids()
    command = ["strace", "-f", "-c"]
    for pid in pids:
        command += ["-p", str(pid)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as strace:
        for _ in pids:  # a line for each, once it has all of its threads
            strace.stderr.readline()
        requests = loads.run(server, each, seconds, size).requests
        server.await_rest()  # until it has closed all connections
        strace.send_signal(signal.SIGINT)
        summary = strace.stderr.read()
    return {
        name: int(calls) for calls, name in ROW.findall(summary)
    }, requests


def count(server, each, size):
    """
    Returns a dictionary of the calls for each request, and the requests: of
    those that a long round has more than a short one, for then the opening and
    closing of connections cancels out.
    """
    (less, few), (more, many) = (
        count_once(server, each, seconds, size) for seconds in (SHORT, LONG)
    )
    if "total" not in less or many <= few:
        raise Failed("strace counted too little")
    requests = many - few
    return {
        name: (more[name] - less.get(name, 0)) / requests for name in more
    }, requests


def measure(server, size):
    """Those of KEPT_ALIVE, by their names."""
    if why_no_strace():
        print(f"\nSystem calls: not counted: {why_no_strace()}")
        return
    progress("system calls")
    calls, requests = count(server, loads.KEPT_ALIVE, size)
    rows = [
        [name, f"{share:.3f}"]
        for name, share in sorted(calls.items(), key=lambda row: -row[1])
        if share >= RARE
    ]
    table(f"System calls, {loads.KEPT_ALIVE.name}", ["each request"], rows)
    print(
        f"strace -f -c, {requests:,} requests that a long load has more than "
        "a short one: the\nopening and closing of connections cancels out."
    )
