"""Files: their validators, every size, changes, and what is not
served."""

import email.utils
import os
import random
import stat
import urllib.parse

import pytest
from server import CACHED, HTDOCS, obey_modes, settle
from wire import request

MIB = 1 << 20


def content(size):
    return random.Random(size).randbytes(size)


def write_sparse(path, size):
    """A large file that takes no disk."""
    with open(path, "wb") as file:
        file.truncate(size)


# Validators


def test_validators(shipped):
    response = shipped.connect().ask("/hello.html")
    etag = response.field("ETag")
    assert etag.startswith('"') and etag.endswith('"') and len(etag) > 2
    modified = (HTDOCS / "hello.html").stat().st_mtime
    assert response.field("Last-Modified") == email.utils.formatdate(
        int(modified), usegmt=True
    )


def test_last_modified_is_never_later_than_date(serve, root):
    """RFC 9110 8.8.2.1"""
    os.utime(root / "hello.html", (2**31, 2**31))
    response = serve(root=root).connect().ask("/")
    date, modified = map(response.field, ["Date", "Last-Modified"])
    if modified is not None:
        parse = email.utils.parsedate_to_datetime
        assert parse(modified) <= parse(date)


# Sizes


@pytest.mark.parametrize(
    "size", [0, 1, CACHED - 1, CACHED, CACHED + 1, 3 * MIB]
)
def test_sizes_are_exact(serve, root, size):
    """Alone and pipelined; HEAD tells the same length."""
    (root / "file").write_bytes(content(size))
    client = serve(root=root).connect()
    client.send(request("/file") + request("/") + request("/file"))
    bodies = [client.read_response().body for _ in range(3)]
    assert bodies == [content(size), b"<p>hello</p>\n", content(size)]
    head = client.ask("/file", method="HEAD")
    assert head.field("Content-Length") == str(size)
    assert client.ask("/").status == 200


def test_slow_reader_gets_it_whole(serve, root):
    (root / "file").write_bytes(content(3 * MIB))
    server = serve("-w", "1", root=root)
    slow, other = server.connect(receive_buffer=4096), server.connect()
    slow.send(request("/file"))
    assert slow.read_head().field("Content-Length") == str(3 * MIB)
    body = b""
    for _ in range(20):
        body += slow.read(10000)
        assert other.ask("/").status == 200
    assert body + slow.read(3 * MIB - len(body)) == content(3 * MIB)


def test_half_closed_client_gets_it_whole(serve, root):
    (root / "file").write_bytes(content(3 * MIB))
    client = serve(root=root).connect(receive_buffer=4096)
    client.send(request("/file"))
    client.half_close()
    assert client.read_response().body == content(3 * MIB)
    client.read_eof()


def test_many_files_at_once(serve, root):
    """More than a small cache holds, twice over."""
    names = [f"file-{number}" for number in range(300)]
    for name in names:
        (root / name).write_bytes(name.encode())
    client = serve("-w", "1", root=root).connect()
    for name in 2 * names:
        assert client.ask(f"/{name}").body == name.encode()


# Changes


def rewrite(path):
    path.write_bytes(b"new and longer")


def replace(path):
    other = path.with_name("other")
    other.write_bytes(b"new")
    other.rename(path)


def remove(path):
    path.unlink()


@pytest.mark.parametrize("size", [3, CACHED + 1])
@pytest.mark.parametrize("change", [rewrite, replace, remove])
def test_change_shows(serve, root, change, size):
    path = root / "file"
    path.write_bytes(content(size))
    client = serve("-w", "1", root=root).connect()
    old = client.ask("/file")
    assert old.body == content(size)
    change(path)

    new = client.ask("/file")
    if change is remove:
        assert new.status == 404
    else:
        assert new.body == path.read_bytes()
        assert new.field("ETag") != old.field("ETag")


def test_creation_shows(serve, root):
    client = serve("-w", "1", root=root).connect()
    assert client.ask("/file").status == 404
    (root / "file").write_bytes(b"x")
    assert client.ask("/file").status == 200


