"""
A server under test, mtasync or another, as a process: started, watched, ended.

All that runs a server runs it by this: the live tests, the faults, the bench,
the race and the comparison. It does without pytest, as most of these do.
"""

import contextlib
import errno
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from typing import NamedTuple, Optional

from capabilities import LIBC, obey_modes, without_capabilities  # noqa: F401
from processes import children, cpu_seconds, is_asleep, is_stopped, links
from processes import thread_seconds
from secured import SHAKE, TLS
from wire import PATIENCE, Client, family_of

PROGRAM = os.path.abspath(os.environ.get("MTASYNC", "./mtasync"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]
HTDOCS = SOURCE / "htdocs"
CACHED = 256 << 10  # the largest file that is answered from memory
SANITIZERS = os.environ.get("CHECK_SANITIZERS", "")

QUIET = 0.2  # seconds without any work, after which a server is at rest
ADDRESS = re.compile(
    r"(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):(\d+)|unix:(/[^, ]+)"
)
REPORT = re.compile(r"Sanitizer|runtime error:")


class Failed(AssertionError):
    """A server that does not do what every measurement needs."""

    def __init__(self, text, status=None):
        super().__init__(text)
        self.status = status  # with which it has ended, if it has


def scaled(count):
    """A smaller number of repetitions where a sanitizer slows each down."""
    return max(1, count // 4) if SANITIZERS else count


def eventually(predicate, what, patience=PATIENCE):
    """
    Asks again and again until the answer is true, and returns it. What is
    waited for is a text, or a function that tells how far it has come.
    """
    began = time.monotonic()
    give_up = began + patience
    while not (answer := predicate()):
        now = time.monotonic()
        if now > give_up:
            told = what() if callable(what) else what
            raise Failed(f"still waiting for {told}")
        # to look takes a fifth of the time at most, but for slow machines
        time.sleep(min(max(0.001, 4 * (now - began)), 0.02))
        began = time.monotonic()
    return answer


def settle(path):
    """
    Waits until a file's times tell it from any later version. A younger one is
    read again with each look.
    """
    changed = path.stat().st_ctime_ns
    eventually(lambda: time.time_ns() > changed + 30_000_000, "the file's age")


def run(*arguments, wrapper=(), **how):
    """mtasync run to its end: returncode, stdout and stderr."""
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


def why_no_strace():
    """Why strace(1) can't be used; empty where it can."""
    if SANITIZERS:
        return "a sanitizer's own calls"
    if not shutil.which("strace"):
        return "strace is missing (Debian: apt-get install strace)"
    tried = subprocess.run(
        ["strace", "-o", "/dev/null", "true"], capture_output=True, text=True
    )
    return tried.stderr.strip() if tried.returncode else ""


NO_STRACE = why_no_strace()
needs_strace = unittest.skipIf(NO_STRACE, NO_STRACE)


def clear_only(reason):
    """Leaves a test out where CHECK_TLS is set: the reason is why."""
    return unittest.skipIf(TLS, f"in clear only: {reason}")


def free_port():
    """One that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Target(NamedTuple):
    """A kind of server: how it is started, told things, and what it serves."""

    name: str
    command: str  # in which {port}, {root}, {workers}, {config} are filled in
    stop: int = signal.SIGTERM  # ends it gracefully
    reload: Optional[int] = signal.SIGHUP
    own: bool = False  # it is mtasync, with its options and routes
    config: str = ""  # the text of a configuration: {config} is its file
    page: str = "hello.html"  # what it answers to /
    files: bool = True  # it serves what is below its root
    workers: int = 2  # of its processes or threads; mtasync has an option
    scheme: str = "http"  # of its URLs

    def start(self, *options, **how):
        """See Server."""
        return Server(*options, target=self, **how)

    def body(self, root=HTDOCS):
        """What it answers to / there."""
        return (pathlib.Path(root) / self.page).read_bytes()


MTASYNC = Target("mtasync", shlex.quote(PROGRAM), own=True)


class Server:
    """
    A running server, once it takes connections.

    Options and addresses to listen on are mtasync's; others go without. Port 0
    is any free one; it does not count where there are addresses. A wrapper is
    a command that runs the server's. Other keywords go to subprocess.Popen.
    Its output goes to files, which never fill up. A with statement ends it by
    close(), a test by finish().
    """

    running = []  # all of them, for the report of a test that fails

    def __init__(
        self,
        *options,
        target=MTASYNC,
        root=HTDOCS,
        listen=None,
        port=0,
        wrapper=(),
        stdin=subprocess.DEVNULL,
        **how,
    ):
        self.target = target
        self._files = [tempfile.TemporaryFile() for _ in range(2)]
        self._directory = tempfile.TemporaryDirectory()
        self._clients = []
        self._stands = False
        self.secure = False  # the kit has had it speak TLS
        if target.own:
            if listen is None:
                listen = [f"127.0.0.1:{port}"]
            self.secure = bool(TLS) and speaks_tls(options)
            if self.secure:
                listen = [f"{address},tls" for address in listen]
            command = own_command(options, root, listen)
        else:
            self._port = port or free_port()
            command = self._command_of_peer(root)
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [*wrapper, *command],
            stdin=stdin,
            stdout=self._files[0],
            stderr=self._files[1],
            start_new_session=not target.own,  # some signal all of theirs
            **how,
        )
        self.pid = self.process.pid
        Server.running.append(self)
        try:
            self.addresses = self.eventually(
                self._find_addresses, "the start line"
            )
            self.started = time.monotonic()
            if target.own and not wrapper:
                self.eventually(
                    lambda: not self.pids()[1:], "the end of its start's child"
                )
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    # Its start

    address = property(lambda self: self.addresses[0])

    def _command_of_peer(self, root):
        names = {
            "port": self._port,
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
        return shlex.split(self.target.command.format(**names))

    def _find_addresses(self):
        """Where it listens, once it does."""
        status = self.process.poll()
        if status is not None:
            raise Failed(f"ended at its start\n{self.output()}", status)
        if not self.target.own:
            return self._try_port()
        for line in (self.stdout + self.stderr).splitlines(keepends=True):
            found = ADDRESS.findall(line)
            if found and ": serving " in line and line.endswith("\n"):
                self.start_line = line
                return [
                    path or (host.strip("[]"), int(port))
                    for host, port, path in found
                ]
        return None

    def _try_port(self):
        address = "127.0.0.1", self._port
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(address).close()
            return [address]
        return None

    # What it is told

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Begins its graceful end."""
        self.signal(self.target.stop)

    def reload(self):
        self.signal(self.target.reload)

    def freeze(self):
        """Stops it from running, so that what is sent is found at once."""
        self._signal_all(signal.SIGSTOP)
        self._stands = True
        self.eventually(
            lambda: all(map(is_stopped, self.pids())), "all processes to stop"
        )

    def thaw(self):
        self._stands = False
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):  # ended meanwhile
                os.kill(pid, number)

    # Its clients

    def connect(self, which=0, shake=SHAKE, **how):
        """
        A new connection, which is closed when the server is finished. Where that
        has no room for it, there is no time to be lost with a handshake.
        """
        if self.secure:
            how = {"tls": {"shake": 0 if self._stands else shake}, **how}
        client = Client(self.addresses[which], **how)
        self._clients.append(client)
        return client

    def refuses(self):
        """
        Whether the listeners are closed, so that others could bind. Before, they
        may refuse for a moment in which not all workers have heard of the stop.
        """
        with socket.socket(family_of(self.address)) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                other.bind(self.address)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                return False
        return True

    def url(self, path="/"):
        host, port = self.address
        scheme = "https" if self.secure else self.target.scheme
        return f"{scheme}://{host}:{port}{path}"

    # Its end

    def wait(self, patience=PATIENCE):
        """Waits for its end, whatever it is; returns its exit status."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.target.name} does not end") from None

    def join(self, status=0):
        """Waits for its end, which is to be of this status, and clean."""
        try:
            ended = self.wait()
        finally:
            self.close()
        if ended != status or REPORT.search(self.stderr):
            raise Failed(f"exit status {ended}\n{self.output()}", ended)

    def finish(self):
        """Ends it as a user would, and well, unless that has been done."""
        for client in self._clients:
            client.close()
        if self in Server.running:
            self.thaw()
            self.stop()
            self.join()

    def close(self):
        """Ends it for certain, with all of its processes."""
        if not self.target.own:  # at once, or some of them begin others
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        for pid in reversed(self.pids()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._directory.cleanup()
        with contextlib.suppress(ValueError):  # closed before
            Server.running.remove(self)

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
        """Like the function; a failure shows what the server has said."""
        try:
            return eventually(predicate, what)
        except Failed as failed:
            name, text = self.target.name, f"{failed}\n{self.output()}"
            raise Failed(f"{name}: {text}", failed.status) from None

    # What it uses

    def pids(self):
        """Those of all of its processes that are alive, in order of age."""
        if self.process.poll() is not None:
            return []
        found = [self.pid]
        for pid in found:
            found += children(pid)
        return found

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

    def await_descriptors(self, count):
        self.eventually(
            lambda: self.descriptors() >= count, f"{count} descriptors"
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

    def await_sleep(self):
        """Until all threads wait in the kernel: none has begun anything."""
        self.eventually(
            lambda: all(map(is_asleep, self.pids())), "all threads to sleep"
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


def speaks_tls(options):
    """Whether it can: the blocking models don't."""
    blocking = {f"--model={m}" for m in "serial thread pool fork_join".split()}
    return blocking.isdisjoint(map(str, options))


def own_command(options, root, listen):
    """mtasync's; a root of None is left to its default."""
    command = [PROGRAM, *options]
    for address in listen:
        command += ["-l", address]
    if root is not None:
        command.append(root)
    return list(map(str, command))
