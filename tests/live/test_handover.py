"""Service managers, successors and reloads: what is said and refused."""

import os
import signal
import socket

import pytest
from server import HTDOCS, assert_refused, eventually, needs_strace, run
from wire import Client, request

HELLO = (HTDOCS / "hello.html").read_bytes()
# Becomes the program, whose process number is known only then.
LAUNCHER = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh"]


def handing_over(listener, count=1):
    """How a process is started that is handed a socket as descriptor 3."""
    return {
        "env": {**os.environ, "LISTEN_FDS": str(count)},
        "preexec_fn": lambda: os.dup2(listener.fileno(), 3),
        "close_fds": False,
    }


@pytest.fixture
def shared():
    """A socket that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def manager(tmp_path):
    """Where a service manager hears of the state."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        path = str(tmp_path / "notify")
        heard.bind(path)
        heard.settimeout(0)
        yield path, heard


def says(heard, state):
    """Whether the next message tells of this state."""
    try:
        message = heard.recv(4096).decode().splitlines()
    except BlockingIOError:
        return False
    assert f"{state}=1" in message, message
    return True


def test_service_manager_is_told(serve, manager):
    path, heard = manager
    server = serve(env={**os.environ, "NOTIFY_SOCKET": path})
    eventually(lambda: says(heard, "READY"), "ready")
    server.signal(signal.SIGHUP)
    eventually(lambda: says(heard, "RELOADING"), "reloading")
    eventually(lambda: says(heard, "READY"), "ready again")
    server.signal(signal.SIGTERM)
    eventually(lambda: says(heard, "STOPPING"), "stopping")
    server.join()


def test_socket_that_is_handed_over_is_served(serve, shared):
    """It takes the place of the default address, and not of a given one."""
    server = serve(
        "-w", "2", wrapper=LAUNCHER, **handing_over(shared)
    )
    assert server.addresses[0] == shared.getsockname()
    assert len(server.addresses) == 2  # and -l, by serve()
    for which in 0, 1:
        assert server.connect(which).ask("/").body == HELLO


def test_socket_that_is_handed_over_stays(serve, shared):
    """Who is queued when the server stops is served by the next one."""
    server = serve(wrapper=LAUNCHER, **handing_over(shared))
    server.signal(signal.SIGTERM)
    server.join()
    with Client(shared.getsockname()) as client:
        client.send(request("/"))
        serve(wrapper=LAUNCHER, **handing_over(shared))
        assert client.read_response().body == HELLO


@pytest.mark.parametrize(
    "count, what",
    [("x", "LISTEN_FDS"), ("0", "LISTEN_FDS"), ("2", "descriptor 4")],
)
def test_nonsense_that_is_handed_over_is_refused(shared, count, what):
    how = handing_over(shared, count)
    assert_refused(run("--check", wrapper=LAUNCHER, **how), 1, what)


def test_file_that_is_handed_over_is_refused():
    with open(os.devnull) as file:
        how = handing_over(file)
        refused = run("--check", wrapper=LAUNCHER, **how)
    assert_refused(refused, 1, "descriptor 3", "LISTEN_FDS")


def test_reload_says_so_and_keeps_all(serve, root):
    """Of a ROOT that is a link, switched to another directory."""
    link = root.parent / "link"
    link.symlink_to(root)
    server = serve("-w", "2", root=link)
    clients = [server.connect() for _ in range(8)]
    for client in clients:
        assert client.ask("/").body == b"<p>hello</p>\n"
    other = root.parent / "other"
    other.mkdir()
    (other / "hello.html").write_text("other")
    spare = root.parent / "spare"
    spare.symlink_to(other)
    spare.rename(link)
    server.signal(signal.SIGHUP)
    eventually(lambda: "reloaded" in server.stdout, "the reload")
    for client in clients:
        assert client.ask("/").body == b"other"


def test_many_reloads_leave_no_descriptor(serve):
    server = serve("-w", "2")
    assert server.connect().ask("/").body == HELLO
    before = server.descriptors("/")
    for number in range(1, 51):
        server.signal(signal.SIGHUP)
        eventually(
            lambda: server.stdout.count("reloaded") == number, "a reload"
        )
    assert server.descriptors("/") == before


def test_reload_while_it_stops_is_nothing(serve):
    server = serve("-w", "1")
    client = server.connect()
    client.send(request("/sleep/1s"))
    client.is_silent(0.05)
    server.signal(signal.SIGTERM)
    eventually(server.refuses, "the listeners to close")
    server.signal(signal.SIGHUP)
    assert client.read_response().status == 200
    client.read_eof()
    server.join()
    assert "reloaded" not in server.stdout


def test_successor_that_stops_first_gives_all_back(serve):
    server = serve("-w", "2")
    host, port = server.addresses[0]
    successor = serve("-w", "1", "--take-over", listen=[f"{host}:{port}"])
    for _ in range(20):
        with Client((host, port)) as client:
            assert client.ask("/").status == 200
    assert count_served(successor) == 20
    for _ in range(20):
        with server.connect() as client:
            assert client.ask("/").status == 200
    server.signal(signal.SIGTERM)
    server.join()
    assert "served 20 requests" in server.stdout


def count_served(server):
    """Stops it, and returns what its last line says."""
    server.signal(signal.SIGTERM)
    server.join()
    last = server.stdout.splitlines()[-1]
    return int(last.split("served ")[1].split()[0])


def test_take_over_of_somebody_else_is_refused(shared):
    port = shared.getsockname()[1]
    result = run("--take-over", "--check", "-l", port, HTDOCS)
    assert_refused(result, 1, port, "taken over")


def test_taken_port_is_refused_and_told(serve):
    port = serve().addresses[0][1]
    result = run("--check", "-l", port, HTDOCS)
    assert_refused(result, 1, port, "--take-over")


@needs_strace
@pytest.mark.parametrize(
    "fault", ["socket:error=EPERM", "recvfrom:error=ENOENT"]
)
def test_take_over_where_the_kernel_does_not_tell(fault, tmp_path):
    """netlink(7) may be forbidden, or inet_diag not be there."""
    trace = ["strace", "-D", "-f", "-o", tmp_path / "trace", "-e"]
    result = run(
        "--take-over",
        "--check",
        "-l",
        "127.0.0.1:1",
        HTDOCS,
        wrapper=[*trace, f"inject={fault}:when=1"],
    )
    assert_refused(result, 1, "127.0.0.1:1", "inet_diag", "without --take-over")
    assert "another address" not in result.stderr
