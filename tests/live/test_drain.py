"""Stopping: what was begun is finished, and what was sent is answered."""

import contextlib
import os
import pathlib
import re
import signal
import threading
import time

import pytest
from server import CACHED, HTDOCS, PROGRAM, SANITIZERS
from server import clear_only, eventually, needs_strace, scaled
from test_privileges import USER, needs_root, open_root  # noqa: F401
from test_start import needs_ipv6
from wire import Client, request

HELLO = (HTDOCS / "hello.html").read_bytes()
MIB = 1 << 20
TERM, INT = signal.SIGTERM, signal.SIGINT
MODELS = ["serial", "thread", "pool", "fork_join", "async", "mtasync"]

either_signal = pytest.mark.parametrize("number", [TERM, INT])


def drain(server, number=TERM):
    """Sends the signal, and waits until nobody is let in any more."""
    server.signal(number)
    eventually(server.refuses, "the listeners to close")


@either_signal
def test_idle_server_stops(serve, number):
    server = serve()
    server.signal(number)
    server.join()


@either_signal
def test_sleeper_is_answered(serve, number):
    """New ones are refused meanwhile, and the answer says close."""
    server = serve("-w", "2")
    client = server.connect()
    client.send(request("/sleep/1s"))
    drain(server, number)
    response = client.read_response()
    assert response.status == 200 and response.body == HELLO
    assert response.field("Connection") == "close"
    client.read_eof()
    server.join()


def test_what_is_pipelined_behind_a_sleep_is_not_served(serve):
    """Nothing follows an answer that says close (RFC 9112 9.6)."""
    server = serve("-w", "1")
    client = server.connect()
    client.send(request("/sleep/1s") + request("/"))
    drain(server)
    assert client.read_response().field("Connection") == "close"
    client.read_eof()
    server.join()


@either_signal
def test_idle_connections_are_closed_by_fin(serve, number):
    server = serve("-w", "2")
    clients = [server.connect() for _ in range(8)]
    for client in clients[1:]:
        client.ask("/")
    server.signal(number)
    for client in clients:
        client.read_eof()
    server.join()


def test_request_on_its_way_is_answered_and_told(serve):
    """
    Within the grace, on a connection that was idle. If this test is held up
    for longer than that, it is too late: then it tries again.
    """
    for _ in range(10):
        server = serve("-w", "1")
        client = server.connect()
        client.ask("/")
        drain(server)
        if client.is_silent():
            break
        server.join()
    client.send(request("/"))
    response = client.read_response()
    assert response.status == 200
    assert response.field("Connection") == "close"
    client.read_eof()
    server.join()


def test_request_sent_with_the_signal_is_answered(serve):
    """The signal does not overtake what was sent before it."""
    server = serve("-w", "2")
    clients = [server.connect() for _ in range(8)]
    for client in clients:
        client.ask("/")
    server.freeze()
    for client in clients:
        client.send(request("/nothing"))
    server.signal(TERM)
    server.thaw()
    for client in clients:
        assert client.read_response().status == 404
        client.read_eof()
    server.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_queued_connections_are_answered(serve, workers):
    """Those which the kernel took in, and nobody has accepted yet."""
    server = serve("-w", workers)
    server.freeze()
    clients = [server.connect() for _ in range(scaled(400))]
    for client in clients:
        client.send(request("/"))
    server.signal(TERM)
    server.thaw()
    for client in clients:
        assert client.read_response().body == HELLO
        client.read_eof()
    server.join()


def test_full_server_stops_to_listen(serve):
    """Who is queued would have to wait for room; but nobody is."""
    server = serve("-w", "2", "--max-conns=2")
    clients = [server.connect() for _ in range(2)]
    for client in clients:
        assert client.ask("/").status == 200
        client.send(request("/sleep/30s"))
    before = server.descriptors("socket:")
    server.signal(TERM)
    eventually(
        lambda: server.descriptors("socket:") == before - 2, "both to close"
    )
    for client in clients:
        assert client.is_silent()
    server.signal(TERM)
    server.join(3)


def test_transfer_is_finished(serve, root):
    with open(root / "file", "wb") as file:
        file.truncate(32 * MIB)
    server = serve("-w", "1", root=root)
    client = server.connect(receive_buffer=4096)
    client.send(request("/file"))
    client.read_head()
    drain(server)
    assert client.read(32 * MIB).count(0) == 32 * MIB
    client.read_eof()
    server.join()


def test_body_on_its_way_is_taken(serve):
    server = serve("-w", "1")
    client = server.connect()
    client.send(request("/", "Content-Length: 2000", body=1000 * b"x"))
    drain(server)
    client.send(1000 * b"x")
    response = client.read_response()
    assert response.status == 200
    assert response.field("Connection") == "close"
    client.read_eof()
    server.join()


