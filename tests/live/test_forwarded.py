"""--forwarded: for whom a trusted proxy asks, request by request."""

import collections
import itertools
import json

import pytest
from admin_side import Admin
from server import HTDOCS, assert_refused, eventually, run
from shaken import TLS_ADDRESS, needs_tls, shake
from test_log_json import Log
from waiting import MODELS
from waiting import begin  # noqa: F401
from wire import request

NAME = "X-Forwarded-For"
OPTION = f"--forwarded={NAME}"
SELF = "127.0.0.1"


def by(*clients):
    """The lines of the field, as a proxy makes them."""
    return [f"{NAME}: {client}" for client in clients]


def peer_of(client, *fields, target="/echo"):
    response = client.ask(target, *fields)
    assert response.status == 200
    return json.loads(response.body)["peer"]


@pytest.mark.parametrize("model", MODELS)
def test_all_tell_of_the_client(begin, tmp_path, model):  # noqa: F811
    log = Log(tmp_path / "log")
    server = begin(model, OPTION, "--rule=/key key=peer fail=1", *log.options)
    peers = "192.0.2.1", "2001:db8::1", SELF
    for peer in peers:
        fields = by(peer) if peer != SELF else []
        with server.connect() as client:
            assert peer_of(client, *fields) == peer
        for status in 503, 404:  # each has a first try of its own
            with server.connect() as client:
                assert client.ask("/key", *fields).status == status
    told = collections.Counter(line["peer"] for line in log.lines(9))
    assert told == {peer: 3 for peer in peers}


def test_clients_take_turns_on_a_connection(serve, tmp_path):
    """Longer names and shorter ones; without the field, the proxy's own."""
    log = Log(tmp_path / "log")
    server = serve("-w", "1", OPTION, *log.options)
    peers = ["192.0.2.1", "2001:db8:1:2:3:4:5:6", SELF, "192.0.2.1", "1.2.3.4",
             SELF, SELF, "2001:db8::1", "2001:db8::1"]  # fmt: skip
    with server.connect() as client:
        for number, peer in enumerate(peers, 1):
            fields = by(peer, "127.0.0.9") if peer != SELF else []
            document = json.loads(client.ask("/echo", *fields).body)
            assert (document["peer"], document["request"]) == (peer, number)
    assert [line["peer"] for line in log.lines(9)] == peers


def test_they_take_turns_in_a_pipeline(serve):
    server = serve("-w", "1", OPTION)
    peers = [f"192.0.2.{number}" for number in range(100)]
    with server.connect() as client:
        client.send(b"".join(request("/echo", *by(peer)) for peer in peers))
        for peer in peers:
            assert json.loads(client.read_response().body)["peer"] == peer


@pytest.mark.parametrize("bad, status", [
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (request("/", *by("192.0.2.66"), "A b: c"), 400),
    (b"x", 408),
])  # fmt: skip
def test_refusals_are_the_proxys_own(serve, tmp_path, bad, status):
    """Nobody knows for whom it has sent what can't be read."""
    log = Log(tmp_path / "log")
    server = serve("-w", "1", OPTION, "--header-timeout=100ms", *log.options)
    with server.connect() as client:
        assert peer_of(client, *by("192.0.2.1")) == "192.0.2.1"
        client.send(bad)
        assert client.read_response().status == status
    lines = [(line["peer"], line["status"]) for line in log.lines(2)]
    assert lines == [("192.0.2.1", 200), (SELF, status)]


@needs_tls
@pytest.mark.parametrize("aged", [[], ["--max-conn-age=1h"]])
def test_what_a_connection_has_stays(serve, tmp_path, aged):
    """Its number, its TLS, its age and its requests are those of before."""
    log = Log(tmp_path / "log")
    server = serve(
        *("-w", "1", OPTION, "--max-conn-requests=4", *aged, *log.options),
        listen=[TLS_ADDRESS],
    )
    peers = "192.0.2.1", "2001:db8:1:2:3:4:5:6", SELF, "192.0.2.2"
    client = shake(server)
    for peer in peers:
        fields = by(peer) if peer != SELF else []
        response = client.ask("/echo", *fields)
        assert json.loads(response.body)["peer"] == peer
    assert response.field("Connection") == "close"
    eventually(lambda: log.path.read_text().count("\n") == 4, "4 lines")
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [line["peer"] for line in lines] == list(peers)
    assert [line["request"] for line in lines] == [1, 2, 3, 4]
    assert len({line["connection"] for line in lines}) == 1
    assert all(line["tls"] == lines[0]["tls"] for line in lines)


