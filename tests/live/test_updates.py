"""
Files that change: who asks after a change is told of it, whichever worker
answers, and never of what was before.
"""

import os
import pathlib

import pytest
from server import CACHED, PROGRAM, SANITIZERS, eventually, scaled, settle
from wire import request

HELD_LOOK = pathlib.Path(PROGRAM).parent / "tests/live/held_look.so"
CLIENTS = 8  # all but never do all of them come to one of two workers
IDLE = 1  # second
BLOCKING = ["serial", "thread", "pool", "fork_join"]


def replace(path, content):
    """In one step, as it should be done."""
    other = path.with_name("next")
    other.write_bytes(content)
    other.rename(path)


def write_in_place(path, content):
    path.write_bytes(content)


@pytest.mark.parametrize("size", [3, CACHED + 1])
@pytest.mark.parametrize("change", [replace, write_in_place])
def test_change_shows_to_all_at_once(serve, root, change, size):
    path = root / "page"
    path.write_bytes(size * b"-")
    server = serve("-w", "2", root=root)
    clients = [server.connect() for _ in range(CLIENTS)]
    for number in range(scaled(20)):
        for client in clients:
            client.ask("/page")
        content = size * bytes([ord("a") + number])
        change(path, content)
        for client in clients:
            assert client.ask("/page").body == content


def test_removal_and_creation_show_to_all_at_once(serve, root):
    path = root / "page"
    server = serve("-w", "2", root=root)
    clients = [server.connect() for _ in range(CLIENTS)]
    for _ in range(scaled(20)):
        assert [c.ask("/page").status for c in clients] == CLIENTS * [404]
        path.write_bytes(b"x")
        assert [c.ask("/page").status for c in clients] == CLIENTS * [200]
        path.unlink()


# What is done to page.gz, and what is served then to who accepts gzip.
CODED = [
    (lambda path: replace(path, b"came"), b"came"),
    (lambda path: write_in_place(path, b"written"), b"written"),
    (lambda path: replace(path, b"replaced"), b"replaced"),
    (lambda path: os.utime(path, (1, 1)), b"plain"),
    (lambda path: write_in_place(path, b"fresh"), b"fresh"),
    (lambda path: path.unlink(), b"plain"),
    (lambda path: path.symlink_to("other"), b"plain"),
    (lambda path: replace(path.with_name("other"), b"linked"), b"linked"),
    (lambda path: path.unlink(), b"plain"),
]


def test_coded_file_that_changes_shows_to_all_at_once(serve, root):
    """Also when the directory's times are too coarse to tell."""
    (root / "page").write_bytes(b"plain")
    server = serve("-w", "2", root=root)
    clients = [server.connect() for _ in range(CLIENTS)]

    def ask_all():
        lines = ["Accept-Encoding: gzip"]
        return {client.ask("/page", *lines).body for client in clients}

    for _ in range(scaled(10)):
        assert ask_all() == {b"plain"}
        for change, content in CODED:
            change(root / "page.gz")
            assert ask_all() == {content}
        (root / "other").unlink()


def test_updates_are_seen_in_their_order(serve, root):
    """
    A repository of packages: the list is replaced, and then the index that
    tells of it; a client that has the new index gets the new list.
    """
    server = serve("-w", "2", root=root)
    clients = [server.connect() for _ in range(CLIENTS)]
    listing, index = root / "Packages", root / "InRelease"
    replace(listing, b"0")
    replace(index, b"0")
    for number in range(1, scaled(100) + 1):
        for client in clients:
            client.ask("/Packages")
        replace(listing, b"%d" % number)
        replace(index, b"%d" % number)
        for client in clients:
            assert client.ask("/InRelease").body == b"%d" % number
            assert client.ask("/Packages").body == b"%d" % number


@pytest.mark.parametrize("model", BLOCKING)
def test_change_shows_at_once_in_a_blocking_model(serve, root, model):
    server = serve(f"--model={model}", root=root)
    for number in range(scaled(20)):
        replace(root / "page", b"%d" % number)
        with server.connect() as client:  # or serial waits for its close
            assert client.ask("/page").body == b"%d" % number


# Within a round of the event loop: the first look at the page is held until it
# has changed and somebody else has asked for it.


@pytest.fixture
def held(serve, root, tmp_path):
    """A server that has the page in its cache; see held_look.c."""
    if SANITIZERS:
        pytest.skip("a sanitizer wants to be loaded first")
    replace(root / "page", b"old")
    settle(root / "page")
    server = serve(
        *("-w", "1", "--sandbox=off", f"--idle-timeout={IDLE}"),
        root=root,
        cwd=tmp_path,
        env={**os.environ, "LD_PRELOAD": str(HELD_LOOK)},
    )
    server.connect().ask("/page")
    return server


def hold(server, tmp_path):
    """To be called while the server is frozen."""
    (tmp_path / "hold").touch()
    server.thaw()
    eventually((tmp_path / "held").exists, "the look at the page")


def let_go(tmp_path):
    (tmp_path / "held").unlink()


def test_who_is_accepted_later_in_the_round(held, root, tmp_path):
    first = held.connect()
    first.ask("/")
    held.freeze()
    first.send(request("/page"))
    later = held.connect()
    hold(held, tmp_path)
    replace(root / "page", b"new")
    later.send(request("/page"))
    let_go(tmp_path)
    first.read_response()
    assert later.read_response().body == b"new"


def test_what_is_received_behind_another_request(held, root, tmp_path):
    first, second = held.connect(), held.connect()
    for client in first, second:
        client.ask("/")
    held.freeze()
    first.send(request("/page"))
    second.send(request("/page"))
    hold(held, tmp_path)
    replace(root / "page", b"new")
    second.send(request("/page"))
    let_go(tmp_path)
    first.read_response()
    second.read_response()
    assert second.read_response().body == b"new"


def test_what_is_received_behind_a_body(held, root, tmp_path):
    first, second = held.connect(), held.connect()
    for client in first, second:
        client.ask("/")
    head = request("/page", "Content-Length: 4")
    second.send(head + b"bo")
    held.freeze()
    first.send(request("/page"))
    second.send(b"dy")
    hold(held, tmp_path)
    replace(root / "page", b"new")
    second.send(request("/page"))
    let_go(tmp_path)
    first.read_response()
    second.read_response()
    assert second.read_response().body == b"new"


def test_what_is_received_when_its_event_has_been_passed(
    held, root, tmp_path
):
    """
    The round finds that the connection's time is over, and that a request has
    come. It is received by the former, and so the event of its coming finds
    the request behind it.
    """
    client = held.connect()
    client.ask("/")
    held.freeze()
    client.is_silent(2 * IDLE)
    client.send(request("/page"))
    hold(held, tmp_path)
    replace(root / "page", b"new")
    client.send(request("/page"))
    let_go(tmp_path)
    assert client.read_response().body == b"old"
    assert client.read_response().body == b"new"


def test_who_has_asked_before_the_round_shares_its_look(held, tmp_path):
    """One look for all of them, although one of them is held."""
    clients = [held.connect() for _ in range(CLIENTS)]
    for client in clients:
        client.ask("/")
    held.freeze()
    for client in clients:
        client.send(request("/page"))
    hold(held, tmp_path)
    (tmp_path / "hold").touch()
    let_go(tmp_path)
    for client in clients:
        assert client.read_response().body == b"old"
    assert (tmp_path / "hold").exists()
