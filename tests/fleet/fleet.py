"""
make fleet: HAProxy and three mtasyncs, in a network of their own.

What a rolling restart and what befalls one of three comes to for clients; whose
addresses are seen; what more replicas are worth. Measures and prints, and leaves
fleet.md and a picture in the current directory; ends with status 1
if a verdict is "broken". The environment names the program (MTASYNC), and asks
for some parts (ONLY=rolling,alike) or for less of each (QUICK=1).
"""

import pathlib
import signal
import sys
import time

import addressed
import alike
import capacity
import failing
import gnuplot
import machine
import members
import peer
import portrait
import rolling
from server import PROGRAM, Failed
from verdict import chosen, judge, lines_of, status, summary

STEM = "fleet"
# Each has measure(effort, timelines), which yields rows and adds what is to be
# drawn, and EFFORTS.
PARTS = {
    "rolling": rolling,
    "failing": failing,
    "addressed": addressed,
    "capacity": capacity,
    "alike": alike,
}


def facts():
    """What the figures depend on."""
    versions = [*machine.versions(PROGRAM), peer.version("haproxy")]
    yield f"machine: {machine.machine()}"
    yield f"system: {machine.system()}"
    yield f"versions: {', '.join(versions)}"
    yield f"between the hosts: {members.delay()}"


def measure(names):
    """Returns all (part, Row), and what is to be drawn."""
    rows, timelines = [], []
    for name in names:
        part = PARTS[name]
        judged = judge(name, part.measure(part.EFFORTS.chosen, timelines))
        rows += [(name, row) for row in judged]
    return rows, timelines


def save(lines, rows, timelines):
    pathlib.Path(f"{STEM}.md").write_text(
        "\n".join(
            ["# A fleet of three behind HAProxy", "", "```", *lines, "```", ""]
        )
    )
    made = [f"{STEM}.md"]
    if timelines:
        made += gnuplot.draw(STEM, *portrait.picture(timelines))
    gnuplot.tell(made)


def run():
    begin = time.monotonic()
    if why := members.why_not():
        raise Failed(why)
    known = list(facts())
    rows, timelines = measure(chosen(PARTS, "part"))
    took = time.monotonic() - begin
    told = f"{summary(rows)}; in {took:.0f} s"
    lines = [*known, "", *lines_of("part", rows), "", told]
    print(*lines, sep="\n")
    save(lines, rows, timelines)
    return status(rows)


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run()
    except (Failed, OSError) as failure:
        print(f"fleet: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