def test_a_connection_that_changes_its_clients_grows_old(serve):
    server = serve("-w", "1", OPTION, "--max-conn-age=300ms")
    peers = itertools.cycle(f"192.0.2.{number}" for number in range(256))
    with server.connect() as client:

        def is_told_to_close():
            response = client.ask("/", *by(next(peers)))
            return response.field("Connection") == "close"

        assert not is_told_to_close()
        eventually(is_told_to_close, "the end of its age")
        client.read_eof()


def test_sleepers_and_the_journal_have_the_client(serve):
    server = serve("-w", "1", OPTION, "--admin=0", "--journal=9")
    admin = Admin(server)
    client = server.connect()
    client.send(request("/sleep/1m", *by("192.0.2.1")))
    admin.await_asleep(1)
    (sleeper,) = admin.json("/sleepers")["sleepers"]
    assert sleeper["peer"] == "192.0.2.1"
    client.close()
    admin.await_asleep(0)
    assert [line["peer"] for line in admin.lines()] == ["192.0.2.1"]


# Whom to believe


@pytest.mark.parametrize("trust, field, peer", [
    ([], "192.0.2.1", "192.0.2.1"),
    ([], "192.0.2.1, 10.0.0.1", "10.0.0.1"),
    (["127.0.0.0/8", "10.0.0.0/8"], "192.0.2.1, 10.0.0.1", "192.0.2.1"),
    (["127.0.0.1"], "192.0.2.1, 127.0.0.2", "127.0.0.2"),
    (["10.0.0.0/8"], "192.0.2.1", SELF),
    (["::1"], "192.0.2.1", SELF),
])  # fmt: skip
@pytest.mark.parametrize("model", ["mtasync", "thread"])
def test_trust(begin, model, trust, field, peer):  # noqa: F811
    server = begin(model, OPTION, *[f"--trust={cidr}" for cidr in trust])
    with server.connect() as client:
        assert peer_of(client, *by(field)) == peer


@pytest.mark.parametrize("model", ["mtasync", "thread"])
def test_a_unix_socket_is_believed(serve, tmp_path, model):
    server = serve(
        *(f"--model={model}", OPTION, "--trust=10.0.0.1"),
        listen=[f"unix:{tmp_path}/socket"],
    )
    with server.connect() as client:
        assert peer_of(client, *by("192.0.2.1")) == "192.0.2.1"


@pytest.mark.parametrize("header, peer", [
    ("PROXY TCP4 10.0.0.1 10.0.0.9 1 2", "192.0.2.1"),
    ("PROXY TCP4 192.0.2.9 10.0.0.9 1 2", "192.0.2.9"),
    ("PROXY UNKNOWN", "192.0.2.1"),
])  # fmt: skip
def test_behind_the_header_of_a_proxy(serve, header, peer):
    """Whom that names as the peer has to be trusted as well."""
    server = serve(
        *("-w", "1", OPTION, "--trust=127.0.0.0/8", "--trust=10.0.0.0/8"),
        listen=["127.0.0.1:0,proxy"],
    )
    with server.connect() as client:
        client.send(header.encode() + b"\r\n")
        for _ in range(3):
            assert peer_of(client, *by("192.0.2.1")) == peer


def test_the_standard_field(serve):
    server = serve("-w", "1", "--forwarded=Forwarded", "--trust=127.0.0.1")
    with server.connect() as client:
        field = 'Forwarded: for="[2001:db8::1]:80";proto=https, for=127.0.0.1'
        assert peer_of(client, field) == "2001:db8::1"
        assert peer_of(client, *by("192.0.2.1")) == SELF


# The command line


@pytest.mark.parametrize(
    "name", ["", "a b", "a:", "X-Forwarded-For,Via", "\xe9"]
)
def test_wrong_names(name):
    assert_refused(
        run("--check", f"--forwarded={name}", HTDOCS), 2, "X-Forwarded-For"
    )


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
def test_whom_others_can_reach_has_to_name_its_proxies(address):
    options = "--check", OPTION, "-l", "127.0.0.1:0", "-l", address, HTDOCS
    assert_refused(run(*options), 2, address, "--forwarded wants --trust")
    assert run(*options, "--trust=10.0.0.0/8").returncode == 0


def test_right_names():
    for name in "Forwarded", "X-Real-IP", "cf-connecting-ip":
        result = run("--check", f"--forwarded={name}", "--trust=::/0", HTDOCS)
        assert result.returncode == 0
