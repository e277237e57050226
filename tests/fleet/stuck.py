"""A thread that stands still while the others of its process go on."""

import contextlib
import ctypes
import os
import pathlib

from clients import LIBC

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
REQUESTS = 500
WALL = 0x40000000  # of waitpid(2): threads, too


def ptrace(request, thread):
    """As ptrace(2) has it, without an address and data."""
    LIBC.ptrace.argtypes = [
        ctypes.c_long,
        ctypes.c_int,
        *[ctypes.c_void_p] * 2,
    ]
    LIBC.ptrace.restype = ctypes.c_long
    if LIBC.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def used(server):
    """The CPU time of each thread."""
    tasks = pathlib.Path(f"/proc/{server.pid}/task").iterdir()
    return {
        int(task.name): int((task / "schedstat").read_text().split()[0])
        for task in tasks
    }


def serving(server, client):
    """The thread that serves this client, as far more work than others have."""
    before = used(server)
    for _ in range(REQUESTS):
        client.ask("/")
    after = used(server)
    return max(after, key=lambda thread: after[thread] - before[thread])


@contextlib.contextmanager
def standing(thread):
    """As a loop does that waits for a disk which no longer answers."""
    ptrace(PTRACE_SEIZE, thread)
    ptrace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WALL)
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH, thread)
