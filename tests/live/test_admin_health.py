"""/healthz and /readyz; and who is still answered when nobody else is."""

import concurrent.futures
import contextlib
import errno
import os
import pathlib
import resource
import signal
import socket
import time

import pytest
from admin_side import Admin
from server import CACHED, PROGRAM, SANITIZERS, Server, eventually
from server import free_port, needs_strace
from waiting import FOREVER, asleep
from wire import Client, Ended, request

HELLO = b"<p>hello</p>\n"
STUCK = pathlib.Path(PROGRAM).parent / "tests/live/stuck_calls.so"
needs_stuck_calls = pytest.mark.skipif(
    bool(SANITIZERS), reason="a sanitizer has to come first"
)
LIKELY = 2  # seconds that an answer takes even where others have the CPUs
SOON = 0.05  # that most take
TIMES = 20


def assert_answers(admin, ready=True):
    """All that is asked for when things go wrong; most of it at once."""
    took = []
    for path in ("readyz", "metrics") * (TIMES // 2):
        began = time.monotonic()
        answer = admin.ask(f"/{path}")
        took.append(time.monotonic() - began)
        assert answer.status == (200 if ready or path == "metrics" else 503)
    took.sort()
    assert took[-1] < LIKELY
    assert SANITIZERS or took[TIMES // 2] < SOON, took


def readiness(admin):
    answer = admin.ask("/readyz")
    return answer.status, answer.body.decode()


# Well, and ready


def test_well(start):
    _, admin = start("-w", "3")
    for path in ("healthz", "readyz"):
        answer = admin.ask(f"/{path}")
        assert (answer.status, answer.body) == (200, b"ok\n")
        assert answer.field("Content-Type") == "text/plain; charset=utf-8"


def accepts(address):
    with contextlib.suppress(ConnectionRefusedError):
        Client(address).close()
        return True
    return False


@needs_strace
def test_not_ready_before_clients_are_listened_for(serve, root):
    """
    Which strace has the server do late: the operator is answered before, and
    whoever sees it ready can connect.
    """
    port, own = free_port(), free_port()
    late = "inject=listen:delay_enter=1s:when=2+"
    strace = ["strace", "-D", "-f", "-o", "/dev/null", "-e", late]
    starting, ready = (503, b"starting\n"), (200, b"ok\n")
    told = set()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        started = pool.submit(serve, f"--admin={own}", "-w", "1", port=port,
                              root=root, wrapper=strace)  # fmt: skip

        def is_ready():
            if started.done():
                started.result()
            with contextlib.suppress(ConnectionRefusedError):
                answer = Admin(("127.0.0.1", own)).ask("/readyz")
                said = answer.status, answer.body
                told.add((*said, accepts(("127.0.0.1", port))))
                return said == ready
            return False

        eventually(is_ready, "all workers to accept")
        started.result()
    assert told - {(*starting, True)} == {(*starting, False), (*ready, True)}


def test_not_ready_while_it_drains(start):
    """From the first moment, while sleepers are waited for, to the end."""
    server, admin = start("-w", "2", "--drain-timeout=1m")
    sleeper = asleep(server, FOREVER)
    admin.await_asleep(1)
    watcher = admin.connect()
    assert admin.ask("/readyz", client=watcher).status == 200
    server.stop()
    eventually(server.refuses, "the end of listening")
    assert readiness(admin) == (503, "draining\n")
    # on a connection of before, and for all else
    assert admin.ask("/readyz", client=watcher).status == 503
    assert admin.ask("/healthz").status == 200
    assert admin.asleep() == 1
    assert admin.json("/sleepers")["count"] == 1
    assert_answers(admin, ready=False)
    assert server.process.poll() is None
    sleeper.reset()
    server.join()
    with pytest.raises(ConnectionRefusedError):
        admin.connect()


def test_not_ready_in_the_delay_before_a_drain(start):
    """A balancer has that time to see it, while clients are let in."""
    server, admin = start("-w", "2", "--drain-delay=1m")
    assert admin.ask("/readyz").status == 200
    server.stop()
    eventually(lambda: admin.ask("/readyz").status == 503, "it to be told")
    assert readiness(admin) == (503, "draining\n")
    assert admin.ask("/healthz").status == 200
    assert accepts(server.address)
    server.stop()
    server.join()


@pytest.mark.parametrize("workers", [1, 32])
def test_it_is_never_ready_once_it_refuses(start, workers):
    """Who is turned away has been able to know."""
    server, admin = start("-w", workers, "--drain-timeout=1m")
    sleeper = asleep(server, FOREVER)
    seen = []

    def refuses(client):
        refused = not accepts(server.address)
        seen.append(admin.ask("/readyz", client=client).status)
        return refused

    with admin.connect() as client:
        assert not refuses(client)
        server.stop()
        eventually(lambda: refuses(client), "clients to be turned away")
    assert seen == sorted(seen) and {*seen} == {200, 503}
    sleeper.close()
    server.join()


@pytest.mark.parametrize("options, status", [
    ([], 0), (["--drain-timeout=200ms"], 3),
])  # fmt: skip
def test_end(start, options, status):
    """What the operator has open changes nothing about how it ends."""
    server, admin = start("-w", "2", *options)
    idle, asking, events = admin.connect(), admin.connect(), admin.events()
    assert admin.ask("/healthz", client=idle).status == 200
    asking.send(b"GET /metrics HTTP/1.1\r\n")
    events.next()
    clients = [server.connect() for _ in range(4)]
    for client in clients:
        client.send(request(FOREVER if status else "/sleep/500ms"))
    admin.await_begun(4)
    server.stop()
    for client in clients:
        assert client.read_response().status == (503 if status else 200)
    server.join(status)
    assert server.stderr == ""
    if status == 0:
        assert "served 4 requests, cut 0" in server.stdout
    for client in (idle, asking, events.client):
        client.read_to_end()


def test_second_signal(start):
    server, admin = start("-w", "2")
    sleeper = asleep(server, FOREVER)
    events = admin.events()
    events.next()
    server.signal(signal.SIGTERM)
    eventually(lambda: readiness(admin)[0] == 503, "the drain")
    server.signal(signal.SIGTERM)
    server.join(3)
    assert "cut 1" in server.stdout
    sleeper.close()
    events.client.read_to_end()


def test_stop_loses_nothing(start):
    """With operators that ask meanwhile."""
    for _ in range(3):
        server, admin = start("-w", "2")
        clients = [server.connect() for _ in range(50)]
        for client in clients:
            client.send(request("/sleep/100ms"))
        admin.await_begun(50)
        server.stop()
        with contextlib.suppress(ConnectionError, Ended):
            while admin.ask("/metrics").status == 200:
                pass
        for client in clients:
            assert client.read_response().status == 200
        server.join()
        assert "served 50 requests, cut 0" in server.stdout
        assert server.stderr == ""


# When something is wrong


@needs_stuck_calls
@pytest.mark.parametrize("workers", [1, 3])
def test_worker_that_does_not_turn(serve, root, workers):
    """It is named after 2 s; who asks is answered as ever."""
    with open(root / "file", "wb") as file:
        file.truncate(CACHED + 1)
    server = serve("--admin=0", "-w", workers, root=root,
                   env={**os.environ, "LD_PRELOAD": str(STUCK)})  # fmt: skip
    admin = Admin(server)
    client = server.connect()
    client.send(request("/file"))
    client.read_head()
    held = time.monotonic()
    stuck = admin.json("/workers")["workers"]
    worker = [w["worker"] for w in stuck if w["connections"]][0]
    assert admin.ask("/healthz").status == 200
    eventually(lambda: admin.ask("/healthz").status == 503, "a complaint")
    assert time.monotonic() - held > 1.5  # the last tick may be older
    said = admin.ask("/healthz").body.decode().splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"worker {worker} has not turned for 2.")
    assert_answers(admin)
    for _ in range(2):  # it tells nothing, and the others do all the same
        sleepers = admin.json("/sleepers")
        assert sleepers["count"] == 0
    events = admin.events()
    event = events.next()
    assert event["workers"][worker]["turned"] > 2000
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    server.join(3)


@needs_stuck_calls
def test_sleepers_of_the_others(serve, root):
    """A worker that is stuck hides nobody else's, however often one asks."""
    with open(root / "file", "wb") as file:
        file.truncate(CACHED + 1)
    server = serve("--admin=0", "-w", "4", root=root,
                   env={**os.environ, "LD_PRELOAD": str(STUCK)})  # fmt: skip
    admin = Admin(server)
    client = server.connect()
    client.send(request("/file"))
    client.read_head()
    sleepers, awake = [], [server.connect() for _ in range(40)]
    for each in awake:
        each.send(request(FOREVER))
        sleepers.append(each)
    stuck = next(
        w["worker"] for w in admin.json("/workers")["workers"]
        if w["connections"] > admin.metrics().sum(
            "mtasync_sleepers", worker=str(w["worker"]))
    )  # fmt: skip

    def told():
        asleep = admin.asleep()
        return asleep and admin.json("/sleepers")["count"] == asleep

    for _ in range(3):
        eventually(told, "those of the others")
    assert all(
        sleeper["worker"] != stuck
        for sleeper in admin.json("/sleepers")["sleepers"]
    )
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    server.join(3)


def test_stopped_process_is_not_stuck(start):
    """For long, when it runs again."""
    server, admin = start("-w", "2")
    server.freeze()
    time.sleep(2.5)
    server.thaw()
    eventually(lambda: admin.ask("/healthz").status == 200, "its health")
    assert admin.metrics().sum("mtasync_loop_lag_seconds_sum") > 2


def test_full(start):
    """No more clients: they wait; the operator does not."""
    server, admin = start("-w", "2", "--max-conns=8")
    clients = [server.connect() for _ in range(8)]
    for client in clients:
        assert client.ask("/").status == 200
    waiting = [server.connect() for _ in range(5)]
    for client in waiting:
        client.send(request("/"))
    assert_answers(admin)
    admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_accept_queue") == 5,
        "those who wait",
    )
    for client in clients:
        client.close()
    for client in waiting:
        assert client.read_response().status == 200
    admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_accept_queue") == 0,
        "nobody to wait",
    )


