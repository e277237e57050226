"""The access log: combined lines, whole, one for each request."""

import contextlib
import datetime
import fcntl
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

import pytest
from server import HTDOCS, PROGRAM, SANITIZERS, eventually, scaled
from wire import PATIENCE, Client, request

QUOTED = r'"((?:[^"\\\x00-\x1f\x7f]|\\.)*)"'
LINE = re.compile(
    rf"(\S+) - - \[([^]]+)\] {QUOTED} (\d{{3}}) (\d+|-) {QUOTED} {QUOTED}"
)


def parse(text):
    """The lines' parts; every one of them is whole and well-formed."""
    assert text == "" or text.endswith("\n")
    lines = text.split("\n")[:-1]
    parts = [LINE.fullmatch(line) for line in lines]
    assert all(parts), [line for line, p in zip(lines, parts) if not p]
    return [match.groups() for match in parts]


def logged(read, count):
    """Waits for so many lines, and returns their parts."""
    eventually(lambda: read().count("\n") >= count, f"{count} lines")
    lines = parse(read())
    assert len(lines) == count
    return lines


def stop(server):
    server.signal(signal.SIGTERM)
    server.join()


def test_off_by_default(serve):
    server = serve()
    server.connect().ask("/")
    stop(server)
    assert len(server.stdout.splitlines()) == 2


def test_line_says_it_all(serve, root):
    server = serve("--log=combined", root=root)
    client = server.connect()
    fields = "Referer: http://a/?b", "User-Agent: one/2.0 (x; y)"
    before = datetime.datetime.now(datetime.timezone.utc)
    client.ask("/?a=%20b", *fields)
    (line,) = logged(lambda: server.stdout, 1)
    host, when, asked, status, size, referer, agent = line
    assert host == "127.0.0.1"
    assert asked == "GET /?a=%20b HTTP/1.1"
    assert (status, size) == ("200", str(len(b"<p>hello</p>\n")))
    assert referer == "http://a/?b"
    assert agent == "one/2.0 (x; y)"
    when = datetime.datetime.strptime(when, "%d/%b/%Y:%H:%M:%S %z")
    assert abs(when - before) < datetime.timedelta(minutes=1)


def test_what_is_missing_is_a_dash(serve):
    server = serve("--log=combined")
    server.connect().ask("/")
    (line,) = logged(lambda: server.stdout, 1)
    assert line[5:] == ("-", "-")


@pytest.mark.parametrize(
    "data, status, asked",
    [
        (request("/nothing"), "404", "GET /nothing HTTP/1.1"),
        (request("/", method="POST"), "405", "POST / HTTP/1.1"),
        (request("/", method="BREW"), "501", "BREW / HTTP/1.1"),
        (request("/sleep/x"), "400", "GET /sleep/x HTTP/1.1"),
        (request("/sleep/1ms"), "200", "GET /sleep/1ms HTTP/1.1"),
        (request("/", version="1.0"), "200", "GET / HTTP/1.0"),
        (request("/", "A : b"), "400", None),
        (b"\x16\x03\x01\r\n\r\n", "400", None),
        (request("/" + 9000 * "x"), "414", None),
        (request("/", "Content-Length: 99999999"), "413", None),
    ],
    ids="404 405 501 400 sleep 1.0 field binary 414 413".split(),
)
def test_every_request_has_its_line(serve, data, status, asked):
    server = serve("--log=combined")
    client = server.connect()
    client.send(data)
    client.read_response()
    (line,) = logged(lambda: server.stdout, 1)
    assert line[3] == status
    if asked:
        assert line[2] == asked


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_answer_without_content_counts_no_bytes(serve, method):
    server = serve("--log=combined")
    server.connect().ask("/", method=method)
    (line,) = logged(lambda: server.stdout, 1)
    assert line[2] == f"{method} / HTTP/1.1"
    assert line[4] in ("0", "-")


