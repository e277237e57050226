"""
make bench-balance: what --balance=least buys, and what it costs.

Rounds by turns with the kernel's dealing and with ours, each with a server of its own,
since each has other hashes: 8 and 32 connections that are kept alive over 4 loops, and one
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

LOOPS = 4
FEW, MANY = 8, 32  # connections that are kept alive
PAIRS = 3 if QUICK else 15
SECONDS = 0.5 if QUICK else 2
HOW = "kernel", "least"
EACH = loads.Load("one per request", connections=MANY, close=True)
PAGE = (HTDOCS / loads.PAGE).read_bytes()


class Figures(NamedTuple):
    few: float  # connections of the loop that has the most, by the mean
    few_p99: float
    many: float
    many_p99: float
    each: float  # us of the server's CPU, with one connection per request


NAMES = Figures(
    "8 kept alive: the busiest loop's, by the mean's",
    "p99 of / in ms",
    "32 kept alive: the busiest loop's, by the mean's",
    "p99 of / in ms",
    "one connection per request: server CPU us/request",
)


def run(server, load):
    size = loads.check(server, load, PAGE)
    return loads.run(server, load, SECONDS, size)


def kept_alive(server, count):
    """How they are dealt out, and then p99 of as many."""
    clients = [server.connect() for _ in range(count)]
    for client in clients:
        client.ask("/")
    [busiest] = Admin(server).metrics().all("mtasync_worker_imbalance")
    for client in clients:
        client.close()
    return busiest, run(server, loads.Load("kept", connections=count)).p99


def measure(how):
    options = "-w", LOOPS, f"--balance={how}", "--admin=0"
    with MTASYNC.start(*options) as server:
        few, many = (kept_alive(server, count) for count in (FEW, MANY))
        return Figures(*few, *many, run(server, EACH).cpu)


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
