"""Answers that wait, within and without: who leaves, who is one too many, what
a drain does."""

import re
import signal
import time

import pytest
from server import SANITIZERS, clear_only, scaled
from wire import request
from worded import HELLO, letters

# what waits for long, the bytes of its body that come before, and whether its
# head has come
WAITS = [
    ("9m?size=9", None),
    ("0?fault=hang&size=9", None),
    ("0?fault=hang&after=4&size=9", 4),
    ("0?fault=hang&after=0&size=9", 0),
    ("9m?at=body&size=9", 0),
    ("9m?at=end&size=9", 8),
    ("0?over=9m&size=9", 1),
    ("0?rate=1&size=400", 1),
    ("0?every=9m&size=9", 1),
    ("0?every=9m&size=9&chunk=3", 3),
    ("0?every=9m&lines=9&framing=length", 45),
    ("0?every=9m&size=9&status=503", 1),
]
HEADRATE = ("0?headrate=1&size=9", None)
IDS = {"ids": lambda each: each if isinstance(each, str) else ""}


def begin(server, target, size):
    """A client whose answer has come as far as it does."""
    client = server.connect()
    client.send(request("/sleep/" + target))
    if size is not None:
        client.read_head()
        client.read(size)
    elif "headrate" in target:
        client.read(1)
    return client


def is_refused(client):
    return client.ask("/sleep/0").status == 503


def await_place(client, taken):
    """Until the only place among the sleepers is taken, or free."""
    give_up = time.monotonic() + 5
    while is_refused(client) != taken:
        assert time.monotonic() < give_up, f"taken: {not taken}"


# Who leaves


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("target, size", [*WAITS, HEADRATE], **IDS)
def test_place_of_who_leaves_is_free_at_once(serve, target, size, way):
    """It counts as asleep while it waits, wherever; and not any longer."""
    server = serve("-w", "1", "--max-sleepers=1", "--log=combined")
    other = server.connect()
    other.ask("/")  # it is there
    sockets = server.descriptors("socket:")
    client = begin(server, target, size)
    await_place(other, True)
    getattr(client, way)()
    await_place(other, False)
    server.eventually(
        lambda: server.descriptors("socket:") <= sockets, "its descriptor"
    )
    line = server.await_output(rf'"GET /sleep/{re.escape(target)}[^"]*" (\d+)')
    began = size is not None or "headrate" in target
    status = 503 if "503" in target else 200
    if began:
        assert int(line[1]) == status
    else:
        assert int(line[1]) == (444 if "hang" in target else 499)


@pytest.mark.parametrize("target, size", [*WAITS, HEADRATE], **IDS)
def test_place_is_free_within_a_tenth_of_a_second(serve, target, size):
    """The quickest of a few tries: others may keep the machine busy."""
    server = serve("-w", "1", "--max-sleepers=1")
    other = server.connect()
    quickest = 9
    for _ in range(20):
        client = begin(server, target, size)
        await_place(other, True)
        began = time.monotonic()
        client.close()
        await_place(other, False)
        quickest = min(quickest, time.monotonic() - began)
        if quickest < 0.1:
            return
    raise AssertionError(f"{quickest} s")


@pytest.mark.parametrize("target, size", WAITS, **IDS)
def test_half_close(shipped, target, size):
    """Before the head, it may go on reading; behind it, or where nothing comes any
    more, a FIN is a leaving."""
    client = begin(shipped, target, size)
    client.half_close()
    if size is None and "hang" not in target:
        assert client.read_response().status == 100
        assert client.is_silent(0.05)
        client.reset()
    else:
        _, end = client.read_to_end()
        assert end in ("FIN", "RST")


@pytest.mark.skipif(bool(SANITIZERS), reason="a sanitizer's own memory")
@clear_only("OpenSSL's memory goes to and fro by more than is measured")
def test_memory_is_back_when_they_have_left(serve):
    """Of each kind of wait, in turn and all at once."""
    server = serve("-w", "1")
    sockets = server.descriptors("socket:")
    sizes = []
    for _ in range(8):
        clients = [
            begin(server, target, size)
            for target, size in scaled(12) * [*WAITS, HEADRATE]
        ]
        for client in clients:
            client.reset()
        server.eventually(
            lambda: server.descriptors("socket:") == sockets, "their end"
        )
        sizes.append(server.memory())
    assert sizes[-1] - sizes[2] < 5 * 156 * 50  # bytes of each


