"""A server under test, mtasync or another: started, watched, ended."""

import contextlib
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from typing import NamedTuple, Optional

PROGRAM = os.path.abspath(os.environ.get("MTASYNC", "./mtasync"))
HTDOCS = pathlib.Path(__file__).resolve().parents[2] / "htdocs"
PATIENCE = 30  # seconds for a start or an end
QUIET = 0.2  # seconds without any work, after which a server is at rest
TICKS = os.sysconf("SC_CLK_TCK")
START_LINE = re.compile(r"^mtasync: serving .*\n", re.M)
ADDRESS = re.compile(r"http://\[?([\d.]+|[\d:a-f]+)\]?:(\d+)/")


class Failed(Exception):
    """A server that does not do what every measurement needs."""

    def __init__(self, text, status=None):
        super().__init__(text)
        self.status = status  # with which it has ended, if it has


def free_port():
    """One that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Target(NamedTuple):
    """
    A kind of server. {port}, {root} and {workers} in its command are filled
    in.
    """

    name: str
    command: str
    stop: int = signal.SIGTERM  # ends it gracefully
    reload: Optional[int] = signal.SIGHUP
    own: bool = False  # it is mtasync, with its options and routes
    config: str = ""  # the text of a configuration: {config} is its file
    page: str = "hello.html"  # what it answers to /
    files: bool = True  # it serves what is below its root
    workers: int = 2  # of its processes or threads; mtasync has an option

    def start(self, *options, port=0, root=HTDOCS, **how):
        """
        Options are mtasync's; others go without. Port 0 is any free one.
        See Server for the rest.
        """
        if not self.own and not port:
            port = free_port()
        return Server(self, options, port, pathlib.Path(root), **how)

    def body(self, root=HTDOCS):
        """What it answers to / there."""
        return (pathlib.Path(root) / self.page).read_bytes()


MTASYNC = Target(
    "mtasync",
    f"{shlex.quote(PROGRAM)} -l 127.0.0.1:{{port}} {{root}}",
    own=True,
)


class Server:
    """
    A running server, once it takes connections; ended by close() or by the end
    of a with statement. A wrapper is a command that runs the server's. Other
    keywords go to subprocess.Popen. Its output goes to files.
    """

    def __init__(
        self,
        target,
        options,
        port,
        root,
        wrapper=(),
        stdin=subprocess.DEVNULL,
        **how,
    ):
        self.target = target
        self._files = [tempfile.TemporaryFile() for _ in range(2)]
        self._directory = tempfile.TemporaryDirectory()
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [*wrapper, *self._command(options, port, root)],
            stdin=stdin,
            stdout=self._files[0],
            stderr=self._files[1],
            start_new_session=not target.own,  # some signal all of theirs
            **how,
        )
        self.pid = self.process.pid
        try:
            self.addresses = self._await_start(port)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _command(self, options, port, root):
        names = {
            "port": port,
            "root": root,
            "workers": self.target.workers,
            "directory": self._directory.name,
        }
        if self.target.config:
            config = pathlib.Path(self._directory.name, "config")
            text = self.target.config
            for name, value in names.items():
                text = text.replace(f"@{name.upper()}@", str(value))
            config.write_text(text)
            names["config"] = config
        command = shlex.split(self.target.command.format(**names))
        return command + list(map(str, options if self.target.own else ()))

    # Its start and its end

    address = property(lambda self: self.addresses[0])

    def _await_start(self, port):
        """Returns where it listens, once it does."""
        give_up = self.began + PATIENCE
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                break
            addresses = self._listening(port)
            if addresses:
                self.started = time.monotonic()
                return addresses
            time.sleep(0.001)
        raise Failed(
            f"{self.target.name} did not start\n{self.output()}",
            self.process.poll(),
        )

    def _listening(self, port):
        if self.target.own:
            line = START_LINE.search(self.stdout + self.stderr)
            found = ADDRESS.findall(line[0]) if line else []
            return [(host, int(number)) for host, number in found]
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return [("127.0.0.1", port)]
        return []

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Begins its graceful end."""
        self.signal(self.target.stop)

    def reload(self):
        self.signal(self.target.reload)

    def freeze(self):
        """Stops it from running, so that what is sent is found at once."""
        pids = self.pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        self.eventually(
            lambda: all(map(is_stopped, pids)), "all processes to stop"
        )

    def thaw(self):
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def join(self, patience=PATIENCE):
        """Waits for its end; returns its exit status."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.target.name} does not end") from None

    def close(self):
        """Ends it for certain, with all of its processes."""
        for pid in reversed(self.pids()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for file in self._files:
            file.close()
        self._directory.cleanup()

    # What it says

    stdout = property(lambda self: self._written(0))
    stderr = property(lambda self: self._written(1))

    def _written(self, number):
        fd = self._files[number].fileno()
        return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")

    def output(self):
        return f"stdout:\n{self.stdout}\nstderr:\n{self.stderr}"

    def await_output(self, pattern):
        """The match of what it is to say on either output."""
        return self.eventually(
            lambda: re.search(pattern, self.stdout + self.stderr, re.M),
            f"the line {pattern}",
        )

    def eventually(self, predicate, what):
        """Asks again and again until the answer is true, and returns it."""
        give_up = time.monotonic() + PATIENCE
        while not (answer := predicate()):
            if time.monotonic() > give_up:
                raise Failed(f"still waiting for {what}\n{self.output()}")
            time.sleep(0.001)
        return answer

    # What it uses

    def pids(self):
        """Those of all of its processes that are alive, in order of age."""
        if self.process.poll() is not None:
            return []
        found = [self.pid]
        for pid in found:
            found += children(pid)
        return found

    def url(self, path="/"):
        host, port = self.address
        return f"http://{host}:{port}{path}"

    def cpu_seconds(self):
        """The CPU time that it has used, to a tick (usually 10 ms)."""
        return sum(map(cpu_seconds, self.pids()))

    def thread_seconds(self):
        """The CPU time of each of its threads, exactly."""
        return sum(map(thread_seconds, self.pids()), [])

    def descriptors(self, kind=""):
        """How many it has open: in all, or of "socket:"."""
        return sum(
            link.startswith(kind)
            for pid in self.pids()
            for link in links(pid).values()
        )

    def armed_timers(self):
        """How many of its timerfds are to fire."""
        count = 0
        for pid in self.pids():
            for fd, link in links(pid).items():
                if link == "anon_inode:[timerfd]":
                    info = pathlib.Path(f"/proc/{pid}/fdinfo/{fd}")
                    count += "it_value: (0, 0)" not in info.read_text()
        return count

    def await_rest(self):
        """Until it has nothing left to do but to look at its clients' time."""
        before = -QUIET
        give_up = time.monotonic() + PATIENCE
        while (now := sum(self.thread_seconds())) > before + QUIET / 50:
            if time.monotonic() > give_up:
                raise Failed("it does not come to rest")
            before = now
            time.sleep(QUIET)

    def await_descriptors(self, count):
        self.eventually(
            lambda: self.descriptors() >= count, f"{count} descriptors"
        )

    def threads(self):
        return sum(len(os.listdir(f"/proc/{p}/task")) for p in self.pids())

    def memory(self, field="Anonymous"):
        """Bytes of it, by a field of smaps_rollup in proc(5), like Pss."""
        pattern = re.compile(rf"^{field}: +(\d+)", re.M)
        rollups = [
            pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            for pid in self.pids()
        ]
        return 1024 * sum(int(pattern.search(each)[1]) for each in rollups)


def links(pid):
    """What each of a process's descriptors is, by its number."""
    found = {}
    with contextlib.suppress(FileNotFoundError):  # the process has ended
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # just closed
                found[link.name] = os.readlink(link)
    return found


def children(pid):
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def is_stopped(pid):
    """Whether each of its threads is."""
    stats = pathlib.Path(f"/proc/{pid}/task").glob("*/stat")
    return all(
        stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in stats
    )


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