def test_change_of_the_error_page_shows(serve, root):
    client = serve("-w", "1", root=root).connect()
    assert client.ask("/nothing").body == b"<p>nothing here</p>\n"
    rewrite(root / "404.html")
    response = client.ask("/nothing")
    assert response.status == 404 and response.body == b"new and longer"


def empty(path):
    path.write_bytes(b"")


def lengthen(path):
    with path.open("ab") as file:
        file.write(b"x")


def shorten(path):
    os.truncate(path, path.stat().st_size - 1)


def overwrite(path):
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")


def forbid(path):
    path.chmod(0)


def move(path):
    path.rename(path.with_name("moved"))


SENT = 32 * MIB


@pytest.fixture
def sending(serve, root):
    """A server and a client in the midst of a large file of zeros."""
    path = root / "file"
    write_sparse(path, SENT)
    settle(path)
    server = serve(root=root, preexec_fn=obey_modes)
    client = server.connect(receive_buffer=4096)
    client.send(request("/file"))
    client.read_head()
    return server, client


@pytest.mark.parametrize("change", [replace, remove, move, forbid, lengthen])
def test_file_that_keeps_its_bytes_while_sent_comes_whole(sending, root, change):
    """As it was."""
    server, client = sending
    change(root / "file")
    assert not any(client.read(SENT))
    assert client.ask("/").status == 200


def lengthen_and_cut(path):
    """Also once somebody has begun to take the longer one."""
    lengthen(path)
    os.truncate(path, SENT)


@pytest.mark.parametrize("change", [empty, shorten, lengthen_and_cut, overwrite])
def test_file_that_changes_while_sent_ends_by_reset(sending, root, change):
    """Never what seems to be a whole answer; the server lives."""
    server, client = sending
    change(root / "file")
    got = 0
    with pytest.raises(ConnectionResetError):
        while data := client.read_some():
            got += len(data)
            assert not any(data)
    assert got < SENT
    assert server.connect().ask("/").status == 200


def test_log_that_grows_all_the_time_while_sent_comes_whole(sending, root):
    """With the bytes that it had when it was begun."""
    server, client = sending
    got, lines = 0, 0
    with (root / "file").open("ab", buffering=0) as log:
        while got < SENT:
            log.write(b"a line\n")
            lines += 1
            data = client.read_some()
            got += len(data)
            assert data and not any(data)
    assert got == SENT
    assert client.ask("/").status == 200
    log = server.connect().ask("/file").body
    assert log[SENT:] == lines * b"a line\n"


def test_replaced_under_load_is_old_or_new(serve, root):
    """Each answer is one version, small or large, with its own tag."""
    sizes = {b"a": CACHED, b"b": 3, b"c": CACHED + 1, b"d": 3 * MIB}
    path, other = root / "file", root / "other"
    tags = {}

    def put(letter):
        other.write_bytes(sizes[letter] * letter)
        other.rename(path)

    put(b"a")
    client = serve("-w", "1", root=root).connect()
    for letter in 8 * [b"b", b"c", b"d", b"a"]:
        put(letter)
        for _ in range(10):
            response = client.ask("/file")
            version = response.body[:1]
            assert response.body == sizes[version] * version
            tag = response.field("ETag")
            assert tags.setdefault(tag, version) == version


@pytest.mark.parametrize("size", [3, CACHED + 1])
def test_file_that_becomes_unreadable_is_forbidden(serve, root, size):
    path = root / "file"
    path.write_bytes(content(size))
    server = serve("-w", "1", root=root, preexec_fn=obey_modes)
    client = server.connect()
    assert client.ask("/file").body == content(size)
    forbid(path)
    assert client.ask("/file").status == 403


# Names

