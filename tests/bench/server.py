"""A server under load, as a process: started, watched, ended."""

import os
import pathlib
import re
import subprocess
import time

from answer import PATIENCE, Fault

QUIET = 0.3  # seconds without any work, after which a server has settled
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """The CPU time that a process has used, to a tick (usually 10 ms)."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    utime, stime = stat.rpartition(")")[2].split()[11:13]
    return (int(utime) + int(stime)) / TICKS


class Server:
    """
    Runs for the length of a with statement, and is to end well. The command
    prints where it serves, as a URL, once it does.
    """

    def __init__(self, command):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a ^C is ours to handle
        )
        self.pid = self.process.pid
        self.start_line = self.process.stdout.readline()
        found = re.search(r"http://([\d.]+):(\d+)/", self.start_line)
        if not found:
            self._end()
            raise Fault("the server did not start")
        self.url = found[0]
        self.address = found[1], int(found[2])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self._end()
        if kind is None and status != 0:
            raise Fault(f"the server ended with status {status}")

    def _end(self):
        self.process.terminate()
        try:
            self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode

    def cpu_seconds(self):
        return cpu_seconds(self.pid)

    def anonymous_bytes(self):
        """Its own memory: that of no file, and none of the kernel's."""
        rollup = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return 1024 * int(re.search(r"^Anonymous: +(\d+)", rollup, re.M)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def settle(self):
        """Waits until it has nothing left to do."""
        give_up = time.monotonic() + PATIENCE
        before = None
        while (now := self.cpu_seconds()) != before:
            if time.monotonic() > give_up:
                raise Fault("the server does not come to rest")
            before = now
            time.sleep(QUIET)