def test_full_queue(start):
    """Whom the kernel turns away, as nobody accepts, is counted."""
    server, admin = start("-w", "1", "--max-conns=1", "--backlog=3")
    assert server.connect().ask("/").status == 200
    assert admin.metrics().sum("mtasync_accept_overflows_total") == 0
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            assert client.connect_ex(server.address) == errno.EINPROGRESS
        admin.await_metrics(
            lambda metrics: metrics.sum("mtasync_accept_queue") == 3 + 1
            and metrics.sum("mtasync_accept_overflows_total") >= 10 - 4,
            "those who are turned away",
        )


def test_no_descriptors_left(start):
    """Those for the operator are kept back."""
    limit = 200
    server, admin = start(
        "-w", "2", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (limit, limit))
    )  # fmt: skip
    clients = [server.connect() for _ in range(limit + 20)]
    for client in clients:
        client.send(request("/"))
    server.await_rest()
    served = [client for client in clients if not client.is_silent()]
    assert 0 < len(served) < len(clients)
    assert_answers(admin)
    operators = [admin.connect() for _ in range(63)]
    for client in operators:
        assert admin.ask("/readyz", client=client).status == 200
    metrics = admin.metrics()
    assert metrics.sum("process_max_fds") == limit
    assert metrics.sum("process_open_fds") <= limit
    assert server.stderr == ""


