"""Paths: taken by the letter, never our fault, and never to another host."""

import os
import random
import re
import urllib.parse

import pytest
from server import obey_modes, scaled

# No name of a file, or none that is there: refused, or not found.
NO_NAMES = """
    /sub%252ffile /%2fsub%2ffile%2f /sub%5cfile /%00 /file%00.html
    /hello.html%00 /sub/%00 /sub%c0%affile /hello%c0%aehtml
    /hello%e0%80%aehtml /hello.html%20 /hello.html/ /hello.html/.
    /hello.html. /Hello.html /sub/file/ /hello.html/../sub/file/
    /~ /%ff /%ef%bb%bfhello.html /hello.html%0d%0aX:%20y /%2e%2e%2f
    /proc/self/environ /%25%32%65 /hello%252ehtml /hello.html;x
""".split()


@pytest.mark.parametrize("target", NO_NAMES)
def test_no_names(serve, root, target):
    """Decoded once, and taken by the letter."""
    (root / "sub").mkdir()
    (root / "sub/file").write_bytes(b"found")
    client = serve("-w", "1", root=root).connect()
    response = client.ask(target)
    assert response.status in (400, 404)
    assert b"found" not in response.body
    assert b"hello" not in response.body


def test_no_path_is_our_fault(serve, root):
    """Every octet, alone and within a name, and some thousand of no sense."""
    server = serve("-w", "1", root=root)
    client = server.connect()
    dice = random.Random(3)
    pieces = ["/", "..", ".", "%2e", "%2f", "%00", "%", "a", "?", ";", "%ff"]
    targets = [f"/{x}%{octet:02x}" for octet in range(256) for x in ("", "a")]
    for _ in range(scaled(2000)):
        size = dice.randrange(1, 12)
        targets.append("/" + "".join(dice.choices(pieces, k=size)))
    for target in targets:
        response = client.ask(target)
        assert response.status in (200, 301, 400, 404), target
        if response.field("Connection") == "close":
            client.close()
            client = server.connect()


@pytest.mark.parametrize(
    "name, target",
    [
        ("a?b", "/a%3Fb"),
        ("a#b", "/a%23b"),
        ("a:b", "/a:b"),
        ("a\r\nX: y", "/a%0d%0aX:%20y"),
        ("evil.example", "//evil.example"),
        ("evil.example", "///evil.example?x"),
        ("\\evil.example", "/%5cevil.example"),
        ("\\evil.example", "/\\evil.example"),
        ("evil.example", "/%2fevil.example"),
        ("evil.example", "/x%2f..%2f%2fevil.example"),
        ("\xe9\xff", "/\xe9\xff"),
        ("sub", "http://localhost/sub"),
        ("sub", "/./sub?//evil.example/"),
    ],
)
def test_redirect_stays_here(serve, root, name, target):
    """RFC 3986 5.2: to the same host, and the directory asked for."""
    directory = root / os.fsdecode(name.encode("latin-1"))
    directory.mkdir()
    (directory / "hello.html").write_bytes(b"index")
    client = serve(root=root).connect()
    response = client.ask(target)
    assert response.status == 301
    assert response.field("X") is None
    path = target.removeprefix("http://localhost")
    location = response.field("Location")
    assert re.match(r"/[\w.%-]+/(\?|$)", location)
    url = urllib.parse.urljoin(f"http://localhost{path}", location)
    assert url.startswith("http://localhost/")
    led = client.ask(url.removeprefix("http://localhost"))
    assert led.body == b"index"


@pytest.mark.parametrize(
    "target", ["/sub%2ffile", "/sub%2Ffile", "/%2fsub/file", "/sub/x%2f..%2ffile"]
)
def test_encoded_slash_is_a_slash(serve, root, target):
    """As npm asks for a scoped package: /@team%2ftool."""
    (root / "sub").mkdir()
    (root / "sub/file").write_bytes(b"found")
    assert serve(root=root).connect().ask(target).body == b"found"


def test_octets_as_they_are(serve, root):
    """Raw UTF-8, or whatever else a name is of."""
    for name in b"caf\xc3\xa9", b"\xe9\x80\xff":
        (root / os.fsdecode(name)).write_bytes(name)
        client = serve(root=root).connect()
        assert client.ask("/" + name.decode("latin-1")).body == name


@pytest.mark.parametrize("kind", ["directory", "fifo", "link-out"])
def test_index_that_is_no_file(serve, root, kind):
    (root / "sub").mkdir()
    index = root / "sub/hello.html"
    if kind == "directory":
        index.mkdir()
    elif kind == "fifo":
        os.mkfifo(index)
    else:
        (root.parent / "secret").write_bytes(b"secret")
        index.symlink_to("../../secret")
    client = serve("-w", "1", root=root).connect()
    response = client.ask("/sub/")
    assert response.status == 404
    assert response.body == b"<p>nothing here</p>\n"


def test_index_without_permission_is_forbidden(serve, root):
    (root / "sub").mkdir()
    (root / "sub/hello.html").write_bytes(b"secret")
    (root / "sub/hello.html").chmod(0)
    client = serve(root=root, preexec_fn=obey_modes).connect()
    assert client.ask("/sub/").status == 403
