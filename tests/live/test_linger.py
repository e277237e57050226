"""
Clients that are refused, or answered, while they still send: they are read from
for a while, so that no reset destroys what they are told (RFC 9112 9.6).
"""

import signal
import time

import pytest
from server import eventually
from waiting import MODELS
from waiting import begin  # noqa: F401
from wire import PATIENCE, request

PAUSE, MOST = 5, 30  # seconds: between two pieces, and in all
PIECE = bytes(1 << 20)  # more than the share of a turn
REFUSED = {
    413: request("/", "Content-Length: 999999999"),
    # it need not send the body, but may
    405: request(
        "/", "Content-Length: 99999", "Expect: 100-continue", method="POST"
    ),
}


def refused(server, status=413):
    """A client that is refused, and has not read that yet."""
    client = server.connect()
    client.send(REFUSED[status])
    eventually(lambda: not client.is_silent(), "the refusal")
    return client


@pytest.mark.parametrize("status", REFUSED)
def test_client_that_reads_when_it_has_sent_all_sees_it(begin, status):
    """Longer than the pause that it may make; half of that at a time."""
    clients = [refused(begin(model), status) for model in MODELS]
    began = time.monotonic()
    while time.monotonic() - began < PAUSE + 1:
        for client in clients:
            client.send(1000 * b"x")
        time.sleep(PAUSE / 2)
    for client in clients:
        assert client.read_response().status == status
        client.send(b"x")
        client.half_close()
        client.read_eof()


def test_client_that_goes_on_for_ever_is_let_go(begin):
    """However much it sends; and not before its time."""
    began = time.monotonic()
    clients = [refused(begin(model)) for model in MODELS]
    for client in clients:
        client.socket.setblocking(False)
    ended = {}
    while len(ended) < len(clients):
        for model, client in zip(MODELS, clients):
            try:
                if model not in ended:
                    client.socket.send(PIECE)
            except BlockingIOError:
                pass
            except ConnectionError:
                ended[model] = time.monotonic() - began
        assert time.monotonic() - began < MOST + PATIENCE, ended
        time.sleep(0.1)
    assert min(ended.values()) >= MOST - PAUSE, ended


def test_client_that_says_nothing_is_let_go_sooner(begin):
    servers = [begin(model) for model in MODELS]
    before = [server.descriptors("socket:") for server in servers]
    began = time.monotonic()
    clients = [refused(server) for server in servers]
    for server, count in zip(servers, before):
        eventually(
            lambda: server.descriptors("socket:") == count, server.start_line
        )
        assert PAUSE <= time.monotonic() - began < MOST - PAUSE
    for client in clients:
        assert client.read_response().status == 413


def test_stop_does_not_wait_for_it(begin):
    """No longer than for an idle connection, though it goes on to send."""
    for model in MODELS:
        server = begin(model)
        client = refused(server)
        client.socket.setblocking(False)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        while server.process.poll() is None:
            try:
                client.socket.send(PIECE)
            except (BlockingIOError, ConnectionError):
                pass
            assert time.monotonic() - began < PAUSE - 1, model
            time.sleep(0.01)
        server.join()
