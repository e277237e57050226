"""Requests on the wire: which heads and bodies are taken, which refused."""

import pytest
from server import HTDOCS
from wire import head, request

HELLO = (HTDOCS / "hello.html").read_bytes()
MIB = 1 << 20


def chunked(*chunks):
    """A GET with a chunked body, the last chunk included."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks)
    return request("/", "Transfer-Encoding: chunked", body=body + b"0\r\n\r\n")


def assert_refuses(client, data, status):
    """One answer, of this status, then FIN; nothing else is answered."""
    client.send(data)
    response = client.read_response()
    assert response.status == status
    assert response.field("Connection") == "close"
    assert response.field("Date")
    client.read_eof()
    return response


# Heads


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n" + request("/"),
        request("http://other.example/"),
        request("/?a=b&c"),
        head("GET / HTTP/1.1", "host:localhost:80"),
        head("GET / HTTP/1.1", "Host:"),
        head("GET / HTTP/1.1", "Host: [::1]:80"),
        request("/", "Empty:", "Tabs:\t x\ty \t", "Eight-Bit: \xe4\xf6"),
        request("/", *99 * ["A: b"]),
        request("/?" + 8190 * "x"),
        request("/", "Content-Length: 3, 3", body=b"abc"),
    ],
    ids="""empty-line absolute query host-case host-empty host-v6 values
    fields target-size same-lengths""".split(),
)
def test_accepted_heads(shipped, data):
    client = shipped.connect()
    client.send(data + request("/nothing"))
    response = client.read_response()
    if b"3, 3" in data and response.status == 400:
        return  # RFC 9112 6.3 allows both
    assert response.body == HELLO
    assert client.read_response().status == 404


MALFORMED = {
    "no-host": head("GET / HTTP/1.1"),
    "two-hosts": request("/", "Host: localhost"),
    "host-with-space": head("GET / HTTP/1.1", "Host: a b"),
    "host-with-path": head("GET / HTTP/1.1", "Host: a/b"),
    "host-port": head("GET / HTTP/1.1", "Host: a:b"),
    "no-version": head("GET /"),
    "no-target": head("GET HTTP/1.1", "Host: a"),
    "one-word": head("GET"),
    "two-spaces": head("GET  / HTTP/1.1", "Host: a"),
    "space-first": head(" GET / HTTP/1.1", "Host: a"),
    "space-last": head("GET / HTTP/1.1 ", "Host: a"),
    "tab": head("GET\t/\tHTTP/1.1", "Host: a"),
    "version-case": head("GET / http/1.1", "Host: a"),
    "version-minor": head("GET / HTTP/1.", "Host: a"),
    "version-digits": head("GET / HTTP/1.10", "Host: a"),
    "version-letter": head("GET / HTTP/1.x", "Host: a"),
    "method-character": head("GE(T / HTTP/1.1", "Host: a"),
    "relative-target": request("hello.html"),
    "target-fragment": request("/#top"),
    "target-control": request("/\x01"),
    "target-delete": request("/\x7f"),
    "target-eight-bit": request("/\xe4"),
    "target-percent": request("/%zz"),
    "target-percent-cut": request("/%4"),
    "target-nul": request("/%00"),
    "asterisk-get": request("*"),
    "bare-lf": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare-lf-field": b"GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n",
    "bare-cr": request("/", "A: b\rC: d"),
    "space-before-colon": request("/", "A : b"),
    "folded": request("/", "A: b", " c"),
    "folded-first": head("GET / HTTP/1.1", " Host: a"),
    "no-colon": request("/", "A"),
    "empty-name": request("/", ": b"),
    "name-character": request("/", "A(: b"),
    "name-eight-bit": request("/", "\xe4: b"),
    "value-nul": request("/", "A: b\0c"),
    "value-control": request("/", "A: b\x01c"),
    "value-delete": request("/", "A: b\x7fc"),
    "length-word": request("/", "Content-Length: abc"),
    "length-plus": request("/", "Content-Length: +1"),
    "length-minus": request("/", "Content-Length: -1"),
    "length-hex": request("/", "Content-Length: 0x1"),
    "length-empty": request("/", "Content-Length:"),
    "length-space": request("/", "Content-Length: 1 1"),
    "length-2^64": request("/", "Content-Length: 18446744073709551616"),
    "lengths": request("/", "Content-Length: 1", "Content-Length: 2"),
    "length-list": request("/", "Content-Length: 1, 2"),
    "length-and-chunked": request(
        "/", "Content-Length: 3", "Transfer-Encoding: chunked"
    ),
    "not-chunked": request("/", "Transfer-Encoding: identity"),
    "chunked-not-last": request("/", "Transfer-Encoding: chunked, gzip"),
    "chunked-twice": request("/", "Transfer-Encoding: chunked, chunked"),
    "chunked-1.0": request("/", "Transfer-Encoding: chunked", version="1.0"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_head(shipped, data):
    """400 that names the fault; what follows is no longer a request."""
    data += request("/")
    response = assert_refuses(shipped.connect(), data, 400)
    assert response.field("Content-Type").startswith("text/plain")
    assert response.body.strip()


@pytest.mark.parametrize(
    "version", ["0.9", "2.0", "3.0", "9.9"], ids=lambda v: v
)
def test_version_not_supported(shipped, version):
    assert_refuses(shipped.connect(), request("/", version=version), 505)


def test_http_2_preface(shipped):
    """A clean refusal, not a reset."""
    client = shipped.connect()
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert client.read_response().status in (400, 505)
    client.read_eof()


def head_of_size(size):
    """A request whose head has this many bytes."""
    field = "A: " + 4000 * "x"
    bare = len(request("/", *8 * [field], "B: "))
    return request("/", *8 * [field], "B: " + (size - bare) * "x")


@pytest.mark.parametrize(
    "data, status",
    [
        (request("/" + 8192 * "x"), 414),
        (request("/" + 40000 * "x"), 414),
        (request("/", *100 * ["A: b"]), 431),
        (request("/", "A: " + 33000 * "x"), 431),
        (head_of_size(32768), 200),
        (head_of_size(32769), 431),
    ],
    ids="414 414-never-ends 431-count 431-line 32-KiB 431-size".split(),
)
def test_limits_of_a_head(shipped, data, status):
    client = shipped.connect()
    if status == 200:
        client.send(data)
        assert client.read_response().body == HELLO
    else:
        assert_refuses(client, data, status)


# Bodies


@pytest.mark.parametrize("method", ["GET", "POST", "BREW"])
@pytest.mark.parametrize("size", [0, 1, 70000, MIB])
def test_bodies_by_length_are_discarded(shipped, method, size):
    client = shipped.connect()
    body = size * b"x"
    status = {"GET": 200, "POST": 405, "BREW": 501}[method]
    field = f"Content-Length: {size}"
    assert client.ask("/", field, method=method, body=body).status == status
    if status != 501:
        assert client.ask("/").body == HELLO


@pytest.mark.parametrize(
    "data",
    [
        chunked(),
        chunked(b"abc"),
        chunked(b"x", b"0\r\n\r\n", 70000 * b"y", b"\r\n"),
        request(
            "/",
            "Transfer-Encoding: Chunked",
            body=b"003;a=b;c=\"d\"\r\nabc\r\nA\r\n0123456789\r\n00;x\r\n"
            b"Trailer: y\r\n\r\n",
        ),
    ],
    ids=["empty", "one", "several", "extensions-and-trailer"],
)
def test_chunked_bodies_are_discarded(shipped, data):
    client = shipped.connect()
    client.send(data + request("/nothing"))
    assert client.read_response().body == HELLO
    assert client.read_response().status == 404


BAD_CHUNKS = {
    "word": b"g\r\n",
    "minus": b"-1\r\n",
    "prefix": b"0x1\r\na\r\n",
    "empty": b"\r\na\r\n",
    "space-first": b" 1\r\na\r\n",
    "bare-lf": b"1\na\r\n",
    "2^64": b"10000000000000000\r\n",
    "data-too-long": b"1\r\nab\r\n",
    "data-ends-by-lf": b"1\r\na\n0\r\n\r\n",
    "extension-nul": b"1;\0\r\na\r\n",
    "trailer": b"0\r\nA : b\r\n\r\n",
    "trailer-folded": b"0\r\nA: b\r\n c\r\n\r\n",
}


@pytest.mark.parametrize("body", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_malformed_chunks(shipped, body):
    data = request("/", "Transfer-Encoding: chunked", body=body)
    assert_refuses(shipped.connect(), data + request("/"), 400)


@pytest.mark.parametrize(
    "data",
    [
        request("/", f"Content-Length: {MIB + 1}"),
        request("/", "Content-Length: 18446744073709551615"),
        chunked(MIB * b"x", b"x"),
        request("/", "Transfer-Encoding: chunked", body=b"100001\r\n"),
    ],
    ids=["length", "2^64-1", "chunks", "chunk"],
)
def test_body_too_large(shipped, data):
    assert_refuses(shipped.connect(), data, 413)


def test_max_body(serve):
    server = serve("--max-body=1k")
    client = server.connect()
    for data in chunked(1024 * b"x"), request(
        "/", "Content-Length: 1024", body=1024 * b"x"
    ):
        client.send(data)
        assert client.read_response().body == HELLO
    assert_refuses(client, request("/", "Content-Length: 1025"), 413)
    assert_refuses(server.connect(), chunked(1000 * b"x", 25 * b"x"), 413)


def test_error_reaches_a_client_that_goes_on_sending(shipped):
    """What it sent in vain must not end in a reset that eats the answer."""
    client = shipped.connect()
    client.send(request("/", "Content-Length: 99999999", body=MIB * b"x"))
    assert client.read_response().status == 413
    client.send(1000 * b"x")
    client.read_eof()


# Expect (RFC 9110 10.1.1)

EXPECT = "Expect: 100-continue"


def test_expect_continue(shipped):
    client = shipped.connect()
    client.send(request("/", EXPECT, "Content-Length: 3"))
    assert client.read_response().status == 100
    client.send(b"abc" + request("/nothing"))
    assert client.read_response().body == HELLO
    assert client.read_response().status == 404


def test_expect_refused_before_the_body_is_sent(shipped):
    data = request("/", EXPECT, "Content-Length: 99999999")
    assert_refuses(shipped.connect(), data, 413)


def test_expect_whose_body_is_here_already(shipped):
    """100 may then be left out."""
    client = shipped.connect()
    response = client.ask("/", EXPECT, "Content-Length: 3", body=b"abc")
    if response.status == 100:
        response = client.read_response()
    assert response.body == HELLO
    assert client.ask("/nothing").status == 404


def test_expect_without_a_body(shipped):
    client = shipped.connect()
    assert client.ask("/", EXPECT).body == HELLO


def test_expect_of_http_1_0_is_ignored(shipped):
    client = shipped.connect()
    client.send(request("/", EXPECT, "Content-Length: 3", version="1.0"))
    client.send(b"abc")
    assert client.read_response().body == HELLO


def test_expect_of_something_else(shipped):
    assert shipped.connect().ask("/", "Expect: 200-ok").status == 417
