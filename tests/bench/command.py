"""What the bench's commands share: facts of the machine, start and end."""

import shutil
import signal
import sys

import machine
from server import PROGRAM


def print_facts(versions=(), **more):
    """The machine and the versions; and more, each with its name."""
    versions = [
        *machine.versions(PROGRAM),
        *versions,
    ]
    if shutil.which("wrk"):
        versions.append(machine.version_of_wrk())
    facts = {
        "machine": machine.machine(),
        "system": machine.system(),
        "versions": ", ".join(versions),
        **more,
    }
    for name, fact in facts.items():
        print(f"{name:9} {fact}")


def run(measure, needs=("wrk",)):
    """Returns the exit status. It needs these programs."""
    for name in needs:
        if not shutil.which(name):
            print(
                f"bench: {name} is missing (Debian: apt-get install {name})",
                file=sys.stderr,
            )
            return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure()
    except (AssertionError, OSError) as fault:
        print(f"bench: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
