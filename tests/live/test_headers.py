"""Content types and X-Content-Type-Options, what --header adds and which it
refuses, and dot files."""

import os
import resource

import pytest
from server import HTDOCS, Server, assert_refused, run
from wire import request

# Content types (RFC 9110 8.3): text has its charset, the rest has none

TEXT = """
    html:text/html htm:text/html css:text/css js:text/javascript
    mjs:text/javascript txt:text/plain csv:text/csv md:text/markdown
    vtt:text/vtt ics:text/calendar
""".split()
OTHER = """
    json:application/json map:application/json
    webmanifest:application/manifest+json jsonld:application/ld+json
    xml:application/xml xhtml:application/xhtml+xml rss:application/rss+xml
    atom:application/atom+xml svg:image/svg+xml png:image/png gif:image/gif
    jpg:image/jpeg jpeg:image/jpeg webp:image/webp avif:image/avif
    ico:image/vnd.microsoft.icon bmp:image/bmp woff:font/woff
    woff2:font/woff2 ttf:font/ttf otf:font/otf mp3:audio/mpeg
    wav:audio/wav ogg:audio/ogg flac:audio/flac mp4:video/mp4
    webm:video/webm pdf:application/pdf wasm:application/wasm
    zip:application/zip gz:application/gzip tar:application/x-tar
    zst:application/zstd unheard-of:application/octet-stream
""".split()
NAMES = {
    "a.tar.gz": "application/gzip",
    "a.PNG": "image/png",
    "a.": "application/octet-stream",
    "a": "application/octet-stream",
    "v1.html/a": "application/octet-stream",
    ".well-known/a": "application/octet-stream",
    ".well-known/a.txt": "text/plain; charset=utf-8",
}


def test_content_types(serve, root):
    types = dict(NAMES)
    for row in TEXT + OTHER:
        extension, kind = row.split(":")
        charset = "; charset=utf-8" if row in TEXT else ""
        types[f"b.{extension}"] = kind + charset
    for name in types:
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    client = serve("-w", "1", root=root).connect()
    for name, kind in types.items():
        response = client.ask(f"/{name}")
        assert response.field("Content-Type") == kind, name


# Every kind of answer