def unescape(text):
    """What was logged as \\xHH, or by a backslash, is what it was."""
    text = re.sub(r"\\x([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text)
    return re.sub(r"\\([\"\\])", r"\1", text).replace(r"\t", "\t")


@pytest.mark.parametrize(
    "agent",
    ['a"b', '" 200 0 "-" "', "a\\b", "a\tb"],
    ids=["quote", "fields", "backslash", "control"],
)
def test_nobody_forges_a_line(serve, agent):
    """Quotes, backslashes and controls are escaped."""
    server = serve("--log=combined")
    server.connect().ask("/", f"User-Agent: {agent}", f"Referer: {agent}")
    (line,) = logged(lambda: server.stdout, 1)
    assert unescape(line[5]) == agent
    assert unescape(line[6]) == agent


def test_start_line_gives_way_on_stdout(serve):
    """So that what reads the log from a pipe finds nothing else."""
    server = serve("--log=combined")
    server.connect().ask("/")
    stop(server)
    assert len(parse(server.stdout)) == 1
    assert len(server.stderr.splitlines()) == 2


def test_log_file(serve, tmp_path):
    """It is appended to, and the start line stays on stdout."""
    path = tmp_path / "access.log"
    path.write_text("before\n")
    server = serve("--log=combined", f"--log-file={path}")
    server.connect().ask("/")
    stop(server)
    before, line = path.read_text().splitlines(keepends=True)
    assert before == "before\n" and len(parse(line)) == 1
    assert len(server.stdout.splitlines()) == 2


def ask_many(server, who, count):
    client = server.connect()
    for number in range(count):
        assert client.ask(f"/nothing/{who}/{number}").status == 404


def in_parallel(server, clients, count):
    """Threads, started, each of which asks for paths of its own."""
    threads = [
        threading.Thread(target=ask_many, args=(server, who, count))
        for who in range(clients)
    ]
    for thread in threads:
        thread.start()
    return threads


def expected(clients, count):
    return {
        f"GET /nothing/{who}/{number} HTTP/1.1"
        for who in range(clients)
        for number in range(count)
    }


def test_lines_of_parallel_clients_are_whole(serve, tmp_path):
    path = tmp_path / "access.log"
    server = serve("-w", "2", "--log=combined", f"--log-file={path}")
    count = scaled(200)
    for thread in in_parallel(server, 8, count):
        thread.join()
    stop(server)
    lines = parse(path.read_text())
    assert len(lines) == 8 * count
    assert {line[2] for line in lines} == expected(8, count)


def test_reopening_loses_nothing(serve, tmp_path):
    """What logrotate does, while requests go on."""
    path, old = tmp_path / "access.log", tmp_path / "access.log.1"
    server = serve("-w", "2", "--log=combined", f"--log-file={path}")
    count = scaled(200)
    threads = in_parallel(server, 4, count)
    eventually(lambda: path.stat().st_size, "the first lines")
    path.rename(old)
    server.signal(signal.SIGUSR1)
    eventually(path.exists, "the new file")
    for thread in threads:
        thread.join()
    server.connect().ask("/nothing/last/0")
    stop(server)
    last = "GET /nothing/last/0 HTTP/1.1"
    assert last in {line[2] for line in parse(path.read_text())}
    lines = parse(old.read_text() + path.read_text())
    assert len(lines) == 4 * count + 1
    assert {line[2] for line in lines} == expected(4, count) | {last}


@contextlib.contextmanager
def unread_fifo(path):
    """A FIFO of a page, that is open; what comes in it can be read."""
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 4096)
    yield fd
    os.close(fd)


def read_some(fd):
    """What there is; waits for something to come."""
    assert select.select([fd], [], [], PATIENCE)[0], "nothing comes"
    return os.read(fd, 1 << 20).decode()


