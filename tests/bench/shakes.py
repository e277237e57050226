"""
Handshakes, by openssl-s_time(1): wrk resumes its sessions where it may, and
can't be told to, or not to. Each of several processes connects, asks for `/`
and closes, again and again; it prints a mark for each, r for a session that
was resumed.
"""

import re
import subprocess
import tempfile
import time
from typing import NamedTuple

from contenders import ONE_CPU, on
from processes import thread_seconds
from server import PATIENCE, Failed, eventually

FULL, RESUMED = "-new", "-reuse"
PROCESSES = 4
STARTED = re.compile(r"^(?:starting|Collecting .*)\n([*r]*)", re.M)


class Round(NamedTuple):
    share: float  # the server's CPU time to that of its clients
    cpu: float  # us of the server's for each
    both: float  # handshakes for each second of CPU, both's


class Shakers:
    """The processes, for the length of a with statement."""

    def __init__(self, server, kind):
        host, port = server.address
        command = ["openssl", "s_time", "-connect", f"{host}:{port}", kind]
        command += ["-www", "/", "-time", "600"]
        self.kind = kind
        self._outputs = [tempfile.TemporaryFile() for _ in range(PROCESSES)]
        self._processes = [
            subprocess.Popen(
                on(ONE_CPU, *command), stdout=output, stderr=subprocess.STDOUT
            )
            for output in self._outputs
        ]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for process in self._processes:
            process.kill()
            process.wait()
        for output in self._outputs:
            output.close()

    def count(self):
        """Handshakes that are done, of each process; of this kind alone."""
        return sum(map(self._count_one, self._outputs, self._processes))

    def _count_one(self, output, process):
        output.seek(0)
        text = output.read().decode(errors="replace")
        if process.poll() is not None:
            raise Failed(f"openssl s_time has ended:\n{text[-500:]}")
        found = STARTED.search(text)
        marks = found[1] if found else ""
        if self.kind == FULL and "r" in marks:
            raise Failed("openssl s_time has resumed a session")
        if self.kind == RESUMED and "*" in marks:
            raise Failed("openssl s_time has resumed no session")
        return len(marks)

    def await_start(self):
        """Until each has connected: starting takes time of its own."""
        for pair in zip(self._outputs, self._processes):
            eventually(lambda: self._count_one(*pair), "openssl s_time")

    def cpu_seconds(self):
        pids = [process.pid for process in self._processes]
        return sum(sum(thread_seconds(pid)) for pid in pids)


def run(server, kind, seconds):
    """One round."""
    with Shakers(server, kind) as shakers:
        shakers.await_start()
        done, more = shakers.count(), 0
        server_cpu, cpu = sum(server.thread_seconds()), shakers.cpu_seconds()
        give_up = time.monotonic() + PATIENCE
        while not more:
            time.sleep(seconds)
            more = shakers.count() - done
            if time.monotonic() > give_up:
                raise Failed("no handshake was done")
        server_cpu = sum(server.thread_seconds()) - server_cpu
        cpu = shakers.cpu_seconds() - cpu
        both = more / (server_cpu + cpu)
    return Round(server_cpu / cpu, 1e6 * server_cpu / more, both)
