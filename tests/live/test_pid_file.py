"""--pid-file: who serves, from when it serves to its end."""

import os
import re
import resource
import signal
import stat

import pytest
from server import HTDOCS, SANITIZERS, assert_refused, eventually
from server import needs_strace, run
from test_drain import get_stuck, needs_stuck_calls
from test_privileges import GID, UID, USER, logs, needs_chroot, needs_root
from test_privileges import open_root  # noqa: F401

__all__ = ["logs", "open_root"]  # fixtures


def option(path):
    return f"--pid-file={path}"


def names(directory):
    return sorted(os.listdir(directory))


def told_by(path):
    return int(path.read_text())


def test_from_start_to_end(serve, tmp_path):
    """It is there when the start line is, for all to read, and gone at the end."""
    path = tmp_path / "pid"
    server = serve(option(path))
    assert path.read_text() == f"{server.pid}\n"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644 & ~umask
    assert names(tmp_path) == ["pid"]
    server.finish()
    assert names(tmp_path) == []


def test_relative_path(serve, tmp_path):
    server = serve(option("pid"), cwd=tmp_path)
    assert told_by(tmp_path / "pid") == server.pid
    server.finish()
    assert names(tmp_path) == []


def test_what_a_dead_server_left(serve, tmp_path):
    """It is replaced by another file, not written to."""
    path = tmp_path / "pid"
    path.write_text("1234567\n" * 3)
    os.link(path, tmp_path / "old")
    server = serve(option(path))
    assert path.read_text() == f"{server.pid}\n"
    assert (tmp_path / "old").read_text() == "1234567\n" * 3


def test_successor(serve, tmp_path):
    """It takes the name over; its predecessor's end leaves it that."""
    path = tmp_path / "pid"
    old = serve(option(path), "-w", "1")
    host, port = old.address
    new = serve(option(path), "-w", "1", "--take-over",
                listen=[f"{host}:{port}"])  # fmt: skip
    assert told_by(path) == new.pid
    old.finish()
    assert told_by(path) == new.pid
    new.finish()
    assert names(tmp_path) == []


@needs_strace
def test_it_comes_last(serve, tmp_path):
    """Whoever finds it finds the sockets, too."""
    trace, places = tmp_path / "trace", tmp_path / "places"
    places.mkdir()
    strace = ["strace", "-D", "-f", "-o", trace, "-e", "trace=/rename"]
    server = serve(option(places / "pid"), f"--admin=unix:{places / 'admin'}",
                   listen=[f"unix:{places / 'socket'}"],
                   wrapper=strace)  # fmt: skip
    assert names(places) == ["admin", "pid", "socket"]
    server.finish()
    end = rf"(?m)^{server.pid} +\+\+\+ exited with 0"
    eventually(lambda: re.search(end, trace.read_text()), "strace's end")
    moved = re.findall(
        r'rename.*"\w+\.\w{8}", \d+, "(\w+)"', trace.read_text()
    )
    assert moved == ["socket", "admin", "pid"]


def test_removed_by_hand(serve, tmp_path):
    path = tmp_path / "pid"
    server = serve(option(path))
    path.unlink()
    server.finish()


@needs_stuck_calls
def test_removed_where_a_worker_is_stuck(serve, root, tmp_path):
    """The process ends without waiting for it, and says so by this, too."""
    server = get_stuck(serve, root, option(tmp_path / "pid"))
    assert names(tmp_path) == ["pid", "root"]
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    server.join(3)
    assert names(tmp_path) == ["root"]


# Starts that fail, and checks


@pytest.mark.parametrize("more", ["-l", "root"])
def test_start_that_fails(serve, tmp_path, more):
    """The file tells of who serves, as before; nothing else is left."""
    path = tmp_path / "pid"
    server = serve(option(path))
    host, port = server.address
    arguments = ["-l", f"{host}:{port}"] if more == "-l" else ["-l", "0"]
    root = HTDOCS if more == "-l" else tmp_path / "no"
    result = run(option(path), *arguments, root)
    assert result.returncode == 1
    assert told_by(path) == server.pid
    assert names(tmp_path) == ["pid"]


def test_check_leaves_none(tmp_path):
    result = run("--check", "-l", "0", option(tmp_path / "pid"), HTDOCS)
    assert result.returncode == 0, result
    assert names(tmp_path) == []


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["start", "check"])
@pytest.mark.parametrize(
    "name", ["no/pid", "file/pid", "directory", "directory/", "fifo", "link",
             256 * "x"],
    ids=lambda name: name[:10],
)  # fmt: skip
def test_can_not_be_written(tmp_path, name, check):
    """One line says so; what is there stays."""
    (tmp_path / "file").write_text("text")
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("file")
    before = names(tmp_path)
    result = run(*check, "-l", "0", option(f"{tmp_path}/{name}"), HTDOCS)
    assert_refused(result, 1, "--pid-file=", str(tmp_path))
    assert names(tmp_path) == before
    assert (tmp_path / "file").read_text() == "text"


# Rights that are given up


@pytest.fixture
def run_dir(tmp_path):
    """One in which only root may make files."""
    directory = tmp_path / "run"
    directory.mkdir(mode=0o755)
    return directory


@needs_root
def test_by_root_for_a_user(serve, open_root, run_dir):
    """Root writes it where the user may not; nobody may remove it then."""
    path = run_dir / "pid"
    server = serve(option(path), f"--user={USER}", root=open_root)
    assert told_by(path) == server.pid
    assert path.stat().st_uid == 0
    server.finish()
    assert names(run_dir) == ["pid"]


@needs_root
def test_in_a_directory_of_the_user(serve, open_root, logs):  # noqa: F811
    """There, the server may remove it."""
    assert (logs.stat().st_uid, logs.stat().st_gid) == (UID, GID)
    server = serve(option(logs / "pid"), f"--user={USER}", root=open_root)
    assert told_by(logs / "pid") == server.pid
    server.finish()
    assert names(logs) == []


@needs_root
def test_start_that_fails_for_a_user(open_root, run_dir):
    """What keeps root's rights removes it: ROOT is refused once these are gone."""
    path = run_dir / "pid"
    os.chmod(open_root, 0o700)
    result = run("-l", "0", option(path), f"--user={USER}", open_root)
    assert_refused(result, 1, open_root)
    assert names(run_dir) == []


@needs_root
@pytest.mark.skipif(
    "address" in SANITIZERS, reason="LeakSanitizer needs a thread of its own"
)
def test_start_that_fails_late(open_root, run_dir):
    """Workers can't be started: who keeps root's rights removes it."""
    path = run_dir / "pid"
    path.write_text("1\n")
    result = run(
        *("-l", "0", option(path), f"--user={USER}", open_root),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (0, 0)),
    )
    assert_refused(result, 1, "can't be started")
    assert names(run_dir) == ["pid"]
    assert path.read_text() == "1\n"


@needs_chroot
def test_outside_of_a_chroot(serve, open_root, run_dir):
    """It is left there: the server has no way to it any more."""
    path = run_dir / "pid"
    server = serve(option(path), f"--chroot={open_root}", root="/")
    assert told_by(path) == server.pid
    links = [os.readlink(f"/proc/{server.pid}/fd/{fd}")
             for fd in os.listdir(f"/proc/{server.pid}/fd")]  # fmt: skip
    assert str(run_dir) not in links
    server.finish()
    assert names(run_dir) == ["pid"]


@needs_chroot
def test_start_that_fails_in_a_chroot(open_root, run_dir):
    path = run_dir / "pid"
    result = run("-l", "0", option(path), f"--chroot={open_root}", "no")
    assert result.returncode == 1
    assert names(run_dir) == []