NO_CONTENT = {
    "204": request("/", method="OPTIONS"),
    "204-*": request("*", method="OPTIONS"),
    "304": request("/", "If-None-Match: *"),
}
CONTENT = {
    "200": request("/"),
    "200-large": request("/large"),
    "200-empty": request("/empty"),
    "200-sleep": request("/sleep/0"),
    "200-1.0": request("/", version="1.0"),
    "206": request("/", "Range: bytes=0-0"),
    "206-several": request("/", "Range: bytes=0-0,2-2"),
    "301": request("/sub"),
    "400-parser": b"GET / HTTP/1.1\r\n\r\n",
    "400-target": request("/%zz"),
    "400-sleep": request("/sleep/x"),
    "404": request("/nothing"),
    "405": request("/", method="POST"),
    "412": request("/", 'If-Match: "x"'),
    "413": request("/", "Content-Length: 99999999"),
    "414": request("/" + 9000 * "x"),
    "416": request("/", "Range: bytes=999999-"),
    "417": request("/", "Expect: else"),
    "431": request("/", *101 * ["A: b"]),
    "501": request("/", method="BREW"),
    "505": request("/", version="2.0"),
}
ANSWERS = {**CONTENT, **NO_CONTENT}
ADDED = ["--header=X-One: 1", "--header=X-Two: a, b"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """What ANSWERS ask for."""
    root = tmp_path_factory.mktemp("root")
    (root / "hello.html").write_bytes(b"<p>hello</p>\n")
    (root / "large").write_bytes(100000 * b"x")
    (root / "empty").write_bytes(b"")
    (root / "sub").mkdir()
    return root


@pytest.fixture(scope="module")
def plain(pages):
    server = Server("-w", "1", root=pages)
    yield server
    server.finish()


@pytest.fixture(scope="module")
def adding(pages):
    server = Server("-w", "1", *ADDED, root=pages)
    yield server
    server.finish()


def ask(server, name):
    """The answer, with whose status the request's name begins."""
    client = server.connect()
    client.send(ANSWERS[name])
    response = client.read_response()
    assert response.status == int(name[:3])
    return response


def as_head(data):
    return data.replace(b"GET ", b"HEAD ", 1)


@pytest.mark.parametrize("name", CONTENT)
def test_nosniff(plain, name):
    response = ask(plain, name)
    assert response.field("X-Content-Type-Options") == "nosniff"
    assert response.field("Content-Type")


@pytest.mark.parametrize("name", ["200", "200-large", "404", "301"])
def test_nosniff_of_head(plain, name):
    client = plain.connect()
    client.send(as_head(CONTENT[name]))
    response = client.read_response("HEAD")
    assert response.field("X-Content-Type-Options") == "nosniff"


# --header


@pytest.mark.parametrize("name", ANSWERS)
def test_added_to_every_answer(adding, name):
    """Once each, next to what is said anyway."""
    response = ask(adding, name)
    assert response.field("X-One") == "1"
    assert response.field("X-Two") == "a, b"
    assert response.field("Date")


@pytest.mark.parametrize("name", ["200", "200-large", "404", "301"])
def test_added_to_heads(adding, name):
    client = adding.connect()
    client.send(as_head(ANSWERS[name]) + request("/"))
    response = client.read_response("HEAD")
    assert response.status == int(name[:3])
    assert response.field("X-One") == "1"
    assert client.read_response().body == b"<p>hello</p>\n"


def test_not_added_to_an_interim_answer(adding):
    """RFC 9110 15.2: 100 is no answer yet."""
    client = adding.connect()
    client.send(request("/", "Expect: 100-continue", "Content-Length: 1"))
    interim = client.read_response()
    assert interim.status == 100
    assert interim.fields == []
    client.send(b"x")
    assert client.read_response().field("X-One") == "1"


def test_added_to_a_timeout(serve):
    server = serve("--header=X-One: 1", "--header-timeout=100ms")
    client = server.connect()
    client.send(b"GET / HT")
    response = client.read_response()
    assert response.status == 408
    assert response.field("X-One") == "1"
    assert response.field("X-Content-Type-Options") == "nosniff"


def test_added_where_no_file_can_be_opened(serve, root):
    (root / "file").write_bytes(b"x")
    server = serve("--header=X-One: 1", "-w", "1", root=root)
    client = server.connect()
    assert client.ask("/").status == 200
    taken = set(map(int, os.listdir(f"/proc/{server.pid}/fd")))
    free = min(set(range(1 + max(taken) + 1)) - taken)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (free, free))
    response = client.ask("/file")
    assert response.status == 503
    assert response.field("X-One") == "1"


def test_added_to_pipelined_answers(adding):
    client = adding.connect()
    targets = 50 * ["/", "/large", "/nothing", "/sleep/0", "/empty"]
    client.send(b"".join(map(request, targets)))
    for target in targets:
        response = client.read_response()
        assert response.field("X-One") == "1"
        if target == "/large":
            assert response.body == 100000 * b"x"


ACCEPTED = {
    "no-space": ("X-A:b", "b"),
    "spaces": ("X-A: \t b c \t ", "b c"),
    "colons": ("X-A: http://[::1]:80/", "http://[::1]:80/"),
    "quotes": ('X-A: "b\\"c"', '"b\\"c"'),
    "percent": ("X-A: 100%s%n%d%%", "100%s%n%d%%"),
    "tab-within": ("X-A: b\tc", "b\tc"),
    "utf-8": ("X-A: größe", "größe".encode().decode("latin-1")),
    "long": ("X-A: " + 1500 * "x", 1500 * "x"),
    "token": ("!#$%&'*+-.^_`|~: b", "b"),
    "cache": ("Cache-Control: no-store", "no-store"),
    "cors": ("Access-Control-Allow-Origin: *", "*"),
    "timing": ("Server-Timing: app;dur=1", "app;dur=1"),
    "policy": (
        "Content-Security-Policy: default-src 'self'; img-src *",
        "default-src 'self'; img-src *",
    ),
}


