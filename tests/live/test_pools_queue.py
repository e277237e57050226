"""The queue of a pool: in which order, over all workers; who leaves it; and what
a stop does to those in it."""

import re
import resource
import signal
import time

import pytest
from clients import limit
from crowd import Crowd, Habit
from pooled import HELD, WAITS, Log, at, first_line, hold, idle_slots
from pooled import most_at_once, overtaken, queue, queued, refused, send, stay
from server import scaled
from waiting import ask, is_read
from wire import request

CLIENTS, SLOTS = 400, 4
MOST_IDLE = 5  # ms, of a slot while somebody queues
MOST_LEAVING = 100  # ms, until the place of who has left is free
MOST_WAKING = 100  # ms, from the slot until it goes on
TRIES = 5  # of what the clock judges, which a busy machine may spoil
AT_ONCE = ["thread", "pool", "async", "mtasync"]


def begin(serve, model, *options):
    """With threads enough for 8 clients."""
    if model in ("pool", "mtasync"):
        options = ["-w", 8 if model == "pool" else 2, *options]
    return serve(f"--model={model}", *options)


# 400 clients and 4 slots


def judge(stays):
    """What holds of all who go through the queue, however busy the machine."""
    assert most_at_once(each.surely_within() for each in stays) == SLOTS
    assert overtaken(stays) == 0
    free, unused = idle_slots(stays, SLOTS)
    # On a busy machine, some are put off by the system between their last
    # line and the end of their stay, or between their slot and their sleep.
    assert free[len(free) * 9 // 10] <= MOST_IDLE
    assert unused[len(unused) // 2] <= MOST_IDLE


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_never_more_than_the_slots_in_order_and_none_idle(
    serve, tmp_path, workers
):
    log = Log(tmp_path / "log")
    pool = f"--pool=db:slots={SLOTS},queue={CLIENTS}"
    server = serve("-w", workers, pool, *log.options)
    clients = [server.connect() for _ in range(CLIENTS)]
    for client in clients:
        client.send(request("/sleep/10ms?pool=db&size=1"))
    for client in clients:
        assert client.read_response().status == 200
    judge([stay(line) for line in log.lines(CLIENTS)])


@pytest.mark.parametrize("model", ["thread", "pool"])
def test_threads_queue_in_the_same_way(serve, tmp_path, model):
    count = 64
    log = Log(tmp_path / "log")
    server = serve(
        f"--model={model}",
        *(["-w", count] if model == "pool" else []),
        f"--pool=db:slots={SLOTS},queue={count}",
        *log.options,
    )
    clients = [server.connect() for _ in range(count)]
    for client in clients:
        client.send(request("/sleep/20ms?pool=db&size=1", "Connection: close"))
    for client in clients:
        assert client.read_response().status == 200
        client.close()
    judge([stay(line) for line in log.lines(count)])


def test_receipts_tell_the_same(serve):
    """As clients see it: the first have slots, and all take their time."""
    count, ms = 40, 20
    server = serve("-w", 2, f"--pool=db:slots={SLOTS},queue={count}")
    clients = [server.connect() for _ in range(count)]
    began = time.monotonic()
    for client in clients:
        client.send(request(f"/sleep/{ms}ms?pool=db&size=1"))
    waits = [queued(client.read_response()) for client in clients]
    took = 1000 * (time.monotonic() - began)
    assert took >= count / SLOTS * ms
    assert waits.count(0) >= SLOTS
    assert max(waits) <= took


def test_order_on_one_worker_is_that_of_the_requests(serve, tmp_path):
    log = Log(tmp_path / "log")
    server = serve("-w", 1, "--pool=db:slots=1,queue=99", *log.options)
    holder = hold(server)
    clients = [
        send(server, f"/sleep/0?pool=db&size=1&key=k{turn}")
        for turn in range(30)
    ]
    holder.close()
    for client in clients:
        assert client.read_response().status == 200
    keys = [key_of(each) for each in log.lines(30 + 1 + 60)]
    assert [key for key in keys if key] == [f"k{n}" for n in range(30)]


def key_of(line):
    return line.get("did", {}).get("key")


# Who leaves


def leave(client, way):
    """Returns when, in ms since the epoch."""
    now = 1000 * time.time()
    if way == "half-close":
        client.half_close()
        client.close()
    else:
        getattr(client, way)()
    return now


def assert_soon(attempt):
    """
    The place of who leaves is free in time. Each attempt returns the ms that
    it took by the clock, which a busy machine may spoil: one is to do.
    """
    took = []
    while not took or took[-1] > MOST_LEAVING:
        assert len(took) < TRIES, took
        took.append(attempt())


def end_of(line):
    """In ms since the epoch."""
    return at(line) + 1000 * line["seconds"]


@pytest.mark.parametrize("way", ["close", "reset", "half-close"])
@pytest.mark.parametrize("model", AT_ONCE)
def test_slot_of_who_leaves_is_the_next_ones(serve, tmp_path, model, way):
    """At once, as the server's own log has it; and soon, by the clock."""
    log = Log(tmp_path / "log")
    server = begin(serve, model, "--pool=db:slots=1,queue=1", *log.options)

    def attempt():
        log.path.write_text("")
        holder = hold(server)
        client = queue(server)
        left = leave(holder, way)
        assert client.read_response().status == 200
        client.close()
        entered = stay(first_line(log, WAITS)).entered
        line = first_line(log, HELD)
        assert line["left"] == line["seconds"]
        assert entered - end_of(line) <= MOST_LEAVING
        return entered - left

    assert_soon(attempt)


@pytest.mark.parametrize("way", ["close", "reset", "half-close"])
def test_slot_of_who_leaves_asleep_in_it(serve, tmp_path, way):
    """Before a head is out, where a FIN alone may be a half-close."""
    log = Log(tmp_path / "log")
    server = serve("-w", 1, "--pool=db:slots=1,queue=1", *log.options)

    def attempt():
        log.path.write_text("")
        holder = send(server, "/sleep/5m?pool=db")
        client = queue(server)
        left = leave(holder, way)
        assert client.read_response().status == 200
        line = first_line(log, "/sleep/5m?pool=db", status=499)
        assert line["left"] == line["seconds"] and line["queue_ms"] == 0
        return end_of(line) - left

    assert_soon(attempt)


@pytest.mark.parametrize("way", ["close", "reset", "half-close"])
def test_place_of_who_leaves_the_queue(serve, tmp_path, way):
    log = Log(tmp_path / "log")
    server = serve("-w", 1, "--pool=db:slots=1,queue=1", *log.options)

    def attempt():
        log.path.write_text("")
        holder, client = hold(server), send(server, "/sleep/5m?pool=db")
        assert refused(ask(server, WAITS))
        left = leave(client, way)
        line = first_line(log, "/sleep/5m?pool=db", status=499)
        assert line["left"] == line["seconds"] and "sleep_ms" not in line
        assert 1000 * line["seconds"] >= line["queue_ms"] > 0
        next_one = queue(server)
        holder.close()
        assert next_one.read_response().status == 200
        return end_of(line) - left

    assert_soon(attempt)


@pytest.mark.parametrize("model", AT_ONCE)
def test_who_has_queued_is_in_its_slot_as_any_other(serve, model):
    """What has woken it ends no wait again, nor hides that it leaves."""
    server = begin(serve, model, "--pool=db:slots=1,queue=1")
    holder, client = hold(server), server.connect()
    client.send(request(HELD))
    server.eventually(lambda: is_read(client), "it to be received")
    server.await_rest()
    holder.close()
    assert queued(client.read_head()) > 0
    server.await_rest()
    client.close()
    assert ask(server, WAITS).status == 200


def test_many_who_leave_the_queue_from_its_midst(serve, tmp_path):
    """The others keep their order."""
    log = Log(tmp_path / "log")
    server = serve("-w", 1, "--pool=db:slots=1,queue=99", *log.options)
    holder = hold(server)
    clients = {
        turn: send(server, f"/sleep/0?pool=db&size=1&key=k{turn}")
        for turn in range(24)
    }
    for turn in range(0, 24, 2):
        leave(clients.pop(turn), ["close", "reset", "half-close"][turn % 3])
    server.eventually(
        lambda: log.path.read_text().count('"status":499') == 12, "their end"
    )
    holder.close()
    for client in clients.values():
        assert client.read_response().status == 200
    lines = log.lines(24 + 1 + 48)  # theirs, the holder's, and / each time
    served = [key_of(each) for each in lines if each["status"] == 200]
    assert [key for key in served if key] == [f"k{n}" for n in range(1, 24, 2)]


def test_who_leaves_just_when_it_has_been_given_its_slot(serve):
    """The slot is never lost, whoever is quicker."""
    server = serve("-w", 2, "--pool=db:slots=1,queue=400,wait=30ms")
    for _ in range(scaled(40)):
        clients = [server.connect() for _ in range(20)]
        for client in clients:
            client.send(request("/sleep/1ms?pool=db&size=1"))
        for client in clients[::2]:
            client.reset()
        for client in clients[1::2]:
            assert client.read_response().status in (200, 503)
            client.close()

    def is_free():
        response = ask(server, WAITS)
        return response.status == 200 and queued(response) == 0

    server.eventually(is_free, "the slot to be free")


# Sleepers


@pytest.mark.parametrize("model", AT_ONCE)
def test_who_queues_is_a_sleeper(serve, model):
    server = begin(
        serve, model, "--pool=db:slots=1,queue=9", "--max-sleepers=3"
    )  # fmt: skip
    holder = hold(server)
    clients = [queue(server) for _ in range(2)]
    for target in WAITS, "/sleep/1ms":
        response = ask(server, target)
        assert response.status == 503 and not refused(response)
        assert response.field("Server-Timing") is None
    holder.close()
    for client in clients:
        assert client.read_response().status == 200
    server.eventually(
        lambda: ask(server, "/sleep/1ms").status == 200, "a place"
    )


def test_who_is_refused_gives_its_place_back(serve):
    server = serve("-w", 1, "--pool=db:slots=1", "--max-sleepers=2")
    hold(server)
    client = server.connect()
    for _ in range(9):
        assert refused(client.ask(WAITS))
    assert client.ask("/sleep/1ms").status == 200


# Stops


@pytest.mark.parametrize("model", AT_ONCE)
def test_drain_ends_the_queue(serve, model):
    """
    At its deadline, as it ends sleeps. One of them may get the slot of who is
    cut before it.
    """
    server = begin(
        serve, model, "--pool=db:slots=1,queue=9", "--drain-timeout=200ms"
    )
    holder = hold(server)
    clients = [queue(server, "/sleep/5m?pool=db") for _ in range(3)]
    server.signal(signal.SIGTERM)
    for client in clients:
        response = client.read_response()
        assert response.status == 503 and b"stops" in response.body
        assert response.field("Connection") == "close"
        assert not refused(response)
        client.read_eof()
    assert holder.read_to_end()[1] == "RST"
    server.join(3)
    # the three were answered, the one with the slot was not
    assert re.search(r"cut 4,|cut 1,", server.stdout), server.stdout


@pytest.mark.parametrize("model", AT_ONCE)
def test_stop_waits_for_a_queue_that_empties(serve, model):
    server = begin(serve, model, "--pool=db:slots=1,queue=9")
    holder = hold(
        server, "/sleep/300ms?at=body&size=1&pool=db"
    )  # fmt: skip
    clients = [queue(server, "/sleep/10ms?size=1&pool=db") for _ in range(5)]
    server.signal(signal.SIGTERM)
    assert holder.read(1) == b"a"
    for client in clients:
        response = client.read_response()
        assert response.status == 200 and queued(response) > 0
        assert response.field("Connection") == "close"
        client.read_eof()
    holder.close()
    server.join()
    assert "cut 0," in server.stdout


def test_second_signal_ends_the_queue(serve):
    server = serve("-w", 2, "--pool=db:slots=1,queue=9")
    hold(server)
    clients = [queue(server) for _ in range(5)]
    server.signal(signal.SIGTERM)
    server.eventually(server.refuses, "the listeners to close")
    server.signal(signal.SIGTERM)
    for client in clients:
        client.read_to_end()
    server.wait()
    server.close()


# Ten thousand


@pytest.fixture
def many():
    """So many clients as there are descriptors for, which are 10,000."""
    count = scaled(10_000)
    if limit(count) < count:
        pytest.skip(f"no descriptors for {count:,} clients")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield count
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_ten_thousand_in_one_queue(serve, tmp_path, many):
    """They go on in their order, each soon after it has its slot."""
    log = Log(tmp_path / "log")
    server = serve(
        "-w", 2, "--max-sleepers=20000", f"--pool=db:slots=1,queue={many}",
        *log.options,
    )  # fmt: skip
    before = server.descriptors()
    holder = hold(server)
    with Crowd(server.address, many, Habit(request(WAITS))) as crowd:
        server.await_descriptors(before + 1 + many)
        server.await_rest()
        assert crowd.answered == 0
        holder.half_close()  # the crowd's process has its socket, too
        server.eventually(lambda: crowd.answered == many, "all answers")
        assert set(crowd.look().statuses) == {200}
    server.await_rest()
    lines = log.lines(log.path.read_text().count("\n"))
    stays = [stay(each) for each in lines if each["target"] == WAITS]
    assert len(stays) >= many / 2  # a log has no room for all at once
    assert overtaken(stays) == 0
    woken = sorted(each.slack for each in stays)
    assert woken[-1 - len(woken) // 100] <= MOST_WAKING
