"""The program under test, as a process: started, watched, stopped."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest
from capabilities import LIBC, obey_modes, without_capabilities  # noqa
from wire import PATIENCE, Client

PROGRAM = os.path.abspath(os.environ.get("MTASYNC", "./mtasync"))
SOURCE = pathlib.Path(os.environ.get("MTASYNC_SRCDIR", ".")).resolve()
HTDOCS = SOURCE / "htdocs"
CACHED = 256 << 10  # the largest file that is answered from memory
SANITIZERS = os.environ.get("MTASYNC_SANITIZERS", "")

ADDRESS = re.compile(r"(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):(\d+)")
REPORT = re.compile(r"Sanitizer|runtime error:")


def scaled(count):
    """A smaller number of repetitions where a sanitizer slows each down."""
    return max(1, count // 4) if SANITIZERS else count


def eventually(predicate, what):
    """Asks again and again until the answer is true, and returns it."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := predicate()):
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.002)
    return answer


def run(*arguments, wrapper=(), **how):
    """The program run to its end: returncode, stdout and stderr."""
    return subprocess.run(
        [*wrapper, PROGRAM, *map(str, arguments)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=PATIENCE,
        **how,
    )


def assert_refused(result, status, *names):
    """One line on stderr that names the thing, nothing on stdout."""
    assert result.returncode == status, result
    assert result.stdout == ""
    assert re.fullmatch(r"mtasync: [^\n]+\n", result.stderr), result.stderr
    for name in names:
        assert str(name) in result.stderr


def may_trace():
    command = ["strace", "-o", "/dev/null", "true"]
    return subprocess.run(command, capture_output=True).returncode == 0


def why_no_strace():
    """Why the server can't run under strace(1); empty where it can."""
    if SANITIZERS:
        return "a sanitizer's own calls"
    if not shutil.which("strace"):
        return "no strace here"
    return "" if may_trace() else "ptrace(2) is not permitted here"


needs_strace = pytest.mark.skipif(
    bool(why_no_strace()), reason=why_no_strace() or "strace is here"
)


class Server:
    """A running mtasync. Its output goes to files, which never fill up."""

    running = []  # of all tests, for the report of one that fails

    def __init__(
        self, *options, root=HTDOCS, listen=("127.0.0.1:0",), wrapper=(), **how
    ):
        command = [*wrapper, PROGRAM, *map(str, options)]
        for address in listen:
            command += ["-l", address]
        if root is not None:
            command.append(str(root))
        self._files = [tempfile.TemporaryFile() for _ in range(2)]
        self._clients = []
        self.joined = False
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._files[0],
            stderr=self._files[1],
            **how,
        )
        self.pid = self.process.pid
        Server.running.append(self)
        try:
            self.addresses = eventually(self._find_addresses, "the start line")
        except BaseException:
            self._end()
            raise

    stdout = property(lambda self: self._written(0))
    stderr = property(lambda self: self._written(1))

    def _written(self, number):
        fd = self._files[number].fileno()
        return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")

    def output(self):
        return f"stdout:\n{self.stdout}\nstderr:\n{self.stderr}"

    def _find_addresses(self):
        """Where it listens, once it has said so."""
        ended = self.process.poll() is not None
        assert not ended, f"ended at its start\n{self.output()}"
        for line in (self.stdout + self.stderr).splitlines(keepends=True):
            found = ADDRESS.findall(line)
            if found and ": serving " in line and line.endswith("\n"):
                self.start_line = line
                return [(host.strip("[]"), int(port)) for host, port in found]
        return None

    def connect(self, which=0, **how):
        """A new connection, which is closed when the server is stopped."""
        client = Client(self.addresses[which], **how)
        self._clients.append(client)
        return client

    def refuses(self):
        """
        Whether the listeners are closed. Before, there may be a moment in
        which they let a connection neither in nor fail.
        """
        try:
            socket.create_connection(self.addresses[0], 0.05).close()
        except ConnectionRefusedError:
            return True
        except (ConnectionResetError, TimeoutError):
            pass
        return False

    def descriptors(self, kind=""):
        """How many the process has open: in all, or of "socket:"."""
        count = 0
        for link in pathlib.Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # just closed
                count += os.readlink(link).startswith(kind)
        return count

    def processor_time(self):
        """Seconds that it has computed."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """Stops it from running, so that what is sent is found at once."""
        self.signal(signal.SIGSTOP)
        stat = pathlib.Path(f"/proc/{self.pid}/stat")
        eventually(
            lambda: stat.read_text().rpartition(")")[2].split()[0] == "T",
            "the process to stop",
        )

    def thaw(self):
        self.signal(signal.SIGCONT)

    def join(self, status=0):
        """Waits for its end, which is to be of this status, and clean."""
        try:
            ended = self.process.wait(PATIENCE)
        finally:
            self._end()
        assert ended == status, f"exit status {ended}\n{self.output()}"
        assert not REPORT.search(self.stderr), self.output()

    def finish(self):
        """Ends it as a user would, unless the test has done so."""
        for client in self._clients:
            client.close()
        if not self.joined:
            self.thaw()
            self.signal(signal.SIGTERM)
            self.join()

    def _end(self):
        self.joined = True
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self in Server.running:
            Server.running.remove(self)
