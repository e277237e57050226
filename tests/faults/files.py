"""
Promise 8, files that change while they are served: what is answered is whole,
old or new, and otherwise ends by a reset.
"""

import contextlib
import os
import pathlib
import tempfile

import load
from capabilities import obey_modes
from effort import Efforts
from verdict import counted, not_measured, nothing_lost, progress
from wire import Client, request

WORKERS = 2
SMALL, LARGE = 3_000, 300_000  # bytes: kept in memory, and sent from the disk
SLOW = 32 << 20  # more than a connection's buffers hold
PAGE = b"<p>page\n"

EFFORTS = Efforts(
    changes=(100, 10),
    clients=(32, 8),  # that ask meanwhile
    answers=(100, 20),  # between two changes
    slow=(20, 2),  # of each kind of change to a file that is being read
)


def contents(size, count):
    """So many, each different in every byte, and of different length."""
    return tuple(
        bytes([ord("a") + number]) * (size + number)
        for number in range(count)
    )


def replace(path, content):
    """In one step, as it should be done."""
    other = path.with_name("next")
    other.write_bytes(content)
    other.rename(path)


# Each changes the file, on its n-th call, in its own way.


def change_by_rename(path, bodies, number):
    replace(path, bodies[number % len(bodies)])


def change_by_removal(path, bodies, number):
    if number % 2:
        path.unlink()
    else:
        replace(path, bodies[number % len(bodies)])


def change_by_mode(path, bodies, number):
    path.chmod(0 if number % 2 else 0o644)


CHANGES = {
    "replaced": (change_by_rename, ()),
    "removed": (change_by_removal, (404,)),
    "unreadable": (change_by_mode, (403, 404)),
}


def measure_changes(target, effort, root):
    for name, size in (("small", SMALL), ("large", LARGE)):
        path, bodies = root / name, contents(size, 4)
        for title, (change, also) in CHANGES.items():
            progress(f"a {name} file, {title}")
            replace(path, bodies[0])
            with contextlib.ExitStack() as stack:
                how = {"root": root, **as_anybody(target)}
                server = target.start("-w", WORKERS, **how)
                stack.enter_context(server)
                busy = stack.enter_context(
                    load.kept_alive(
                        server.address,
                        bodies,
                        effort.clients,
                        target=f"/{name}",
                        also=also,
                    )
                )
                for number in range(1, effort.changes + 1):
                    change(path, bodies, number)
                    busy.await_answers(effort.answers)
                yield nothing_lost(f"a {name} file, {title}", busy.stop())


def as_anybody(target):
    """
    Keywords for a server whom the bits of a file's mode bind. Others give up
    being root by themselves.
    """
    return {"preexec_fn": obey_modes} if target.own else {}


# Each changes a file of SLOW zeros that is being read.


def truncate(path):
    os.truncate(path, SLOW // 2)


def write_in_place(path):
    """One byte, which is the last to be read."""
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")


def append(path):
    with path.open("ab") as file:
        file.write(b"x")


def read_while(change, address, path):
    """How the answer to a slow reader ends, when the file changes."""
    with path.open("wb") as file:
        file.truncate(SLOW)
    with Client(address, receive_buffer=4096) as client:
        client.send(request(f"/{path.name}", "Connection: close"))
        client.read_head()
        client.read(1000)
        change(path)
        try:
            rest = client.read_all()
        except ConnectionResetError:
            return "reset"
    if len(rest) != SLOW - 1000:
        return "cut short"
    return "whole" if rest.count(0) == len(rest) else "wrong"


def measure_slow(target, effort, root):
    path = root / "slow"
    with target.start("-w", WORKERS, root=root) as server:
        for title, change in (
            ("truncated", truncate),
            ("written in place", write_in_place),
        ):
            progress(f"a file that is read, {title}")
            ends = [
                read_while(change, server.address, path)
                for _ in range(effort.slow)
            ]
            others = effort.slow - ends.count("reset")
            what = f"a file that is read, {title}: ends other than resets"
            yield counted(what, others, effort.slow)
        progress("a file that is read, appended to")
        ends = [
            read_while(append, server.address, path)
            for _ in range(effort.slow)
        ]
        others = effort.slow - ends.count("whole")
        what = "a file that is read, appended to: not whole"
        yield counted(what, others, effort.slow)
        with load.one_each(
            server.address, (PAGE,), 1, repeat=False
        ) as afterwards:
            yield nothing_lost("a page afterwards", afterwards.finish())


def measure_order(target, effort, root):
    """
    Clients of a repository, which is updated in order: list, then index. Each
    has asked for the list shortly before, as others do all the time.
    """
    listing, index = root / "list", root / "index"
    progress("files that are replaced in order")
    with contextlib.ExitStack() as stack:
        server = target.start("-w", WORKERS, root=root)
        stack.enter_context(server)
        replace(listing, b"0")
        replace(index, b"0")
        clients = [
            stack.enter_context(Client(server.address))
            for _ in range(effort.clients)
        ]
        old = 0
        for number in range(1, effort.changes + 1):
            for client in clients:
                client.ask("/list")
            for path in listing, index:
                replace(path, b"%d" % number)
            for client in clients:
                for name in "/index", "/list":
                    old += client.ask(name).body != b"%d" % number
        asked = 2 * effort.changes * len(clients)
        yield counted("files that are replaced in order: old ones", old, asked)


def measure(target, effort):
    if not target.files:
        yield not_measured("files", f"{target.name} serves none")
        return
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # some servers give up being root
        root = pathlib.Path(name)
        (root / target.page).write_bytes(PAGE)
        yield from measure_changes(target, effort, root)
        yield from measure_slow(target, effort, root)
        yield from measure_order(target, effort, root)
