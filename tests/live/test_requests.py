"""Heads of requests on the wire: which are taken, which refused."""

import pytest
from server import HTDOCS
from wire import assert_refuses, head, request

HELLO = (HTDOCS / "hello.html").read_bytes()


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
        request("/", "Content-Length: 0003", body=b"abc"),
        request("HTTP://other.example:81?q"),
        request("https://[::1]/"),
        head("GET / HTTP/1.0", "Host: localhost", "Connection: keep-alive"),
        request("/", "!#$%&'*+-.^_`|~09azAZ: b"),
        head("GET / HTTP/1.1", "A:b", "Host: localhost", "Z:"),
    ],
    ids="""empty-line absolute query host-case host-empty host-v6 values
    fields target-size same-lengths length-zeros absolute-no-path absolute-v6
    1.0 name host-second""".split(),
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
    "target-percent": request("/%zz"),
    "target-percent-cut": request("/%4"),
    "target-nul": request("/%00"),
    "asterisk-get": request("*"),
    "asterisk-post": request("*", method="POST"),
    "asterisk-path": request("*/", method="OPTIONS"),
    "absolute-no-host": head("GET http://localhost/ HTTP/1.1"),
    "absolute-bad-host": head("GET http://localhost/ HTTP/1.1", "Host: a b"),
    "absolute-no-authority": request("http:///"),
    "absolute-userinfo": request("http://user@localhost/"),
    "absolute-port": request("http://localhost:x/"),
    "absolute-scheme": request("ftp://localhost/"),
    "authority": request("localhost:80"),
    "two-hosts-1.0": request("/", "Host: localhost", version="1.0"),
    "host-list": head("GET / HTTP/1.1", "Host: a b, c"),
    "host-userinfo": head("GET / HTTP/1.1", "Host: u@a"),
    "host-v6-open": head("GET / HTTP/1.1", "Host: [::1"),
    "host-v6": head("GET / HTTP/1.1", "Host: [::g]"),
    "host-port-range": head("GET / HTTP/1.1", "Host: a:65536"),
    "host-percent": head("GET / HTTP/1.1", "Host: %zz"),
    "host-uri": head("GET / HTTP/1.1", "Host: http://a"),
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
    "bare-cr-last": request("/", "A: b\r"),
    "bare-cr-name": request("/", "A\rB: c"),
    "bare-cr-target": request("/\rx"),
    "bare-cr-first": b"\r" + request("/"),
    "tab-before-colon": request("/", "A\t: b"),
    "folded-tab": request("/", "A: b", "\tc"),
    "folded-blank": request("/", "A: b", " "),
    "folded-last": request("/")[:-2] + b" \r\n\r\n",
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
    "chunked-lines": request("/", *2 * ["Transfer-Encoding: chunked"]),
    "chunked-and-length": request(
        "/", "Transfer-Encoding: chunked", "Content-Length: 3"
    ),
    "chunked-suffix": request("/", "Transfer-Encoding: chunkedx"),
    "chunked-parameter": request("/", "Transfer-Encoding: chunked;q=1"),
    "chunked-quoted": request("/", 'Transfer-Encoding: "chunked"'),
    "coding-empty": request("/", "Transfer-Encoding:"),
    "coding-space": request("/", "Transfer-Encoding: chun ked"),
    "length-long": request("/", "Content-Length: " + 1000 * "9"),
    "length-list-empty": request("/", "Content-Length: 1,"),
    "length-dot": request("/", "Content-Length: 1.0"),
    "length-superscript": request("/", "Content-Length: \xb2"),
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


CONTROLS = [octet for octet in [*range(32), 127] if octet not in b"\t\r\n"]


@pytest.mark.parametrize(
    "text",
    ["{}GET / HTTP/1.1", "GE{}T / HTTP/1.1", "GET /{} HTTP/1.1",
     "GET /{}\r\n", "GET / HTTP/1.1{}", "GET / HTTP/1.1\r\n{}A: b",
     "GET / HTTP/1.1\r\nA{}: b", "GET / HTTP/1.1\r\nA:{}b",
     "GET / HTTP/1.1\r\nA: b{}", "GET / HTTP/1.1\r\nA: b{}c"],
    ids="""before-method method target no-version version before-name name
    before-value after-value value""".split(),
)
def test_control_octets(shipped, text):
    """RFC 9110 5.5, RFC 9112 2.2: none, anywhere."""
    for octet in CONTROLS:
        client = shipped.connect()
        client.send(head(text.format(chr(octet)), "Host: a"))
        assert client.read_response().status == 400, octet
        client.read_eof()


def test_octets_of_names(shipped):
    """RFC 9110 5.6.2: a token's are taken, all others are refused."""
    token = b"!#$%&'*+-.^_`|~0123456789" + bytes(range(65, 91))
    for octet in set(range(33, 256)) - set(b":"):
        client = shipped.connect()
        response = client.ask("/", f"A{chr(octet)}: b")
        good = bytes([octet]).upper() in [bytes([t]) for t in token]
        assert response.status == (200 if good else 400), octet
        client.close()


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


@pytest.mark.parametrize("earlier", [12 << 10, 58 << 10])
def test_close_behind_answers_that_are_not_taken_loses_none(
    serve, root, earlier
):
    """RFC 9112 9.6: whatever the client sends behind its last request."""
    (root / "first").write_bytes(earlier * b"1")
    (root / "last").write_bytes((12 << 10) * b"2")
    server = serve("-w", "1", root=root)
    client = server.connect(receive_buffer=8192)
    client.send(request("/first"))
    assert not client.is_silent(5)  # and so in a turn of its own
    client.send(request("/last") + request("/last", "Connection: close"))
    for _ in range(3):
        client.is_silent(0.05)
        client.send(b"\r\n")
    assert client.read_response().body == earlier * b"1"
    for _ in range(2):
        assert client.read_response().body == (12 << 10) * b"2"
    client.read_eof()