NAMES = {
    "space": ("a b.txt", "/a%20b.txt"),
    "encoded": ("plain.txt", "/%70l%61in.txt"),
    "utf-8": ("größe.txt", "/gr%C3%B6%C3%9Fe.txt"),
    "percent": ("50%.txt", "/50%25.txt"),
    "plus": ("a+b.txt", "/a+b.txt"),
    "backslash": ("a\\b.txt", "/a%5Cb.txt"),
    "below": ("sub/deep/file.txt", "/sub/deep/file.txt"),
    "query": ("file.txt", "/file.txt?v=2&/../x"),
    "slashes": ("sub/file.txt", "//sub///file.txt"),
    "dots": ("sub/file.txt", "/sub/./x/../file.txt"),
    "dots-encoded": ("sub/file.txt", "/sub/x/%2e%2E/file.txt"),
    "three-dots": ("sub/a...b", "/sub/a...b"),
    "long": (255 * "x", "/" + 255 * "x"),
}


@pytest.mark.parametrize("name, target", NAMES.values(), ids=NAMES)
def test_names(serve, root, name, target):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"found")
    assert serve(root=root).connect().ask(target).body == b"found"


CLIMBS = """
    /../secret /%2e%2e/secret /%2E./secret /.%2e/secret /sub/../../secret
    /sub/%2e%2e/%2e%2e/secret /..%2fsecret /%2e%2e%2fsecret /..%5csecret
    /%2f..%2f..%2fsecret /sub%2f..%2f..%2fsecret /sub/..%2F../secret
    /%252e%252e/secret /sub/..;/secret /..//secret //../secret
    /%c0%ae%c0%ae/secret /..%c0%afsecret /./../secret /../root/hello.html
    http://localhost/../secret
""".split()


@pytest.mark.parametrize("target", CLIMBS)
def test_nothing_above_the_root(serve, root, target):
    (root.parent / "secret").write_bytes(b"secret")
    (root / "sub").mkdir()
    client = serve(root=root).connect()
    response = client.ask(target)
    assert response.status in (400, 404)
    assert b"secret" not in response.body


@pytest.mark.parametrize(
    "target",
    ["/" + 256 * "x", "/" + 2000 * "x/", "/" + 8000 * "x", "/hello.html/x"],
    ids=["name", "depth", "length", "below-a-file"],
)
def test_names_that_cannot_be(serve, root, target):
    response = serve(root=root).connect().ask(target)
    assert response.status == 404
    assert response.body == b"<p>nothing here</p>\n"


# Links, directories, and what is no file


@pytest.mark.parametrize("absolute", [False, True])
def test_link_out_is_not_followed(serve, root, absolute):
    (root.parent / "secret").write_bytes(b"secret")
    out = root.parent if absolute else ".."
    (root / "link").symlink_to(f"{out}/secret")
    (root / "directory").symlink_to(out)
    client = serve(root=root).connect()
    for target in "/link", "/directory/secret", "/directory/":
        assert client.ask(target).status == 404


def test_link_that_turns_outwards_while_cached(serve, root):
    (root.parent / "secret").write_bytes(b"secret")
    (root / "file").write_bytes(b"open")
    client = serve("-w", "1", root=root).connect()
    assert client.ask("/file").body == b"open"
    (root / "file").unlink()
    (root / "file").symlink_to("../secret")
    assert client.ask("/file").status == 404


@pytest.mark.parametrize("by_link", [False, True])
def test_absolute_link_inside_works(serve, root, by_link):
    """By ROOT's own path, or by that of a link to it, which is served."""
    top = root
    if by_link:
        top = root.with_name("current")
        top.symlink_to(root)
    (root / "sub").mkdir()
    (root / "sub/file").write_bytes(b"found")
    (root / "sub/hello.html").write_bytes(b"index")
    (root / "link").symlink_to(top / "sub/file")
    (root / "directory").symlink_to(top / "sub")
    (root / "self").symlink_to(top)
    (root / "out").symlink_to(root.parent)
    client = serve("-w", "1", root=top).connect()
    for _ in range(2):  # and from the cache
        assert client.ask("/link").body == b"found"
        assert client.ask("/directory/file").body == b"found"
        assert client.ask("/directory/").body == b"index"
        assert client.ask("/self/self/link").body == b"found"
        assert client.ask("/out/root/sub/file").status == 404


