"""What stands in for a file: indexes, extensions, a fallback, listings; types
that an operator adds; and the site without its sleeps."""

import html.parser
import json
import os
import subprocess
import urllib.parse

import pytest
from server import PROGRAM
from wire import request

MODELS = ["mtasync", "thread", "pool"]
BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
IMAGE = "Accept: image/avif,image/webp,*/*;q=0.8"


# Indexes


def test_an_ordinary_site_works(serve, root):
    """Its pages are called index.html."""
    (root / "hello.html").unlink()
    (root / "index.html").write_bytes(b"front")
    client = serve(root=root).connect()
    assert client.ask("/").body == b"front"
    assert client.ask("/sleep/0").body == b"front"


def test_indexes_in_turn(serve, root):
    for name in "b", "c", "hello.html", "index.html":
        (root / name).write_bytes(name.encode())
    (root / "a").mkdir()
    options = ["--index=a", "--index=b", "--index=c"]
    client = serve(*options, root=root).connect()
    assert client.ask("/").body == b"b"


def test_sleep_without_a_page(serve, root):
    (root / "hello.html").unlink()
    client = serve(root=root).connect()
    response = client.ask("/sleep/1ms")
    assert response.status == 200
    assert response.body == b"200 OK: slept as long as was asked for\n"
    assert response.field("Server-Timing").startswith("sleep;dur=1, late")
    assert client.ask("/").status == 404


# --extensions, --fallback


def test_extensions(serve, root):
    (root / "app.html").write_bytes(b"app")
    (root / "dir").mkdir()
    (root / "dir.html").write_bytes(b"beside the directory")
    client = serve("--extensions=html", root=root).connect()
    response = client.ask("/app?a=b")
    assert response.body == b"app"
    assert response.field("Content-Type") == "text/html; charset=utf-8"
    assert client.ask("/dir").field("Location") == "/dir/"
    assert client.ask("/app/").status == 404
    assert client.ask("/none").status == 404


def test_fallback_is_for_browsers(serve, root):
    """A missing image stays missing."""
    (root / "app.html").write_bytes(b"app")
    client = serve("--fallback=app.html", root=root).connect()
    for target in "/", "/users/7", "/users/":
        response = client.ask(target, BROWSER)
        assert response.status == 200
        assert response.body == (b"app" if target != "/" else b"<p>hello</p>\n")
    shown = client.ask("/users/7", BROWSER)
    missed = client.ask("/users/7.png", IMAGE)
    assert missed.status == 404
    assert missed.body == b"<p>nothing here</p>\n"
    assert shown.field("Vary") == missed.field("Vary") == "Accept"
    etag = shown.field("ETag")
    line = f"If-None-Match: {etag}"
    assert client.ask("/users/8", BROWSER, line).status == 304
    head = client.ask("/users/7", BROWSER, method="HEAD")
    assert head.status == 200 and head.field("Content-Length") == "3"
    assert client.ask("/users/7", BROWSER, method="POST").status == 405


# --listing


