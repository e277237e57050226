"""The words of /sleep, each alone: what comes, and the receipts of it."""

import re
import time

import pytest
from structured import Item
from wire import request
from worded import HELLO, ask, did, letters, receipt, slept  # noqa: F401

ALL = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
ALLOW = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
WORDS = """delay at status retry-after header size fill events lines type over
rate every chunk framing headrate interim fault after for close fail down phase
key pool seed""".split()


# Statuses

DUTIES = {
    204: {},
    301: {"Location": "/"},
    302: {"Location": "/"},
    303: {"Location": "/"},
    307: {"Location": "/"},
    308: {"Location": "/"},
    401: {"WWW-Authenticate": 'Basic realm="mtasync"'},
    405: {"Allow": ALLOW},
    407: {"Proxy-Authenticate": 'Basic realm="mtasync"'},
    416: {"Content-Range": "bytes */0"},
}


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("status", [200, 201, 299, 300, 400, 404, 418, 429,
                                    500, 503, 599, *DUTIES])  # fmt: skip
def test_status(ask, status, method):
    if method == "OPTIONS" and status == 200:
        pytest.skip("it has no page to give")
    response = ask(f"/sleep/0?status={status}", method=method)
    assert response.status == status
    assert did(response) == {"delay": 0, "status": status}
    for name, value in DUTIES.get(status, {}).items():
        assert response.field(name) == value
    if status == 204 or method == "HEAD":
        assert response.body == b""
    elif status >= 300:
        line = rb"%d [ -~]*: on purpose\n" % status
        assert re.fullmatch(line, response.body)
        assert response.field("Content-Type").startswith("text/plain")
    elif method != "OPTIONS":
        assert response.body == HELLO
    if status == 503:
        assert response.field("Retry-After") is None  # only where it is asked


def test_status_206_tells_its_range(ask):
    response = ask("/sleep/0?status=206")
    size = len(HELLO)
    assert response.field("Content-Range") == f"bytes 0-{size - 1}/{size}"
    assert response.body == HELLO
    response = ask("/sleep/0?status=206&size=10")
    assert response.field("Content-Range") == "bytes 0-9/10"


def test_status_304_has_neither_body_nor_length(ask):
    response = ask("/sleep/0?status=304")
    assert response.status == 304
    assert response.field("Content-Length") is None


def test_status_with_a_body_of_ours(ask):
    response = ask("/sleep/0?status=503&size=5")
    assert response.status == 503 and response.body == letters(5)


def test_statuses_by_shares(serve):
    """Both come, and what is left is the page; each is told."""
    client = serve("-w", "1", "--seed=1").connect()
    seen = set()
    for n in range(1, 101):
        response = client.ask("/sleep/0?status=503:30,429:30")
        told = did(response)
        seen.add(response.status)
        assert told.pop("status", 200) == response.status
        assert told == {"delay": 0, "seed": 1, "n": n}
        assert (response.body == HELLO) == (response.status == 200)
    assert seen == {200, 429, 503}


@pytest.mark.parametrize("share, status", [(0, 200), (100, 503)])
def test_shares_of_none_and_all(ask, share, status):
    for _ in range(20):
        assert ask(f"/sleep/0?status=503:{share}").status == status


@pytest.mark.parametrize("text, seconds", [
    ("0", 0), ("1ms", 1), ("1", 1), ("1.000001", 2), ("2m", 120)
])  # fmt: skip
@pytest.mark.parametrize("status", [302, 429, 503])
def test_retry_after(ask, text, seconds, status):
    response = ask(f"/sleep/0?status={status}&retry-after={text}")
    assert response.field("Retry-After") == str(seconds)


def test_retry_after_only_where_it_means_something(ask):
    response = ask("/sleep/0?status=503:0,500:100&retry-after=1s")
    assert response.status == 500 and response.field("Retry-After") is None


# Heads


def test_headers(ask):
    words = [f"header=X-{i}:%20v+{i}" for i in range(15)]
    response = ask("/sleep/0?" + "&".join([*words, "header=SERVER:mine"]))
    for i in range(15):
        assert response.field(f"X-{i}") == f"v+{i}"
    assert response.field("Server") == "mine"
    assert response.body == HELLO


