"""Bodies and heads that come by and by: never early at any step."""

import datetime
import re
import socket
import time

import pytest
from server import SANITIZERS
from wire import request
from worded import HELLO, Arrivals, did, letters, receipt

LONGEST = "9m"  # far longer than a test may take


# Each word by its own measure: the seconds before which byte k is not due

OVER = [
    ("over=300ms&size=1000", 1000, lambda k: 0.3 * k / 999),
    ("over=300ms&size=2", 2, lambda k: 0.3 * k),
    ("over=200ms&size=1", 1, lambda k: 0.2),
    ("over=300ms&size=1m", 1 << 20, lambda k: 0.3 * k / ((1 << 20) - 1)),
    ("over=300ms&size=1000&fill=1", 1000, lambda k: 0.3 * k / 999),
    ("over=300ms", len(HELLO), lambda k: 0.3 * k / (len(HELLO) - 1)),
    ("over=300ms&status=404", 26, lambda k: 0.3 * k / 25),
    ("over=0&size=1000", 1000, lambda k: 0),
]
RATE = [
    ("rate=1000&size=300", 300, lambda k: k / 1000),
    ("rate=10&size=4", 4, lambda k: k / 10),
    ("rate=3m&size=1m", 1 << 20, lambda k: k / (3 << 20)),
    ("rate=4k", len(HELLO), lambda k: k / 4096),
]
EVERY = [
    ("every=50ms&size=6", 6, lambda k: 0.05 * k),
    ("every=50ms&chunk=100&size=550", 550, lambda k: 0.05 * (k // 100)),
    ("every=20ms..40ms&size=10", 10, lambda k: 0.02 * k),
    ("every=1ms&chunk=2&size=500", 500, lambda k: 0.001 * (k // 2)),
    ("every=0&size=3000", 3000, lambda k: 0),
    ("every=100us..300us&size=1000", 1000, lambda k: 0.0001 * k),
    ("every=100ms&chunk=400", len(HELLO), lambda k: 0.1 * (k // 400)),
]
TOGETHER = [
    ("delay=100ms&over=200ms&size=100", 100, lambda k: 0.1 + 0.2 * k / 99),
    ("delay=100ms&at=body&rate=1k&size=100", 100, lambda k: 0.1 + k / 1024),
    ("delay=100ms&at=end&over=200ms&size=100", 100,
     lambda k: 0.2 * k / 99 + 0.1 * (k == 99)),
    ("delay=100ms&at=end&every=50ms&chunk=40&size=90", 90,
     lambda k: 0.05 * (k // 40) + 0.1 * (k == 89)),
]  # fmt: skip


@pytest.mark.parametrize(
    "words, size, due",
    [*OVER, *RATE, *EVERY, *TOGETHER],
    ids=lambda each: each if isinstance(each, str) else "",
)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_never_early(shipped, words, size, due, version):
    """Byte by byte, and the connection goes on."""
    client = shipped.connect()
    words = words if "delay=" in words else "delay=0&" + words
    target = f"/sleep?{words}"
    keep = "Connection: keep-alive"
    arrivals = Arrivals(client, target, keep, version=version)
    assert arrivals.head.field("Content-Length") == str(size)
    body = arrivals.read(size)
    arrivals.assert_never_early(due)
    if "fill" not in words and "size" in words:
        assert body == letters(size)
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("words", ["over=9m&size=2", "rate=1&size=400",
                                   "every=9m&size=2", "over=9m"])  # fmt: skip
def test_first_byte_comes_at_once(shipped, words):
    with shipped.connect() as client:
        arrivals = Arrivals(client, f"/sleep/0?{words}")
        arrivals.read(1)
        assert client.is_silent()


@pytest.mark.parametrize("words", [
    f"over={LONGEST}&size=1m", "rate=2000&size=1m", "every=1ms&chunk=2&size=1m"
])  # fmt: skip
def test_bytes_come_while_the_pace_lasts(shipped, words):
    """Not all at its end: a thousand bytes of many minutes' worth."""
    with shipped.connect() as client:
        assert Arrivals(client, f"/sleep/0?{words}").read(1000)


@pytest.mark.parametrize("words", [
    "over=300ms&size=100k", "rate=340k&size=100k",
    "every=3ms&chunk=1k&size=100k",
])  # fmt: skip
def test_pace_ends_in_time(shipped, words):
    """Long before one that sleeps for five seconds meanwhile."""
    clock, client = shipped.connect(), shipped.connect()
    clock.send(request("/sleep/5s"))
    assert len(client.ask(f"/sleep/0?{words}").body) == 100 << 10
    assert clock.is_silent()
    clock.close()


@pytest.mark.parametrize("words", ["over=1s&size=1m", "rate=100k&size=100k",
                                   "every=100us&size=10000"])  # fmt: skip
def test_steps_are_at_most_a_hundred_a_second(shipped, words):
    """One for each tick of 10 ms; and the first."""
    with shipped.connect() as client:
        arrivals = Arrivals(client, f"/sleep/0?{words}")
        arrivals.read(int(arrivals.head.field("Content-Length")))
        tail = arrivals.seen[-1][0] - arrivals.seen[0][0]
        ticks = {int(at / 0.01) for at, _ in arrivals.seen}
        assert len(ticks) <= 100 * tail + 2


@pytest.mark.parametrize("words, receipt_of", [
    ("over=20ms", "over"), ("rate=1m", "rate"), ("every=1us", "every")
])  # fmt: skip
def test_pace_is_told(shipped, words, receipt_of):
    response = shipped.connect().ask(f"/sleep/0?{words}&size=5")
    assert did(response) == {"delay": 0, "size": 5, receipt_of: True}


def test_gaps_that_are_drawn_are_told_by_seed_and_number(shipped):
    response = shipped.connect().ask("/sleep/0?every=0..1ms&size=5&seed=3")
    assert did(response)["seed"] == 3 and did(response)["n"] > 0


# What is to be seen of a slow client


def test_rate_catches_up_when_the_client_was_slow(shipped):
    """What has become due while it did not read comes at once."""
    clock, client = shipped.connect(), shipped.connect(receive_buffer=4096)
    clock.send(request("/sleep/2s"))
    arrivals = Arrivals(client, "/sleep/0?rate=100k&size=200k")
    assert clock.read_response().status == 200
    clock.send(request("/sleep/1s"))
    assert arrivals.read(200 << 10) == letters(200 << 10)
    assert clock.is_silent()
    clock.close()


def test_every_counts_from_the_last_piece(shipped):
    """Not from its time: a piece fills the socket until it is read."""
    clock, client = shipped.connect(), shipped.connect(receive_buffer=4096)
    words = "every=200ms&chunk=1m&size=3m"
    client.send(request(f"/sleep/0?{words}"))
    client.read_head()
    taken = len(client.buffer)
    for end in 1 << 20, 2 << 20:
        assert clock.ask("/sleep/600ms").status == 200  # it reads nothing
        began = time.monotonic()
        while taken < end:
            taken += len(client.socket.recv(min(end - taken, 1 << 16)))
        assert client.socket.recv(1, socket.MSG_PEEK)
        assert time.monotonic() - began >= 0.2


# Pieces


@pytest.mark.parametrize("kind, form", [
    ("events", rb'id: \d+\ndata: {"n":(\d+),"time":"([^"]+)Z"}\n\n'),
    ("lines", rb'{"n":(\d+),"time":"([^"]+)Z"}\n'),
])  # fmt: skip
@pytest.mark.parametrize("gap", ["30ms", "30ms..40ms"])
def test_items_come_one_by_one(shipped, kind, form, gap):
    """Each at its time, by our clock and by what it says itself."""
    client = shipped.connect()
    began = time.monotonic()
    client.send(request(f"/sleep/0?{kind}=6&every={gap}"))
    assert client.read_head().field("Transfer-Encoding") == "chunked"
    moments = []
    for n in range(6):
        size = int(client.read_until(b"\r\n"), 16)
        item = re.fullmatch(form, client.read(size))
        assert time.monotonic() - began >= 0.03 * n
        assert int(item[1]) == n + 1
        moment = datetime.datetime.fromisoformat(item[2].decode())
        moments.append(moment.timestamp())
        assert client.read(2) == b"\r\n"
    for one, other in zip(moments, moments[1:]):
        assert other - one >= 0.03 - 2e-6  # times are whole us
    assert client.read(5) == b"0\r\n\r\n"
    assert client.ask("/").body == HELLO


def test_pieces_are_chunks(shipped):
    client = shipped.connect()
    words = "every=30ms&chunk=10&size=25&framing=chunked"
    client.send(request(f"/sleep/0?{words}"))
    client.read_head()
    body = b"a\r\nabcdefghij\r\na\r\nklmnopqrst\r\n5\r\nuvwxy\r\n0\r\n\r\n"
    assert client.read(len(body)) == body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_headrate(shipped, method):
    """Byte by byte, and behind the head the body at once."""
    client = shipped.connect()
    began = time.monotonic()
    target = "/sleep/100ms?headrate=1000&size=5"
    client.send(request(target, method=method))
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.socket.recv(1 << 16)
        last = min(len(data), data.find(b"\r\n\r\n") % (1 << 30) + 4) - 1
        assert time.monotonic() - began >= 0.1 + last / 1000
    client.buffer += data
    response = client.read_response(method)
    assert did(response) == {"delay": 100, "size": 5, "headrate": True}
    assert response.body == (letters(5) if method == "GET" else b"")
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("words", [
    f"over={LONGEST}&size=9", "rate=1&size=300", f"every={LONGEST}&size=9",
    f"every={LONGEST}&lines=9",
])  # fmt: skip
@pytest.mark.parametrize("words_of_head", ["", "&framing=chunked"])
def test_head_does_not_drip(shipped, words, words_of_head):
    client = shipped.connect()
    target = f"/sleep/10ms?{words}{words_of_head}"
    assert client.ask(target, method="HEAD").status == 200
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("status", [204, 304])
def test_pace_of_no_body(shipped, status):
    client = shipped.connect()
    words = f"over={LONGEST}&status={status}:99.9999999"
    response = client.ask(f"/sleep/0?{words}")
    assert response.status == status
    assert receipt(response)["over"].parameters == {"skipped"}
    assert client.ask("/").body == HELLO


def test_rate_that_would_take_too_long_is_raised(serve):
    """As far as the page needs, behind the delay; and told."""
    client = serve("--max-sleep=300ms").connect()
    arrivals = Arrivals(client, "/sleep/100ms?rate=1")
    arrivals.read(len(HELLO))
    least = (len(HELLO) - 1) / 0.2
    arrivals.assert_never_early(lambda k: 0.1 + k / (least + 1))
    assert receipt(arrivals.head)["rate"].parameters == {"limited"}
    assert client.ask("/").body == HELLO


# What runs meanwhile


@pytest.mark.parametrize("words", [
    "every=900ms&size=3", "rate=1&size=3", "headrate=200&size=1",
    "delay=900ms&at=body&size=3", "delay=900ms&at=end&size=3",
])  # fmt: skip
def test_write_timeout_does_not_run_in_our_pauses(serve, words):
    client = serve("-w", "1", "--write-timeout=300ms").connect()
    words = words if "delay" in words else "delay=0&" + words
    response = client.ask(f"/sleep?{words}")
    assert response.body in (letters(1), letters(3))


@pytest.mark.parametrize("pace", ["", "rate=500m&", "every=1ms&chunk=1m&"])
def test_write_timeout_ends_who_takes_nothing(serve, pace):
    server = serve("-w", "1", "--write-timeout=200ms")
    sockets = server.descriptors("socket:")
    client = server.connect(receive_buffer=4096)
    client.send(request(f"/sleep/0?{pace}size=100m"))
    head = client.read_head()
    assert head.status == 200
    server.eventually(
        lambda: server.descriptors("socket:") <= sockets, "its end"
    )
    data, end = client.read_to_end()
    assert end == "RST" and len(data) < 100 << 20


@pytest.mark.skipif(bool(SANITIZERS), reason="a sanitizer's own memory")
@pytest.mark.parametrize("words", [
    "size=1g", "size=1g&fill=1", "size=1g&framing=chunked", "rate=1g&size=1g",
    "every=1ms&chunk=100m&size=1g", "lines=1000000",
])  # fmt: skip
def test_client_that_stops_reading_costs_no_memory(serve, words):
    """Whatever is owed to it."""
    server = serve("-w", "1")
    server.connect().ask("/sleep/0?size=1m")
    server.await_rest()
    before = server.memory()
    clients = [server.connect(receive_buffer=4096) for _ in range(20)]
    for client in clients:
        client.send(request(f"/sleep/0?{words}"))
    for client in clients:
        client.read_head()
    server.await_rest()
    assert server.memory() - before < 20 * (64 << 10)
    for client in clients:
        client.reset()
