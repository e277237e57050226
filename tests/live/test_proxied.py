"""--listen=ADDRESS,proxy: who a proxy says its client is; and who is no proxy."""

import ipaddress
import json
import os
import struct
import time

import pytest
from admin_side import Admin
from secured import TLS, SecureSocket
from server import HTDOCS, assert_refused, eventually, run
from shaken import needs_tls
from test_log_json import Log
from wire import PATIENCE, request

pytestmark = pytest.mark.skipif(
    bool(TLS), reason="in clear only: the header of a proxy is in front of TLS"
)

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.1 198.51.100.2 4321 80\r\n"


def v2(peer="192.0.2.1", command=0x21, more=b""):
    """The other version, with what follows the addresses."""
    address = ipaddress.ip_address(peer)
    family = 0x11 if address.version == 4 else 0x21
    block = 2 * address.packed + struct.pack(">HH", 4321, 80) + more
    fixed = struct.pack(">BBH", command, family, len(block))
    return SIGNATURE + fixed + block


LOCAL = SIGNATURE + b"\x20\0\0\0"
HEADERS = {
    "v1": (V1, "192.0.2.1"),
    "v1-tcp6": (b"PROXY TCP6 2001:db8::1 ::2 1 2\r\n", "2001:db8::1"),
    "v1-unknown": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "v2": (v2(), "192.0.2.1"),
    "v2-tcp6": (v2("2001:db8::1"), "2001:db8::1"),
    "v2-unix": (SIGNATURE + b"\x21\x31\0\xd8" + 216 * b"/", "unix"),
    "v2-local": (LOCAL, "127.0.0.1"),
    "v2-tlvs": (v2(more=b"\2\0\5a.com\4\0\x03abc"), "192.0.2.1"),
    "v2-long": (v2(more=b"\xee\x0f\xe0" + 4064 * b"x"), "192.0.2.1"),
}
each_header = pytest.mark.parametrize(
    "header, peer", HEADERS.values(), ids=HEADERS
)


@pytest.fixture
def proxied(serve):
    def start(*options, words=",proxy", **how):
        return serve(*options, listen=["127.0.0.1:0" + words], **how)

    return start


def begin(server, header):
    client = server.connect()
    client.send(header)
    return client


def peer_of(response):
    assert response.status == 200
    return json.loads(response.body)["peer"]


# Who it is


@each_header
@pytest.mark.parametrize("logged", [True, False], ids=["log", "no-log"])
def test_the_proxy_says_who_it_is(proxied, tmp_path, header, peer, logged):
    log = Log(tmp_path / "log")
    server = proxied("-w", "1", *(log.options if logged else []))
    client = begin(server, header)
    for number in 1, 2:
        document = client.ask("/echo")
        assert peer_of(document) == peer
        assert json.loads(document.body)["request"] == number
    if logged:
        assert [line["peer"] for line in log.lines(2)] == [peer, peer]


@pytest.mark.parametrize(
    "header", [V1, v2(), LOCAL], ids=["v1", "v2", "local"]
)
@pytest.mark.parametrize("size", [1, 2, 7, 16])
def test_header_and_request_may_be_split_anywhere(proxied, header, size):
    client = proxied("-w", "1").connect()
    data = header + request("/")
    for at in range(0, len(data), size):
        client.send(data[at : at + size])
        time.sleep(0.0005)
    assert client.read_response().status == 200


def test_requests_come_with_it(proxied):
    """In one segment, several of them; and a second header is none."""
    client = begin(proxied("-w", "1"), V1 + 3 * request("/"))
    for _ in range(3):
        assert client.read_response().status == 200
    client.send(V1)
    assert client.read_response().status == 400
    client.read_eof()


@needs_tls
@pytest.mark.parametrize("together", [True, False])
def test_tls_is_behind_it(proxied, tmp_path, together):
    """The handshake may begin in the same segment."""
    log = Log(tmp_path / "log")
    server = proxied("-w", "1", *log.options, words=",proxy,tls")
    client = server.connect()

    class Behind:
        """Sends the header with what is sent first."""

        header = V1

        def __getattr__(self, name):
            return getattr(raw, name)

        def sendall(self, data):
            raw.sendall(self.header + data)
            self.header = b""

        send = sendall

    raw = client.socket
    if not together:
        client.send(V1)
        Behind.header = b""
    client.socket = SecureSocket(Behind(), shake=PATIENCE)
    assert peer_of(client.ask("/echo")) == "192.0.2.1"
    eventually(lambda: "\n" in log.path.read_text(), "its line")
    line = json.loads(log.path.read_text())
    assert line["peer"] == "192.0.2.1" and line["tls"]


def test_keys_are_those_of_the_client(proxied):
    server = proxied("-w", "1", "--rule=/** key=peer fail=1")
    for peer in "192.0.2.1", "192.0.2.2":
        client = begin(server, v2(peer))
        for status in 503, 200:
            assert client.ask("/").status == status


def test_a_unix_socket_needs_no_trust(serve, tmp_path):
    path = tmp_path / "socket"
    server = serve(listen=[f"unix:{path},proxy"])
    assert peer_of(begin(server, V1).ask("/echo")) == "192.0.2.1"