@pytest.mark.parametrize("name", ["Cache-Control", "Allow", "Location"])
def test_header_takes_the_place_of_ours(ask, name):
    response = ask(f"/sleep/0?status=302&header={name}:x")
    assert response.field(name) == "x"


def test_type(ask):
    response = ask("/sleep/0?type=application/json;%20charset%3dutf-8")
    assert response.field("Content-Type") == "application/json; charset=utf-8"
    assert response.body == HELLO
    response = ask("/sleep/0?type=image/png&size=2", method="HEAD")
    assert response.field("Content-Type") == "image/png"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_interim_responses_come_before_any_delay(shipped, version):
    client = shipped.connect()
    words = "interim=100&interim=102&" + "&".join(6 * ["interim=103"])
    client.send(request(f"/sleep/300ms?{words}", version=version))
    began = time.monotonic()
    if version == "1.1":
        codes = [client.read_response().status for _ in range(8)]
        assert codes == [100, 102] + 6 * [103]
        assert client.is_silent(0.02)
    response = client.read_response()
    assert time.monotonic() - began >= 0.25
    assert response.body == HELLO
    skipped = receipt(response)["interim"].parameters
    assert skipped == ({"skipped"} if version == "1.0" else set())


# Bodies


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("size, exact", [
    ("0", 0), ("1", 1), ("26", 26), ("27", 27), ("1k", 1024),
    ("65537", 65537), ("3m", 3 << 20),
])  # fmt: skip
def test_size(ask, size, exact, method):
    response = ask(f"/sleep/0?size={size}", method=method)
    if method == "OPTIONS":  # it is a 204, and says so
        assert receipt(response)["size"] == Item(exact, {"skipped"})
        response = ask(f"/sleep/0?size={size}&status=200", method=method)
    assert response.field("Content-Length") == str(exact)
    assert response.field("Content-Type") == "text/plain; charset=utf-8"
    assert did(response)["size"] == exact
    assert response.body == (b"" if method == "HEAD" else letters(exact))


def test_sizes_by_shares(ask):
    sizes = {len(ask("/sleep/0?size=1:40,2000:40").body) for _ in range(60)}
    assert sizes == {1, 2000, len(HELLO)}


def test_fill(ask):
    """The same bytes for the same seed, whatever the size and the framing."""
    bytes_of = {}
    for seed in 0, 7, 10**15 - 1:
        response = ask(f"/sleep/0?size=100001&fill={seed}")
        assert response.field("Content-Type") == "application/octet-stream"
        bytes_of[seed] = response.body
        target = f"/sleep/0?size=70003&fill={seed}&framing=chunked"
        assert ask(target).body == response.body[:70003]
    assert len(set(bytes_of.values())) == 3
    zlib = pytest.importorskip("zlib")
    for data in bytes_of.values():
        assert len(data) == 100001
        assert len(zlib.compress(data, 9)) > 100001


@pytest.mark.parametrize("kind, type, form", [
    ("events", "text/event-stream",
     r'id: (?P<n>\d+)\ndata: {"n":(?P=n),"time":"(?P<time>[^"]+)"}\n\n'),
    ("lines", "application/x-ndjson",
     r'{"n":(?P<n>\d+),"time":"(?P<time>[^"]+)"}\n'),
])  # fmt: skip
@pytest.mark.parametrize("framing", ["", "&framing=length"])
def test_items(ask, kind, type, form, framing):
    response = ask(f"/sleep/0?{kind}=1000{framing}")
    assert response.field("Content-Type") == type
    chunked = response.field("Transfer-Encoding") == "chunked"
    assert chunked == (framing == "")
    text, at = response.body.decode(), 0
    for n in range(1, 1001):
        item = re.compile(form).match(text, at)
        assert item and int(item["n"]) == n, text[at : at + 100]
        moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
        assert re.fullmatch(moment, item["time"])
        at = item.end()
    assert at == len(text)
    assert kind in did(response)


