"""
make faults: injects every fault, and tells which promises are kept.

Measures and prints; ends with status 1 if a promise is broken. The environment
names the program (MTASYNC), and asks for some promises (ONLY=stop,reload), for
smaller efforts (QUICK=1), or for another server: SERVER is the name of one in
peer.py, or a command in which {port} and {root} are filled in.
"""

import os
import signal
import sys
import time

import activation
import files
import handover
import idle
import memory
import peer
import privileges
import reload
import sleepers
import slow
import soak
import start
import stop
import tables
import watched
import words
from server import MTASYNC, Failed
from verdict import chosen, judge, lines_of, status, summary

# Each has measure(target, effort), which yields rows, and EFFORTS; by the
# number of the promise.
PROMISES = {
    "sleepers": (1, sleepers),
    "idle": (2, idle),
    "slow": (3, slow),
    "tables": (4, tables),
    "stop": (5, stop),
    "reload": (6, reload),
    "handover": (7, handover),
    "activation": (7, activation),
    "files": (8, files),
    "memory": (9, memory),
    "start": (10, start),
    "privileges": (11, privileges),
    "soak": (12, soak),
    "words": (13, words),
    "watched": (14, watched),
}


def chosen_target():
    name = os.environ.get("SERVER", "")
    return peer.find(name) if name else MTASYNC


def try_promise(name, target):
    """Its number and name, with each of its rows."""
    number, module = PROMISES[name]
    rows = module.measure(target, module.EFFORTS.chosen)
    return [(f"{number} {name}", row) for row in judge(name, rows)]


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begin = time.monotonic()
    try:
        names, target = chosen(PROMISES, "promise"), chosen_target()
        rows = sum((try_promise(name, target) for name in names), [])
    except Failed as failure:
        print(f"faults: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(*lines_of("promise", rows), sep="\n")
    took = time.monotonic() - begin
    print(f"\n{target.name}: {summary(rows)}; in {took:.0f} s")
    return status(rows)


if __name__ == "__main__":
    sys.exit(main())