@pytest.mark.parametrize("signal_", [signal.SIGUSR1, signal.SIGHUP])
def test_unread_fifo_gives_way_to_a_new_file(serve, tmp_path, signal_):
    """And no line is lost or half written."""
    path, old = tmp_path / "access.log", tmp_path / "old"
    with unread_fifo(path) as fifo:
        server = serve("-w", "1", "--log=combined", f"--log-file={path}")
        ask_many(server, 0, 200)  # more than it holds, less than the ring
        eventually(lambda: select.select([fifo], [], [], 0)[0], "some lines")
        path.rename(old)
        server.signal(signal_)
        eventually(lambda: path.exists() and path.read_text(), "a line")
        ask_many(server, 1, 200)
        stop(server)
        lines = parse(read_some(fifo) + path.read_text())
    assert len(lines) == 400
    assert {line[2] for line in lines} == expected(2, 200)


# What nobody reads


def ask_badly(server, count):
    """With -v, a line for each."""
    for _ in range(count):
        client = server.connect()
        client.send(b"GET\r\n\r\n")
        assert client.read_response().status == 400
        client.close()


def unread_errors(serve, path, *options):
    """A server whose standard error is this FIFO."""
    shell = ["sh", "-c", f'exec "$@" 2>"{path}"', "sh"]
    return serve("-v", "-w", "2", *options, wrapper=shell)


def test_unread_messages_hold_nobody_up(serve, tmp_path):
    path = tmp_path / "errors"
    with unread_fifo(path) as fifo:
        server = unread_errors(serve, path)
        ask_badly(server, 300)
        assert server.connect().ask("/").status == 200
        stop(server)
        assert read_some(fifo).startswith("mtasync: ")
    assert len(server.stdout.splitlines()) == 1  # that of the end is behind them


def test_unread_messages_hold_no_second_signal_up(serve, tmp_path):
    path = tmp_path / "errors"
    with unread_fifo(path):
        server = unread_errors(serve, path)
        sleeper = server.connect()
        sleeper.send(request("/sleep/9m"))
        ask_badly(server, 300)
        server.signal(signal.SIGTERM)
        eventually(server.refuses, "the stop")
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        server.join(3)
        took = time.monotonic() - began
    # a first signal may take that long, and so does the end of a sanitizer
    assert took < 1 or SANITIZERS


def test_messages_come_when_they_are_read(serve, tmp_path):
    """In order, and each of them whole."""
    path = tmp_path / "errors"
    text = ""
    with unread_fifo(path) as fifo:
        server = unread_errors(serve, path)
        ask_badly(server, 300)
        while text.count("\n") < 300:
            text += read_some(fifo)
        stop(server)
    lines = text.splitlines(keepends=True)
    assert len(set(lines)) == 1 and lines[0].endswith("\n")


def full_pipe():
    """Its two ends; it has no room for a line."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writer, bytes(4096)):
            pass
    os.set_blocking(writer, True)
    return reader, writer


@pytest.mark.parametrize("is_read", [False, True], ids=["unread", "read"])
def test_standard_output_without_room(is_read):
    """Nobody waits for it; who reads it in the end finds each line."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        address = probe.getsockname()

    def answers():
        with contextlib.suppress(ConnectionRefusedError):
            with Client(address) as client:
                return client.ask().status == 200
        return False

    reader, writer = full_pipe()
    listen = f"{address[0]}:{address[1]}"
    command = [PROGRAM, "-l", listen, HTDOCS]
    with subprocess.Popen(command, stdout=writer) as process:
        os.close(writer)
        try:
            eventually(answers, "the server")
            text = b""
            if is_read:
                while b"serving" not in text:
                    text = os.read(reader, 1 << 20).strip(b"\0")
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
    while more := os.read(reader, 1 << 20):
        text += more
    os.close(reader)
    assert text.strip(b"\0").count(b"\n") == (2 if is_read else 0)


def test_reopening_without_a_log_is_harmless(serve):
    server = serve()
    server.signal(signal.SIGUSR1)
    assert server.connect().ask("/").status == 200