class Links(html.parser.HTMLParser):
    """The targets and texts of all links of a page."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found.append([dict(attributes)["href"], ""])

    def handle_data(self, data):
        if self.found and not self.found[-1][1]:
            self.found[-1][1] = data


NAMES = [
    "a b.txt", "<b>&amp;\"'", "?x#y%41", "javascript:alert(1)", "\\x",
    "caf\xe9", "line\r\nX: y", "-",
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_listing_leads_to_all(serve, root, model):
    """Confined as a worker is, in each kind of worker."""
    (root / "sub").mkdir()
    (root / "sub/deep").mkdir()
    for name in NAMES:
        (root / "sub" / name).write_bytes(name.encode())
    (root / "sub" / os.fsdecode(b"bad\xff")).write_bytes(b"bad")
    (root / "sub/.hidden").write_bytes(b"hidden")
    server = serve(f"--model={model}", "--listing", root=root)

    def ask(target, *fields):
        with server.connect() as client:
            return client.ask(target, *fields)

    page = ask("/sub/", BROWSER)
    assert page.status == 200
    assert page.field("Content-Type") == "text/html; charset=utf-8"
    assert page.field("Vary") == "Accept"
    links = Links(page.body.decode()).found
    names = [text for _, text in links]
    assert names[:2] == ["../", "deep/"]
    assert len(links) == 3 + len(NAMES)
    bodies = set()
    for href, _ in links[2:]:
        url = urllib.parse.urljoin("http://localhost/sub/", href)
        assert url.startswith("http://localhost/sub/")
        response = ask(url.removeprefix("http://localhost"))
        assert response.status == 200
        bodies.add(response.body)
    assert bodies == {b"bad", *(name.encode() for name in NAMES)}

    data = ask("/sub/", "Accept: application/json")
    assert data.field("Content-Type") == "application/json"
    listed = json.loads(data.body)
    assert listed["path"] == "/sub/" and listed["complete"] is True
    assert {e["name"] for e in listed["entries"]} == {
        "deep", "bad\ufffd", *NAMES,
    }  # fmt: skip
    assert [e["href"] for e in listed["entries"]] == [h for h, _ in links[1:]]


def test_listing_is_no_index(serve, root):
    """Where a page is, it is shown; and /sleep answers what / does."""
    (root / "bare").mkdir()
    (root / "file").write_bytes(b"x")
    client = serve("--listing", root=root).connect()
    assert client.ask("/").body == b"<p>hello</p>\n"
    assert client.ask("/bare").field("Location") == "/bare/"
    assert b"There is nothing here." in client.ask("/bare/").body
    head = client.ask("/bare/", method="HEAD")
    assert head.field("Content-Length") == str(len(client.ask("/bare/").body))
    for target in "/none/", "/file/", "/.git/", "/bare/none":
        assert client.ask(target).status == 404
    (root / "hello.html").unlink()
    client = serve("--listing", root=root).connect()
    assert b'<a href="./bare/">' in client.ask("/").body
    slept = client.ask("/sleep/1ms")
    assert b'<a href="./bare/">' in slept.body
    assert slept.field("Cache-Control") == "no-store"


def test_listing_shows_nothing_outside(serve, root):
    (root.parent / "secret").write_bytes(b"12345678")
    (root / "sub").mkdir()
    (root / "sub/out").symlink_to("../../secret")
    (root / "sub/up").symlink_to("../..")
    (root / "out").symlink_to("..")
    os.mkfifo(root / "sub/fifo")
    client = serve("--listing", root=root).connect()
    page = client.ask("/sub/").body
    assert [h for h, _ in Links(page.decode()).found] == ["../"]
    assert client.ask("/out/").status == 404


def test_listing_shows_absolute_links_inside(serve, root):
    """What a request for them would get."""
    (root / "sub").mkdir()
    (root / "sub/file").touch()
    (root / "dir").symlink_to(root / "sub")
    (root / "sub/link").symlink_to(root / "hello.html")
    client = serve("--listing", root=root).connect()
    links = Links(client.ask("/dir/").body.decode()).found
    assert [h for h, _ in links] == ["../", "./file", "./link"]
    assert client.ask("/dir/link").body == b"<p>hello</p>\n"


def test_listing_that_changes(serve, root):
    """It is made anew for each."""
    (root / "sub").mkdir()
    client = serve("-w", "1", "--listing", root=root).connect()
    for number in range(3):
        (root / f"sub/{number}").write_bytes(b"")
        links = Links(client.ask("/sub/").body.decode()).found
        assert len(links) == 2 + number


def test_large_listings_pipelined(serve, root):
    """They are longer than what is sent at once, and follow each other."""
    (root / "sub").mkdir()
    for number in range(1000):
        (root / f"sub/{number:04}-{100 * 'x'}").write_bytes(b"")
    client = serve("-w", "1", "--listing", root=root).connect()
    client.send(3 * request("/sub/") + request("/"))
    bodies = [client.read_response().body for _ in range(4)]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0].count(b"<tr>") == 1001
    assert bodies[3] == b"<p>hello</p>\n"


# Types


def test_coded_as_it_lies_there(serve, root):
    (root / "a.svgz").write_bytes(b"as if by gzip")
    client = serve(root=root).connect()
    for fields in [], ["Accept-Encoding: br"], ["Accept-Encoding: gzip"]:
        response = client.ask("/a.svgz", *fields)
        assert response.field("Content-Type") == "image/svg+xml"
        assert response.field("Content-Encoding") == "gzip"
        assert response.field("Vary") is None


def test_mime_types(serve, root):
    types = root.parent / "types"
    types.write_text("# mine\napplication/x-mine mine html\ntext/x-b\tB\n")
    for name in "a.mine", "a.b", "a.css":
        (root / name).write_bytes(b"x")
    client = serve(f"--mime-types={types}", root=root).connect()

    def kind(target):
        return client.ask(target).field("Content-Type")

    assert kind("/a.mine") == kind("/") == "application/x-mine"
    assert kind("/a.b") == "text/x-b; charset=utf-8"
    assert kind("/a.css") == "text/css; charset=utf-8"


def test_mime_types_of_the_system(serve, root):
    if not os.path.exists("/etc/mime.types"):
        pytest.skip("there is no /etc/mime.types")
    client = serve("--mime-types=/etc/mime.types", root=root).connect()
    kind = client.ask("/").field("Content-Type")
    assert kind == "text/html; charset=utf-8"


@pytest.mark.parametrize("text, said", [
    ("text/x a\nhtml text/html\n", ":2: it must begin with a type, such as"),
    ("text/x .a\n", ":1: an extension must be as in 'html'"),
    (None, ": No such file or directory: name a file that mtasync may read"),
])  # fmt: skip
def test_mime_types_that_are_none(root, text, said):
    types = root.parent / "types"
    if text is not None:
        types.write_text(text)
    result = subprocess.run(
        [PROGRAM, "-l0", f"--mime-types={types}", root],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"{types}{said}" in result.stderr


# --no-sleep


@pytest.mark.parametrize("model", MODELS)
def test_no_sleep(serve, root, model):
    (root / "sleep").mkdir()
    (root / "sleep/60s").write_bytes(b"a file")
    server = serve(f"--model={model}", "--no-sleep", root=root)

    def ask(target):
        with server.connect() as client:
            return client.ask(target)

    assert ask("/sleep/60s").body == b"a file"
    assert ask("/sleep").status == 301
    assert ask("/sleep/61s").status == 404
