"""TLS on the wire: how it begins, its records, its ends, its limits."""

import contextlib
import os
import ssl
import time

import pytest
from secured import SecureSocket, client_context
from server import scaled
from shaken import ALERT, HANDSHAKE, Dribbling, Tapped, await_bytes, hello
from shaken import https  # noqa: F401
from shaken import needs_tls, plain, read_raw, shake, take_records, wrapped
from wire import PATIENCE, head, request
from worded import HELLO

pytestmark = needs_tls
LIMIT = 0.6  # seconds of the limit that a test is about

either_version = pytest.mark.parametrize(
    "most", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2]
)


# Its beginning


@either_version
def test_protocol_is_agreed_on(https, most):
    """A client that offers another one as well, and one that knows no other."""
    server = https("-w", "1")
    context = client_context(most=most)
    context.set_alpn_protocols(["h2", "http/1.1"])
    client = shake(server, context=context)
    assert client.socket.tls.selected_alpn_protocol() == "http/1.1"
    assert client.ask("/").body == HELLO
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError) as raised:
        shake(server, context=context)
    assert "no application protocol" in str(raised.value)


def test_old_versions_are_refused(https):
    with pytest.warns(DeprecationWarning):  # so old are they
        context = client_context(most=ssl.TLSVersion.TLSv1_1)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    client = plain(https("-w", "1"))
    client.send(hello(context=context))
    records, rest = take_records(read_raw(client)[0])
    assert records == [(ALERT, b"\x02\x46")] and rest == b""


@either_version
@pytest.mark.parametrize("name", [None, "127.0.0.1", "localhost", 255 * "a"])
def test_any_name_will_do(https, most, name):
    """Of an address, a client tells nothing; 255 letters are no name."""
    name = name and name[:63]
    client = shake(https("-w", "1"), name, context=client_context(most=most))
    assert client.ask("/").body == HELLO


@either_version
@pytest.mark.parametrize("size", [1, 3, 100])
def test_what_comes_in_pieces_is_put_together(https, most, size):
    """The handshake, and the records of a request: a few bytes at a time."""
    server = https("-w", "1")
    client = wrapped(
        server,
        lambda raw: SecureSocket(
            Dribbling(raw, size), client_context(most=most), shake=PATIENCE
        ),
    )
    assert client.ask("/").body == HELLO
    body = os.urandom(300)
    length = f"Content-Length: {len(body)}"
    answer = client.ask("/sleep/0", length, method="POST", body=body)
    assert answer.status == 200


def test_hello_in_two_segments(https):
    """At each byte of it: the server looks at the first part by itself."""
    server = https("-w", "1")
    whole = hello()
    for at in range(1, len(whole), 7):
        client = plain(server)
        client.send(whole[:at])
        server.await_sleep()
        client.send(whole[at:])
        assert await_bytes(client, 1)[0] == HANDSHAKE
        client.close()


# What is no TLS


@pytest.mark.parametrize("target", ["/", "/sleep/1m"])
@pytest.mark.parametrize("method", ["GET", "POST", "get"])
def test_http_in_clear_is_told_so(https, target, method):
    client = plain(https("-w", "1"))
    client.send(request(target, method=method))
    response = client.read_response()
    assert response.status == 400
    assert response.field("Connection") == "close"
    assert b"https://" in response.body
    client.read_eof()


def test_http_in_clear_is_told_so_by_its_first_byte(https):
    client = plain(https("-w", "1"))
    client.send(b"G")
    assert client.read_response().status == 400
    client.read_eof()


SSL2 = b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + 37 * b"\x01"


@pytest.mark.parametrize("data", [
    SSL2, SSL2[:1], SSL2[:2], b"\0", b"\xff" * 100, b"\r\n\r\n", b"\x15\x03\x03",
    b"\x17\x03\x03\x40\x00", b"\x16\x02\x00", b"\x16\x03\x01\xff\xff",
    b"\x16\x03\x01\0\x05\x02\0\0\x01\0", b"\x16\x03\x01\x00\x00" * 40,
    b"\x16\x03\x01\0\x04\x01\xff\xff\xff" + 10000 * b"x",
    b"\x16\x03\x01\0\x04\x01\1\0\0",  # a hello of 64 KiB is to come
    hello()[:9] + os.urandom(len(hello()) - 9), 200 * b"\x15\x03\x01\0\x02\x01\0",
], ids=lambda data: data[:12].hex())  # fmt: skip
def test_garbage_is_told_by_an_alert(https, data):
    """At once, and not by a limit."""
    client = plain(https("-w", "1", "--handshake-timeout=1m"))
    client.send(data)
    answer, end = read_raw(client)
    records, rest = take_records(answer)
    assert [kind for kind, _ in records] == [ALERT] and rest == b""
    assert records[0][1][0] == 2 and end == "FIN"


