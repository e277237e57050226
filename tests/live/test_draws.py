"""What /sleep waits for, and what it draws: the same again, by the seed."""

import signal
import time

import pytest
from server import run
from wire import request
from worded import ask  # noqa: F401
from worded import CHANCE, HELLO, did, letters, receipt, slept


# Delays


@pytest.mark.parametrize("target, least, most", [
    ("/sleep/40ms", 40, 40),
    ("/sleep?delay=40ms", 40, 40),
    ("/sleep?delay=%34%30ms", 40, 40),
    ("/sleep/20ms..40ms", 20, 40),
    ("/sleep/30ms~10ms", 20, 40),
    ("/sleep/normal:30ms,1ms", 15, 45),
    ("/sleep/lognormal:20ms,25ms", 10, 40),
    ("/sleep/exp:10ms", 0, 1000),
    ("/sleep/pct:p50=20ms,max=30ms", 20, 30),
    ("/sleep/20ms:50,30ms..40ms:50", 20, 40),
])  # fmt: skip
def test_delay(ask, target, least, most):
    """Nothing comes before what was drawn, which both receipts tell."""
    for _ in range(3):
        began = time.monotonic()
        response = ask(target)
        took = 1000 * (time.monotonic() - began)
        asked, late = slept(response)
        assert response.status == 200 and response.body == HELLO
        assert least <= asked <= most and late >= 0
        assert took >= asked
        if response.field("Mtasync"):
            told = did(response)
            assert set(told) == {"delay"} | CHANCE
            assert asked <= told["delay"] < asked + 0.001  # to the us, up
        else:
            assert least == most


def test_no_delay_comes_by_its_share(ask):
    assert slept(ask("/sleep/5m:0"))[0] == 0


@pytest.mark.parametrize("target", ["/sleep?status=503", "/sleep?1&size=1"])
def test_delay_is_five_seconds_unless_it_is_said(serve, target):
    server = serve("--drain-timeout=50ms")
    client = server.connect()
    client.send(request(target))
    assert client.is_silent(0.05)
    server.signal(signal.SIGTERM)
    assert b"stops" in client.read_response().body
    server.join(3)


def test_bare_sleep_with_words_takes_five_seconds(ask):
    assert slept(ask("/sleep?size=1"))[0] == 5000


@pytest.mark.parametrize("query", ["?1", "?1&x", "?&", "?", "?delay&status"])
def test_parameter_without_value_is_no_word(ask, query):
    response = ask("/sleep/10ms" + query)
    assert response.body == HELLO and slept(response)[0] == 10
    assert response.field("Mtasync") is None


def test_tail_is_brought_down_to_the_limit(serve):
    client = serve("--max-sleep=20ms").connect()
    limited = 0
    for _ in range(20):
        response = client.ask("/sleep/exp:20ms")
        told = receipt(response)["delay"]
        assert slept(response)[0] <= 20 and told.value <= 20
        assert told.parameters <= {"limited"}
        assert bool(told.parameters) == (told.value == 20)
        limited += bool(told.parameters)
    assert 0 < limited < 20  # each has the chance of e^-1


@pytest.mark.parametrize("at", ["body", "end"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_delay_within_the_answer(shipped, at, framing):
    client = shipped.connect()
    began = time.monotonic()
    query = f"at={at}&size=1000&framing={framing}"
    client.send(request(f"/sleep/300ms?{query}"))
    head = client.read_head()
    assert head.field("Server-Timing") is None  # it can't know yet
    assert did(head)["delay"] == 300
    before = 999 if at == "end" else 0
    body = {
        "length": [letters(before), letters(1000 - before, before)],
        "chunked": [
            chunk(letters(before)),
            chunk(letters(1000 - before, before)) + b"0\r\n\r\n",
        ],
    }[framing]
    assert client.read(len(body[0])) == body[0]
    assert client.is_silent(0.02)
    first = client.read(1)
    assert time.monotonic() - began >= 0.3
    assert first + client.read(len(body[1]) - 1) == body[1]
    assert client.ask("/").body == HELLO


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


@pytest.mark.parametrize("target", [
    "/sleep/20ms?at=end&status=204:50,304:50",
    "/sleep/20ms?at=body&size=0:50,1:0",
    "/sleep/20ms?at=body&size=9",
])  # fmt: skip
def test_delay_without_a_body_comes_before_the_head(ask, target):
    for _ in range(4):
        method = "HEAD" if "status" not in target else "GET"
        assert slept(ask(target, method=method))[0] == 20


# The same again


def told_by(server, query, count=30):
    client = server.connect()
    return [did(client.ask(f"/sleep/{query}")) for _ in range(count)]


def test_same_seed_draws_the_same(serve):
    query = "0..1ms?status=503:50&size=1:30,2:30&close=0"
    first = told_by(serve("--seed=7"), query)
    assert told_by(serve("--seed=7"), query) == first
    assert told_by(serve("--seed=8"), query + "&seed=7") == first
    other = told_by(serve("--seed=8"), query)
    assert [t["delay"] for t in other] != [t["delay"] for t in first]
    assert [t["n"] for t in other] == list(range(1, 31))


def test_word_more_shifts_no_other_draw(serve):
    one = told_by(serve("--seed=7"), "0..1ms?status=503:50")
    query = "0..1ms?status=503:50&size=1:50&close=0.001"
    more = told_by(serve("--seed=7"), query)
    for less, told in zip(one, more):
        told.pop("size", None)
        assert told == less


def test_draws_are_those_that_are_printed(serve):
    words = "delay=0..1ms status=503:50 size=5:50"
    printed = run(f"--draw={words}", "--draws=30", "--seed=7").stdout
    client = serve("--seed=7").connect()
    query = words.replace(" ", "&")
    lines = [client.ask(f"/sleep?{query}").field("Mtasync") for _ in range(30)]
    assert lines == printed.splitlines()


def test_number_is_exact_over_workers(serve):
    server = serve("-w", "2")
    clients = [server.connect() for _ in range(40)]
    for client in clients:
        client.send(10 * request("/sleep/0..1ms") + request("/sleep/0"))
    numbers = []
    for client in clients:
        numbers += [did(client.read_response())["n"] for _ in range(10)]
        assert client.read_response().field("Mtasync") is None
    assert sorted(numbers) == list(range(1, 401))
