"""
A whole run of each model, confined: what its threads need of the kernel, they
may do. C libraries differ in the system calls that they make of it.
"""

import os
import signal
import socket

import pytest
from server import CACHED, eventually, needs_strace
from test_models import MODELS
from test_privileges import needs_sandbox
from wire import parts_of

LARGE = os.urandom(CACHED + 1)  # sent from its file
# musl asks whether stdout is a terminal, at the first line; and some kernels
# refuse a filter on a TCP socket to all but root.
ELSEWHERE = "TIOCGWINSZ", "SO_ATTACH_FILTER"


@pytest.fixture
def manager(tmp_path):
    """Hears what a service manager is told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        yield heard


@pytest.fixture
def begin(serve, tmp_path, manager, monkeypatch):
    """Starts a server of a model; its ROOT is a link that can be moved."""
    for version in "old", "new":
        root = tmp_path / version
        root.mkdir()
        (root / "hello.html").write_text(version)
        (root / "large").write_bytes(LARGE)
        (root / "sub").mkdir()
        for number in range(100):
            (root / f"sub/{number}").touch()
    (tmp_path / "site").symlink_to("old")
    monkeypatch.setenv("NOTIFY_SOCKET", manager.getsockname())

    def start(model, **how):
        return serve(
            f"--model={model}",
            "--sandbox=require",
            "--listing",
            "--log=combined",
            f"--log-file={tmp_path / 'access.log'}",
            root=tmp_path / "site",
            **how,
        )

    return start


def ask(server, target, *fields):
    with server.connect() as client:
        return client.ask(target, *fields)


def ask_for_everything(server):
    """What clients make workers do; of the crew, each thread anew."""
    assert ask(server, "/").body == b"old"
    assert ask(server, "/large").body == LARGE
    parts = parts_of(ask(server, "/large", "Range: bytes=0-1,4-5"))
    assert [part[-1] for part in parts] == [LARGE[:2], LARGE[4:6]]
    assert ask(server, "/sleep/20ms").status == 200
    assert ask(server, "/nothing").status == 404
    assert b'<a href="./99">' in ask(server, "/sub/").body
    with server.connect() as client:
        client.send(b"nonsense\r\n\r\n")
        assert client.read_response().status == 400
        client.read_eof()
    with server.connect() as client:
        client.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        client.reset()


def open_anew(server, directory):
    """What the operator makes the main thread and the log's writer do."""
    log = directory / "access.log"
    eventually(lambda: "/nothing" in log.read_text(), "a line of the log")
    log.rename(directory / "old.log")
    server.signal(signal.SIGUSR1)
    eventually(log.exists, "a new log")
    (directory / "next").symlink_to("new")
    (directory / "next").rename(directory / "site")
    server.signal(signal.SIGHUP)
    eventually(lambda: "reloaded" in server.stderr + server.stdout, "ROOT")
    assert ask(server, "/").body == b"new"
    eventually(lambda: '"GET / ' in log.read_text(), "a line of the new log")


def live_through(server, directory, manager):
    ask_for_everything(server)
    open_anew(server, directory)
    server.signal(signal.SIGTERM)
    server.join()
    assert server.stderr == ""
    for state in "READY", "RELOADING", "READY", "STOPPING":
        assert manager.recv(100).startswith(f"{state}=1\n".encode())


@needs_sandbox
@pytest.mark.parametrize("model", MODELS)
def test_all_of_it_works(begin, tmp_path, manager, model):
    live_through(begin(model), tmp_path, manager)


@needs_sandbox
@needs_strace
@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_refused(begin, tmp_path, manager, model):
    """Not even what is done without, but for what others refuse."""
    trace = tmp_path / "trace"
    strace = ["strace", "-D", "-ff", "-o", str(trace)]
    server = begin(model, wrapper=strace)
    live_through(server, tmp_path, manager)
    main = tmp_path / f"trace.{server.pid}"
    eventually(lambda: "+++ exited with 0" in main.read_text(), "strace's end")
    for thread in tmp_path.glob("trace.*"):
        for line in thread.read_text().splitlines():
            assert "EPERM" not in line or any(w in line for w in ELSEWHERE)
