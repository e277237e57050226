"""ROOT itself: removed, made anew, renamed."""

import random
import shutil
import time

import pytest
from server import eventually
from wire import request

MIB = 1 << 20


def content(size):
    return random.Random(size).randbytes(size)


def test_root_that_is_removed_serves_nothing(serve, root):
    """What was open goes on, what is asked for is not found."""
    (root / "file").write_bytes(content(3 * MIB))
    server = serve("-w", "1", root=root)
    client, other = server.connect(receive_buffer=4096), server.connect()
    client.send(request("/file"))
    client.read_head()
    assert other.ask("/").status == 200
    shutil.rmtree(root)
    for target in "/", "/file", "/nothing", "/sub/":
        response = other.ask(target)
        assert response.status == 404
        assert response.field("Content-Type").startswith("text/plain")
    assert client.read(3 * MIB) == content(3 * MIB)
    assert other.ask("/sleep/1ms").body.startswith(b"200 OK: slept")


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("model", ["mtasync", "pool"])
def test_root_that_is_made_anew_is_served(serve, root, model, relative):
    """By all workers, and both changes are told in a line."""
    how = {"root": "root", "cwd": root.parent} if relative else {"root": root}
    server = serve("-w", "2", f"--model={model}", **how)

    def ask_all(target="/"):
        answers = []
        for _ in range(8):
            with server.connect() as client:
                answers.append(client.ask(target).status)
        return answers

    assert ask_all() == 8 * [200]
    shutil.rmtree(root)
    assert ask_all() == 8 * [404]

    def is_told():
        ask_all()
        return "has been removed" in server.stderr

    eventually(is_told, "the line that ROOT is gone")
    root.mkdir()
    (root / "hello.html").write_bytes(b"new")
    (root / "more").write_bytes(b"more")
    eventually(lambda: ask_all() == 8 * [200], "the new ROOT")
    assert ask_all("/more") == 8 * [200]
    server.await_output("^mtasync: reloaded")
    assert server.stderr.count("\n") == 1


def test_root_that_is_made_anew_is_asked_for_by_sleeps(serve, root):
    server = serve("-w", "1", root=root)
    client = server.connect()
    shutil.rmtree(root)
    root.mkdir()
    (root / "hello.html").write_bytes(b"new")
    eventually(lambda: client.ask("/sleep/1ms").body == b"new", "the new ROOT")


def test_root_that_is_renamed_is_served_on(serve, root):
    """Until a reload, and so until it is removed, too."""
    (root / "old").write_bytes(b"")
    server = serve("-w", "1", root=root)
    client = server.connect()
    old = root.rename(root.with_name("renamed"))
    root.mkdir()
    (root / "new").write_bytes(b"")
    give_up = time.monotonic() + 1.5  # more than between two looks
    while time.monotonic() < give_up:
        assert client.ask("/old").status == 200
        assert client.ask("/new").status == 404
    shutil.rmtree(old)
    eventually(lambda: client.ask("/new").status == 200, "the new ROOT")
    assert client.ask("/old").status == 404


def test_root_that_is_the_current_directory_is_not_made_anew(serve, root):
    """What is removed still is the directory `.`, and no other one."""
    server = serve("-w", "1", root=".", cwd=root)
    client = server.connect()
    shutil.rmtree(root)

    def is_told():
        assert client.ask("/").status == 404
        return "has been removed" in server.stderr

    eventually(is_told, "the line that ROOT is gone")
    assert "reloaded" not in server.stdout