@pytest.mark.parametrize("line, value", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(serve, line, value):
    client = serve("-w", "1", f"--header={line}").connect()
    name = line.partition(":")[0]
    for target in "/", "/nothing", "/%zz":  # which closes
        assert client.ask(target).field(name) == value


def test_same_name_twice(serve):
    """Two lines, in the order given."""
    lines = ["Link: </a>; rel=preload", "Link: </b>; rel=preload"]
    client = serve(*[f"--header={line}" for line in lines]).connect()
    for target in "/", "/nothing":
        fields = client.ask(target).fields
        values = [v for n, v in fields if n == "link"]
        assert values == ["</a>; rel=preload", "</b>; rel=preload"]


@pytest.mark.parametrize("size", [1, 100])
def test_as_many_as_may_be(serve, root, size):
    (root / "large").write_bytes(100000 * b"x")
    options = [f"--header=X-{i}: {size * 'v'}" for i in range(32)]
    client = serve("-w", "1", *options, root=root).connect()
    for target in "/", "/large", "/nothing", "/sleep/0", "/%zz":
        response = client.ask(target)
        for i in range(32):
            assert response.field(f"X-{i}") == size * "v"
        if target == "/large":
            assert response.body == 100000 * b"x"


def check(*lines):
    """What --check says of these."""
    options = [f"--header={line}" for line in lines]
    return run("--check", "-l", "127.0.0.1:0", *options, HTDOCS)


def test_too_many():
    """All of them together may have 4 KiB."""
    lines = [f"X-{i}: {1000 * 'v'}" for i in range(5)]
    assert check(*lines[:4]).returncode == 0
    assert_refused(check(*lines), 2, "--header", "X-4")


MALFORMED = {
    "no-colon": ("X-Fault", "X-Fault"),
    "empty": ("", "--header"),
    "no-name": (": b", "--header"),
    "name-with-space": ("X Fault: b", "X Fault"),
    "space-before-colon": ("X-Fault : b", "X-Fault"),
    "space-before-name": (" X-Fault: b", "X-Fault"),
    "name-with-slash": ("X/Fault: b", "X/Fault"),
    "name-eight-bit": ("X-Größe: b", "--header"),
    "lf": ("X-Fault: b\nSet-Cookie: c", "X-Fault"),
    "cr": ("X-Fault: b\rSet-Cookie: c", "X-Fault"),
    "crlf-at-the-end": ("X-Fault: b\r\n", "X-Fault"),
    "control": ("X-Fault: b\x01c", "X-Fault"),
    "delete": ("X-Fault: b\x7fc", "X-Fault"),
}
OWNED = """
    Connection Content-Length Content-Range Content-Encoding Content-Type
    Date ETag Last-Modified Transfer-Encoding Vary Allow Location
    Accept-Ranges content-length ETAG
""".split()
REFUSED = {**MALFORMED, **{name: (f"{name}: x", name) for name in OWNED}}


@pytest.mark.parametrize("line, name", REFUSED.values(), ids=REFUSED)
def test_refused(line, name):
    """Bad usage, in one line that names the field; others are still good."""
    assert check("X-Good: b").returncode == 0
    result = check("X-Good: b", line)
    assert_refused(result, 2, "--header", name)
    assert "X-Good" not in result.stderr


# Dot files


@pytest.mark.parametrize(
    "name", ["security.txt", "acme-challenge/token", "v1.0/a..b"]
)
def test_well_known_is_not_hidden(serve, root, name):
    """RFC 8615 3"""
    path = root / ".well-known" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"found")
    client = serve(root=root).connect()
    assert client.ask(f"/.well-known/{name}").body == b"found"
    assert client.ask(f"/%2ewell-known//x/../{name}").body == b"found"


@pytest.mark.parametrize(
    "name",
    [
        ".well-known/.hidden",
        ".well-known/.git/config",
        ".well-known2/file",
        ".well-know/file",
        ".WELL-KNOWN/file",
        "..hidden",
        ".../file",
        "sub/.htpasswd",
        ".404.html",
    ],
)
def test_hidden(serve, root, name):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"hidden")
    client = serve(root=root).connect()
    for target in name, name.replace(".", "%2E"), f"x/../{name}":
        assert client.ask(f"/{target}").status == 404


def test_hidden_directory_does_not_redirect(serve, root):
    """Or it would tell that it is there."""
    (root / ".git").mkdir()
    (root / ".git/hello.html").write_bytes(b"hidden")
    client = serve(root=root).connect()
    for target in "/.git", "/.git/", "/.missing":
        assert client.ask(target).status == 404
