"""The words in each of the models: a few of each kind, where models differ."""

import re
import signal
import time

import pytest
from waiting import MODELS, asking, asleep, begin  # noqa: F401
from wire import request
from worded import did, letters, read_slowly

ONE = "Connection: close"  # blocking models serve one request, and close

ANSWERS = [
    ("200ms?at=body&size=9", 200, letters(9), 0.2),
    ("200ms?at=end&size=9", 200, letters(9), 0.2),
    ("0?over=200ms&size=70k", 200, letters(70 << 10), 0.2),
    ("0?rate=40&size=9", 200, letters(9), 0.2),
    ("0?every=50ms&size=5", 200, letters(5), 0.2),
    ("0?headrate=1k&size=9", 200, letters(9), 0.15),
    ("100ms?status=503", 503, b"503 Service Unavailable: on purpose\n", 0.1),
    ("0?size=1m&framing=close", 200, letters(1 << 20), 0),
    ("0?size=1m", 200, letters(1 << 20), 0),
]
FAULTS = [
    ("100ms?fault=close", None, "FIN", 0.1),
    ("100ms?fault=reset", None, "RST", 0.1),
    ("50ms?fault=hang&for=100ms", None, "RST", 0.15),
    ("0?fault=reset&after=300k&size=1m", letters(300 << 10), "RST", 0),
    ("0?fault=hang&after=5&for=100ms&size=9", b"abcde", "RST", 0.1),
    ("0?fault=truncate&size=9&over=100ms", b"abcd", "FIN", 0.037),
    ("0?fault=chunk&size=3", b"no-size\r\nabc\r\n0\r\n\r\n", "FIN", 0),
    ("0?fault=length&size=9", letters(9), "FIN", 0),
]
# what waits, and what has come of it by then: nothing, or so much of its body
LONG = [
    ("5m?size=9", None),
    ("0?fault=hang", None),
    ("0?fault=hang&after=4&size=9", 4),
    ("5m?at=body&size=9", 0),
    ("0?over=5m&size=9", 1),
    ("0?every=5m&size=9", 1),
]


@pytest.mark.parametrize("model", MODELS)
def test_answers(begin, model):  # noqa: F811
    server = begin(model)
    for target, status, body, least in ANSWERS:
        client = server.connect()
        began = time.monotonic()
        client.send(request("/sleep/" + target, ONE))
        head = client.read_head()
        data, end = client.read_to_end()
        client.close()  # a model may wait for it
        assert time.monotonic() - began >= least, target
        assert (head.status, data, end) == (status, body, "FIN"), target
        assert did(head)


@pytest.mark.parametrize("model", MODELS)
def test_chunks_and_interim_responses(begin, model):  # noqa: F811
    server = begin(model)
    client = server.connect()
    target = "/sleep/100ms?interim=103&events=3&every=10ms"
    client.send(request(target, ONE, method="POST"))
    assert client.read_response().status == 103
    body = client.read_response().body
    assert re.findall(rb"^id: (\d)$", body, re.M) == [b"1", b"2", b"3"]
    client.read_eof()


@pytest.mark.parametrize("model", MODELS)
def test_faults(begin, model):  # noqa: F811
    server = begin(model)
    for target, body, how, least in FAULTS:
        client = server.connect()
        began = time.monotonic()
        client.send(request("/sleep/" + target))
        data, end = client.read_to_end()
        client.close()  # a model may wait for it
        assert time.monotonic() - began >= least, target
        assert data.partition(b"\r\n\r\n")[2] == (body or b""), target
        assert end == how and bool(data) == (body is not None), target


def wait_of(server, target, size):
    """A client whose answer has come as far as it does."""
    if size is None:
        return asleep(server, "/sleep/" + target)
    client = server.connect()
    client.send(request("/sleep/" + target))
    client.read_head()
    client.read(size)
    return client


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("model", MODELS)
def test_client_that_leaves_is_let_go(begin, model, way):  # noqa: F811
    """So that the next one is served, where it waits for this one."""
    server = begin(model, "--max-sleepers=1")
    for target, size in LONG:
        client = wait_of(server, target, size)
        getattr(client, way)()

        def is_free():
            with asking(server, "/sleep/0") as other:
                return other.read_response().status == 200

        server.eventually(is_free, f"{target}: its place")


@pytest.mark.parametrize("model", MODELS)
def test_drain(begin, model):  # noqa: F811
    for target, size in LONG:
        hangs = "hang" in target
        timeout = "10m" if hangs else "200ms"
        server = begin(model, f"--drain-timeout={timeout}")
        client = wait_of(server, target, size)
        server.signal(signal.SIGTERM)
        if size is None and not hangs:
            response = client.read_response()
            assert response.status == 503 and b"stops" in response.body
            client.read_eof()
        else:
            assert client.read_to_end()[1] == "RST", target
        server.join(0 if hangs else 3)
        cut = 0 if hangs else 1
        assert re.search(rf"served \d+ requests, cut {cut},", server.stdout)


@pytest.mark.parametrize("model", MODELS)
def test_write_timeout_does_not_run_in_our_pauses(begin, model):  # noqa: F811
    server = begin(model, "--write-timeout=200ms")
    client = server.connect()
    client.send(request("/sleep/0?every=500ms&size=3", ONE))
    assert client.read_response().body == letters(3)


@pytest.mark.parametrize("model", MODELS)
def test_reset_lets_a_slow_client_have_all(begin, model):  # noqa: F811
    client = begin(model).connect(receive_buffer=4096)
    client.send(request("/sleep/0?fault=reset&after=300000&size=1m"))
    client.read_head()
    assert read_slowly(client, 200_000) == (letters(300_000), "RST")


@pytest.mark.parametrize("model", MODELS)
def test_reset_does_not_wait_for_ever(begin, model):  # noqa: F811
    server = begin(model, "--write-timeout=200ms")
    client = server.connect(receive_buffer=4096)
    client.send(request("/sleep/0?fault=reset&after=900k&size=1m"))
    client.read_head()
    with asking(server) as other:  # a serial model serves it behind the reset
        assert other.read_response().status == 200
    data, end = client.read_to_end()
    assert end == "RST"