def test_alert_comes_through_though_more_is_sent(https):
    """What lies unread at a close would make a reset, which destroys it."""
    server = https("-w", "1")
    for _ in range(scaled(20)):
        client = plain(server)
        client.send(b"\x16\x03\x01\0\x05\x02\0\0\x01\0" + 50000 * b"x")
        server.await_sleep()
        client.send(1000 * b"x")
        assert client.read_some()[:1] == bytes([ALERT])
        client.half_close()
        assert read_raw(client)[1] == "FIN"


@either_version
def test_record_that_was_changed_is_told_by_an_alert(https, most):
    server = https("-w", "1")
    client = wrapped(
        server, Tapped, context=client_context(most=most), shake=PATIENCE
    )
    client.ask("/")
    client.socket.raw.sendall(b"\x17\x03\x03\0\x40" + 64 * b"x")
    with pytest.raises(ssl.SSLError) as raised:
        client.read_response()
    assert raised.value.reason == "SSLV3_ALERT_BAD_RECORD_MAC"
    assert client.socket.raw.recv(1) == b""


@either_version
def test_record_that_was_changed_behind_requests(https, most):
    """They are answered before the alert, though all came at once."""
    server = https("-w", "1")
    client = wrapped(
        server, Tapped, context=client_context(most=most), shake=PATIENCE
    )
    client.ask("/")
    good = sealed(client, request("/")) + sealed(client, request("/"))
    client.socket.raw.sendall(good + b"\x17\x03\x03\0\x40" + 64 * b"x")
    with pytest.raises(ssl.SSLError) as raised:
        client.read_response()  # all has come at once
    assert raised.value.reason == "SSLV3_ALERT_BAD_RECORD_MAC"
    assert bytes(client.socket._plain).count(HELLO) == 2
    assert client.socket.raw.recv(1) == b""


# Its end


@either_version
def test_close_notify_is_answered(https, most):
    """By one, and a FIN, without a delay."""
    server = https("-w", "1", "--idle-timeout=1m")
    client = shake(server, context=client_context(most=most))
    client.ask("/")
    client.socket.end()
    client.read_eof()
    assert client.is_whole()


@either_version
def test_close_notify_behind_a_request(https, most):
    """The client says nothing more, and waits for what it has asked for."""
    client = shake(https("-w", "1"), context=client_context(most=most))
    client.send(request("/"))
    client.half_close()
    assert client.read_response().body == HELLO
    client.read_eof()
    assert client.is_whole()


@pytest.mark.parametrize("told", [True, False])
def test_client_that_leaves_a_sleep_has_left(https, told):
    """By a close_notify and a FIN, or by that alone."""
    server = https("-w", "1")
    sockets = server.descriptors("socket:")
    client = shake(server)
    client.send(request("/sleep/1m", "Content-Length: 1", body=b"x"))
    server.eventually(
        lambda: server.descriptors("socket:") == sockets + 1, "it to come"
    )
    if told:
        client.socket.end()
    client.socket.raw.close()
    server.eventually(
        lambda: server.descriptors("socket:") == sockets, "its end"
    )


@either_version
def test_close_notify_in_a_sleep_is_seen(https, most):
    """It is what a FIN is in clear: asked whether anybody is there."""
    server = https("-w", "1")
    client = shake(server, context=client_context(most=most))
    client.send(request("/sleep/500ms"))
    assert client.is_silent(0.05)
    client.socket.end()
    assert client.read_head().status == 100
    assert client.read_response().body == HELLO
    client.read_eof()
    assert client.is_whole()


@either_version
def test_close_notify_in_an_answer_ends_it(https, most):
    server = https("-w", "1")
    client = shake(server, context=client_context(most=most))
    client.send(request("/sleep/1m?at=body"))
    assert client.read_head().status == 200
    client.socket.end()
    assert client.read_to_end() == (b"", "FIN")


@pytest.mark.parametrize("ahead", [1, 100_000])
def test_what_is_sent_ahead_of_a_sleep_stays_with_the_kernel(https, ahead):
    """The next request is answered, though the first of it came in between."""
    server = https("-w", "1")
    client = shake(server)
    client.send(request("/sleep/300ms"))
    assert client.is_silent(0.05)
    body = ahead * b"x"
    client.send(request("/", f"Content-Length: {ahead}", body=body))
    assert client.is_silent(0.05)
    assert client.read_response().body == HELLO
    assert client.read_response().status == 200


def test_nonsense_in_a_sleep_is_refused_at_once(https):
    client = shake(https("-w", "1"))
    client.send(request("/sleep/1m"))
    assert client.is_silent(0.05)
    client.socket.raw.sendall(b"\x17\x03\x03\0\x20" + 32 * b"x")
    with pytest.raises(ssl.SSLError) as raised:
        client.read_response()
    assert raised.value.reason == "SSLV3_ALERT_BAD_RECORD_MAC"


def test_answer_of_no_length_ends_by_close_notify(https):
    """Else nobody could tell that it is whole."""
    client = shake(https("-w", "1"))
    client.send(request("/sleep/0?size=100k&framing=close"))
    client.read_head()
    assert len(client.read_all()) == 100 << 10
    assert client.is_whole()


