"""Unix sockets: the file, its rights, hand-over and end."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

import pytest
from server import HTDOCS, PROGRAM, Server, assert_refused, eventually
from server import needs_strace, run
from test_drain import injecting
from test_handover import LAUNCHER, handing_over
from test_privileges import GID, UID, USER
from test_privileges import needs_chroot, needs_root, needs_sandbox
from wire import PATIENCE, Client, request

HELLO = (HTDOCS / "hello.html").read_bytes()
MODELS = "serial", "thread", "pool", "fork_join", "async", "mtasync"


@pytest.fixture
def here():
    """A directory with a short name, which others may enter."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield pathlib.Path(directory)


@pytest.fixture
def path(here):
    return here / "x"


def at(path):
    return f"unix:{path}"


# A unix socket


@pytest.mark.parametrize("model", MODELS)
def test_unix_socket(model, path, serve):
    """Beside TCP; the file is there while it serves, and not after."""
    server = serve(
        f"--model={model}",
        "--log=combined",
        listen=[at(path), "127.0.0.1:0"],
    )
    assert server.addresses[0] == str(path)
    for which in range(2):
        client = server.connect(which)
        assert client.ask().body == HELLO
        client.close()
    server.await_output(r"^unix - - ")
    server.await_output(r"^127\.0\.0\.1 - - ")
    server.finish()
    assert os.listdir(path.parent) == []


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is missing")
def test_curl_by_unix_socket(path, serve):
    server = serve(listen=[at(path)])
    got = subprocess.run(
        ["curl", "-s", "--unix-socket", path, "http://host/sleep/1ms"],
        capture_output=True,
        timeout=PATIENCE,
    )
    assert got.returncode == 0 and got.stdout == HELLO
    server.finish()


def test_large_file_by_unix_socket(path, root, serve):
    content = os.urandom(1 << 20) * 8
    (root / "file").write_bytes(content)
    server = serve("-w", "1", listen=[at(path)], root=root)
    client = server.connect()
    for _ in range(2):
        assert client.ask("/file").body == content


def test_rights_of_a_unix_socket(path, serve):
    group = os.getgid()
    serve(listen=[f"{at(path)},mode=0620,group={group}"])
    status = path.stat()
    assert stat.S_IMODE(status.st_mode) == 0o620
    assert status.st_gid == group


def test_umask_decides_without_a_mode(path, serve):
    serve(listen=[at(path)], preexec_fn=lambda: os.umask(0o027))
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


@pytest.mark.parametrize(
    "address, why",
    [
        ("unix:", "unix:PATH"),
        ("unix:x,mode=rw", "octal"),
        ("unix:x,group=no-such-group", "unknown group"),
        ("unix:" + 99 * "x", "98 bytes"),
        ("unix:x,what=1", ",mode=OCTAL or ,group=NAME"),
    ],
)
def test_unix_socket_that_is_no_address(address, why):
    assert_refused(run("-l", address, HTDOCS), 2, address, why)


def test_unix_socket_in_no_directory(here):
    result = run("-l", at(here / "missing" / "x"), HTDOCS)
    assert_refused(result, 1, here, "directory")


def test_file_in_the_way(path):
    path.write_text("precious")
    assert_refused(run("-l", at(path), HTDOCS), 1, path, "no socket")
    assert path.read_text() == "precious"


