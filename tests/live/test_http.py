"""HTTP/1.1 on the wire: answers, methods, connections, splits."""

import email.utils
import time

import pytest
from server import HTDOCS, SANITIZERS, scaled
from wire import head, request

HELLO = (HTDOCS / "hello.html").read_bytes()
NOT_FOUND = (HTDOCS / "404.html").read_bytes()

# Answers


def test_root_is_hello(shipped):
    response = shipped.connect().ask("/")
    assert response.status == 200
    assert response.body == HELLO
    assert response.field("Content-Type") == "text/html; charset=utf-8"


def test_not_found_shows_its_page(shipped):
    response = shipped.connect().ask("/no/such/file")
    assert response.status == 404
    assert response.body == NOT_FOUND
    assert response.field("Content-Type") == "text/html; charset=utf-8"


@pytest.mark.parametrize("target", ["/", "/nothing", "/sleep/0", "/sleep/x"])
def test_head_is_get_without_content(shipped, target):
    client = shipped.connect()
    get = client.ask(target)
    client.send(request(target, method="HEAD") + request("/"))
    answer = client.read_response("HEAD")
    assert answer.status == get.status

    def names_and_length(response):
        length = response.field("Content-Length")
        return [name for name, _ in response.fields], length

    assert names_and_length(answer) == names_and_length(get)
    assert client.read_response().body == HELLO


@pytest.mark.parametrize(
    "data",
    [
        request("/"),
        request("/nothing"),
        request("/sleep/0"),
        request("/sleep/x"),
        request("/", method="OPTIONS"),
        request("/", method="POST"),
        request("/", method="BREW"),
        b"malformed\r\n\r\n",
        request("/", version="2.0"),
        request("/" + 9000 * "x"),
        request("/", *101 * ["A: b"]),
        request("/", "Content-Length: 99999999"),
    ],
    ids="200 404 sleep sleep-400 204 405 501 400 505 414 431 413".split(),
)
def test_every_answer_has_a_date(shipped, data):
    """Its own: renewed at least every second or so."""
    before = int(time.time()) - 2
    client = shipped.connect()
    client.send(data)
    date = client.read_response().field("Date")
    when = email.utils.parsedate_to_datetime(date).timestamp()
    assert before <= when <= time.time()
    assert date == email.utils.formatdate(when, usegmt=True)


# Methods


@pytest.mark.parametrize(
    "lines, status",
    [
        (["A : b"], 400),
        (["Expect: x"], 417),
        (["Content-Length: 99999999"], 413),
        (101 * ["A: b"], 431),
    ],
    ids=["400", "417", "413", "431"],
)
def test_refused_head_has_no_content(shipped, lines, status):
    """RFC 9110 9.3.2: though the fault came before the answer."""
    client = shipped.connect()
    client.send(request("/", *lines, method="HEAD"))
    response = client.read_response("HEAD")
    assert response.status == status
    assert int(response.field("Content-Length")) > 0
    if response.field("Connection") != "close":
        client.half_close()
    client.read_eof()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("target", ["/", "/nothing"])
def test_method_not_allowed(shipped, target, method):
    client = shipped.connect()
    length = "Content-Length: 3"
    response = client.ask(target, length, method=method, body=b"x=y")
    assert response.status == 405
    allowed = response.field("Allow").replace(" ", "").split(",")
    assert sorted(allowed) == ["GET", "HEAD", "OPTIONS"]
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize(
    "target", ["/", "*", "/nothing", "http://localhost"]
)
def test_options(shipped, target):
    client = shipped.connect()
    response = client.ask(target, method="OPTIONS")
    assert response.status == 204
    assert response.field("Content-Length") is None
    allowed = response.field("Allow").replace(" ", "").split(",")
    assert sorted(allowed) == ["GET", "HEAD", "OPTIONS"]
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize(
    "method",
    ["BREW", "get", "GETT", "!#$%&'*+-.^_`|~9"],
    ids=["BREW", "lower-case", "GETT", "symbols"],
)
def test_unknown_method(shipped, method):
    response = shipped.connect().ask("/", method=method)
    assert response.status == 501