def test_link_inside_works(serve, root):
    (root / "sub").mkdir()
    (root / "sub/file").write_bytes(b"found")
    (root / "link").symlink_to("sub/file")
    (root / "sub/up").symlink_to("../hello.html")
    client = serve(root=root).connect()
    assert client.ask("/link").body == b"found"
    assert client.ask("/sub/up").body == b"<p>hello</p>\n"


def test_link_to_itself(serve, root):
    (root / "loop").symlink_to("loop")
    assert serve(root=root).connect().ask("/loop").status == 404


@pytest.mark.parametrize(
    "kind", [stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR], ids=oct
)
def test_what_is_no_file_is_not_found(serve, root, kind):
    """At once: nobody waits for a writer."""
    try:
        os.mknod(root / "node", kind | 0o644, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only a privileged user makes a device")
    client = serve("-w", "1", root=root).connect()
    response = client.ask("/node")
    assert response.status == 404
    assert response.body == b"<p>nothing here</p>\n"


def test_directory_shows_its_index(serve, root):
    (root / "sub").mkdir()
    (root / "sub/hello.html").write_bytes(b"index of sub")
    client = serve(root=root).connect()
    assert client.ask("/sub/").body == b"index of sub"


def test_directory_without_index_is_not_found(serve, root):
    (root / "sub").mkdir()
    assert serve(root=root).connect().ask("/sub/").status == 404


@pytest.mark.parametrize(
    "target", ["/sub", "/sub?a=b", "//sub", "/x/../sub", "/sub/deep%20er"]
)
def test_directory_without_slash_redirects(serve, root, target):
    """By a Location that is a path, keeps the query and names no host."""
    for name in "sub", "sub/deep er":
        (root / name).mkdir()
        (root / name / "hello.html").write_bytes(b"index of sub")
    client = serve(root=root).connect()
    response = client.ask(target)
    assert response.status == 301
    location = response.field("Location")
    assert location.startswith("/sub/") and "localhost" not in location
    url = urllib.parse.urljoin("http://localhost" + target, location)
    assert url.endswith("/?a=b" if "?" in target else "/")
    led = client.ask(url.removeprefix("http://localhost"))
    assert led.body == b"index of sub"


@pytest.mark.parametrize(
    "name", [".hidden", ".git/config", "sub/.hidden", "sub/.git/config"]
)
def test_dot_files_are_hidden(serve, root, name):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"hidden")
    client = serve(root=root).connect()
    for target in f"/{name}", "/" + name.replace(".", "%2e"):
        assert client.ask(target).status == 404


@pytest.mark.parametrize("name", ["file", "sub/file"])
def test_file_without_permission_is_forbidden(serve, root, name):
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"secret")
    top = root / name.partition("/")[0]
    top.chmod(0)
    client = serve(root=root, preexec_fn=obey_modes).connect()
    response = client.ask(f"/{name}")
    top.chmod(0o700)
    assert response.status == 403
    assert b"secret" not in response.body
    assert client.ask("/").status == 200


# Options


def test_index_option(serve, root):
    (root / "index.html").write_bytes(b"index")
    client = serve("--index=index.html", root=root).connect()
    assert client.ask("/").body == b"index"


def test_error_page_option(serve, root):
    (root / "oops.html").write_bytes(b"oops")
    client = serve("--error-page=oops.html", root=root).connect()
    response = client.ask("/nothing")
    assert response.status == 404 and response.body == b"oops"


def test_without_an_error_page_it_is_still_not_found(serve, root):
    (root / "404.html").unlink()
    response = serve(root=root).connect().ask("/nothing")
    assert response.status == 404
    assert response.field("Content-Type").startswith("text/")
    assert response.body
