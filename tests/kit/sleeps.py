"""Sleeps, one after the other on each of a few connections: how late."""

import concurrent.futures
import random
import re
import time

from server import Failed
from wire import Client

SLEEPERS = 32  # connections
LONGEST = 200  # ms
RECEIPT = re.compile(r"sleep;dur=([\d.]+), late;dur=([\d.]+)")


def sleep_in_turn(address, durations):
    """For each duration in ms: how late the server and the client find it."""
    lateness = []
    with Client(address) as client:
        for asked in durations:
            start = time.monotonic()
            got = client.ask(f"/sleep/{asked:.3f}ms")
            taken = 1000 * (time.monotonic() - start)
            receipt = RECEIPT.fullmatch(got.field("Server-Timing") or "")
            if got.status != 200 or not receipt:
                raise Failed(f"a sleep of {asked:.3f} ms: {got}")
            lateness.append((float(receipt[2]), taken - round(asked, 3)))
    return lateness


def measure(address, count):
    """Lateness in ms, sorted: by the receipts, and by the client's clock."""
    chance = random.Random(1)  # the same durations each time
    durations = [chance.uniform(1, LONGEST) for _ in range(count)]
    with concurrent.futures.ThreadPoolExecutor(SLEEPERS) as pool:
        sleepers = [
            pool.submit(sleep_in_turn, address, durations[i::SLEEPERS])
            for i in range(SLEEPERS)
        ]
        lateness = [pair for each in sleepers for pair in each.result()]
    return [sorted(times) for times in zip(*lateness)]
