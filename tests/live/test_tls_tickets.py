"""Sessions that are resumed by a ticket, and what becomes of work under way."""

import os
import ssl
import threading

import pytest
from secured import client_context
from server import eventually, scaled
from shaken import GONE, TLS_ADDRESS, https, is_resumed  # noqa: F401
from shaken import needs_tls, session_of, shake
from wire import Ended, request
from worded import HELLO

pytestmark = needs_tls
ESTABLISHED = 1  # of tcp_info's tcpi_state

either_version = pytest.mark.parametrize(
    "most", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2]
)


def session_by(server, most):
    return session_of(server, context=client_context(most=most))


@either_version
def test_all_workers_resume_by_a_ticket_of_any(https, most):
    """Each time another connection, which any of them may get."""
    server = https("-w", "4")
    session = session_by(server, most)
    for _ in range(scaled(24)):
        resumed, session = is_resumed(server, session)
        assert resumed


@either_version
def test_ticket_is_good_after_a_reset(https, most):
    """However the connection ended on which it was given."""
    server = https("-w", "1")
    context = client_context(most=most)
    client = shake(server, context=context)
    client.ask("/")
    session = {"session": client.socket.tls.session, "context": context}
    client.send(request("/sleep/0?fault=reset"))
    assert client.read_to_end() == (b"", "RST")
    assert is_resumed(server, session)[0]


@either_version
def test_ticket_is_good_after_a_reload(https, most):
    server = https("-w", "2")
    session = session_by(server, most)
    for number in range(3):
        reload(server)
        resumed, session = is_resumed(server, session)
        assert resumed, number


@either_version
def test_ticket_is_good_for_the_same_certificates_alone(serve, most):
    """Who is to see a wrong one has to see it."""
    server = serve(
        "-w", "1", listen=[TLS_ADDRESS, f"{TLS_ADDRESS},handshake=expired"]
    )
    context = client_context(most=most)
    for first in 0, 1:
        session = session_of(server, context=context, which=first)
        resumed, session = is_resumed(server, session, which=first)
        assert resumed
        assert not is_resumed(server, session, which=1 - first)[0]


def reload(server):
    before = server.stdout.count("reloaded") + server.stderr.count("reloaded")
    server.reload()
    server.eventually(
        lambda: server.stdout.count("reloaded")
        + server.stderr.count("reloaded")
        > before,
        "the reload",
    )


@pytest.fixture
def succeed(serve, tmp_path):
    """A server and its successor, each with these options."""

    def pair(*options):
        old = serve("-w", "2", *options, listen=[TLS_ADDRESS])
        host, port = old.address

        def successor(*others):
            new = serve(
                *("-w", "2", "--take-over", *others),
                listen=[f"{host}:{port},tls"],
            )
            old.stop()
            old.join()
            return new

        return old, successor

    return pair


@either_version
def test_successor_resumes_by_the_same_secret(succeed, tmp_path, most):
    (tmp_path / "secret").write_bytes(os.urandom(32))
    secret = f"--ticket-secret={tmp_path / 'secret'}"
    old, successor = succeed(secret)
    session = session_by(old, most)
    assert is_resumed(successor(secret), session)[0]


@either_version
def test_successor_without_it_shakes_hands_anew(succeed, most):
    old, successor = succeed()
    session = session_by(old, most)
    new = successor()
    resumed, session = is_resumed(new, session)
    assert not resumed
    assert is_resumed(new, session)[0]


def test_secret_is_read_anew(https, tmp_path):
    """Another one in the file: its former tickets are good no more."""
    secret = tmp_path / "secret"
    secret.write_bytes(os.urandom(32))
    server = https("-w", "1", f"--ticket-secret={secret}")
    session = session_of(server)
    secret.write_bytes(os.urandom(32))
    reload(server)
    assert not is_resumed(server, session)[0]


# Under load


class Load:
    """
    Threads that ask again and again, each on a connection of its own, until they
    are stopped. A request is lost whose connection was still whole when it had
    been sent, and that had no answer.
    """

    def __init__(self, server, count, once=False):
        self.server = server
        self.once = once
        self.answered = 0
        self.lost = []
        self.stopping = False
        self._threads = [
            threading.Thread(target=self._run) for _ in range(count)
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.stopping = True
        for thread in self._threads:
            thread.join()

    def await_answers(self, count):
        wanted = self.answered + count
        eventually(
            lambda: self.answered >= wanted or self.lost, "answers to the load"
        )

    def _run(self):
        client = None
        while not self.stopping:
            try:
                if client is None:
                    client = shake(self.server)
            except ConnectionRefusedError:
                return
            except Exception as error:
                self.lost.append(("handshake", error))
                return
            if not self._ask(client) or self.once:
                client.close()
                client = None
        if client:
            client.close()

    def _ask(self, client):
        """Whether the connection can go on."""
        whole = False
        try:
            client.send(request("/", *["Connection: close"] * self.once))
            whole = is_established(client)
            response = client.read_response()
            if self.once:
                client.read_eof()
        except (*GONE, Ended, AssertionError) as error:
            if whole:
                self.lost.append(("request", error))
            return False
        if response.body != HELLO:
            self.lost.append(("body", response))
        self.answered += 1
        return response.field("Connection") is None


def is_established(client):
    """Neither a close_notify nor a FIN has come, nor a reset."""
    raw = client.socket.raw
    state = raw.getsockopt(6, 11, 1)[0]  # IPPROTO_TCP, TCP_INFO
    return state == ESTABLISHED and client.is_silent()


@pytest.mark.parametrize("once", [False, True])
def test_reload_loses_nothing(https, once):
    server = https("-w", "2")
    with Load(server, 6, once) as load:
        for _ in range(5):
            load.await_answers(scaled(40))
            server.reload()
        load.await_answers(scaled(40))
    assert load.lost == []


@pytest.mark.parametrize("once", [False, True])
def test_stop_loses_nothing(https, once):
    server = https("-w", "2")
    with Load(server, 6, once) as load:
        load.await_answers(scaled(100))
        server.stop()
        server.join()
    assert load.lost == []


@pytest.mark.parametrize("once", [False, True])
def test_hand_over_loses_nothing(succeed, once):
    old, successor = succeed()
    with Load(old, 6, once) as load:
        load.await_answers(scaled(100))
        successor()
        load.await_answers(scaled(100))
    assert load.lost == []
