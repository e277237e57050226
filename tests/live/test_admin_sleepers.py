"""/sleepers: who is asleep or queues; and what it costs to know."""

import collections
import concurrent.futures
import datetime
import resource
import time

import pytest
from server import SANITIZERS, eventually
from waiting import BLOCKING, FOREVER, asleep
from wire import Client, request

MANY = 5000
MEMBERS = {"worker", "peer", "target", "since", "due", "pool"}


def seconds(text):
    assert text.endswith("Z") and len(text) == 27
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return when.timestamp()


def told(admin, query=""):
    """The answer, when its numbers and its sleepers agree."""
    answer = admin.json(f"/sleepers{query}")
    assert set(answer) == {"now", "sleepers", "count", "shown"}
    assert answer["shown"] == len(answer["sleepers"]) <= answer["count"]
    for sleeper in answer["sleepers"]:
        assert set(sleeper) == MEMBERS
    assert abs(seconds(answer["now"]) - time.time()) < 5
    return answer


def test_nobody(start):
    _, admin = start("-w", "3")
    answer = told(admin)
    assert answer["sleepers"] == [] and answer["count"] == 0


def test_who_sleeps(start):
    """From where, for what, since when, and until when."""
    server, admin = start("-w", "2", "--rule=/x/* delay=2m")
    began = time.time()
    clients = [server.connect() for _ in range(3)]
    targets = ["/sleep/5m?key=%22", "/x/y", "/sleep/3m?size=3&at=end"]
    for client, target in zip(clients, targets):
        client.send(request(target))
    idle = server.connect()
    assert idle.ask("/").status == 200
    admin.await_asleep(3)
    ended = time.time()
    answer = told(admin)
    assert answer["count"] == 3
    found = {sleeper["target"]: sleeper for sleeper in answer["sleepers"]}
    assert set(found) == set(targets)
    for target, length in zip(targets, (300, 120, 180)):
        sleeper = found[target]
        assert sleeper["peer"] == "127.0.0.1"
        assert sleeper["pool"] is None
        assert sleeper["worker"] in (0, 1)
        since, due = seconds(sleeper["since"]), seconds(sleeper["due"])
        assert began - 0.1 <= since <= ended + 0.1
        assert abs(due - since - length) < 0.25
    clients[1].reset()
    admin.await_asleep(2)
    left = {sleeper["target"] for sleeper in told(admin)["sleepers"]}
    assert left == {targets[0], targets[2]}


def test_long_target(start):
    server, admin = start("--rule=/x/** delay=5m")
    target = "/x/" + 500 * "y"
    client = server.connect()
    client.send(request(target))
    admin.await_asleep(1)
    assert told(admin)["sleepers"][0]["target"] == target[:128]
    client.reset()


def test_who_queues(start):
    """In which pool; and when is anybody's guess."""
    server, admin = start("-w", "2", "--pool=db:slots=2,queue=9",
                          "--rule=/db delay=5m pool=db")  # fmt: skip
    clients = [server.connect() for _ in range(5)]
    for client in clients:
        client.send(request("/db"))
    admin.await_asleep(5)
    sleepers = told(admin)["sleepers"]
    assert [sleeper["pool"] for sleeper in sleepers] == 5 * ["db"]
    queued = [sleeper for sleeper in sleepers if sleeper["due"] is None]
    assert len(queued) == 3
    for client in clients:
        client.reset()
    admin.await_asleep(0)
    assert told(admin)["count"] == 0


def test_who_hangs(start):
    """On purpose: it has a place among the sleepers as well."""
    server, admin = start("-w", "2")
    targets = ["/sleep/0?fault=hang&for=4m", "/sleep/0?fault=hang", FOREVER]
    clients = [server.connect() for _ in targets]
    for client, target in zip(clients, targets):
        client.send(request(target))
    admin.await_metrics(
        lambda metrics: metrics.by("mtasync_connections", "state")
        == {"hanging": 2, "asleep": 1},
        "all to wait",
    )
    answer = told(admin)
    assert answer["count"] == admin.asleep() == 3
    found = {sleeper["target"]: sleeper for sleeper in answer["sleepers"]}
    assert set(found) == set(targets)
    since, due = (seconds(found[targets[0]][n]) for n in ("since", "due"))
    assert abs(due - since - 240) < 2
    assert told(admin, "?limit=1")["shown"] == 1
    for client in clients:
        client.reset()
    admin.await_asleep(0)


