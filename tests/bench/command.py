"""What the bench's commands share: facts of the machine, start and end."""

import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys

from answer import Fault
from contenders import ALL_CPUS
from target import PROGRAM, Failed

QUICK = os.environ.get("QUICK") == "1"


def output_of(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    return run.stdout


def processor():
    names = re.findall(
        r"^model name\s*: (.*)$",
        pathlib.Path("/proc/cpuinfo").read_text(),
        re.M,
    )
    return names[0] if names else platform.machine()


def print_facts(versions=(), **more):
    """The machine and the versions; and more, each with its name."""
    busy = f"load average {os.getloadavg()[0]:.2f} before"
    versions = [
        *output_of(PROGRAM, "--version").splitlines(),
        *versions,
        " ".join(output_of("wrk", "-v").split()[:2]),
    ]
    facts = {
        "machine": f"{processor()}, {len(ALL_CPUS)} CPUs, {busy}",
        "system": f"{platform.system()} {platform.release()}",
        "versions": ", ".join(versions),
        **more,
    }
    for name, fact in facts.items():
        print(f"{name:9} {fact}")


def run(measure):
    """Returns the exit status."""
    if not shutil.which("wrk"):
        print(
            "bench: wrk is missing (Debian: apt-get install wrk)",
            file=sys.stderr,
        )
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure()
    except (Fault, Failed) as fault:
        print(f"bench: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
