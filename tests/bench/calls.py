"""System calls per request, as strace(1) counts them."""

import re
import shutil
import signal
import subprocess

import load
from report import progress, table

# A line of its table: % time, seconds, usecs/call, calls, errors, syscall.
ROW = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", re.M)
RARE = 0.005  # a call that fewer requests make has no line of its own


def measure(server, size, seconds):
    """Where there is no strace, or it may not trace, says so."""
    if not shutil.which("strace"):
        print("\nSystem calls: not counted (Debian: apt-get install strace)")
        return
    progress("system calls")
    with subprocess.Popen(
        ["strace", "-f", "-c", "-p", str(server.pid)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as strace:
        attached = strace.stderr.readline()  # once it has all threads
        if " attached" not in attached:
            print(f"\nSystem calls: not counted ({attached.strip()})")
            return
        taken = load.run(server, load.KEPT_ALIVE, seconds, size)
        strace.send_signal(signal.SIGINT)
        summary = strace.stderr.read()
    report(ROW.findall(summary), taken.requests)


def report(rows, requests):
    rows = [
        [name, int(calls) / requests]
        for calls, name in rows
        if int(calls) >= RARE * requests
    ]
    rows.sort(key=lambda row: row[1], reverse=True)
    table(
        f"System calls, {load.KEPT_ALIVE.name}",
        ["each request"],
        [[name, f"{share:.3f}"] for name, share in rows],
    )
    print(
        f"strace -f -c, {requests:,} requests; opening and closing "
        f"{load.KEPT_ALIVE.connections} connections is in it."
    )
