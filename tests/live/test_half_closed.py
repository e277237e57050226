"""
Clients that say with a FIN, while their answer waits, that they send no more:
those that still read, and those that are gone (RFC 9112 9.6).
"""

import signal
import time

import pytest
from server import eventually
from waiting import FOREVER, LATER, MODELS, ask, asleep, is_read
from waiting import begin  # noqa: F401
from wire import request

PAGE = b"<p>hello</p>\n"
LOOPS = ["async", "mtasync"]
BEHIND = {"": b"", "pipelined": request("/"), "much": 60_000 * b"\n"}


def half_closed(server, data):
    """A client whose FIN is there as soon as its request."""
    client = server.connect()
    server.freeze()
    client.send(data)
    client.half_close()
    server.thaw()
    return client


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("model", MODELS)
def test_it_is_answered_in_its_time(begin, model, behind):
    """The interim response comes first, and once."""
    server = begin(model)
    last = request("/sleep/300ms", "Connection: close")
    client = half_closed(server, last + behind)
    assert client.read_response().status == 100
    assert client.read_response().body == PAGE
    client.read_eof()


@pytest.mark.parametrize("model", MODELS)
def test_it_is_answered_when_its_fin_comes_later(begin, model):
    server = begin(model)
    client = asleep(server, LATER)
    client.half_close()
    assert client.read_response().status == 100
    assert client.read_response().body == PAGE
    client.read_eof()


@pytest.mark.parametrize("model", LOOPS)
def test_what_it_has_pipelined_is_answered_too(begin, model):
    """What is due at once does not wait for what sleeps behind it."""
    server = begin(model)
    targets = "/", "/sleep/100ms", "/none", "/sleep/100ms", "/"
    client = half_closed(server, b"".join(map(request, targets)))
    statuses = [client.read_response().status for _ in range(7)]
    assert statuses == [200, 100, 200, 404, 100, 200, 200]
    client.read_eof()


@pytest.mark.parametrize("model", MODELS)
def test_http_1_0_is_sent_no_interim_response(begin, model):
    """RFC 9110 15.2. It is answered in its time."""
    server = begin(model)
    client = half_closed(server, request("/sleep/300ms", version="1.0"))
    assert client.read_response().body == PAGE
    client.read_eof()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("model", MODELS)
def test_waiting_for_it_costs_no_processor(begin, model, version):
    """Its FIN, and what lies unread before it, are there all the time."""
    server = begin(model)
    before = server.cpu_seconds()
    data = request("/sleep/1s", "Connection: close", version=version)
    client = half_closed(server, data + request("/"))
    if version == "1.1":
        assert client.read_response().status == 100
    assert client.read_response().status == 200
    assert server.cpu_seconds() - before < 0.3


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("model", MODELS)
def test_client_that_is_gone_is_let_go(begin, model, leave, behind):
    """In the middle of its sleep, and whatever it has sent behind."""
    server = begin(model)
    listeners = server.descriptors("socket:")
    client = asleep(server, FOREVER)
    client.send(behind)
    getattr(client, leave)()
    assert ask(server, "/").status == 200
    eventually(
        lambda: server.descriptors("socket:") == listeners, "all to be let go"
    )


@pytest.mark.parametrize("model", MODELS)
def test_client_that_half_closes_and_then_resets_is_let_go(begin, model):
    server = begin(model)
    listeners = server.descriptors("socket:")
    client = asleep(server, FOREVER)
    client.half_close()
    assert client.read_response().status == 100
    client.reset()
    eventually(
        lambda: server.descriptors("socket:") == listeners, "it to be let go"
    )


@pytest.mark.parametrize("model", MODELS)
def test_http_1_0_client_that_leaves_keeps_its_place(begin, model):
    """Till its time: its FIN alone does not say that it is gone."""
    server = begin(model)
    listeners = server.descriptors("socket:")
    client = server.connect()
    began = time.monotonic()
    client.send(request("/sleep/2s", version="1.0"))
    eventually(lambda: is_read(client), "it to be received")
    client.close()
    eventually(
        lambda: server.descriptors("socket:") == listeners, "it to be let go"
    )
    assert time.monotonic() - began >= 2


@pytest.mark.parametrize("model", MODELS)
def test_http_1_0_client_that_resets_is_let_go(begin, model):
    server = begin(model)
    listeners = server.descriptors("socket:")
    client = server.connect()
    client.send(request(FOREVER, version="1.0"))
    eventually(lambda: is_read(client), "it to be received")
    client.half_close()
    client.reset()
    eventually(
        lambda: server.descriptors("socket:") == listeners, "it to be let go"
    )


@pytest.mark.parametrize("model", MODELS)
def test_stop_tells_it(begin, model):
    server = begin(model, "--drain-timeout=100ms")
    client = half_closed(server, request(FOREVER))
    assert client.read_response().status == 100
    server.signal(signal.SIGTERM)
    assert client.read_response().status == 503
    client.read_eof()
    server.join(3)
