"""
A stop, a reload and a hand-over under way, with a crowd that is served over TLS: all
that has been asked for comes whole. (Of those who ask again and again meanwhile, see
test_tls_tickets.py.)
"""

import ssl
import time

import pytest
from secured import client_context
from server import scaled
from shaken import TLS_ADDRESS, hello, needs_tls, plain
from wire import PATIENCE, request

pytestmark = needs_tls

HELLO = b"<p>hello</p>\n"
LARGE = b"0123456789abcdef" * (20 << 10)  # more than a client takes unread
COUNT = scaled(60)  # of each kind

either_version = pytest.mark.parametrize(
    "most", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2]
)


class Crowd:
    """Clients that have asked, or are about to, when something happens."""

    def __init__(self, server, most):
        self.server = server
        self.context = client_context(most=most)
        self.shaking = []
        self.idle = self.shaken()
        self.taking = self.shaken(receive_buffer=4096)
        self.sending = self.shaken()
        self.asleep = self.shaken()
        for client in self.idle:
            assert client.ask("/").body == HELLO
        for client in self.taking:
            client.send(request("/large"))
            assert client.read_head().status == 200
        for client in self.sending:
            client.send(request("/", "Content-Length: 2000", body=1000 * b"x"))

    def shaken(self, shake=PATIENCE, **how):
        """Some who have made their handshake, or have begun it."""
        tls = {"context": self.context, "shake": shake}
        return [self.server.connect(tls=tls, **how) for _ in range(COUNT)]

    def meet(self, event):
        """
        While some sleep, it happens at once with what those ask who were idle, and
        with handshakes that begin.
        """
        for client in self.asleep:
            client.send(request("/sleep/5s"))
        self.server.await_sleep()
        self.server.freeze()
        self.shaking = self.shaken(shake=0)
        for client in self.idle:
            client.send(request("/"))
        event()
        self.server.thaw()
        for client in self.shaking:
            client.send(request("/"))
            assert client.socket.shake(PATIENCE)

    def assert_answered(self, closed):
        """
        Each whole; and the connections have an orderly end, or none. Whoever is
        answered before all workers have heard of it, is told nothing of the end.
        """
        for client in self.taking:
            assert client.read(len(LARGE)) == LARGE
        for client in self.sending:
            client.send(1000 * b"x")
        for client in self.idle + self.shaking + self.sending + self.asleep:
            response = client.read_response()
            assert (response.status, response.body) == (200, HELLO)
            told = response.field("Connection")
            assert told in (None, "close") if closed else told is None
        assert (told == "close") == closed  # who slept
        for client in (
            self.idle + self.shaking + self.sending + self.asleep + self.taking
        ):
            if closed:
                client.read_eof()
                assert client.is_whole()
            else:
                assert client.ask("/").body == HELLO


@pytest.fixture
def start(serve, root):
    """Starts servers, at an address that another one has, maybe."""
    (root / "large").write_bytes(LARGE)

    def on(*options, address=TLS_ADDRESS):
        return serve("-w", "2", *options, root=root, listen=[address])

    return on


@either_version
def test_stop_loses_nobody(start, most):
    server = start()
    crowd = Crowd(server, most)
    crowd.meet(server.stop)
    crowd.assert_answered(closed=True)
    server.join()


@either_version
def test_reload_loses_nobody(start, most):
    server = start()
    crowd = Crowd(server, most)
    crowd.meet(server.reload)
    crowd.assert_answered(closed=False)
    server.await_output("reloaded")


@either_version
def test_hand_over_loses_nobody(start, most):
    """Those who come later are the successor's."""
    old = start()
    host, port = old.address
    crowd = Crowd(old, most)
    successors = []

    def hand_over():
        successors.append(start("--take-over", address=f"{host}:{port},tls"))
        old.stop()

    crowd.meet(hand_over)
    crowd.assert_answered(closed=True)
    old.join()
    [new] = successors
    for client in [new.connect(tls={}) for _ in range(COUNT)]:
        assert client.ask("/").body == HELLO


@either_version
def test_stop_waits_for_handshakes_that_sleep(start, most):
    """And ends at once those that stall."""
    server = start("-w", "1")
    context = client_context(most=most)

    def greet(name):
        return server.connect(
            tls={"context": context, "name": name, "shake": 0}
        )

    sleeper, stalled = greet("sleep-1s.localhost"), greet("stall.localhost")
    sleeper.send(request("/"))
    assert sleeper.is_silent(0.1)
    server.stop()
    assert stalled.read_to_end() == (b"", "RST")
    response = sleeper.read_response()
    assert response.body == HELLO and response.field("Connection") == "close"
    server.join()


def test_handshake_that_sleeps_is_cut_with_the_sleepers(start):
    server = start("-w", "1", "--drain-timeout=200ms")
    client = server.connect(tls={"name": "sleep-1m.localhost", "shake": 0})
    assert client.is_silent(0.1)
    server.stop()
    server.join()
    assert client.read_to_end()[0] == b""


@pytest.mark.parametrize("size", [0, 100, -1])
def test_stop_does_not_wait_for_who_says_nothing(start, size):
    """In the middle of a handshake: not for all of its limit."""
    server = start("-w", "1", "--handshake-timeout=16s", "--drain-timeout=1m")
    client = plain(server)
    client.send(hello()[:size])
    if size < 0:
        assert client.is_silent(0.1)
    began = time.monotonic()
    server.stop()
    server.join()
    assert time.monotonic() - began < 12