@pytest.mark.parametrize(
    "line", ["TRACE / HTTP/1.1", "CONNECT localhost:80 HTTP/1.1"]
)
def test_methods_that_are_for_proxies(shipped, line):
    client = shipped.connect()
    client.send(head(line, "Host: localhost"))
    assert client.read_response().status in (400, 405, 501)


def test_what_follows_connect_is_no_request(shipped):
    """A client may send through its tunnel before it knows of the refusal."""
    client = shipped.connect()
    tunnel = head("CONNECT localhost:80 HTTP/1.1", "Host: localhost:80")
    client.send(tunnel + request("/"))
    assert client.read_response().status == 405
    client.read_eof()


# Connections


def test_keep_alive(shipped):
    client = shipped.connect()
    for _ in range(20):
        response = client.ask("/")
        assert response.body == HELLO
        assert response.field("Connection") is None
    assert client.is_silent()


def test_pipelined_answers_keep_their_order(shipped):
    """Fast ones behind a sleep too."""
    targets = ["/", "/nothing", "/sleep/30ms", "/", "/sleep/0", "/nothing"]
    client = shipped.connect()
    client.send(b"".join(map(request, targets)))
    for target in targets:
        response = client.read_response()
        assert response.status == (404 if target == "/nothing" else 200)
        receipt = response.field("Server-Timing")
        assert bool(receipt) == target.startswith("/sleep")
        if receipt:
            assert ("dur=30," in receipt) == (target == "/sleep/30ms")
    assert client.is_silent()


def test_many_pipelined_requests(shipped):
    """More than one read and one turn can hold."""
    client = shipped.connect()
    count = scaled(4000)
    client.send(count * request("/"))
    for _ in range(count):
        assert client.read_response().body == HELLO
    assert client.is_silent()


def test_end_of_long_pipelined_answers_does_not_wait(serve, root):
    """The kernel may hold a rest back for 200 ms, if told that more follows."""
    (root / "file").write_bytes(16384 * b"x")
    client = serve("-w", "1", root=root).connect()
    for count in range(1, 9):
        fastest = float("inf")
        for _ in range(5):
            begin = time.monotonic()
            client.send(count * request("/file"))
            for _ in range(count):
                assert client.read_response().status == 200
            fastest = min(fastest, time.monotonic() - begin)
        assert fastest < 0.15, count


def test_pipelined_answers_before_a_fault(shipped):
    client = shipped.connect()
    client.send(request("/") + request("/nothing"))
    client.send(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + request("/"))
    statuses = [client.read_response().status for _ in range(3)]
    assert statuses == [200, 404, 400]
    client.read_eof()


@pytest.mark.parametrize(
    "lines",
    [
        ["Connection: close"],
        ["Connection: Close"],
        ["connection: keep-alive, close"],
        ["Connection: keep-alive", "Connection: x,, close"],
        ["Connection: close", "Connection: keep-alive"],
        ["Connection:\tclose ,x"],
    ],
    ids=["close", "case", "list", "lines", "first-line", "tab"],
)
def test_connection_close(shipped, lines):
    """The answer says it, FIN follows, and nothing behind it is served."""
    client = shipped.connect()
    client.send(request("/", *lines) + request("/"))
    response = client.read_response()
    assert response.body == HELLO
    assert response.field("Connection") == "close"
    client.read_eof()


def test_http_1_0_closes(shipped):
    client = shipped.connect()
    client.send(head("GET / HTTP/1.0"))
    response = client.read_response()
    assert response.body == HELLO
    assert response.field("Transfer-Encoding") is None
    client.read_eof()


def test_http_1_0_keep_alive(shipped):
    client = shipped.connect()
    for _ in range(2):
        response = client.ask("/", "Connection: Keep-Alive", version="1.0")
        assert response.body == HELLO
        assert response.field("Connection").lower() == "keep-alive"
    client.ask("/", version="1.0")
    client.read_eof()