def test_drain_deadline(serve):
    """Each remaining sleeper gets 503; status 3 and the summary tell it."""
    server = serve("-w", "2", "--drain-timeout=300ms")
    clients = [server.connect() for _ in range(5)]
    for client in clients:
        client.send(request("/sleep/60s"))
    begin = time.monotonic()
    server.signal(TERM)
    for client in clients:
        response = client.read_response()
        assert time.monotonic() - begin >= 0.3
        assert response.status == 503
        assert response.field("Connection") == "close"
        client.read_eof()
    server.join(3)
    summary = server.stdout.splitlines()[-1]
    assert re.search(r"\b5\b", summary) and "cut" in summary


def test_answer_that_nobody_takes_is_cut(serve, root, tmp_path):
    """
    Made whole, but not sent whole: the exit status does not hide it. Each
    request, which has a line in the log, is counted once.
    """
    (root / "file").write_bytes(16000 * b"x")
    log = tmp_path / "log"
    logging = ["--log=combined", f"--log-file={log}"]
    server = serve("-w", "1", "--drain-timeout=300ms", *logging, root=root)
    client, neighbour = server.connect(receive_buffer=4096), server.connect()
    for _ in range(2000):
        client.send(request("/file"))
        neighbour.ask("/")  # in a turn of its own, after the client's
    neighbour.close()
    server.signal(TERM)
    server.join(3)
    sums = re.search(r"served (\d+) requests, cut (\d+),", server.stdout)
    served, cut = map(int, sums.groups())
    assert cut == 1
    assert served + cut == len(log.read_bytes().splitlines())
    with pytest.raises(ConnectionResetError):
        client.read_all()


def test_nothing_waits_for_the_deadline_in_vain(serve):
    """A sleeper that leaves during the drain was the last to wait for."""
    server = serve()
    client = server.connect()
    client.send(request("/sleep/60s"))
    drain(server)
    client.close()
    begin = time.monotonic()
    server.join()
    assert time.monotonic() - begin < 20


@either_signal
def test_second_signal_ends_at_once(serve, number):
    server = serve()
    client = server.connect()
    client.send(request("/sleep/60s"))
    drain(server)
    begin = time.monotonic()
    server.signal(number)
    server.join(3)
    assert time.monotonic() - begin < 20


def test_two_signals_at_once_end_a_full_server(serve):
    """Which has ceased to accept, and does not begin anew; without a word."""
    for _ in range(5):
        server = serve("-w", "1", "--max-conns=2")
        for _ in range(2):
            assert server.connect().ask("/").status == 200
        waiting = server.connect()
        waiting.send(request("/"))
        assert waiting.is_silent(0.05)
        server.freeze()
        server.signal(TERM)
        server.signal(INT)
        server.thaw()
        server.join()
        assert server.stderr == ""


STUCK = pathlib.Path(PROGRAM).parent / "tests/live/stuck_calls.so"
needs_stuck_calls = pytest.mark.skipif(
    bool(SANITIZERS), reason="a sanitizer has to come first"
)


stuck_in_sendfile = clear_only("it is stuck in sendfile(2), not used for TLS")


def get_stuck(serve, root, *options):
    """
    A server with a thread that never comes back from a disk. The client has
    had the head, behind which it went there.
    """
    with open(root / "file", "wb") as file:
        file.truncate(CACHED + 1)
    environment = {**os.environ, "LD_PRELOAD": str(STUCK)}
    server = serve(*options, root=root, env=environment)
    client = server.connect()
    client.send(request("/file"))
    client.read_head()
    return server


@stuck_in_sendfile
@needs_stuck_calls
@pytest.mark.parametrize("model", MODELS)
def test_second_signal_ends_what_is_stuck(serve, root, tmp_path, model):
    log = ["--log=combined", f"--log-file={tmp_path / 'access.log'}"]
    server = get_stuck(serve, root, f"--model={model}", *log)
    server.signal(TERM)
    server.signal(INT)
    server.join(3)
    assert "served 0 requests, cut 1," in server.stdout
    assert server.stderr == ""


def lets_in(server, number):
    """Whether its main thread sleeps, and does not hold a signal."""
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    held = int(re.search(r"^SigBlk:\s*(\w+)", status, re.M)[1], 16)
    return "(sleeping)" in status and not held >> (number - 1) & 1


@needs_stuck_calls
@pytest.mark.parametrize("number", [TERM, INT])
def test_stop_while_a_reload_is_stuck(serve, root, number):
    """A sleeper is answered: the stop is like any other."""
    stuck = STUCK.with_name("stuck_opens.so")
    server = serve(root=root, env={**os.environ, "LD_PRELOAD": str(stuck)})
    with server.connect() as client:
        client.send(request("/sleep/300ms"))
        server.reload()
        server.eventually(lambda: lets_in(server, TERM), "a stuck reload")
        server.signal(number)
        assert client.read_response().status == 200
        server.join()
    assert "Interrupted" in server.stderr


@stuck_in_sendfile
@needs_stuck_calls
def test_drain_deadline_ends_what_is_stuck(serve, root):
    server = get_stuck(serve, root, "--drain-timeout=100ms")
    server.signal(TERM)
    server.join(3)
    assert "served 0 requests, cut 1," in server.stdout
    assert server.stderr == ""


