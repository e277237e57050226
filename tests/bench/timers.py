"""How sleeps keep time, on a server that does nothing else."""

import concurrent.futures
import random
import re
import time

import answer
from answer import Fault
from report import progress, table

SLEEPS = 1000
SLEEPERS = 32  # connections that sleep again and again
LONGEST = 200  # ms
RECEIPT = re.compile(r"sleep;dur=([\d.]+), late;dur=([\d.]+)")


def sleep_in_turn(address, durations):
    """For each duration in ms: how late the server and the client find it."""
    lateness = []
    with answer.connect(address) as connection:
        stream = connection.makefile("rb")
        for asked in durations:
            start = time.monotonic()
            connection.sendall(answer.request(f"/sleep/{asked:.3f}ms"))
            got = answer.read(stream)
            taken = 1000 * (time.monotonic() - start)
            receipt = RECEIPT.fullmatch(got.fields.get("server-timing", ""))
            if got.status != 200 or not receipt:
                raise Fault(f"a sleep of {asked:.3f} ms: {got}")
            lateness.append((float(receipt[2]), taken - round(asked, 3)))
    return lateness


def measure(server):
    progress(f"{SLEEPS:,} sleeps")
    chance = random.Random(1)  # the same durations each time
    durations = [chance.uniform(1, LONGEST) for _ in range(SLEEPS)]
    with concurrent.futures.ThreadPoolExecutor(SLEEPERS) as pool:
        sleepers = [
            pool.submit(sleep_in_turn, server.address, durations[i::SLEEPERS])
            for i in range(SLEEPERS)
        ]
        lateness = [pair for each in sleepers for pair in each.result()]
    report(*map(sorted, zip(*lateness)))


def report(receipts, observed):
    """Lateness in ms, sorted: by the receipts, and by the client's clock."""

    def row(name, values):
        points = [len(values) // 2, len(values) * 99 // 100, -1]
        return [name, *(f"{values[at]:.3f}" for at in [0, *points])]

    table(
        f"{SLEEPS:,} sleeps of 1 to {LONGEST} ms",
        ["least ms late", "p50", "p99", "max"],
        [
            row("by the receipts", receipts),
            row("by the client's clock", observed),
        ],
    )
    if observed[0] < 0:
        raise Fault(f"a sleep was early by {-observed[0]:.3f} ms")