def test_refusal_ends_by_close_notify(https):
    client = shake(https("-w", "1"))
    client.send(head("GET / HTTP/9.9"))
    assert client.read_response().status == 505
    client.read_eof()
    assert client.is_whole()


def test_file_that_shrinks_is_reset(https, root):
    """Not even what looks like an end may come."""
    file = root / "large"
    with open(file, "wb") as made:
        made.truncate(64 << 20)
    client = https("-w", "1", root=root).connect(
        receive_buffer=4096, tls={"shake": PATIENCE}
    )
    client.send(request("/large"))
    client.read_head()
    os.truncate(file, 1000)
    data, end = client.read_to_end()
    assert end == "RST" and len(data) < 64 << 20


# Its limits


def started(server, client, begin):
    """The seconds until its end, since `begin`; and what came, and its end."""
    data, end = client.read_to_end()
    return time.monotonic() - begin, data, end


@pytest.mark.parametrize("size", [0, 1, 4, 5, 100, -1])
def test_half_a_hello_is_not_waited_for(https, size):
    server = https("-w", "1", f"--handshake-timeout={LIMIT}s")
    begin = time.monotonic()
    client = plain(server)
    client.send(hello()[:size])
    took, data, end = started(server, client, begin)
    assert took >= LIMIT and data == b""


def test_hello_by_and_by_is_not_waited_for(https):
    """The limit is for all of it."""
    server = https("-w", "1", f"--handshake-timeout={LIMIT}s")
    begin = time.monotonic()
    client = plain(server)
    with pytest.raises(ConnectionError):
        for byte in hello():
            client.send(bytes([byte]))
            assert time.monotonic() - begin < PATIENCE
            time.sleep(0.05)
    assert time.monotonic() - begin >= LIMIT


def test_hellos_by_and_by_of_many_are_not_waited_for(https):
    """Whoever has to wait until others have signed has no more time for that."""
    server = https("-w", "1", f"--handshake-timeout={LIMIT}s")
    sockets = server.descriptors("socket:")
    begin = time.monotonic()
    clients = [plain(server) for _ in range(100)]
    for client in clients:
        client.send(b"\x16\x03\x01\x00\x04\x01\x00\x3f\xfb")
    server.await_descriptors(sockets + 100)
    while server.descriptors("socket:") > sockets:
        assert time.monotonic() - begin < PATIENCE / 2
        server.freeze()  # so that the loop finds all of them at once
        for client in clients:
            with contextlib.suppress(ConnectionError):
                client.send(b"\x16\x03\x01\x00\x01\x00")
        server.thaw()
        time.sleep(0.05)
    assert time.monotonic() - begin >= LIMIT
    for client in clients:
        client.close()


def test_client_that_does_not_finish_is_not_waited_for(https):
    """It has had the ServerHello, and says nothing more."""
    server = https("-w", "1", f"--handshake-timeout={LIMIT}s")
    begin = time.monotonic()
    client = plain(server)
    client.send(hello())
    took, data, _ = started(server, client, begin)
    assert took >= LIMIT and data[0] == HANDSHAKE


def sealed(client, data):
    """The bytes of the records of this, which have not been sent."""
    client.socket.tls.write(data)
    return client.socket._out.read()


LIMITED = [
    # the limit, what has been said in whole records, and the answer
    ("idle", b"", None),
    ("header", b"GET / HT", 408),
    ("body", request("/", "Content-Length: 2000", body=b"x"), 408),
]


@either_version
@pytest.mark.parametrize("name, before, status", LIMITED)
def test_half_a_record_is_not_waited_for(https, name, before, status, most):
    """The end is an orderly one, and there is no answer to what nobody said."""
    server = https("-w", "1", f"--{name}-timeout={LIMIT}s")
    client = shake(server, context=client_context(most=most))
    client.ask("/")
    if before:
        client.send(before)
    begin = time.monotonic()
    client.socket.raw.sendall(sealed(client, 500 * b"x")[:300])
    if status:
        assert client.read_response().status == status
    client.read_eof()
    assert client.is_whole()
    assert time.monotonic() - begin >= LIMIT - 0.1  # it began with `before`


@pytest.mark.parametrize("name, before, status", LIMITED)
def test_record_by_and_by_is_not_waited_for(https, name, before, status):
    """No byte of it is one of a request."""
    server = https("-w", "1", f"--{name}-timeout={LIMIT}s")
    client = shake(server)
    client.ask("/")
    if before:
        client.send(before)
    record = sealed(client, 16000 * b"x")
    begin = time.monotonic()
    at = 0
    while client.is_silent(0.05):
        client.socket.raw.sendall(record[at : at + 1])
        at += 1
        assert time.monotonic() - begin < PATIENCE
    if status:
        assert client.read_response().status == status
    assert client.read_all() == b""
