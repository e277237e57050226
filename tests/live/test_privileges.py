"""What the server gives up: root, the file system, system calls."""

import ctypes
import os
import pathlib
import resource
import shutil
import signal
import tempfile

import pytest
from server import HTDOCS, LIBC, PROGRAM, SANITIZERS, assert_refused
from server import eventually, run, without_capabilities

# A user that every system has, and no test makes files as.
USER, UID, GID = "daemon", 1, 1
CAP_SETUID, CAP_SYS_CHROOT = 7, 18
PR_SET_NO_NEW_PRIVS = 38
SYS_LANDLOCK_CREATE_RULESET, SYS_LANDLOCK_RESTRICT_SELF = 444, 446
CONFINED = "confined by seccomp and Landlock"


def why_not_confined():
    """What --sandbox=require misses here; empty where it has all."""
    return run("--check", "-l", "0", "--sandbox=require", HTDOCS).stderr


needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user"
)
needs_chroot = pytest.mark.skipif(
    os.geteuid() != 0 or "address" in SANITIZERS,
    reason="chroot(2) is for root, and LeakSanitizer needs /proc",
)
needs_sandbox = pytest.mark.skipif(
    bool(why_not_confined()), reason=why_not_confined() or "all is there"
)


@pytest.fixture
def open_root(root):
    """A document root to which everybody finds the way: not by pytest's own
    directory, which each pytest that starts closes to others."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        path = pathlib.Path(directory) / "root"
        shutil.copytree(root, path)
        yield path


@pytest.fixture
def logs(open_root):
    """A directory in which the user may make files."""
    directory = open_root / "logs"
    directory.mkdir()
    os.chown(directory, UID, GID)
    return directory


def statuses(server):
    """The fields of proc_pid_status(5), of each thread."""
    for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        yield dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def assert_serves(server):
    assert server.connect().ask("/").body == b"<p>hello</p>\n"


def assert_user(server, groups):
    found = list(statuses(server))
    assert len(found) > 1
    for status in found:
        assert status["Uid"].split() == 4 * [str(UID)]
        assert status["Gid"].split() == 4 * [str(GID)]
        assert status["Groups"].split() == groups
        for kind in "CapInh", "CapPrm", "CapEff", "CapAmb":
            assert int(status[kind], 16) == 0, kind


# The sandbox


@needs_sandbox
def test_every_thread_is_confined(serve):
    """The main thread, the workers and the writers of both logs."""
    server = serve("-w", "3", "--log=combined")
    found = list(statuses(server))
    assert len(found) == 1 + 3 + 2
    assert CONFINED in server.start_line
    for status in found:
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        assert status["Seccomp_filters"] == "1"


@needs_sandbox
def test_sandbox_required(serve, root):
    server = serve("--sandbox=require", root=root)
    assert CONFINED in server.start_line
    assert_serves(server)


@pytest.mark.skipif(not SANITIZERS, reason="a build without sanitizers")
def test_sandbox_required_of_sanitizers():
    result = run("-l", "0", "--sandbox=require", HTDOCS)
    assert_refused(result, 1, "--sandbox=require", "sanitizers")


@pytest.mark.skipif(not why_not_confined(), reason="all is there")
def test_start_line_says_what_is_missing(serve):
    why = why_not_confined().removeprefix("mtasync: --sandbox=require")
    assert serve().start_line.endswith(why)


def test_sandbox_off(serve, root):
    """Nothing that the server would execute gains privileges even so."""
    server = serve("--sandbox=off", root=root)
    assert server.start_line.endswith(", not confined\n")
    assert_serves(server)
    for status in statuses(server):
        assert status["Seccomp"] == "0"
        assert status["NoNewPrivs"] == "1"


def exhaust_landlock():
    """A preexec_fn: the kernel takes no more of it than 16 layers."""
    rights = (ctypes.c_uint64 * 1)(1 << 7)  # make directories
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    ruleset = LIBC.syscall(SYS_LANDLOCK_CREATE_RULESET, rights, 8, 0)
    assert ruleset >= 0
    while LIBC.syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0:
        pass
    os.close(ruleset)


@needs_sandbox
@pytest.mark.parametrize("log", ["off", "combined"])
def test_no_thread_serves_unconfined(log):
    result = run(
        "-l", "0", f"--log={log}", HTDOCS, preexec_fn=exhaust_landlock
    )
    assert_refused(result, 1, "can't be confined by Landlock")


# The user


@needs_root
@pytest.mark.parametrize("user", ["daemon", "daemon:daemon", "1", "1:1"])
def test_user(serve, open_root, user):
    """All that the process was before is gone, of all threads."""
    server = serve(
        f"--user={user}",
        root=open_root,
        preexec_fn=lambda: os.setgroups([0, 4, 20]),
    )
    assert ", as daemon:daemon, " in server.start_line
    assert_user(server, ["1"])
    assert_serves(server)


@needs_root
def test_user_that_has_only_a_number(serve, open_root):
    server = serve("--user=3000000000:3000000001", root=open_root)
    assert ", as 3000000000:3000000001, " in server.start_line
    for status in statuses(server):
        assert status["Uid"].split() == 4 * ["3000000000"]
        assert status["Groups"].split() == ["3000000001"]
    assert_serves(server)


@needs_root
def test_user_gets_a_port_of_root(serve, open_root):
    server = serve(
        f"--user={USER}", root=open_root, listen=["127.0.0.77:81"]
    )
    assert_user(server, ["1"])
    assert_serves(server)


@needs_root
def test_user_reads_only_what_is_theirs(serve, open_root):
    secret = open_root / "secret.html"
    secret.write_bytes(b"")
    secret.chmod(0o600)
    server = serve(f"--user={USER}", root=open_root)
    assert server.connect().ask("/secret.html").status != 200


@needs_root
def test_log_is_opened_anew_by_the_user(serve, open_root, logs):
    path = logs / "access.log"
    server = serve(
        f"--user={USER}",
        "--log=combined",
        f"--log-file={path}",
        root=open_root,
    )
    client = server.connect()
    for part in "first", "second":
        # the new file is there a moment before the writer takes it
        eventually(
            lambda: client.ask(f"/{part}") and part in path.read_text(),
            f"the {part} line",
        )
        assert path.stat().st_uid == UID
        path.rename(logs / part)
        server.signal(signal.SIGUSR1)
        eventually(path.exists, "a new log")
    assert server.stderr == ""


@needs_root
@pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1"])
def test_log_to_standard_output_stays_at_a_reload(serve, open_root, name):
    """Whose pipe the user may not open; and ROOT is what it has become."""
    server = serve(
        f"--user={USER}", "--log=combined", f"--log-file={name}", root=open_root
    )
    client = server.connect()
    old = open_root.rename(open_root.with_name("old"))
    shutil.copytree(old, open_root)
    (open_root / "new").write_bytes(b"new")
    server.signal(signal.SIGHUP)
    eventually(lambda: client.ask("/new").status == 200, "the reload")
    server.await_output(r'"GET /new HTTP/1.1" 200 ')
    assert "Permission denied" not in server.stderr


@needs_root
def test_log_made_by_root_is_the_users(serve, open_root):
    """In a directory where the user may make nothing."""
    path = open_root / "access.log"
    old = open_root / "old"
    server = serve(
        f"--user={USER}",
        "--log=combined",
        f"--log-file={path}",
        root=open_root,
    )
    path.rename(old)
    path.touch()
    os.chown(path, UID, GID)
    server.signal(signal.SIGUSR1)
    client = server.connect()

    def in_new_log():
        client.ask("/")
        return path.read_text()

    eventually(in_new_log, "a line in the new log")
    assert (old.stat().st_uid, old.stat().st_gid) == (UID, GID)
    assert server.stderr == ""


@needs_root
def test_log_that_exists_keeps_its_owner(serve, open_root):
    path = open_root / "access.log"
    path.touch()
    server = serve(
        f"--user={USER}",
        "--log=combined",
        f"--log-file={path}",
        root=open_root,
    )
    server.connect().ask("/")
    eventually(path.read_text, "a line")
    assert path.stat().st_uid == 0
    server.signal(signal.SIGUSR1)
    eventually(lambda: "the old file stays" in server.stderr, "a word")


LINKS = ["link", "link/new", "old"]


@needs_root
@pytest.mark.parametrize("name", LINKS, ids=["last", "middle", "hard"])
@pytest.mark.parametrize("check", [[], ["--check"]], ids=["start", "check"])
def test_root_follows_no_link_of_the_user(open_root, logs, name, check):
    """To where only root may write: nothing is made there, nor written to."""
    (open_root / "old").write_text("before\n")
    (open_root / "old").chmod(0o600)
    (logs / "link").symlink_to(open_root if "/" in name else open_root / "old")
    if name == "old":
        os.link(open_root / "old", logs / "old")
    path = logs / name
    options = f"--user={USER}", "--log=combined", f"--log-file={path}"
    result = run(*check, "-l", "0", *options, open_root)
    assert_refused(result, 1, path, USER)
    assert not (open_root / "new").exists()
    assert (open_root / "old").read_text() == "before\n"


@needs_root
def test_root_makes_nothing_behind_a_link_of_the_user(open_root, logs):
    (logs / "access.log").symlink_to(open_root / "new")
    options = "--log=combined", f"--log-file={logs}/access.log"
    result = run("-l", "0", f"--user={USER}", *options, open_root)
    assert_refused(result, 1, logs, USER)
    assert not (open_root / "new").exists()


@needs_root
def test_user_may_lay_links_to_what_is_theirs(serve, open_root, logs):
    (logs / "access.log").symlink_to("elsewhere")
    options = "--log=combined", f"--log-file={logs}/access.log"
    server = serve(f"--user={USER}", *options, root=open_root)
    server.connect().ask("/")
    eventually((logs / "elsewhere").read_text, "a line")
    assert (logs / "elsewhere").stat().st_uid == UID


@needs_root
@pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1"])
def test_standard_output_of_root_is_a_log(serve, open_root, name):
    """As containers have it."""
    options = "--log=combined", f"--log-file={name}"
    server = serve(f"--user={USER}", *options, root=open_root)
    server.connect().ask("/nothing")
    eventually(lambda: "GET /nothing" in server.stdout, "a line")


@needs_root
@pytest.mark.parametrize("check", [[], ["--check"]], ids=["start", "check"])
def test_root_that_the_user_may_not_enter(open_root, check):
    open_root.chmod(0o700)
    result = run(*check, "-l", "0", f"--user={USER}", open_root)
    assert_refused(result, 1, open_root, USER)


@needs_root
def test_root_that_the_user_would_not_find(serve, open_root):
    """It is open before root is given up."""
    open_root.parent.chmod(0o700)
    assert_serves(serve(f"--user={USER}", root=open_root))


@needs_root
@pytest.mark.skipif(bool(SANITIZERS), reason="sanitizers have threads, too")
def test_user_that_may_have_no_thread(open_root):
    """The limit counts all processes of a user; nobody else is this one."""

    def limit():
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))

    user = "--user=3000000002:3000000002"
    result = run("-l", "0", user, open_root, preexec_fn=limit)
    assert_refused(result, 1, "can't be started")


# The file system


@needs_chroot
def test_chroot(serve, open_root):
    """ROOT and the log lie inside; a relative path is one from there."""
    site = open_root / "site"
    site.mkdir()
    (site / "hello.html").write_bytes(b"inside")
    server = serve(
        f"--chroot={open_root}",
        "--log=combined",
        "--log-file=access.log",
        root="site",
    )
    assert f", in {open_root}, " in server.start_line
    assert os.readlink(f"/proc/{server.pid}/root") == str(open_root)
    assert os.readlink(f"/proc/{server.pid}/cwd") == str(open_root)
    assert server.connect().ask("/").body == b"inside"
    log = open_root / "access.log"
    eventually(log.read_text, "a line of the log")
    log.rename(open_root / "old.log")
    server.signal(signal.SIGUSR1)
    eventually(log.exists, "a new log")


@needs_chroot
def test_chroot_has_a_default_root_of_its_own(serve, open_root):
    open_root.rename(open_root.parent / "htdocs")
    server = serve(f"--chroot={open_root.parent}", root=None)
    assert_serves(server)


@needs_chroot
def test_root_outside_of_the_chroot(open_root):
    result = run("-l", "0", f"--chroot={open_root}", open_root)
    assert_refused(result, 1, open_root)


@needs_chroot
def test_reload_inside(serve, open_root):
    """A new ROOT and a new log, by a user who is not root any more."""
    for version in "old", "new":
        (open_root / version).mkdir()
        (open_root / version / "hello.html").write_text(version)
    (open_root / "site").symlink_to("old")
    server = serve(
        f"--user={USER}", f"--chroot={open_root}", "-w", "2", root="site"
    )
    client = server.connect()
    assert client.ask("/").body == b"old"
    (open_root / "next").symlink_to("new")
    (open_root / "next").rename(open_root / "site")
    server.signal(signal.SIGHUP)
    eventually(lambda: "reloaded" in server.stdout, "the reload")
    assert client.ask("/").body == b"new"


@needs_chroot
def test_root_made_anew_inside(serve, open_root):
    """And absolute links, which begin at the chroot."""

    def make(version):
        site = open_root / "site"
        site.mkdir()
        (site / "page").write_bytes(version)
        (site / "hello.html").symlink_to("/site/page")
        (site / "out").symlink_to(site / "page")

    make(b"old")
    server = serve(
        f"--user={USER}", f"--chroot={open_root}", "-w", "2", root="/site"
    )
    client = server.connect()
    assert client.ask("/").body == b"old"
    assert client.ask("/out").status == 404
    shutil.rmtree(open_root / "site")
    assert client.ask("/").status == 404
    make(b"new")
    eventually(lambda: client.ask("/").body == b"new", "the new ROOT")


@needs_root
def test_chroot_would_hide_the_service_manager(open_root):
    environment = {**os.environ, "NOTIFY_SOCKET": "/run/notify"}
    result = run(
        "-l", "0", f"--chroot={open_root}", "/", env=environment
    )
    assert_refused(result, 1, open_root, "NOTIFY_SOCKET")


# All at once, and none of it


EVERYTHING = f"--user={USER}", "--log=combined", "--log-file=/logs/access.log"


@needs_chroot
@needs_sandbox
def test_all_together(serve, open_root, logs):
    server = serve(
        "--sandbox=require",
        f"--chroot={open_root}",
        *EVERYTHING,
        root="/",
    )
    words = f", as daemon:daemon, in {open_root}, {CONFINED}\n"
    assert server.start_line.endswith(words)
    assert_user(server, ["1"])
    assert_serves(server)
    log = logs / "access.log"
    log.rename(logs / "old")
    server.signal(signal.SIGUSR1)
    eventually(log.exists, "a new log")
    assert server.stderr == ""


@needs_chroot
def test_check_tries_it_all(open_root, logs):
    result = run("--check", "-l", "0", f"--chroot={open_root}", *EVERYTHING, "/")
    assert result.returncode == 0, result
    assert list(logs.iterdir()) == []


REFUSED = [
    ("--user=no-such-user", "unknown user"),
    ("--user=daemon:no-such-group", "unknown group"),
    ("--user=root", "would stay root"),
    ("--chroot=/no/such/directory", "No such file or directory"),
    (f"--chroot={PROGRAM}", "Not a directory"),
]


@needs_root
@pytest.mark.parametrize("option, why", REFUSED, ids=[r[1] for r in REFUSED])
@pytest.mark.parametrize("check", [[], ["--check"]], ids=["start", "check"])
def test_refused(option, why, check):
    result = run(*check, "-l", "0", option, HTDOCS)
    assert_refused(result, 1, option, why)


@pytest.mark.parametrize("option", [f"--user={USER}", "--chroot=/"])
def test_not_root(option):
    drop = without_capabilities(CAP_SETUID, CAP_SYS_CHROOT)
    result = run("-l", "0", option, HTDOCS, preexec_fn=drop)
    assert_refused(result, 1, option, "start as root")