def test_all_asleep(start):
    server, admin = start("-w", "2", "--max-sleepers=500")
    clients = [server.connect() for _ in range(500)]
    for client in clients:
        client.send(request(FOREVER))
    admin.await_asleep(500)
    assert_answers(admin)
    with server.connect() as client:
        assert client.ask("/sleep/1ms").status == 503
    for client in clients:
        client.reset()
    admin.await_asleep(0)


# Reload and hand-over


def test_reload(start, root):
    """It is ready all the time."""
    server, admin = start("-w", "2")
    with admin.connect() as client:
        for turn in range(5):
            server.reload()
            while server.stdout.count(": reloaded") <= turn:
                assert admin.ask("/readyz", client=client).status == 200
    assert admin.metrics().sum("mtasync_generation") == 6


@pytest.mark.parametrize("kind", ["port", "unix"])
def test_take_over(serve, root, tmp_path, kind):
    """
    With the operator's side at the same address: it is the successor's by
    when that serves, and all that was asked is answered.
    """
    place = free_port() if kind == "port" else f"unix:{tmp_path / 'admin'}"
    port = free_port()
    options = [f"--admin={place}", "-w", "2"]
    old = serve(*options, port=port, root=root)
    admin = Admin(old)
    sleeper = asleep(old, FOREVER)
    kept = admin.connect()
    assert admin.ask("/readyz", client=kept).status == 200
    new = serve(*options, "--take-over", port=port, root=root)
    new.await_output("look and steer")
    assert Admin(new).address == admin.address
    for _ in range(20):
        answer = admin.ask("/metrics")
        assert answer.status == 200
    # who looks anew sees the successor, which has no sleepers
    assert admin.asleep() == 0
    assert readiness(admin) == (200, "ok\n")
    sleeper.reset()
    old.stop()
    old.join()
    for _ in range(20):
        assert readiness(admin) == (200, "ok\n")
    assert new.connect().ask("/").body == HELLO
    kept.close()


def test_admin_address_of_somebody_else(tmp_path):
    """Then nothing starts, and the one who has it stays as it is."""
    with Server("--admin=0", root=tmp_path) as server:
        port = Admin(server).address[1]
        with pytest.raises(AssertionError):
            Server(f"--admin={port}", root=tmp_path)
        assert Admin(server).ask("/readyz").status == 200


def test_slow_operators(start):
    """Who sends or reads by and by keeps nobody waiting."""
    _, admin = start("--header-timeout=300ms")
    slow = [Client(admin.address) for _ in range(10)]
    for client in slow:
        client.send(b"GET /metr")
    assert_answers(admin)
    for client in slow:
        assert client.read_response().status == 408
        client.read_eof()
    with admin.connect(receive_buffer=4096) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes(8))
        client.send(200 * request("/metrics"))
        assert_answers(admin)