@pytest.mark.parametrize("value", ["close", "keep-alive, close", "x"])
def test_http_1_0_closes_unless_asked(shipped, value):
    client = shipped.connect()
    client.ask("/", f"Connection: {value}", version="1.0")
    client.read_eof()


@pytest.mark.parametrize("value", ["close", "keep-alive"])
def test_close_is_not_part_of_another_word(shipped, value):
    """Options are whole tokens (RFC 9110 7.6.1)."""
    client = shipped.connect()
    for line in f"Connection: {value}d", f"X-Connection: {value}":
        assert client.ask("/", line).field("Connection") is None


@pytest.mark.parametrize("version", ["1.2", "1.9"])
def test_http_1_2_is_treated_as_1_1(shipped, version):
    client = shipped.connect()
    assert client.ask("/", version=version).body == HELLO
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("targets", [["/"], ["/", "/nothing", "/"]])
def test_half_closed_client_is_answered(shipped, targets):
    client = shipped.connect()
    client.send(b"".join(map(request, targets)))
    client.half_close()
    statuses = [client.read_response().status for _ in targets]
    assert statuses == [404 if t == "/nothing" else 200 for t in targets]
    client.read_eof()


@pytest.mark.parametrize(
    "last",
    [
        request("/", "Content-Length: 2", body=b"x"),
        b"GET / HT",
    ],
    ids=["body", "head"],
)
def test_half_closed_client_is_answered_before_its_last(serve, last):
    """What was asked for and is due, before a request that it gives up."""
    server = serve("-w", "1")
    client = server.connect()
    assert client.ask("/").body == HELLO
    server.freeze()
    client.send(2 * request("/") + last)
    client.half_close()
    server.thaw()
    for _ in range(2):
        assert client.read_response().body == HELLO
    client.read_eof()


def test_client_that_says_nothing_and_leaves(shipped):
    client = shipped.connect()
    client.half_close()
    client.read_eof()


def test_client_that_leaves_within_a_head(shipped):
    """No request came: FIN, with or without a 400 before it."""
    client = shipped.connect()
    client.send(b"GET / HTTP/1.1\r\nHo")
    client.half_close()
    assert client.read_all()[:13] in (b"", b"HTTP/1.1 400 ")


# Splits

SPLIT = {
    "get": request("/", "A: b"),
    "absolute": b"\r\n" + request("http://localhost/?q"),
    "length": request("/", "Content-Length: 5", body=b"hello"),
    "chunked": request(
        "/",
        "Transfer-Encoding: chunked",
        body=b"3;x\r\nabc\r\n0\r\nT: u\r\n\r\n",
    ),
    "pipelined": request("/nothing", method="HEAD") + request("/"),
    "fault": b"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n",
}


def exchange(client, pieces, neighbour):
    """
    All bytes that come back. Between two pieces the neighbour, on the same
    single worker, has a request answered: so each piece is read apart.
    """
    for piece in pieces[:-1]:
        client.send(piece)
        assert neighbour.ask("/").status == 200
    client.send(pieces[-1])
    client.half_close()
    answer = client.read_all().decode("latin-1").split("\r\n")
    client.close()
    return [line for line in answer if not line.startswith("Date: ")]


@pytest.mark.parametrize("data", SPLIT.values(), ids=SPLIT)
def test_split_anywhere_is_answered_as_the_whole(shipped, data):
    neighbour = shipped.connect()
    whole = exchange(shipped.connect(), [data], neighbour)
    assert whole[0].startswith("HTTP/1.1 ")
    step = 7 if SANITIZERS else 1
    for at in range(1, len(data), step):
        pieces = [data[:at], data[at:]]
        assert exchange(shipped.connect(), pieces, neighbour) == whole, at
    bytewise = [data[i : i + 1] for i in range(len(data))]
    assert exchange(shipped.connect(), bytewise, neighbour) == whole
