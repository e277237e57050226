"""--balance=least: who accepts a connection may hand it over; nothing else is other."""

import contextlib
import json
import signal
import threading

import load
import pytest
from admin_side import Admin
from server import HTDOCS, assert_refused, eventually, run
from shaken import TLS_ADDRESS, needs_tls, shake
from test_log_json import Log
from wire import Ended, request

HELLO = (HTDOCS / "hello.html").read_bytes()
LEAST = "-w", "4", "--balance=least"


def spread(admin):
    """How many connections each worker has, in order of their numbers."""
    workers = admin.json("/workers")["workers"]
    return sorted(worker["connections"] for worker in workers)


@pytest.mark.parametrize("count", [4, 8, 32, 100])
@pytest.mark.parametrize("where", ["127.0.0.1:0", "unix"])
def test_each_loop_has_its_share(serve, tmp_path, count, where):
    """The one with the most has a quarter more than the least, and one more."""
    if where == "unix":
        where = f"unix:{tmp_path}/socket"
    server = serve(*LEAST, "--admin=0", listen=[where])
    admin = Admin(server)
    clients = []
    for _ in range(count):
        clients.append(server.connect())
        assert clients[-1].ask("/").body == HELLO
    eventually(lambda: sum(spread(admin)) == count, "all")
    least, *_, most = spread(admin)
    assert most <= least + (least + 1) // 4 + 1, spread(admin)
    for client in clients:
        assert client.ask("/").body == HELLO


def test_who_has_left_makes_room(serve):
    """Those of one loop close: those who come next are dealt to it."""
    server = serve(*LEAST, "--admin=0")
    admin = Admin(server)
    clients = [server.connect() for _ in range(40)]
    owners = {}
    for client in clients:
        worker = json.loads(client.ask("/echo").body)["worker"]
        owners.setdefault(worker, []).append(client)
    gone = owners.pop(2)
    for client in gone:
        client.close()
    eventually(lambda: sum(spread(admin)) == 40 - len(gone), "their end")
    for _ in range(5):
        client = server.connect()
        clients.append(client)
        assert json.loads(client.ask("/echo").body)["worker"] == 2


@needs_tls
def test_what_is_so_where_it_came_in_goes_along(serve, tmp_path):
    """The client's address, and what the address listened to is for."""
    log = Log(tmp_path / "log")
    server = serve(
        *LEAST,
        *log.options,
        listen=["127.0.0.1:0,proxy", TLS_ADDRESS, "127.0.0.1:0"],
    )
    clients = []
    for _ in range(8):
        clients += [server.connect(0), shake(server, which=1)]
        clients += [server.connect(2)]
        clients[-3].send(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")
        for client in clients[-3:]:
            assert client.ask("/").body == HELLO
    eventually(lambda: log.path.read_text().count("\n") == 24, "24 lines")
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert sum(line["peer"] == "192.0.2.1" for line in lines) == 8
    assert sum(line["peer"] == "127.0.0.1" for line in lines) == 16
    assert sum("tls" in line for line in lines) == 8
    numbers = {line["connection"] for line in lines}
    assert len(numbers) == 24  # also where one has accepted, another served


@pytest.mark.parametrize("signals", [1, 2])
def test_stop_under_load(serve, signals):
    """A drain loses nothing, and a second signal ends at once."""
    server = serve(*LEAST)
    with contextlib.ExitStack() as stack:
        loads = load.begin_pair(stack, server.address, (HELLO,), (8, 16))
        for each in loads:
            each.await_answers(2000)
        for _ in range(signals):
            server.signal(signal.SIGTERM)
        server.join()
        for outcome in [each.stop() for each in loads]:
            assert not outcome.wrong
            assert signals > 1 or not outcome.lost, outcome.lost


@pytest.mark.parametrize("cut", [False, True])
def test_stop_of_those_who_are_queued(serve, cut):
    """They are dealt out by loops that drain, and have their answers."""
    options = ["--drain-timeout=0s"] if cut else []
    server = serve(*LEAST, *options)
    server.signal(signal.SIGSTOP)
    clients = [server.connect() for _ in range(100)]
    for client in clients:
        client.send(request("/"))
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGCONT)
    server.join()
    for client in clients:
        with contextlib.suppress(*[ConnectionError, Ended] * cut):
            assert client.read_response().body == HELLO


def test_take_over_under_load(serve):
    """Nor does a hand-over, in which the old one empties its queues."""
    server = serve(*LEAST)
    host, port = server.address[:2]
    with contextlib.ExitStack() as stack:
        loads = load.begin_pair(stack, server.address, (HELLO,), (8, 16))
        for each in loads:
            each.await_answers(1000)
        for _ in range(3):
            new = serve(*LEAST, "--take-over", listen=[f"{host}:{port}"])
            server.stop()
            server.join()
            server = new
            for each in loads:
                each.await_answers(1000)
        for outcome in [each.stop() for each in loads]:
            assert not outcome.wrong and not outcome.lost, outcome.lost
            assert not outcome.refused


def test_limit_of_connections_is_kept(serve):
    """In a rush, also with those on the way."""
    server = serve(*LEAST, "--max-conns=20", "--admin=0")
    admin = Admin(server)
    seen = []
    ended = threading.Event()

    def look():
        while not ended.is_set():
            seen.append(sum(spread(admin)))

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(10):
        clients = [server.connect() for _ in range(60)]
        for client in clients:
            client.send(request("/", "Connection: close"))
        for client in clients:
            assert client.read_response().body == HELLO
            client.close()
    ended.set()
    thread.join()
    # each worker that looks at once may be one over it, as without
    assert 0 < max(seen) <= 24, max(seen)


def test_no_descriptor_is_left(serve):
    server = serve(*LEAST)
    before = server.descriptors()
    for _ in range(5):
        clients = [server.connect() for _ in range(100)]
        for client in clients[::2]:
            client.reset()
        for client in clients[1::2]:
            with contextlib.suppress(ConnectionError, Ended):
                assert client.ask("/").body == HELLO
            client.close()
    server.eventually(lambda: server.descriptors() == before, "their end")


@pytest.mark.parametrize("options, said", [
    (["--balance=most"], "must be kernel or least"),
    (["--balance="], "must be kernel or least"),
    (["--balance=least", "--model=async"], "several event loops"),
    (["--balance=least", "--model=pool"], "several event loops"),
])  # fmt: skip
def test_wrong_options(options, said):
    assert_refused(run("--check", *options, HTDOCS), 2, said)


def test_right_options():
    for options in (
        ["--balance=kernel", "--model=async"],
        [*LEAST],
        ["-w1", LEAST[2]],
    ):
        assert run("--check", *options, HTDOCS).returncode == 0
