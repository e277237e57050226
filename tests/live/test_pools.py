"""What one gets of a pool: a slot, or why not; its rate, its load, and the time
for which a slot is taken."""

import time

import pytest
from pooled import HELD, WAITS, Log, hold, queue, queued, refused, send
from pooled import stay
from server import run
from waiting import MODELS, ask
from wire import request
from worded import did, letters

SLOT = "--pool=db:slots=1"
TAKEN = 0.1  # seconds, for which these take a slot at least
TAKING = [
    "delay=0&rate=40&size=5",
    "delay=0&over=100ms&size=5",
    "delay=100ms&at=end&size=5",
    "delay=0&every=50ms&lines=3",
    "delay=0&fault=hang&for=100ms",
    "delay=0&fault=hang&for=100ms&after=2&size=5",
    "delay=100ms&fault=reset",
    "delay=100ms&fault=close",
    "delay=0&headrate=1k&size=1",
]
# those that can serve one client while another waits, and each at once
AT_ONCE = ["thread", "pool", "async", "mtasync"]


@pytest.fixture
def begin(serve):
    """Starts a server of a model, with threads enough."""

    def start(model, *options, **how):
        if model in ("pool", "fork_join", "mtasync"):
            options = ["-w", 4, *options]
        return serve(f"--model={model}", *options, **how)

    return start


# A slot, and what it says


@pytest.mark.parametrize("model", MODELS)
def test_free_slot_is_given_at_once(begin, model):
    response = ask(begin(model, SLOT), "/sleep/20ms?pool=db&size=3")
    assert (response.status, response.body) == (200, b"abc")
    assert queued(response) == 0
    assert response.field("Server-Timing").startswith(
        "queue;dur=0, sleep;dur=20, late;dur="
    )
    assert response.field("Mtasync") == "delay=20, size=3, pool=db"


@pytest.mark.parametrize("model", AT_ONCE)
def test_delay_begins_in_the_slot(begin, model, tmp_path):
    """And the receipts tell one from the other."""
    log = Log(tmp_path / "log")
    server = begin(model, SLOT + ",queue=1", *log.options)
    holder = hold(server)
    client = queue(server, "/sleep/30ms?pool=db")
    holder.close()
    response = client.read_response()
    timing = response.field("Server-Timing")
    assert ", sleep;dur=30, late;dur=" in timing
    waited = queued(response)
    assert waited > 0
    lines = log.lines(2)  # of two workers, in any order
    line = next(line for line in lines if "size" not in line["did"])
    assert line["did"] == {"delay": 30, "pool": "db"}
    assert line["queue_ms"] == pytest.approx(waited, abs=0.002)
    assert 1000 * line["seconds"] >= waited + 30
    assert line["sleep_ms"] == 30


@pytest.mark.parametrize("model", AT_ONCE)
def test_pool_over_a_file_by_a_rule(begin, root, model):
    (root / "page").write_bytes(letters(100))
    server = begin(
        model, SLOT + ",queue=1", "--rule=/page pool=db",
        "--rule=/slow pool=db delay=5m at=body status=200 size=1", root=root,
    )  # fmt: skip
    whole = ask(server, "/page")
    assert (whole.body, whole.field("Mtasync")) == (letters(100), "pool=db")
    part = ask(server, "/page", "Range: bytes=3-5")
    assert (part.status, part.body) == (206, letters(3, 3))
    same = f"If-None-Match: {whole.field('ETag')}"
    assert ask(server, "/page", same).status == 304
    holder, client = hold(server, "/slow"), queue(server, "/page")
    for fields in [], [same]:
        assert refused(ask(server, "/page", *fields))
    assert ask(server, "/hello.html").field("Mtasync") is None
    holder.close()
    assert client.read_response().body == letters(100)


# Whom it has no room for


@pytest.mark.parametrize("model", AT_ONCE)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_overflow(begin, model, version):
    """What it was to be otherwise, fault and delay, does not matter."""
    server = begin(model, SLOT)
    hold(server)
    for words in "", "&fault=reset", "&status=201&size=9", "&rate=1&size=9":
        response = ask(server, "/sleep/5m?pool=db" + words, version=version)
        assert response.status == 503 and refused(response), words
        assert response.field("Retry-After") == "1"
        assert b"no slot of the pool is free, on purpose" in response.body
        assert response.field("Cache-Control") is None
        assert did(response) == {"pool": "db"}
        assert queued(response) == 0


@pytest.mark.parametrize("status", [429, 503])
def test_connection_goes_on_behind_a_refusal(serve, status):
    """Whatever is refused; and what is pipelined behind it is answered."""
    server = serve(SLOT + f",overflow={status}", "-w", "1")
    holder = hold(server)
    client = server.connect()
    client.send(request(HELD) + request("/hello.html") + request(HELD))
    assert refused(client.read_response())
    assert client.read_response().status == 200
    response = client.read_response()
    assert response.status == status and refused(response)
    assert response.field("Connection") is None
    response = client.ask("/sleep/0?pool=db", method="HEAD")
    assert response.status == status and refused(response)
    assert int(response.field("Content-Length")) > 0
    holder.close()
    server.eventually(
        lambda: client.ask("/sleep/0?pool=db").status == 200, "the slot"
    )