def test_sleepers_and_the_journal_have_the_address(proxied):
    server = proxied("-w", "1", "--admin=0", "--journal=9")
    admin = Admin(server)
    client = begin(server, V1)
    client.send(request("/sleep/1m"))
    admin.await_asleep(1)
    (sleeper,) = admin.json("/sleepers")["sleepers"]
    assert sleeper["peer"] == "192.0.2.1"
    client.reset()
    eventually(lambda: admin.lines(), "its line")
    assert admin.lines()[0]["peer"] == "192.0.2.1"


# Who is no proxy


def refused(server, reason):
    return (
        Admin(server)
        .metrics()
        .sum("mtasync_proxy_refused_total", reason=reason)
    )


def assert_ends(client):
    """At once, and nothing is said."""
    assert client.read_to_end()[0] == b""


NONSENSE = {
    "http": request("/"),
    "v1-family": b"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
    "v1-long": b"PROXY UNKNOWN " + 107 * b"x",
    "v2-version": v2(command=0x31),
    "v2-length": SIGNATURE + b"\x21\x11\0\x01x",
    "v2-crc32c": v2(more=b"\3\0\4\1\2\3\4"),
    "v2-huge": SIGNATURE + b"\x21\x11\xff\xff",
    "rubbish": os.urandom(1) + 32768 * b"\0",
}


@pytest.mark.parametrize("data", NONSENSE.values(), ids=NONSENSE)
def test_what_is_no_header_ends_the_connection(proxied, data):
    server = proxied("-w", "1", "--admin=0", "--header-timeout=1m")
    client = begin(server, data)
    assert_ends(client)
    assert refused(server, "malformed") == 1
    assert begin(server, V1).ask("/").status == 200


@pytest.mark.parametrize("size", [0, 1, 20])
def test_header_has_its_time(proxied, size):
    server = proxied("-w", "1", "--admin=0", "--header-timeout=300ms")
    began = time.monotonic()
    client = begin(server, V1[:size])
    assert_ends(client)
    assert time.monotonic() - began >= 0.3
    assert refused(server, "late") == 1
    client = begin(server, V1)
    time.sleep(0.4)
    assert client.ask("/").status == 200


@pytest.mark.parametrize("trust, trusted", [
    (["127.0.0.0/8"], True), (["127.0.0.1"], True), (["0.0.0.0/0"], True),
    (["10.0.0.0/8", "127.0.0.1/32"], True), (["::ffff:127.0.0.0/104"], True),
    (["10.0.0.0/8"], False), (["127.0.0.2"], False), (["::1"], False),
])  # fmt: skip
def test_trust(proxied, trust, trusted):
    server = proxied(
        "-w", "1", "--admin=0", *[f"--trust={cidr}" for cidr in trust]
    )
    client = server.connect()
    if trusted:
        client.send(V1)
        assert peer_of(client.ask("/echo")) == "192.0.2.1"
        return
    assert_ends(client)
    assert refused(server, "untrusted") == 1
    client = server.connect()
    with pytest.raises((ConnectionError, AssertionError)):
        client.send(V1)
        assert client.read_to_end()[0]


def test_they_take_no_places_along(proxied):
    """Those who were turned away, each in its way, leave nothing behind."""
    server = proxied(
        "-w", "1", "--max-conns=8", "--header-timeout=200ms", "--trust=::/0"
    )
    sockets = server.descriptors("socket:")
    for data in V1[:9], b"x", b"", V1 + b"\0", LOCAL[:-1]:
        clients = [begin(server, data) for _ in range(8)]
        for client in clients:
            client.read_to_end()
            client.close()
    server.eventually(
        lambda: server.descriptors("socket:") == sockets, "their end"
    )


@pytest.mark.parametrize("data", [b"", V1[:5]])
def test_a_drain_ends_those_who_say_nothing(proxied, data):
    """Without the time that they would have for their header."""
    server = proxied("-w", "1", "--header-timeout=5m", "--admin=0")
    client = begin(server, data)
    Admin(server).await_metrics(
        lambda metrics: metrics.by("mtasync_connections", "state")
        == {"proxy": 1},
        "the connection",
    )
    server.stop()
    server.join()
    assert_ends(client)


# The command line


@pytest.mark.parametrize("options, said", [
    (["-l", "0.0.0.0:0,proxy"], "--trust"),
    (["-l", "[::]:0,proxy"], "--trust"),
    (["-l", "127.0.0.1:0,proxy,x"], ",tls"),
    (["-l", "127.0.0.1:0,proxyx"], ",tls"),
    pytest.param(["-l", "127.0.0.1:0,tls,proxy"], ",handshake", marks=needs_tls),
    (["-l", "127.0.0.1:0", "--trust=::1"], "--listen=ADDRESS,proxy"),
    (["-l", "0,proxy", "--trust=10.0.0.1/8"], "--trust=10.0.0.1/8"),
    (["-l", "0,proxy", "--trust=x"], "--trust=x"),
    (["-l", "0,proxy", "--model=thread"], "event loop"),
])  # fmt: skip
def test_wrong_options(options, said):
    assert_refused(run("--check", *options, HTDOCS), 2, said)


def test_trust_opens_any_address():
    result = run("--check", "-l", "0.0.0.0:0,proxy", "--trust=::/0", HTDOCS)
    assert result.returncode == 0
