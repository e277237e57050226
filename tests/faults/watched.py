"""
Promise 14, the operator's side: it answers at once, whatever befalls the
clients' side. What befalls it are the faults of the other promises, in small;
each server has an operator's side then, at which a process of its own looks.
"""

import json
import subprocess
import sys
import tempfile

import files
import handover
import idle
import memory
import reload
import sleepers
import slow
import stop
import tables
import watcher
import words
from effort import Efforts
from server import Failed, Server, Target
from verdict import broken, counted, not_measured, progress, within

MAX_ANSWER = 50  # ms
ALL = (
    sleepers, idle, slow, tables, stop, reload, handover, files, memory, words
)  # fmt: skip

EFFORTS = Efforts(faults=(ALL, (tables, stop)))


class Watcher:
    """The process, and where the servers have their operator's side."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory()
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, watcher.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def new_path(self):
        self._count += 1
        return f"{self._directory.name}/{self._count}"

    def _tell(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def watch(self, path, pid):
        self._tell(f"{path} {pid}")

    def report(self):
        """What it has seen since the last report."""
        self._tell("")
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._directory.cleanup()


class Watched(Target):
    """A target whose servers have an operator's side, which is watched."""

    def start(self, *options, **how):
        path = self.watcher.new_path()
        options = (f"--admin=unix:{path}", *options)
        server = Server(*options, target=self, **how)
        self.watcher.watch(path, server.pid)
        return server


def try_fault(target, module):
    """Not for its rows, which are another promise's."""
    for row in module.measure(target, module.EFFORTS.quick):
        progress(f"watched: {module.__name__}: {row.what}")


def measure(target, effort):
    if not target.own:
        yield not_measured("its answers", "not mtasync")
        return
    reports = {}
    watched = Watched(*target)
    watched.watcher = Watcher()
    try:
        for module in effort.faults:
            try_fault(watched, module)
            reports[module.__name__] = watched.watcher.report()
    except Failed as failure:
        yield broken(module.__name__, str(failure).partition("\n")[0])
    finally:
        watched.watcher.close()
    yield from judge(reports)


def judge(reports):
    """Those of each fault."""
    asked = sum(report["asked"] for report in reports.values())
    lost = sum(report["lost"] for report in reports.values())
    yield counted("/metrics and /readyz: lost", lost, asked)
    for path in watcher.PATHS:
        name, report = max(
            reports.items(), key=lambda item: item[1]["slowest"][path]
        )
        yield within(
            f"{path}: slowest, in {name}",
            1000 * report["slowest"][path],
            MAX_ANSWER,
            "ms",
            without_fault=1000 * report["overslept"],
        )
