"""/events: a snapshot of the numbers, again and again, for who watches."""

import contextlib
import signal
import time

import pytest
from admin_side import Admin
from server import SANITIZERS, eventually
from test_admin_sleepers import seconds
from waiting import MODELS, asleep
from wire import request

TOTALS = set(
    "accepted connections requests asleep sent received refused faults"
    " log_dropped keys_evicted".split()
)
WORKER = set(
    "worker accepted connections requests asleep load lag turned".split()
)


def test_snapshot(start):
    server, admin = start("-w", "3", "--pool=db:slots=2,queue=3",
                          "--rule=/db delay=5m pool=db")  # fmt: skip
    clients = [server.connect() for _ in range(5)]
    for client in clients:
        client.send(request("/db"))
    admin.await_asleep(5)
    assert server.connect().ask("/db").status == 503
    events = admin.events()
    event = events.next()
    assert set(event) == set(
        "time uptime phase version generation totals late workers pools".split()
    )
    assert abs(seconds(event["time"]) - time.time()) < 5
    assert 0 < event["uptime"] < 60
    assert event["phase"] == "serving" and event["generation"] == 1
    assert set(event["totals"]) == TOTALS
    assert event["totals"]["asleep"] == 5
    assert event["totals"]["accepted"] == 6
    assert [worker["worker"] for worker in event["workers"]] == [0, 1, 2]
    for worker in event["workers"]:
        assert set(worker) == WORKER
    for name in ("accepted", "connections", "requests", "asleep"):
        of = sum(worker[name] for worker in event["workers"])
        assert of == event["totals"][name]
    (pool,) = event["pools"]
    assert pool == {"name": "db", "slots": 2, "used": 2, "queue": 3,
                    "queued": 3, "waited": 0, "refused": 1}  # fmt: skip
    events.close()
    for client in clients:
        client.reset()


@pytest.mark.parametrize("model", MODELS)
def test_numbers_go_up(start, model):
    """By what a client has done meanwhile, and never down."""
    server, admin = start(f"--model={model}")
    events = admin.events()
    before = events.next()
    for target in (*7 * ["/"], "/sleep/1ms"):
        with server.connect() as client:
            assert client.ask(target).status == 200
    seen = [before]
    while seen[-1]["totals"]["requests"] < 8:
        seen.append(events.next())
    assert seen[-1]["totals"]["requests"] == 8
    assert seen[-1]["totals"]["accepted"] == 8
    assert sum(event["late"]["count"] for event in seen) == 1
    late = next(e["late"] for e in seen if e["late"]["count"])
    assert 0 < late["p50"] <= late["p99"] <= late["max"]
    for one, next_one in zip(seen, seen[1:]):
        assert one["uptime"] < next_one["uptime"]
        for name in ("accepted", "requests", "sent", "received"):
            assert one["totals"][name] <= next_one["totals"][name]
    events.close()


def test_load_of_a_worker(start):
    """It has none, until there is something to do."""
    server, admin = start("-w", "1")
    events = admin.events()
    client = server.connect()

    def load():
        client.send(200 * request("/"))
        for _ in range(200):
            client.read_response()
        return events.next()["workers"][0]["load"]

    events.next()
    assert events.next()["workers"][0]["load"] < 0.5
    eventually(load, "a load")
    events.close()


@pytest.mark.parametrize("every, least", [("100ms", 0.1), ("300ms", 0.3)])
def test_every(start, every, least):
    """So often: the first one at once."""
    _, admin = start()
    began = time.monotonic()
    events = admin.events(f"?every={every}")
    times = [seconds(events.next()["time"]) for _ in range(5)]
    assert time.monotonic() - began < 4 * least + 3
    assert times[-1] - times[0] >= 4 * least - 0.01
    events.close()


def test_every_second(start):
    _, admin = start()
    events = admin.events("")
    times = [seconds(events.next()["time"]) for _ in range(2)]
    assert 0.99 <= times[1] - times[0] < 3
    events.close()