def leave_stale(path):
    """A socket's file that nobody listens at any more."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()


def test_stale_socket(path, serve):
    leave_stale(path)
    server = serve(listen=[at(path)])
    assert server.connect().ask().body == HELLO
    assert os.listdir(path.parent) == [path.name]


def test_killed_server_leaves_a_stale_socket(path, serve):
    with Server(listen=[at(path)]) as killed:
        killed.signal(signal.SIGKILL)
        killed.wait()
    assert path.is_socket()
    assert serve(listen=[at(path)]).connect().ask().body == HELLO


def test_live_socket(path, serve):
    server = serve(listen=[at(path)])
    result = run("-l", at(path), HTDOCS)
    assert_refused(result, 1, path, "--take-over")
    assert server.connect().ask().body == HELLO


def test_live_socket_with_a_full_queue(path):
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(socket.socket(socket.AF_UNIX))
        other.bind(str(path))
        other.listen(0)
        queued = stack.enter_context(socket.socket(socket.AF_UNIX))
        queued.connect(str(path))
        assert_refused(run("-l", at(path), HTDOCS), 1, path)
        assert path.is_socket()


@pytest.mark.parametrize("take_over", [[], ["--take-over"]])
def test_check_leaves_a_unix_socket_alone(take_over, path, serve):
    """Neither a stale one nor a live one changes hands."""
    leave_stale(path)
    before = path.stat()
    assert run("--check", *take_over, "-l", at(path), HTDOCS).returncode == 0
    assert path.stat().st_ino == before.st_ino
    assert os.listdir(path.parent) == [path.name]
    server = serve(listen=[at(path)])
    before = path.stat()
    result = run("--check", *take_over, "-l", at(path), HTDOCS)
    assert result.returncode == (0 if take_over else 1)
    assert path.stat().st_ino == before.st_ino
    assert server.connect().ask().body == HELLO


def test_start_that_fails_leaves_the_predecessor(path, here, serve):
    server = serve(listen=[at(path)])
    result = run("--take-over", "-l", at(path), here / "missing")
    assert_refused(result, 1, "missing")
    assert server.connect().ask().body == HELLO
    assert os.listdir(here) == [path.name]


@needs_root
def test_root_that_is_closed_leaves_the_predecessor(path, here, serve):
    """Of a server that becomes another user."""
    server = serve(listen=[at(path)])
    closed = here / "closed"
    closed.mkdir(mode=0o700)
    here.chmod(0o755)
    user = "--user=nobody"
    result = run("--take-over", user, "-l", at(path), closed)
    assert_refused(result, 1, closed)
    assert server.connect().ask().body == HELLO


# Stop and hand-over


class Asker(threading.Thread):
    """Asks by a new connection each time, until it is told to stop."""

    def __init__(self, path):
        super().__init__()
        self.path = str(path)
        self.answered = self.refused = 0
        self.fault = None
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set() and not self.fault:
            try:
                self.ask()
            except (AssertionError, OSError) as fault:
                self.fault = repr(fault)

    def ask(self):
        try:
            client = Client(self.path)
        except (ConnectionRefusedError, FileNotFoundError):
            self.refused += 1
            self.over.wait(0.001)
            return
        with client:
            assert client.ask().body == HELLO
        self.answered += 1

    def end(self):
        self.over.set()
        self.join(PATIENCE)


@contextlib.contextmanager
def asked(path, count=4):
    askers = [Asker(path) for _ in range(count)]
    try:
        yield askers
    finally:
        for asker in askers:
            asker.end()


@pytest.mark.parametrize("model", ["pool", "mtasync"])
def test_stop_loses_nobody_at_a_unix_socket(model, path, serve):
    server = serve(f"--model={model}", listen=[at(path)])
    with asked(path) as askers:
        eventually(lambda: min(a.answered for a in askers) > 20, "answers")
        server.finish()
        eventually(lambda: min(a.refused for a in askers) > 0, "the end")
    assert [asker.fault for asker in askers] == [None] * len(askers)
    assert not path.exists()


@needs_strace
@pytest.mark.parametrize("model", MODELS)
def test_stop_is_quiet_at_a_unix_socket(model, path, serve, tmp_path):
    """
    It is shut, and readable for good, while TCP waits for handshakes: for a
    second, where the kernel does not tell of them.
    """
    trace = tmp_path / "trace"
    silent = ["-e", "trace=accept4,recvfrom", "-e", "inject=recvfrom:error=ENOENT"]
    server = serve(
        f"--model={model}",
        listen=[at(path), "127.0.0.1:0"],
        wrapper=["strace", "-D", "-f", "-o", trace, *silent],
    )
    server.finish()
    traced = trace.read_text()
    assert "ENOENT" in traced
    # a few until the drain reaches the worker; one that stays spins for a second
    assert traced.count("accept4(") < 2000


@pytest.mark.parametrize("model", ["thread", "mtasync"])
def test_stop_accepts_who_is_queued_at_a_unix_socket(model, path, serve):
    """More than one wake-up takes, though the server is stopped first."""
    server = serve(f"--model={model}", listen=[at(path)])
    server.freeze()
    clients = [server.connect() for _ in range(100)]
    for client in clients:
        client.send(request())
    server.stop()
    server.thaw()
    for client in clients:
        assert client.read_response().body == HELLO
    server.join()


def test_take_over_of_a_unix_socket(path, serve):
    """Nobody is refused or lost, and the file is the last one's."""
    server = serve(listen=[at(path)])
    with asked(path) as askers:
        for _ in range(3):
            before = min(a.answered for a in askers)
            successor = serve("--take-over", listen=[at(path)])
            server.finish()
            eventually(
                lambda: min(a.answered for a in askers) > before + 20,
                "answers of the successor",
            )
            assert path.is_socket()
            server = successor
    assert [asker.fault for asker in askers] == [None] * len(askers)
    assert [asker.refused for asker in askers] == [0] * len(askers)
    server.finish()
    assert os.listdir(path.parent) == []


def directories(server):
    """Those that it has open, or is in."""
    process = pathlib.Path(f"/proc/{server.pid}")
    links = [process / "cwd", *(process / "fd").iterdir()]
    return {os.readlink(link) for link in links if link.is_dir()}


