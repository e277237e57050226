"""--mime-types: what a reload makes of the operator's file."""

import os
import shutil

import pytest
from server import CACHED, assert_refused, eventually, run
from test_privileges import USER, needs_chroot, needs_root
from test_privileges import open_root  # noqa: F401
from waiting import MODELS
from wire import parts_of, request

OLD, NEW = "application/x-old", "application/x-new"
LARGE = 8 * CACHED


@pytest.fixture
def types(root):
    """The file; and one of the root that it names the type of."""
    path = root.parent / "types"
    path.write_text(f"{OLD} mine\n")
    (root / "a.mine").write_bytes(b"x")
    return path


def kind(client, target="/a.mine"):
    return client.ask(target).field("Content-Type")


def await_reload(server, count=1):
    eventually(lambda: server.stdout.count(": reloaded") == count, "reload")


def await_line(server, text):
    """Its last one on standard error, whole."""
    eventually(lambda: server.stderr.endswith(f"{text}\n"), text)


@pytest.mark.parametrize("model", MODELS)
def test_reload_reads_them(serve, root, types, model):
    """They are those of all workers then, and of what is cached."""
    server = serve(f"--model={model}", f"--mime-types={types}", root=root)
    with server.connect() as client:
        assert kind(client) == OLD
    types.write_text(f"{NEW} mine\n")
    with server.connect() as client:
        assert kind(client) == OLD
    server.reload()
    await_reload(server)
    for _ in range(8):
        with server.connect() as client:
            assert kind(client) == NEW


def make_fifo(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("spoil, why", [
    (lambda path: path.write_text("a/b c\nc\n"), ":2: it must begin with"),
    (lambda path: path.write_text("a/b .c\n"), ":1: an extension must be"),
    (lambda path: path.unlink(), ": No such file or directory:"),
    (make_fifo, ": Invalid argument: name a file"),
], ids=["type", "extension", "missing", "fifo"])  # fmt: skip
def test_reload_of_what_is_faulty(serve, root, types, spoil, why):
    """It changes nothing, of the log either, and says what, where and why."""
    log = root.parent / "log"
    options = f"--mime-types={types}", "--log=combined", f"--log-file={log}"
    server = serve("-w", "1", *options, root=root)
    client = server.connect()
    assert kind(client) == OLD
    log.rename(root.parent / "log.1")
    spoil(types)
    server.reload()
    await_line(server, f"not reloaded: {root} is served as before")
    assert f"{types}{why}" in server.stderr
    assert server.stderr.count("\n") == 2
    assert kind(client) == OLD
    assert not log.exists()
    types.unlink(missing_ok=True)
    types.write_text(f"{NEW} mine\n")
    server.reload()
    await_reload(server)
    assert kind(client) == NEW
    assert log.exists()


def test_reload_without_root_keeps_them(serve, root, types):
    server = serve("-w", "1", f"--mime-types={types}", root=root)
    client = server.connect()
    types.write_text(f"{NEW} mine\n")
    root.rename(root.parent / "away")
    server.reload()
    server.await_output("not reloaded: can't serve")
    assert kind(client) == OLD


def test_root_that_is_made_anew_keeps_them(serve, root, types):
    server = serve("-w", "1", f"--mime-types={types}", root=root)
    client = server.connect()
    types.write_text("faulty\n")
    shutil.rmtree(root)
    root.mkdir()
    (root / "a.mine").write_bytes(b"x")
    eventually(lambda: client.ask("/a.mine").status == 200, "the new ROOT")
    assert kind(client) == OLD


@pytest.mark.parametrize("model", ["thread", "pool", "async", "mtasync"])
def test_answer_on_its_way_keeps_its_type(serve, root, types, model):
    """Each of its parts tells it, after the old types have gone."""
    (root / "large.mine").write_bytes(bytes(LARGE))
    server = serve(f"--model={model}", f"--mime-types={types}", root=root)
    client = server.connect(receive_buffer=4096)
    middle = LARGE // 2
    ranges = f"Range: bytes=0-{middle - 2},{middle}-{LARGE - 2},-1"
    client.send(request("/large.mine", ranges))
    eventually(lambda: not client.is_silent(), "its first bytes")
    types.write_text(f"{NEW} mine\n")
    server.reload()
    await_reload(server)
    with server.connect() as other:
        assert kind(other) == NEW
    parts = parts_of(client.read_response())
    assert [part[3] for part in parts] == 3 * [OLD]


def test_fifo_is_refused(root, types):
    """It would hold the start up until somebody writes to it."""
    make_fifo(types)
    result = run("-l", "127.0.0.1:0", f"--mime-types={types}", root)
    assert_refused(result, 1, types, "Invalid argument")


@needs_root
def test_user_has_to_be_able_to_read_them(root, types):
    """As a reload would find out."""
    types.chmod(0o600)
    listen = "-l", "127.0.0.1:0", f"--user={USER}"
    result = run(*listen, f"--mime-types={types}", root)
    assert_refused(result, 1, types, "Permission denied")


@needs_chroot
def test_they_lie_inside_of_a_chroot(serve, open_root):
    (open_root / "types").write_text(f"{OLD} mine\n")
    (open_root / "root").mkdir()
    (open_root / "root/a.mine").write_bytes(b"x")
    jail = f"--user={USER}", f"--chroot={open_root}"
    server = serve("-w", "1", *jail, "--mime-types=/types", root="/root")
    client = server.connect()
    assert kind(client) == OLD
    (open_root / "types").write_text(f"{NEW} mine\n")
    server.reload()
    await_reload(server)
    assert kind(client) == NEW
