"""Conditional requests (RFC 9110 13): which are carried out, which get 304
or 412, and what those say."""

import email.utils
import os
import time

import pytest
from server import CACHED, Server
from wire import request

FILES = {"small": 100, "large": CACHED + 1}

BEFORE = "Thu, 01 Jan 1970 00:00:00 GMT"  # or when the oldest file was made

# When the files were modified, in the three formats of 5.6.7.
MODIFIED = 784111777
DATES = {
    "same": "Sun, 06 Nov 1994 08:49:37 GMT",
    "rfc850": "Sunday, 06-Nov-94 08:49:37 GMT",
    "asctime": "Sun Nov  6 08:49:37 1994",
    "later": "Sun, 06 Nov 1994 08:49:38 GMT",
    "later850": "Sunday, 06-Nov-94 08:49:38 GMT",
    "latertime": "Sun Nov  6 08:49:38 1994",
    "earlier": "Sun, 06 Nov 1994 08:49:36 GMT",
    "earlier850": "Sunday, 06-Nov-94 08:49:36 GMT",
    "earliertime": "Sun Nov  6 08:49:36 1994",
}

# No dates, which would be before or after MODIFIED if they were any.
NO_DATES = {
    "word": "yesterday",
    "empty": "",
    "number": "{year}",
    "no-zone": "Sun, 06 Nov {year} 08:49:37",
    "zone": "Sun, 06 Nov {year} 08:49:37 +0000",
    "one-digit": "Sun, 6 Nov {year} 08:49:37 GMT",
    "no-day": "Sun, 31 Feb {year} 08:49:37 GMT",
    "no-hour": "Sun, 06 Nov {year} 25:49:37 GMT",
    "month": "Sun, 06 Noe {year} 08:49:37 GMT",
    "rest": "Sun, 06 Nov {year} 08:49:37 GMT, x",
}


