"""Bodies of requests: discarded, refused, expected (RFC 9112 6 and 7)."""

import pytest
from server import HTDOCS
from wire import assert_refuses, request

HELLO = (HTDOCS / "hello.html").read_bytes()
MIB = 1 << 20


def chunked(*chunks):
    """A GET with a chunked body, the last chunk included."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks)
    return request("/", "Transfer-Encoding: chunked", body=body + b"0\r\n\r\n")


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


@pytest.mark.parametrize(
    "trailer",
    [
        "Connection: close",
        "Host: a b",
        "Content-Length: 5",
        "Transfer-Encoding: x",
        "Expect: x",
        "If-None-Match: *",
    ],
)
def test_trailers_are_not_merged(shipped, trailer):
    """RFC 9110 6.5.1: the request is decided when its head is read."""
    body = f"1\r\na\r\n0\r\n{trailer}\r\n\r\n".encode()
    data = request("/", "Transfer-Encoding: chunked", body=body)
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
    "extension-bare-lf": b"1;a\na\r\n",
    "extension-bare-cr": b"1;a\rb\r\na\r\n",
    "size-underscore": b"1_0\r\n",
    "size-digits": 100 * b"0" + b"1\r\na\r\n",
    "size-negative-2^63": b"8000000000000000\r\n",
    "no-last-crlf": b"0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "trailer-no-colon": b"0\r\nA\r\n\r\n",
    "trailer-bare-lf": b"0\r\nA: b\n\r\n",
    "trailer-nul": b"0\r\nA: \0\r\n\r\n",
    "trailer-folded": b"0\r\nA: b\r\n c\r\n\r\n",
}


@pytest.mark.parametrize("body", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_malformed_chunks(shipped, body):
    data = request("/", "Transfer-Encoding: chunked", body=body)
    assert_refuses(shipped.connect(), data + request("/"), 400)


@pytest.mark.parametrize(
    "body",
    [b"1;" + 40000 * b"x", b"1;a" + 40000 * b" ", 40000 * b"1;x\r\na\r\n",
     b"0\r\nA: " + 40000 * b"x", b"0\r\n" + 10000 * b"A: b\r\n"],
    ids="extension spaces extensions trailer trailers".split(),
)
def test_what_is_ignored_has_an_end(shipped, body):
    """RFC 9112 7.1.1: and nothing behind it is taken for a request."""
    data = request("/", "Transfer-Encoding: chunked", body=body)
    client = shipped.connect()
    client.send(data + request("/"))
    response = client.read_response()
    assert response.status in (400, 413, 431)
    assert response.field("Connection") == "close"
    client.read_eof()


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


@pytest.mark.parametrize("value", ["100-Continue", "100-continue,"])
def test_expect_in_other_words(shipped, value):
    client = shipped.connect()
    client.send(request("/", f"Expect: {value}", "Content-Length: 3"))
    assert client.read_response().status == 100
    client.send(b"abc")
    assert client.read_response().body == HELLO


@pytest.mark.parametrize(
    "target, method, status",
    [
        ("/nothing", "GET", 404),
        ("/%zz", "GET", 400),
        ("/sleep/x", "GET", 400),
        ("/", "POST", 405),
        ("/", "BREW", 501),
    ],
)
def test_expect_of_what_fails(shipped, target, method, status):
    """A 100 or the final answer, before the body is sent; then it goes on."""
    client = shipped.connect()
    fields = EXPECT, "Content-Length: 3"
    client.send(request(target, *fields, method=method))
    response = client.read_response()
    if response.status == 100:
        client.send(b"abc")
        response = client.read_response()
    assert response.status == status
    if response.field("Connection") == "close":
        client.read_eof()
    else:
        assert client.ask("/").body == HELLO


def test_expect_of_something_more(shipped):
    fields = "Expect: 100-continue, x", "Content-Length: 3"
    client = shipped.connect()
    client.send(request("/", *fields))
    assert client.read_response().status == 417
