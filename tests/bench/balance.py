"""
make bench-balance: what --balance=least buys, and what it costs.

Rounds by turns with the kernel's dealing and with ours, each with a server of its own,
since each has other hashes: 32 connections that are kept alive over 4 loops, and one
connection for each request. Prints medians; it ends with status 1 where an answer was
wrong.
"""

import statistics
import sys
from typing import NamedTuple

import loads
from admin_side import Admin
from effort import QUICK
from report import progress, table
from server import HTDOCS, MTASYNC, Failed

LOOPS, CONNECTIONS = 4, 32
PAIRS = 3 if QUICK else 20
SECONDS = 0.5 if QUICK else 2
HOW = "kernel", "least"
KEPT = loads.Load("32 kept alive", connections=CONNECTIONS)
EACH = loads.Load("one per request", connections=CONNECTIONS, close=True)
PAGE = (HTDOCS / loads.PAGE).read_bytes()


class Figures(NamedTuple):
    busiest: float  # connections of the loop that has the most, by the mean
    p99: float
    rate: float
    each: float  # us of the server's CPU, with one connection per request


NAMES = Figures(
    "the busiest loop's connections, by the mean's",
    "p99 of / in ms, 32 kept alive",
    "1000 requests/s, 32 kept alive",
    "server CPU us/request, one connection each",
)


def busiest(server):
    """While the same number of connections is open as in a round."""
    clients = [server.connect() for _ in range(CONNECTIONS)]
    for client in clients:
        client.ask("/")
    [found] = Admin(server).metrics().all("mtasync_worker_imbalance")
    for client in clients:
        client.close()
    return found


def measure(how):
    options = "-w", LOOPS, f"--balance={how}", "--admin=0"
    with MTASYNC.start(*options) as server:
        found = busiest(server)
        kept, each = (
            loads.run(server, load, SECONDS, loads.check(server, load, PAGE))
            for load in (KEPT, EACH)
        )
    return Figures(found, kept.p99, kept.rate, each.cpu)


def main():
    figures = {how: [] for how in HOW}
    try:
        for number in range(PAIRS):
            progress(f"pair {number + 1} of {PAIRS}")
            for how in HOW[:: 1 - 2 * (number % 2)]:
                figures[how].append(measure(how))
    except Failed as failure:
        print(f"bench-balance: {failure}", file=sys.stderr)
        return 1
    rows = []
    for index, name in enumerate(NAMES):
        medians = [
            statistics.median(each[index] for each in figures[how])
            for how in HOW
        ]
        ratios = [
            least[index] / kernel[index]
            for kernel, least in zip(figures["kernel"], figures["least"])
        ]
        rows.append(
            (name, *(f"{m:.3g}" for m in medians),
             f"{statistics.median(ratios):.2f}")
        )  # fmt: skip
    table("", (*HOW, "least / kernel, in pairs"), rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