@needs_root
@pytest.mark.parametrize("owner, left", [(0, True), (UID, False)])
def test_file_after_privileges_are_given_up(owner, left, here, serve):
    """It is removed where USER may, else left and stale."""
    site, sockets = here / "site", here / "sockets"
    shutil.copytree(HTDOCS, site)
    sockets.mkdir()
    os.chown(sockets, owner, GID)
    path = sockets / "x"
    for _ in range(2):
        server = serve(f"--user={USER}", listen=[at(path)], root=site)
        assert server.connect().ask().body == HELLO
        server.finish()
        assert os.listdir(sockets) == [path.name] * left
        assert server.stderr == ""


@needs_chroot
@pytest.mark.parametrize("user", [[], [f"--user={USER}"]])
def test_file_outside_of_the_chroot(user, here, serve):
    """It is left, and no descriptor leads to where it is."""
    jail, sockets = here / "jail", here / "sockets"
    sockets.mkdir()
    shutil.copytree(HTDOCS, jail / "site")
    path = sockets / "x"
    for _ in range(2):
        server = serve(
            *user, f"--chroot={jail}", listen=[at(path)], root="site"
        )
        assert server.connect().ask().body == HELLO
        assert directories(server) == {str(jail), str(jail / "site")}
        server.finish()
        assert os.listdir(sockets) == [path.name]
        assert server.stderr == ""


# A socket does not listen; the log's writer is not confined; the worker after it
# is not started.
LAST_STEPS = [
    "listen:error=EADDRINUSE",
    pytest.param("landlock_restrict_self:error=E2BIG", marks=needs_sandbox),
    pytest.param(
        "clone3:error=EAGAIN:when=2",
        marks=pytest.mark.skipif(
            b"/ld-musl-" in pathlib.Path(PROGRAM).read_bytes(),
            reason="musl has another call",
        ),
    ),
]


@needs_strace
@pytest.mark.parametrize("fault", LAST_STEPS)
@pytest.mark.parametrize(
    "how",
    [
        [],
        pytest.param([f"--user={USER}"], marks=needs_root),
        pytest.param(["--chroot=."], marks=needs_chroot),
    ],
)
def test_start_that_fails_late_leaves_the_predecessor(
    how, fault, path, here, serve
):
    """Whose directory is root's."""
    shutil.copytree(HTDOCS, here / "site")
    server = serve(listen=[at(path)])
    result = run(
        *how,
        "--take-over",
        "--workers=1",
        *("-l", at("x"), "site"),
        wrapper=injecting(fault),
        cwd=here,
    )
    assert_refused(result, 1)
    assert server.connect().ask().body == HELLO
    assert sorted(os.listdir(here)) == ["site", path.name]


# Who reads slowly


def test_reader_of_a_unix_socket_that_stops_is_dropped(path, root, serve):
    """And one that goes on is not, though it takes longer."""
    size = 4 << 20
    (root / "file").write_bytes(bytes(size))
    server = serve(
        "-w", "1", "--write-timeout=1s", listen=[at(path)], root=root
    )
    still, slow = (server.connect() for _ in range(2))
    for reader in still, slow:
        reader.send(request("/file", "Connection: close"))
    begin, taken = time.monotonic(), 0
    while time.monotonic() - begin < 4:
        taken += len(slow.socket.recv(16 << 10))
        time.sleep(0.05)
    assert taken < size
    slow.read(size - taken)
    with pytest.raises(AssertionError):
        still.read(size)


def test_reader_of_a_unix_socket_in_a_rhythm_gets_it_whole(
    path, root, serve
):
    """Each look may find as much in the kernel as the one before."""
    size = 24 << 20
    (root / "large").write_bytes(bytes(size))
    server = serve("--write-timeout=1s", listen=[at(path)], root=root)
    client = server.connect()
    client.send(request("/large"))
    client.read_head()
    taken = 0
    while taken < size:
        taken += len(client.read(min(2 << 20, size - taken)))
        time.sleep(0.4)


def test_inherited_unix_socket(path, serve):
    """It stays when the server ends: whoever holds it goes on."""
    with socket.socket(socket.AF_UNIX) as shared:
        shared.bind(str(path))
        shared.listen(10)
        server = serve(
            "-w", "2", listen=[], wrapper=LAUNCHER, **handing_over(shared)
        )
        assert server.connect().ask().body == HELLO
        server.finish()
        with socket.socket(socket.AF_UNIX) as queued:
            queued.connect(str(path))
            shared.accept()[0].close()
    assert path.is_socket()


def test_start_line_shows_a_unix_socket(path, serve):
    server = serve(listen=[at(path), "127.0.0.1:0"])
    pattern = rf" on unix:{re.escape(str(path))}, http://127\.0\.0\.1:\d+/ with "
    assert re.search(pattern, server.start_line)