@pytest.mark.parametrize("model", AT_ONCE)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_overflow_as_a_close(begin, model, method, tmp_path):
    log = Log(tmp_path / "log")
    server = begin(model, SLOT + ",overflow=close", *log.options)
    hold(server)
    client = server.connect()
    client.send(request("/sleep/0?pool=db&size=9", method=method))
    assert client.read_to_end() == (b"", "FIN")
    client.close()
    line = log.line()
    assert (line["status"], line["bytes"], line["queue_ms"]) == (444, 0, 0)
    assert line["did"]["refused"] == ["pool"]


@pytest.mark.parametrize("model", ["async", "mtasync", "thread"])
def test_overflow_is_exact(begin, model):
    """Of 60 while the slot is held, 7 queue, whoever asks."""
    server = begin(model, SLOT + ",queue=7")
    holder = hold(server)
    clients = [server.connect() for _ in range(60)]
    for client in clients:
        client.send(request("/sleep/300ms?pool=db&size=1"))

    def silent():
        return [client for client in clients if client.is_silent()]

    server.eventually(lambda: len(silent()) == 7, "all but 7 to be refused")
    waiting = silent()
    for client in set(clients).difference(waiting):
        assert refused(client.read_response())
    holder.close()
    served = [client.read_response() for client in waiting]
    assert [each.status for each in served] == 7 * [200]
    waits = sorted(queued(each) for each in served)
    for turn, waited in enumerate(waits):
        assert waited >= 300 * turn - 100  # as long as the first may be early


@pytest.mark.parametrize("model", AT_ONCE)
@pytest.mark.parametrize("overflow", ["429", "503", "close"])
def test_wait_is_over(begin, model, overflow, tmp_path):
    log = Log(tmp_path / "log")
    terms = f",queue=1,wait=60ms,overflow={overflow}"
    server = begin(model, SLOT + terms, *log.options)
    holder = hold(server)
    client = queue(server, "/sleep/0?pool=db&size=2")
    if overflow == "close":
        assert client.read_to_end() == (b"", "FIN")
        client.close()
    else:
        response = client.read_response()
        assert response.status == int(overflow) and refused(response)
        assert queued(response) >= 60
    line = log.line()
    assert line["queue_ms"] >= 60 and "sleep_ms" not in line
    # nothing of it is left in the queue, where another one waits for as long
    queue(server, WAITS)
    holder.close()


def test_no_queue_however_long_the_wait(serve):
    server = serve(SLOT + ",wait=5m")
    hold(server)
    assert refused(ask(server, "/sleep/0?pool=db"))


@pytest.mark.parametrize("model", MODELS)
def test_rate(begin, model):
    """The burst is there at once; then Retry-After is when there is one."""
    server = begin(
        model, "--pool=db:slots=9,rate=6/1m,burst=3,overflow=429"
    )  # fmt: skip
    began = time.monotonic()
    responses = [ask(server, "/sleep/0?pool=db") for _ in range(6)]
    took = time.monotonic() - began
    assert took < 10, "too slow a machine to see a rate of one in 10 s"
    statuses = [each.status for each in responses]
    assert statuses == [200, 200, 200, 429, 429, 429]
    for each in responses[3:]:
        assert refused(each) and queued(each) == 0
        assert 10 - took <= int(each.field("Retry-After")) <= 10


def test_rate_comes_back(serve):
    """One for each interval, as long as it asks; no burst again before."""
    server = serve("--pool=db:slots=9,rate=10/1s,burst=1", "-w", "2")
    client = server.connect()
    came, began = 0, time.monotonic()
    while came < 5:
        response = client.ask("/sleep/0?pool=db&size=1")
        came += response.status == 200
        assert response.status == 200 or response.field("Retry-After") == "1"
    assert time.monotonic() - began >= 0.4


def test_who_is_refused_takes_nothing_of_the_rate(serve):
    """One without room is none of those of the rate."""
    server = serve(SLOT + ",rate=3/10m,burst=2")
    with hold(server):
        for _ in range(5):
            response = ask(server, "/sleep/0?pool=db")
            assert response.field("Retry-After") == "1"
    responses = []

    def is_served():
        responses.append(ask(server, "/sleep/0?pool=db"))
        return responses[-1].status == 200

    server.eventually(is_served, "the slot")
    responses.clear()
    server.eventually(
        lambda: is_served() or responses[-1].field("Retry-After") != "1",
        "the slot, again",
    )
    assert responses[-1].status == 503
    assert 150 <= int(responses[-1].field("Retry-After")) <= 200


