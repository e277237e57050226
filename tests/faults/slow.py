"""
Promise 3, slow clients: whoever takes too long over a head, a body or an
answer is cut, at its limit, however many there are; and others are served.
"""

import contextlib
import pathlib
import re
import resource
import tempfile
from typing import NamedTuple

import load
from clients import limit
from crowd import Crowd, Habit
from effort import Efforts
from verdict import counted, not_measured, nothing_lost, progress, within

WORKERS = 2
MAX_LATE = 1.0  # seconds
BIG = 64 << 20  # bytes, of the file that is read slowly
MAX_KERNEL = 100 << 20  # bytes, for 300 slow readers
GET_BIG = b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nA: "
BODY = b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"

EFFORTS = Efforts(
    clients=(10_000, 200),
    limit=(4, 1),  # seconds
    readers=(300, 50),
)


class Kind(NamedTuple):
    name: str
    option: str  # that sets its limit
    habit: Habit
    status: int  # that it is told; 0: none
    since: str = "began"  # when its time begins


STOPPED = Habit(GET_BIG, reads=0, receive_buffer=4096)
ONE_BYTE = STOPPED._replace(reads=1, read_every=1)
KINDS = [
    Kind("silent", "--idle-timeout", Habit(b""), 0),
    Kind("slow heads", "--header-timeout", Habit(HEAD, drip=b"a"), 408),
    Kind("slow bodies", "--body-timeout", Habit(BODY, drip=b"a"), 408),
    Kind("readers that stop", "--write-timeout", STOPPED, 0, "answered"),
    Kind("readers of 1 byte/s", "--write-timeout", ONE_BYTE, 0, "answered"),
]


@contextlib.contextmanager
def big_root(target):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / target.page).write_bytes(target.body())
        with open(root / "big", "wb") as file:
            file.truncate(BIG)
        yield root


def begin(stack, target, options=()):
    root = stack.enter_context(big_root(target))
    return stack.enter_context(
        target.start("-w", WORKERS, *options, root=root)
    )


def measure_kind(target, effort, kind, count):
    """From what each did at its start, or last, to its end."""
    progress(f"slow: {count:,} {kind.name}")
    with contextlib.ExitStack() as stack:
        server = begin(stack, target, [f"{kind.option}={effort.limit}s"])
        bodies = (target.body(),)
        busy = load.kept_alive(server.address, bodies, 8, pause=0.002)
        stack.enter_context(busy)
        clients = stack.enter_context(
            Crowd(server.address, count, kind.habit)
        )
        server.eventually(
            lambda: clients.ended == count, f"{kind.name} to be cut"
        )
        life, outcome = clients.look(), busy.stop()
    wrong = sum(status != kind.status for status in life.statuses)
    title = f"{count:,} {kind.name}"
    yield nothing_lost(f"{title}: lost of /", outcome)
    yield counted(f"{title}: told otherwise", wrong, count)
    early = sum(took < effort.limit for took in life.times_to_end())
    yield counted(f"{title}: cut early", early, count)
    late = max(life.times_to_end(kind.since)) - effort.limit
    yield within(f"{title}: cut late", late, MAX_LATE)


def kernel_bytes():
    """What all TCP sockets of this system hold."""
    text = pathlib.Path("/proc/net/sockstat").read_text()
    pages = int(re.search(r"^TCP:.* mem (\d+)", text, re.M)[1])
    return pages * resource.getpagesize()


def measure_kernel(target, effort):
    """Beside the system's other sockets, which are to be quiet meanwhile."""
    with contextlib.ExitStack() as stack:
        server = begin(stack, target)
        before = server.descriptors()
        taken = kernel_bytes()
        habit = STOPPED._replace(receive_buffer=0)
        stack.enter_context(Crowd(server.address, effort.readers, habit))
        server.await_descriptors(before + effort.readers)
        server.await_rest()
        taken = kernel_bytes() - taken
    yield within(
        f"kernel memory of {effort.readers} readers that stop",
        taken / (1 << 20),
        MAX_KERNEL * effort.readers / 300 / (1 << 20),
        "MiB",
    )


def measure(target, effort):
    yield from measure_kernel(target, effort)
    if not target.own:
        yield not_measured("their limits", "not mtasync")
        return
    count = limit(effort.clients)
    for kind in KINDS:
        yield from measure_kind(target, effort, kind, count)