def test_unix_peers(start, tmp_path):
    server, admin = start(listen=[f"unix:{tmp_path / 'socket'}"])
    with Client(str(tmp_path / "socket")) as client:
        client.send(request(FOREVER))
        admin.await_asleep(1)
        (sleeper,) = told(admin)["sleepers"]
        assert (sleeper["peer"], sleeper["target"]) == ("unix", FOREVER)


@pytest.mark.parametrize("query", [
    "limit=0", "limit=10001", "limit=x", "limit=-1", "limit=",
])  # fmt: skip
def test_faulty_limit(start, query):
    _, admin = start()
    answer = admin.ask(f"/sleepers?{query}")
    assert answer.status == 400 and b"limit" in answer.body


def test_limit(start):
    """Of all together; the count is of all there are."""
    server, admin = start("-w", "4")
    clients = [server.connect() for _ in range(60)]
    for client in clients:
        client.send(request(FOREVER))
    admin.await_asleep(60)
    for limit in (1, 2, 3, 7, 40, 59, 60):
        answer = told(admin, f"?limit={limit}")
        assert (answer["count"], answer["shown"]) == (60, limit)
    answer = told(admin, "?limit=10000")
    assert answer["shown"] == 60
    by_worker = admin.metrics().by("mtasync_sleepers", "worker")
    assert by_worker == collections.Counter(
        str(sleeper["worker"]) for sleeper in answer["sleepers"]
    )
    assert told(admin)["shown"] == 60
    for client in clients:
        client.reset()


@pytest.mark.parametrize("model", BLOCKING)
def test_blocking_models_tell_how_many(start, model):
    server, admin = start(f"--model={model}")
    client = asleep(server, FOREVER)
    admin.await_asleep(1)
    answer = told(admin)
    assert (answer["count"], answer["sleepers"]) == (1, [])
    client.reset()


def test_many_who_ask_at_once(start):
    """
    Each is told, whoever is told before. They are no more than that side takes: what
    has closed may still count there.
    """
    server, admin = start("-w", "4")
    clients = [server.connect() for _ in range(20)]
    for client in clients:
        client.send(request(FOREVER))
    admin.await_asleep(20)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(
            lambda _: told(admin)["count"], range(60)
        ))  # fmt: skip
    assert counts == 60 * [20]


def test_who_asks_and_leaves(start):
    server, admin = start("-w", "2")
    client = asleep(server, FOREVER)
    admin.await_asleep(1)
    for _ in range(50):
        with admin.connect() as asking:
            asking.send(request("/sleepers"))
            asking.reset()
    assert told(admin)["count"] == 1
    client.reset()


def below(metrics, bound):
    """How many ticks have been that late at most."""
    return metrics.sum("mtasync_loop_lag_seconds_bucket", le=bound)


def test_five_thousand(start):
    """All are told of; and whoever asks holds nobody up for long."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * MANY + 500:
        pytest.skip("descriptors are short")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        tell_five_thousand(*start("-w", "2"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def tell_five_thousand(server, admin):
    clients = []
    for _ in range(MANY):
        clients.append(server.connect())
        clients[-1].send(request(FOREVER))
    admin.await_asleep(MANY)
    answer = told(admin)
    assert (answer["count"], answer["shown"]) == (MANY, 1000)
    answer = told(admin, "?limit=10000")
    assert answer["shown"] == MANY == len(answer["sleepers"])
    before = admin.metrics()
    until = time.monotonic() + 2
    with admin.connect() as client:
        while time.monotonic() < until:
            assert admin.ask("/sleepers", client=client).status == 200
            time.sleep(0.05)
    after = admin.metrics()
    ticks = below(after, "+Inf") - below(before, "+Inf")
    late = ticks - (below(after, "0.05") - below(before, "0.05"))
    assert ticks >= 10
    assert SANITIZERS or late <= ticks / 4
    for client in clients:
        client.reset()
    eventually(lambda: admin.asleep() == 0, "nobody to sleep")
