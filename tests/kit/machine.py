"""What a report says of the machine and of the programs that it is about."""

import os
import pathlib
import platform
import re
import subprocess


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


def machine():
    cpus = len(os.sched_getaffinity(0))
    busy = f"load average {os.getloadavg()[0]:.2f} before"
    return f"{processor()}, {cpus} CPUs, {busy}"


def system():
    return f"{platform.system()} {platform.release()}"


def versions(program):
    """Those that mtasync tells."""
    return output_of(program, "--version").splitlines()


def version_of_wrk():
    return " ".join(output_of("wrk", "-v").split()[:2])