@stuck_in_sendfile
@needs_stuck_calls
def test_others_of_what_is_stuck_are_counted(serve, root):
    """Requests that were answered, and those that the end cuts."""
    server = get_stuck(serve, root, "--model=thread")
    assert server.connect().ask("/").status == 200
    sleepers = [server.connect() for _ in range(3)]
    for client in sleepers:
        client.send(request("/sleep/60s?at=body"))
        client.read_head()
    server.signal(TERM)
    server.signal(INT)
    server.join(3)
    assert "served 1 requests, cut 4," in server.stdout


def test_sigpipe_is_harmless(serve, root):
    """The signal itself, and writing to those who have left."""
    with open(root / "file", "wb") as file:
        file.truncate(32 * MIB)
    server = serve(root=root)
    server.signal(signal.SIGPIPE)
    for _ in range(5):
        client = server.connect(receive_buffer=4096)
        client.send(100 * request("/file"))
        client.read_head()
        client.reset()
    assert server.connect().ask("/").status == 200


def ask_until_refused(address, lost):
    """
    Each request on a new connection; notes those that went unanswered, and
    those that were neither let in nor refused.
    """
    while True:
        try:
            with Client(address) as client:
                client.ask("/", "Connection: close")
        except ConnectionRefusedError:
            return
        except (AssertionError, OSError) as error:
            lost.append(error)
            if isinstance(error, TimeoutError):
                return


def injecting(*faults):
    """A wrapper by which system calls are slow, or fail."""
    calls = ",".join(fault.partition(":")[0] for fault in faults)
    options = ["-e", f"trace={calls}"]
    for fault in faults:
        options += ["-e", f"inject={fault}"]
    return ["strace", "-D", "-f", "-o", "/dev/null", *options]


SLOW = "accept4:delay_enter=10ms"


@contextlib.contextmanager
def keep_coming(server):
    """
    Clients at each address, faster than the server accepts, until they are
    refused. None who got in is lost.
    """
    lost = []
    clients = [
        threading.Thread(target=ask_until_refused, args=(address, lost))
        for address in server.addresses
        for _ in range(16)
    ]
    for client in clients:
        client.start()
    yield
    for client in clients:
        client.join()
    assert not lost


def stop_while_others_keep_coming(server):
    with keep_coming(server):
        for which in range(len(server.addresses)):
            server.connect(which).ask("/")
        server.signal(TERM)
        server.join()


@needs_strace
@pytest.mark.parametrize(
    "host", ["127.0.0.1", pytest.param("[::1]", marks=needs_ipv6)]
)
def test_drain_ends_while_others_keep_coming(serve, host):
    """Its queue is never empty."""
    server = serve("-w", "1", listen=[f"{host}:0"], wrapper=injecting(SLOW))
    stop_while_others_keep_coming(server)
    assert server.stderr == ""


@needs_strace
@needs_root
@pytest.mark.parametrize("model", ["pool", "mtasync"])
def test_stop_after_privileges_are_given_up(serve, open_root, model):
    """Nothing is left that only root may do."""
    server = serve(
        f"--model={model}",
        f"--user={USER}",
        root=open_root,
        listen=["127.0.0.1:0", "127.0.0.2:0"],
        wrapper=injecting(SLOW),
    )
    stop_while_others_keep_coming(server)
    assert server.stderr == ""


# With one worker, what listens at one address takes five calls of setsockopt(2)
# before it is shut.


@needs_strace
@needs_root
def test_stop_where_a_filter_has_to_do(serve):
    """As before Linux 5.7."""
    fault = "setsockopt:error=EPERM:when=6"
    server = serve("-w", "1", wrapper=injecting(fault))
    with keep_coming(server):
        server.connect().ask("/")
        server.signal(TERM)
        server.join()
    assert server.stderr == ""


@needs_strace
def test_stop_that_may_lose_somebody_says_so(serve):
    fault = "setsockopt:error=EPERM:when=6+"
    server = serve("-w", "1", wrapper=injecting(fault))
    address = "{}:{}".format(*server.address)
    server.signal(TERM)
    server.join()
    assert re.fullmatch(
        f"mtasync: clients that come to {address} [^\\n]* may be lost,"
        "[^\\n]*: Operation not permitted\n",
        server.stderr,
    )


def test_queued_are_served_when_there_is_no_room_at_first(serve):
    """The limit of connections is reached when the server is stopped."""
    server = serve("-w", "1", "--max-conns=3")
    inside = [server.connect() for _ in range(3)]
    for client in inside:
        client.send(request("/sleep/300ms"))
    queued = [server.connect(shake=0) for _ in range(5)]
    for client in queued:
        client.send(request("/"))
    assert queued[0].is_silent(0.05)
    server.signal(signal.SIGTERM)
    for client in inside + queued:
        response = client.read_response()
        assert response.status == 200
        assert response.field("Connection") == "close"
        client.read_eof()
        client.close()
    server.join()