def publish(root, name, size):
    path = root / name
    path.write_bytes(size * b"x")
    os.utime(path, (MODIFIED, MODIFIED))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server of both files, a page for errors, and a directory."""
    root = tmp_path_factory.mktemp("root")
    for name, size in FILES.items():
        publish(root, name, size)
    publish(root, "404.html", 10)
    (root / "sub").mkdir()
    server = Server("-w", "1", root=root)
    yield server
    server.finish()


def field_names(response):
    return {name for name, _ in response.fields}


IF_MATCH = {
    "13.1.1-same": (["If-Match: {etag}"], 200),
    "13.1.1-any": (["If-Match: *"], 200),
    "13.1.1-listed": (['If-Match: "x", "y,z" ,, {etag}'], 200),
    "13.1.1-second-line": (['If-Match: "x"', "If-Match: {etag}"], 200),
    "13.1.1-other": (['If-Match: "x"'], 412),
    "13.1.1-others": (['If-Match: "x", "y"', 'If-Match: "z"'], 412),
    "8.8.3.2-weak-is-not-strong": (["If-Match: W/{etag}"], 412),
    "13.1.1-within-another": (['If-Match: "x{bare}"'], 412),
}

IF_NONE_MATCH = {
    "13.1.2-same": (["If-None-Match: {etag}"], 304),
    "13.1.2-any": (["If-None-Match: *"], 304),
    "13.1.2-weak": (["If-None-Match: W/{etag}"], 304),
    "13.1.2-listed": (['If-None-Match: "x", "y,z" ,, W/{etag}'], 304),
    "13.1.2-second-line": (
        ['If-None-Match: "x"', "If-None-Match: {etag}"],
        304,
    ),
    "13.1.2-other": (['If-None-Match: "x"'], 200),
    "13.1.2-longer": (['If-None-Match: "{bare}x"'], 200),
    "8.8.3-case": (["If-None-Match: w/{etag}x"], 200),
}

SINCE = {
    "13.1.3-same": (["If-Modified-Since: {same}"], 304),
    "13.1.3-rfc850": (["If-Modified-Since: {rfc850}"], 304),
    "13.1.3-asctime": (["If-Modified-Since: {asctime}"], 304),
    "13.1.3-later": (["If-Modified-Since: {later}"], 304),
    "13.1.3-later-rfc850": (["If-Modified-Since: {later850}"], 304),
    "13.1.3-later-asctime": (["If-Modified-Since: {latertime}"], 304),
    "13.1.3-earlier": (["If-Modified-Since: {earlier}"], 200),
    "13.1.3-earlier-rfc850": (["If-Modified-Since: {earlier850}"], 200),
    "13.1.3-earlier-asctime": (["If-Modified-Since: {earliertime}"], 200),
    "13.1.3-several": (2 * ["If-Modified-Since: {later}"], 200),
    "13.1.4-same": (["If-Unmodified-Since: {same}"], 200),
    "13.1.4-rfc850": (["If-Unmodified-Since: {rfc850}"], 200),
    "13.1.4-asctime": (["If-Unmodified-Since: {asctime}"], 200),
    "13.1.4-later": (["If-Unmodified-Since: {later}"], 200),
    "13.1.4-earlier": (["If-Unmodified-Since: {earlier}"], 412),
    "13.1.4-earlier-rfc850": (["If-Unmodified-Since: {earlier850}"], 412),
    "13.1.4-earlier-asctime": (["If-Unmodified-Since: {earliertime}"], 412),
    "13.1.4-several": (2 * ["If-Unmodified-Since: {earlier}"], 200),
}

# Two at once: the earlier step decides, or leaves it to the later one.
ORDER = {
    "13.2.2-match-before-unmodified": (
        ["If-Unmodified-Since: {earlier}", "If-Match: {etag}"],
        200,
    ),
    "13.2.2-no-match-before-unmodified": (
        ["If-Unmodified-Since: {later}", 'If-Match: "x"'],
        412,
    ),
    "13.2.2-412-before-none-match": (
        ["If-None-Match: {etag}", 'If-Match: "x"'],
        412,
    ),
    "13.2.2-412-before-modified": (
        ["If-Modified-Since: {later}", "If-Unmodified-Since: {earlier}"],
        412,
    ),
    "13.2.2-match-then-none-match": (
        ["If-Match: {etag}", "If-None-Match: {etag}"],
        304,
    ),
    "13.2.2-unmodified-then-none-match": (
        ["If-Unmodified-Since: {same}", "If-None-Match: {etag}"],
        304,
    ),
    "13.2.2-match-then-modified": (
        ["If-Match: {etag}", "If-Modified-Since: {same}"],
        304,
    ),
    "13.2.2-none-match-before-modified": (
        ["If-Modified-Since: {later}", 'If-None-Match: "x"'],
        200,
    ),
    "13.2.2-none-match-alone-says-304": (
        ["If-Modified-Since: {earlier}", "If-None-Match: {etag}"],
        304,
    ),
    "13.2.2-all-hold": (
        [
            "If-Match: *",
            "If-Unmodified-Since: {same}",
            'If-None-Match: "x"',
            "If-Modified-Since: {earlier}",
        ],
        200,
    ),
}
CONDITIONS = {**IF_MATCH, **IF_NONE_MATCH, **SINCE, **ORDER}


@pytest.mark.parametrize(
    "lines, status", CONDITIONS.values(), ids=CONDITIONS
)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_condition(site, method, name, lines, status):
    """Answered as it says, and the connection goes on."""
    client = site.connect()
    etag = client.ask(f"/{name}").field("ETag")
    values = {"etag": etag, "bare": etag[1:-1], **DATES}
    lines = [line.format(**values) for line in lines]
    response = client.ask(f"/{name}", *lines, method=method)
    assert response.status == status
    assert response.field("Connection") is None
    if method == "GET" and status == 200:
        assert response.body == FILES[name] * b"x"
    assert client.ask("/small").status == 200


@pytest.mark.parametrize("text", NO_DATES.values(), ids=NO_DATES)
def test_what_is_no_date_is_ignored(site, text):
    """RFC 9110 13.1.3 and 13.1.4"""
    client = site.connect()
    since = "If-Modified-Since: " + text.format(year=2024)
    assert client.ask("/small", since).status == 200
    unless = "If-Unmodified-Since: " + text.format(year=1984)
    assert client.ask("/small", unless).status == 200


# Times that tell no version from another: builds that are to be the same each
# time give them to all files.
CONSTANTS = [0, 1, 315532800, 499162500]


@pytest.mark.parametrize("mtime", CONSTANTS)
def test_constant_time_says_nothing(serve, root, mtime):
    """No part of one file is taken for a part of another."""
    date = email.utils.formatdate(mtime, usegmt=True)
    (root / "file").write_bytes(b"old")
    os.utime(root / "file", (mtime, mtime))
    client = serve(root=root).connect()
    assert client.ask("/file").field("Last-Modified") is None
    for line in f"If-Modified-Since: {date}", f"If-Unmodified-Since: {BEFORE}":
        assert client.ask("/file", line).status == 200
    part = client.ask("/file", "Range: bytes=1-", f"If-Range: {date}")
    assert part.status == 200 and part.body == b"old"


def test_file_has_no_date_while_it_is_young(serve, root):
    """
    RFC 9110 8.8.2.2: what is written within a second has one mtime. The date
    comes with the time, on whatever worker.
    """
    path = root / "file"
    path.write_bytes(b"old")
    server = serve("-w", "2", root=root)
    clients = [server.connect() for _ in range(8)]
    mtime = int(path.stat().st_mtime)
    date = email.utils.formatdate(mtime, usegmt=True)
    untold, told = set(), set()
    while not told or time.time() < mtime + 3:
        for client in clients:
            response = client.ask("/file")
            now = email.utils.parsedate_to_datetime(response.field("Date"))
            young = now.timestamp() < mtime + 2
            (untold if young else told).add(response.field("Last-Modified"))
    assert untold <= {None} and told == {date}
    part = clients[0].ask("/file", "Range: bytes=1-", f"If-Range: {date}")
    assert part.status == 206 and part.body == b"ld"
    path.write_bytes(b"new")
    part = clients[0].ask("/file", "Range: bytes=1-", f"If-Range: {date}")
    assert part.status == 200 and part.body == b"new"


# What the answers say


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", FILES)
def test_not_modified(site, name, method):
    """RFC 9110 15.4.5: what updates a cache, and nothing of a content."""
    client = site.connect()
    full = client.ask(f"/{name}")
    etag = full.field("ETag")
    client.send(
        request(f"/{name}", f"If-None-Match: {etag}", method=method)
        + request("/small")
    )
    response = client.read_response(method)
    assert response.status == 304
    assert response.field("ETag") == etag
    assert response.field("Date")
    for field in "Cache-Control", "Content-Location", "Expires", "Vary":
        assert response.field(field) == full.field(field)
    names = field_names(response)
    assert "transfer-encoding" not in names
    assert not [n for n in names if n.startswith("content-")]
    assert client.read_response().body == FILES["small"] * b"x"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", FILES)
def test_precondition_failed(site, name, method):
    """RFC 9110 15.5.13: it says so in plain text; nothing of the file."""
    client = site.connect()
    response = client.ask(f"/{name}", 'If-Match: "x"', method=method)
    assert response.status == 412
    assert response.field("Content-Type").startswith("text/plain")
    assert int(response.field("Content-Length")) > 0
    assert response.field("Date")
    assert response.field("Last-Modified") is None
    if method == "GET":
        assert response.body.startswith(b"412 ")
    assert client.ask("/small").status == 200


@pytest.mark.parametrize(
    "line, status", [("If-None-Match: *", 304), ('If-Match: "x"', 412)]
)
def test_close_is_heeded(site, line, status):
    """RFC 9112 9.6"""
    client = site.connect()
    client.send(request("/small", line, "Connection: close"))
    response = client.read_response()
    assert response.status == status
    assert response.field("Connection") == "close"
    client.read_eof()


@pytest.mark.parametrize(
    "line, status", [("If-None-Match: *", 304), ('If-Match: "x"', 412)]
)
def test_http_1_0_may_ask(site, line, status):
    client = site.connect()
    assert client.ask("/small", line, version="1.0").status == status
    client.read_eof()


# What conditions are not for (13.2.1)

FALSE = ["If-None-Match: *", 'If-Match: "x"', "If-Unmodified-Since: {earlier}"]


@pytest.mark.parametrize("line", FALSE, ids=lambda line: line.split(":")[0])
@pytest.mark.parametrize(
    "method, target, status",
    [
        ("GET", "/nothing", 404),
        ("HEAD", "/nothing", 404),
        ("GET", "/sub", 301),
        ("GET", "/sub/", 404),
        ("GET", "/%zz", 400),
        ("GET", "/sleep/x", 400),
        ("POST", "/small", 405),
        ("DELETE", "/small", 405),
        ("OPTIONS", "/small", 204),
        ("BREW", "/small", 501),
    ],
    ids="404 404-head 301 404-index 400 sleep-400 405 405-DELETE 204 501"
    .split(),
)
def test_conditions_do_not_change(site, method, target, status, line):
    line = line.format(**DATES)
    response = site.connect().ask(target, line, method=method)
    assert response.status == status


def test_page_of_an_error_has_no_conditions(site):
    """Its own validators say nothing of what was asked for."""
    client = site.connect()
    etag = client.ask("/404.html").field("ETag")
    response = client.ask("/nothing", f"If-None-Match: {etag}")
    assert response.status == 404
    assert response.body == 10 * b"x"
    assert response.field("Last-Modified") is None


@pytest.mark.parametrize("line", FALSE, ids=lambda line: line.split(":")[0])
def test_conditions_are_not_for_sleeps(shipped, line):
    response = shipped.connect().ask("/sleep/0", line.format(**DATES))
    assert response.status == 200
    assert response.body


# Changes


@pytest.mark.parametrize("size", FILES.values(), ids=FILES)
def test_change_of_the_same_size_and_time(serve, root, size):
    """Another entity tag, so that no old copy is taken for the new."""
    publish(root, "file", size)
    client = serve("-w", "1", root=root).connect()
    old = client.ask("/file").field("ETag")
    (root / "new").write_bytes(size * b"y")
    os.utime(root / "new", ns=2 * (MODIFIED * 10**9,))
    (root / "new").rename(root / "file")

    assert client.ask("/file", f"If-Match: {old}").status == 412
    response = client.ask("/file", f"If-None-Match: {old}")
    assert response.status == 200
    assert response.body == size * b"y"
    assert response.field("ETag") != old


def test_file_that_is_gone_has_no_conditions(serve, root):
    client = serve("-w", "1", root=root).connect()
    etag = client.ask("/hello.html").field("ETag")
    (root / "hello.html").unlink()
    line = f"If-None-Match: {etag}"
    assert client.ask("/hello.html", line).status == 404