@pytest.mark.parametrize("words", ["size=100", "status=404", "", "lines=3"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_framing(shipped, words, method):
    """Chunks go on; HTTP/1.0 gets the end of the connection; HEAD a head."""
    target = f"/sleep/0?{words}&framing="
    client = shipped.connect()
    whole = client.ask(target + "length", method=method)
    assert int(whole.field("Content-Length")) > 0
    chunked = client.ask(target + "chunked", method=method)
    assert chunked.field("Transfer-Encoding") == "chunked"
    assert strip_times(chunked.body) == strip_times(whole.body)
    assert client.ask("/").body == HELLO
    for framing, version in ("close", "1.1"), ("chunked", "1.0"):
        client = shipped.connect()
        fields = ["Connection: keep-alive"]
        client.send(
            request(target + framing, *fields, method=method, version=version)
        )
        head = client.read_head()
        assert head.field("Content-Length") is None
        assert head.field("Transfer-Encoding") is None
        assert head.field("Connection") == "close"
        body, end = client.read_to_end()
        assert strip_times(body) == strip_times(whole.body) and end == "FIN"


def strip_times(body):
    return re.sub(rb'"time":"[^"]*"', b"", body)


def test_close(shipped):
    client = shipped.connect()
    assert client.ask("/sleep/0?close=0").field("Connection") is None
    response = client.ask("/sleep/0?close=100")
    assert response.field("Connection") == "close"
    assert did(response) == {"delay": 0, "close": True}
    client.read_eof()


def test_close_by_its_share(shipped):
    ways = set()
    for _ in range(60):
        client = shipped.connect()
        response = client.ask("/sleep/0?close=50")
        way = response.field("Connection")
        ways.add(way)
        assert did(response).get("close", False) == (way == "close")
        if way:
            client.read_eof()
        else:
            assert client.ask("/").body == HELLO
    assert ways == {None, "close"}


# Methods


@pytest.mark.parametrize("method", ALL[2:])
@pytest.mark.parametrize("framing", [
    ("Content-Length: 5", b"12345"),
    ("Transfer-Encoding: chunked", b"5\r\n12345\r\n0\r\n\r\n"),
])  # fmt: skip
def test_delay_counts_from_the_end_of_the_body(shipped, method, framing):
    client = shipped.connect()
    field, body = framing
    target = "/sleep/150ms?status=200&size=3"
    client.send(request(target, field, method=method))
    client.send(body[:-1])
    assert client.is_silent(0.2)
    began = time.monotonic()
    client.send(body[-1:])
    assert client.read_response().body == letters(3)
    assert time.monotonic() - began >= 0.15
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "BREW"])
def test_methods_that_stay_refused(shipped, method):
    client = shipped.connect()
    target = "localhost:80" if method == "CONNECT" else "/sleep/5m?status=200"
    began = time.monotonic()
    response = client.ask(target, method=method)
    assert response.status == (501 if method == "BREW" else 405)
    assert time.monotonic() - began < 5 * 60
    assert response.field("Server-Timing") is None


def test_options_sleeps_and_tells_the_methods(ask):
    response = ask("/sleep/30ms", method="OPTIONS")
    assert response.status == 204 and response.field("Allow") == ALLOW
    assert slept(response)[0] == 30


def test_preflight_can_be_answered(ask):
    words = "header=Access-Control-Allow-Methods:PUT"
    response = ask(f"/sleep/10ms?{words}", method="OPTIONS")
    assert response.field("Access-Control-Allow-Methods") == "PUT"


# Help


def test_help_has_every_word(ask):
    text = ask("/sleep?help").body.decode()
    assert ask("/sleep/5m?help").body.decode() == text
    listed = re.findall(r"^  ([a-z-]+)=\S+ ", text, re.M)
    assert listed == WORDS
    examples = re.findall(r"e\.g\. (\S+)", text)
    assert [e.partition("=")[0] for e in examples] == WORDS
    for form in "250ms", "normal:", "lognormal:", "exp:", "pct:", "file:":
        assert form in text


def test_page_of_the_answer_is_todays(serve, root):
    """It is looked up when the head is due."""
    server = serve(root=root)
    client = server.connect()
    client.send(request("/sleep/300ms?at=head&status=201"))
    (root / "new").write_bytes(b"new\n")
    (root / "new").rename(root / "hello.html")
    response = client.read_response()
    assert response.status == 201 and response.body == b"new\n"