# Load


@pytest.mark.parametrize("model", AT_ONCE)
def test_load(begin, model):
    """Each is slower by so much for each other one that has a slot then."""
    server = begin(model, "--pool=db:slots=3,queue=1,load=10ms")
    holders = [hold(server) for _ in range(2)]
    response = ask(server, "/sleep/5ms?pool=db")
    assert response.field("Mtasync") == "delay=25, pool=db"
    assert ", sleep;dur=25, late;dur=" in response.field("Server-Timing")
    response = ask(server, "/sleep/0?pool=db&size=1")
    assert did(response) == {"delay": 20, "size": 1, "pool": "db"}
    holders[0].close()
    server.eventually(
        lambda: did(ask(server, "/sleep/0?pool=db"))["delay"] == 10,
        "one other alone",
    )


def test_load_is_limited(serve):
    server = serve("--pool=db:slots=9,load=1m", "--max-sleep=20ms")
    hold(server, "/sleep/0?over=20ms&size=1g&framing=close&pool=db")
    hold(server, "/sleep/20ms?fault=hang&after=0&size=9&pool=db")
    response = ask(server, "/sleep/5ms?pool=db&key=a")
    assert "delay=20;limited" in response.field("Mtasync")


def test_load_of_a_file(serve, root):
    """That has no delay of its own."""
    (root / "page").write_bytes(letters(9))
    server = serve(
        "--pool=db:slots=3,load=7ms", "--rule=/page pool=db", root=root
    )
    assert ask(server, "/page").field("Mtasync") == "pool=db"
    hold(server)
    response = ask(server, "/page")
    assert did(response) == {"delay": 7, "pool": "db"}
    assert response.body == letters(9)


# For how long a slot is taken


@pytest.mark.parametrize("model", AT_ONCE)
def test_slot_is_taken_to_the_end(begin, model, tmp_path):
    """By paces and faults, too; and then it is the next one's."""
    log = Log(tmp_path / "log")
    server = begin(model, SLOT + ",queue=1", *log.options)
    asked = 0
    for words in TAKING:
        for _ in range(20):  # until it is the other that waits
            with server.connect() as client:  # a model may wait for it
                client.send(request(f"/sleep?{words}&pool=db"))
                assert ask(server, WAITS).status == 200
                asked += 2
                lines = log.lines(asked)[-2:]
            (paced,) = (each for each in lines if words in each["target"])
            (after,) = (each for each in lines if each["target"] == WAITS)
            assert paced["seconds"] >= TAKEN, words
            if after["queue_ms"] > 0:
                break
        else:
            pytest.fail(f"{words} never had the slot first")
        after = stay(after)
        assert after.entered + after.slack >= stay(paced).ended, words


@pytest.mark.parametrize("count", [1, 3])
def test_pipelined_behind_one_that_queues(serve, count):
    """In their order; each by a slot of its own."""
    server = serve(SLOT + ",queue=1", "-w", "1")
    holder = hold(server)
    client = server.connect()
    client.send(request("/sleep/0?pool=db&size=2") * count + request("/"))
    assert client.is_silent(0.05)
    assert refused(ask(server, "/sleep/0?pool=db"))
    holder.close()
    for _ in range(count):
        assert client.read_response().body == b"ab"
    assert client.read_response().field("Mtasync") is None


def test_two_pools_know_nothing_of_each_other(serve):
    server = serve(SLOT, "--pool=other:slots=1")
    hold(server)
    assert ask(server, "/sleep/0?pool=other").status == 200
    assert ask(server, "/sleep/0?pool=db").status == 503


def test_time_of_a_file_begins_anew_in_the_slot(serve):
    """A HEAD and an old client, too, wait for it."""
    server = serve(SLOT + ",queue=3", "-w", "1")
    holder = hold(server)
    head, old = (
        send(server, "/sleep/5ms?pool=db", method="HEAD"),
        send(server, "/sleep/5ms?pool=db", version="1.0"),
    )
    assert head.is_silent() and old.is_silent()
    holder.close()
    response = head.read_response("HEAD")
    assert response.status == 200 and queued(response) > 0
    response = old.read_response()
    assert response.status == 200 and queued(response) > 0
    old.read_eof()


def test_draws_are_those_that_are_printed(serve):
    """A pool takes no chance of its own."""
    words = "delay=0..1ms status=503:50 pool=db key=a"
    printed = run(
        f"--draw={words}", "--draws=20", "--seed=7", SLOT
    ).stdout  # fmt: skip
    client = serve("--seed=7", SLOT).connect()
    query = words.replace(" ", "&")
    told = [client.ask(f"/sleep?{query}").field("Mtasync") for _ in range(20)]
    assert told == printed.splitlines()
    assert all("pool=db" in each for each in told)
