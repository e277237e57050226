"""The lines of a start, a reload and an end: where they go, and long names."""

import os
import re

import pytest
from server import HTDOCS, eventually, run

# Each name of a descriptor that log_file_descriptor() knows.
STDOUT = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]
STDERR = ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"]

# Longer than a line of messages, and than any file system allows a name to be.
LONG = 20 * f"/{99 * 'x'}"
TOO_LONG = f"/{3000 * 'x'}"


def finish(server):
    """Answers a request and a reload; returns the lines of both outputs."""
    assert server.connect().ask("/").status == 200
    server.reload()
    server.await_output(": reloaded,")
    server.finish()
    return server.stdout.splitlines(), server.stderr.splitlines()


def is_report(lines):
    kinds = ["serving", "reloaded,", "served"]
    return [line.split()[:2] for line in lines] == [
        ["mtasync:", kind] for kind in kinds
    ]


@pytest.mark.parametrize("name", STDOUT)
def test_report_gives_way_to_a_log_on_stdout(serve, name):
    out, err = finish(serve("--log=combined", f"--log-file={name}"))
    assert is_report(err)
    (line,) = out
    assert '"GET / HTTP/1.1" 200' in line


@pytest.mark.parametrize("name", STDERR)
def test_report_stays_where_no_log_is(serve, name):
    out, err = finish(serve("--log=combined", f"--log-file={name}"))
    assert is_report(out)
    (line,) = err
    assert '"GET / HTTP/1.1" 200' in line


def test_report_stays_without_a_log(serve):
    """--log-file names where it would go."""
    out, err = finish(serve("--log-file=/dev/stdout"))
    assert is_report(out) and err == []


# Long names: each message is a line, and its reason is in it


def assert_reason(text, name, reason):
    """A pattern, in one line, which shows the start of the name."""
    assert text.count("\n") == 1
    assert name[:200] in text and name[:201] not in text
    assert re.search(reason, text), text


@pytest.mark.parametrize("name, reason", [
    (LONG, "No such file or directory"),
    (TOO_LONG, "File ?name too long"),  # as musl writes it
], ids=["long", "too long"])  # fmt: skip
@pytest.mark.parametrize("arguments", [
    ["{}"],
    ["--mime-types={}", HTDOCS],
    ["--log=combined", "--log-file={}", HTDOCS],
    pytest.param(
        ["--chroot={}", HTDOCS],
        marks=pytest.mark.skipif(os.geteuid() != 0, reason="for root"),
    ),
], ids=["root", "types", "log", "chroot"])  # fmt: skip
def test_long_name_at_the_start(arguments, name, reason):
    given = [str(argument).format(name) for argument in arguments]
    result = run("-l", "127.0.0.1:0", *given)
    assert result.returncode == 1
    assert_reason(result.stderr, name, f"{reason}: name a")


@pytest.fixture
def deep(tmp_path):
    """A directory whose path is longer than a line."""
    path = tmp_path
    for _ in range(6):
        path = path / (200 * "x")
    path.mkdir(parents=True)
    return path


def await_line(server, text):
    eventually(lambda: server.stderr.endswith(f"{text}\n"), text)
    return server.stderr


def test_long_root_that_goes(serve, deep, tmp_path):
    """At a reload, and when it is missed."""
    root = deep / "root"
    root.mkdir()
    (root / "hello.html").write_bytes(b"x")
    server = serve("-w", "1", root=root)
    root.rename(deep / "away")
    server.reload()
    said = await_line(server, "No such file or directory")
    assert_reason(said, str(root), "not reloaded: can't serve")
    (deep / "away/hello.html").unlink()
    (deep / "away").rmdir()
    client = server.connect()

    def is_told():
        client.ask("/")
        return server.stderr.count("\n") == 2

    eventually(is_told, "the line that ROOT is gone")
    assert_reason(
        server.stderr.removeprefix(said),
        str(root),
        "has been removed, and nothing can be served until it is there again:"
        " No such file or directory\n",
    )


def test_long_log_that_goes(serve, deep, root):
    log = deep / "log"
    server = serve(
        "-w", "1", "--log=combined", f"--log-file={log}", root=root
    )
    deep.rename(deep.parent / "away")
    server.reload()
    said = await_line(server, f"not reloaded: {root} is served as before")
    first, _ = said.splitlines(keepends=True)
    assert_reason(first, str(log), "No such file or directory")


def test_long_types_that_go(serve, deep, root):
    types = deep / "types"
    types.write_text("a/b c\n")
    server = serve("-w", "1", f"--mime-types={types}", root=root)
    types.write_text("a/b c\nd\n")
    server.reload()
    said = await_line(server, f"not reloaded: {root} is served as before")
    first, _ = said.splitlines(keepends=True)
    assert_reason(first, str(types), ":2: it must begin with a type")
