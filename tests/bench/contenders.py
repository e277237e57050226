"""Who is compared: the floor, mtasync, and its peers that are installed."""

import contextlib
import os
import shlex
import shutil

import peer
from server import HTDOCS, MTASYNC, Target

FLOOR = "floor"
OURS = (FLOOR, MTASYNC.name)
PAGE = "hello.html"
# The files beside the page, by their sizes.
FILES = {"100k.bin": 100 << 10, "10m.bin": 10 << 20}

ALL_CPUS = tuple(sorted(os.sched_getaffinity(0)))
ONE_CPU = ALL_CPUS[-1:]


AGED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT


def plant(root):
    """Fills a directory that any user may read: h2o gives up being root."""
    root.chmod(0o755)
    shutil.copy(HTDOCS / PAGE, root)
    for name, size in FILES.items():
        (root / name).write_bytes(b"x" * size)
    for path in root.iterdir():  # or their heads change once they are old
        os.utime(path, (AGED, AGED))


def on(cpus, *command):
    return ["taskset", "-c", ",".join(map(str, cpus)), *command]


@contextlib.contextmanager
def running(target, *options, root=HTDOCS, cpus=ALL_CPUS, **how):
    """The server, with a worker for each of these CPUs."""
    target = target._replace(workers=len(cpus))
    how = {"root": root, "wrapper": on(cpus), **how}
    with target.start(*options, **how) as server:
        yield server
        if target.own:
            server.stop()
            server.join()


def floor(file):
    """It answers this file to whatever is asked."""
    program = shlex.quote(os.path.abspath(os.environ["FLOOR"]))
    return Target(FLOOR, f"{program} {{port}} {{workers}} {{root}}/{file}")


def find():
    """Returns the targets, and the names of peers that are not here."""
    found, missing = [floor(PAGE), MTASYNC], []
    for name in peer.PEERS:
        if peer.is_here(name):
            found.append(peer.find(name))
        else:
            missing.append(name)
    return found, missing


class Contender:
    """Runs a server as soon as a load is for it, until the stack ends."""

    def __init__(self, target, root, cpus, stack):
        self.target = target
        self.name = target.name
        self._how = {"root": root, "cpus": cpus}
        self._stack = stack
        self._servers = {}

    def fits(self, load):
        """Whether it has what the load asks for."""
        if load.beside:
            return self.target.own
        return self.target.files or load.file() == PAGE

    def server(self, load):
        is_floor = self.name == FLOOR
        target = floor(load.file()) if is_floor else self.target
        if target not in self._servers:
            server = running(target, **self._how)
            self._servers[target] = self._stack.enter_context(server)
        return self._servers[target]