@pytest.mark.parametrize("every", [
    "99ms", "0", "61s", "1m1ms", "2h", "x", "", "-1s",
])  # fmt: skip
def test_faulty_every(start, every):
    _, admin = start()
    answer = admin.ask(f"/events?every={every}")
    assert answer.status == 400
    assert b"every" in answer.body


@pytest.mark.parametrize("every", ["100ms", "1m", "60s"])
def test_bounds_of_every(start, every):
    _, admin = start()
    events = admin.events(f"?every={every}")
    assert events.next()["phase"] == "serving"
    events.close()


def test_several_watch(start):
    """
    Each sees what has come since its own last look; and they are none of the
    sleepers that may be.
    """
    server, admin = start("-w", "2", "--max-sleepers=1")
    watchers = [admin.events(f"?every={100 + 10 * i}ms") for i in range(20)]
    for events in watchers:
        events.next()
    with server.connect() as client:
        for _ in range(3):
            assert client.ask("/sleep/1ms").status == 200
    for events in watchers:
        late, requests = 0, 0
        while requests < 3:
            event = events.next()
            requests = event["totals"]["requests"]
            late += event["late"]["count"]
        assert late == 3
    for events in watchers[::2]:
        events.close()
    for events in watchers[1::2]:
        assert events.next()["totals"]["requests"] == 3
        events.close()


def test_rules_that_are_put_show(start):
    _, admin = start("--pool=a:slots=1", "--rule=/a pool=a delay=1ms")
    events = admin.events()
    assert [pool["name"] for pool in events.next()["pools"]] == ["a"]
    put = admin.change("/rules", b"pool=b:slots=2\n/b pool=b delay=1ms\n")
    assert put.status == 204
    while (event := events.next())["generation"] == 1:
        pass
    assert [pool["name"] for pool in event["pools"]] == ["b"]
    events.close()


def test_who_does_not_read_is_cut(start):
    """And costs nobody else anything."""
    server, admin = start("-w", "16", "--write-timeout=300ms")
    idle = admin.connect(receive_buffer=2048)
    idle.send(request("/events?every=100ms"))
    other = admin.events()
    memory = server.memory()

    def is_gone():
        assert other.next()["phase"] == "serving"
        return server.descriptors("socket:") == sockets

    idle_since = time.monotonic()
    sockets = server.descriptors("socket:") - 1
    while not is_gone():
        assert time.monotonic() - idle_since < 120
        assert admin.ask("/readyz").status == 200
    assert SANITIZERS or server.memory() - memory < 2 << 20
    assert server.connect().ask("/").status == 200
    with contextlib.suppress(ConnectionError):
        idle.read_all()
    other.close()


@pytest.mark.parametrize("how", ["drain", "urgent"])
def test_end(start, how):
    """It tells of the drain, and ends with the server."""
    server, admin = start("-w", "2")
    sleeper = asleep(server, "/sleep/5m")
    admin.await_asleep(1)
    events = admin.events()
    assert events.next()["phase"] == "serving"
    server.stop()
    while events.next()["phase"] == "serving":
        pass
    event = events.next()
    assert event["phase"] == "draining"
    assert event["totals"]["asleep"] == 1
    if how == "drain":
        sleeper.reset()
        server.join()
    else:
        server.signal(signal.SIGINT)
        server.join(3)
    events.client.read_to_end()


def test_watchers_cost_little(start):
    """With nobody who watches, there is only the tick."""
    server, admin = start("-w", "2")
    server.await_rest()
    sockets = server.descriptors("socket:")
    watchers = [admin.events() for _ in range(5)]
    for events in watchers:
        events.next()
        events.close()
    eventually(
        lambda: server.descriptors("socket:") == sockets, "the watchers' end"
    )
    before = sum(server.thread_seconds())
    time.sleep(1)
    assert SANITIZERS or sum(server.thread_seconds()) - before < 0.05