# Who is one too many


@pytest.mark.parametrize("target, size", [
    ("20ms?size=9", None), ("20ms?at=body&size=9", None),
    ("20ms?at=end&size=9", None), ("0?over=50ms&size=9", None),
    ("0?rate=1k&size=99", None), ("0?every=5ms&size=9", None),
    ("0?every=5ms&events=9", None), ("0?headrate=9k", None),
    ("20ms?over=20ms&headrate=9k&at=end&size=9", None),
])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_place_is_free_when_the_answer_is_whole(serve, target, size, method):
    """On this same connection, again and again."""
    client = serve("-w", "1", "--max-sleepers=1").connect()
    for _ in range(5):
        response = client.ask("/sleep/" + target, method=method)
        assert response.status == 200
        assert not is_refused(client)


@pytest.mark.parametrize("fault", ["hang&for=10ms", "hang&for=10ms&after=3",
                                   "reset&after=3", "close", "truncate",
                                   "reset&over=20ms", "chunk&over=20ms",
                                   "garbage&over=20ms"])  # fmt: skip
def test_place_is_free_when_the_fault_has_come(serve, fault):
    server = serve("-w", "1", "--max-sleepers=1")
    for _ in range(5):
        client = server.connect()
        client.send(request(f"/sleep/10ms?size=9&fault={fault}"))
        data, _ = client.read_to_end()
        assert b" 503 " not in data
    await_place(server.connect(), False)


@pytest.mark.parametrize("target, size", [*WAITS, HEADRATE], **IDS)
def test_one_too_many(serve, target, size):
    """It is refused at once, and nothing of its words is done."""
    server = serve("-w", "1", "--max-sleepers=1")
    client = server.connect()
    first = begin(server, "9m", None)
    await_place(client, True)
    response = client.ask("/sleep/" + target)
    assert response.status == 503 and b"--max-sleepers" in response.body
    assert response.field("Mtasync") is None
    assert response.field("Retry-After") == "1"
    assert client.ask("/").body == HELLO
    first.reset()


# A drain


@pytest.mark.parametrize("target, size", [*WAITS, HEADRATE], **IDS)
def test_drain(serve, target, size):
    """
    Sleepers get a 503 at the deadline, a body that has begun is reset then;
    both count as cut. A hang ends when the drain begins, and does not count.
    """
    hangs = "hang" in target
    timeout = "10m" if hangs else "200ms"
    server = serve("-w", "1", f"--drain-timeout={timeout}")
    client = begin(server, target, size)
    assert client.is_silent(0.05) or "headrate" in target
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    if size is None and not hangs and "headrate" not in target:
        response = client.read_response()
        assert response.status == 503 and b"stops" in response.body
        client.read_eof()
    else:
        _, end = client.read_to_end()
        assert end == "RST"
    assert time.monotonic() - began >= (0 if hangs else 0.2)
    server.join(0 if hangs else 3)
    cut = 0 if hangs else 1
    served = re.search(r"served (\d+) requests, cut (\d+),", server.stdout)
    assert int(served[2]) == cut


@pytest.mark.parametrize("target, body", [
    ("300ms?size=9", letters(9)), ("300ms?at=body&size=9", letters(9)),
    ("300ms?at=end&size=9", letters(9)), ("0?over=300ms&size=9", letters(9)),
    ("0?rate=20&size=9", letters(9)), ("0?every=50ms&size=9", letters(9)),
])  # fmt: skip
def test_drain_lets_what_is_short_end(serve, target, body):
    server = serve("-w", "1")
    client = server.connect()
    client.send(request("/sleep/" + target))
    assert server.connect().ask("/").status == 200  # it has been read
    server.signal(signal.SIGTERM)
    assert client.read_response().body == body
    client.read_eof()
    server.join()


@pytest.mark.parametrize("after", ["", "&after=3"])
def test_hang_behind_its_delay_ends_in_a_drain(serve, after):
    """The drain waits for the delay, and then no longer."""
    server = serve("-w", "1", "--drain-timeout=10m")
    client = server.connect()
    client.send(request(f"/sleep/300ms?fault=hang{after}&size=9"))
    assert server.connect().ask("/").status == 200
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    data, end = client.read_to_end()
    assert end == "RST" and data.endswith(b"abc" if after else b"")
    assert time.monotonic() - began >= 0.2
    server.join()
