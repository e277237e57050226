"""--drain-delay: balancers learn of a stop before anybody is turned away."""

import signal
import time

import pytest
from server import eventually
from test_drain import MODELS, drain
from wire import request

TERM = signal.SIGTERM


def is_leaving(server):
    """Whether its answers say so; and it lets somebody in to hear it."""
    with server.connect() as client:
        response = client.ask("/")
        assert response.status == 200
        return response.field("Connection") == "close"


@pytest.mark.parametrize("model", MODELS)
def test_a_stop_may_have_a_delay(serve, model):
    """All are let in for so long; then it drains as without one."""
    server = serve(f"--model={model}", "--drain-delay=1s")
    begin = time.monotonic()
    server.signal(TERM)
    while time.monotonic() < begin + 0.7:
        with server.connect() as client:
            assert client.ask("/").status == 200
    server.join()
    assert time.monotonic() - begin >= 1


def test_answers_in_the_delay_close_their_connections(serve):
    """Who is idle keeps its connection until it asks; so does who sleeps."""
    server = serve("-w", "2", "--drain-delay=1m")
    idle, sleeper = server.connect(), server.connect()
    assert idle.ask("/").field("Connection") is None
    sleeper.send(request("/sleep/300ms"))
    server.signal(TERM)
    eventually(lambda: is_leaving(server), "answers that close")
    assert idle.is_silent()
    for client in idle, sleeper:
        if client is idle:
            client.send(request("/"))
        response = client.read_response()
        assert response.status == 200
        assert response.field("Connection") == "close"
        client.read_eof()
    assert not server.refuses()
    server.signal(TERM)
    server.join()


def test_a_second_signal_ends_the_delay_and_a_third_all(serve):
    server = serve("-w", "2", "--drain-delay=1m", "--drain-timeout=1m")
    sleeper = server.connect()
    sleeper.send(request("/sleep/1m"))
    server.signal(TERM)
    eventually(lambda: is_leaving(server), "answers that close")
    assert sleeper.is_silent()
    drain(server)
    assert sleeper.is_silent()
    server.signal(TERM)
    server.join(3)


def test_reload_in_the_delay(serve, root):
    server = serve("-w", "2", "--drain-delay=1m", root=root)
    server.signal(TERM)
    eventually(lambda: is_leaving(server), "answers that close")
    server.reload()
    server.await_output("reloaded")
    assert is_leaving(server)
    server.signal(TERM)
    server.join()
