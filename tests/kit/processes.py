"""What proc(5) tells of processes: theirs, their threads, their descriptors."""

import contextlib
import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


def links(pid):
    """What each of a process's descriptors is, by its number."""
    found = {}
    with contextlib.suppress(FileNotFoundError):  # the process has ended
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # just closed
                found[name] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def children(pid):
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
    return found


def is_stopped(pid):
    """Whether each of its threads is."""
    return thread_states(pid) == {"T"}


def is_asleep(pid):
    """Whether each of its threads is, rather than about to run."""
    return thread_states(pid) == {"S"}


def thread_states(pid):
    """By the letters of proc(5)."""
    stats = pathlib.Path(f"/proc/{pid}/task").glob("*/stat")
    return {stat.read_text().rpartition(")")[2].split()[0] for stat in stats}


def thread_seconds(pid):
    stats = [
        task.joinpath("schedstat").read_text()
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
    ]
    return [int(stat.split()[0]) / 1e9 for stat in stats]


def cpu_seconds(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    utime, stime = stat.rpartition(")")[2].split()[11:13]
    return (int(utime) + int(stime)) / TICKS
