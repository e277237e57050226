"""The access log as JSON: each member is what happened, whatever is sent."""

import collections
import contextlib
import datetime
import json
import re
import signal
import time

import pytest
from server import eventually
from waiting import BLOCKING, FOREVER, asleep
from waiting import begin  # noqa: F401
from wire import request

HELLO = b"<p>hello</p>\n"
HUGE = 30 << 20  # more than all buffers on the way hold
MEMBERS = (
    "time peer method target version status bytes seconds sleep_ms late_ms"
    " queue_ms did left worker connection request referer user_agent"
).split()
ALWAYS = {"time", "peer", "status", "bytes", "seconds", "worker"}
ALWAYS |= {"connection", "request"}
ASKED = ALWAYS | {"method", "target", "version"}  # of any request that is read
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def once(pairs):
    names = [name for name, _ in pairs]
    if "time" in names:  # of the line; else of `did`
        assert names == [name for name in MEMBERS if name in names]
    assert len(set(names)) == len(names)
    return dict(pairs)


def never(text):
    raise AssertionError(f"{text} is no JSON")


def parse(text):
    """One object a line, of plain ASCII, each with its members in order."""
    assert text == "" or text.endswith("\n")
    assert re.fullmatch(r"[ -~\n]*", text)
    lines = [
        json.loads(line, object_pairs_hook=once, parse_constant=never)
        for line in text.split("\n")[:-1]
    ]
    for line in lines:
        assert ALWAYS <= set(line)
        assert TIME.fullmatch(line["time"])
    return lines


class Log:
    """A server's log, in a file of its own."""

    def __init__(self, path):
        self.path = path
        self.options = ["--log=json", f"--log-file={path}"]

    def lines(self, count):
        """Waits for so many lines; no more have come by then."""
        read = self.path.read_text
        eventually(lambda: read().count("\n") >= count, f"{count} lines")
        lines = parse(read())
        assert len(lines) == count, lines
        return lines

    def line(self):
        return self.lines(1)[0]


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "access.log")


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def arrival(line):
    return datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00"))


def test_line_says_it_all(serve, root, log):
    server = serve("-w", "1", *log.options, root=root)
    client = server.connect()
    fields = "Referer: http://a/?b", "User-Agent: one/2.0 (x; y)"
    before, began = now(), time.monotonic()
    assert client.ask("/?a=%20b", *fields).body == HELLO
    after, took = now(), time.monotonic() - began
    line = log.line()
    assert before <= arrival(line) <= after
    assert 0 <= line.pop("seconds") <= took
    del line["time"]
    assert line == {
        "peer": "127.0.0.1",
        "method": "GET",
        "target": "/?a=%20b",
        "version": "HTTP/1.1",
        "status": 200,
        "bytes": len(HELLO),
        "worker": 0,
        "connection": 1,
        "request": 1,
        "referer": "http://a/?b",
        "user_agent": "one/2.0 (x; y)",
    }


def test_what_is_missing_is_absent(serve, log):
    server = serve(*log.options)
    server.connect().ask("/")
    assert set(log.line()) == ASKED


@pytest.mark.parametrize(
    "data, wanted",
    [
        (request("/nothing"), {"status": 404, "target": "/nothing"}),
        (request("/", method="POST"), {"status": 405, "method": "POST"}),
        (request("/", method="BREW"), {"status": 501, "method": "BREW"}),
        (request("/sleep/x"), {"status": 400, "target": "/sleep/x"}),
        (
            request("/", version="1.0"),
            {"status": 200, "version": "HTTP/1.0", "bytes": len(HELLO)},
        ),
        (request("/", method="HEAD"), {"status": 200, "bytes": 0}),
        (request("/", "Range: bytes=2-4"), {"status": 206, "bytes": 3}),
        (request("/", "A : b"), {"status": 400, "target": "/"}),
        (request("/", "User-Agent:"), {"status": 200, "user_agent": ""}),
        (request("/", "Content-Length: 99999999"), {"status": 413}),
    ],
    ids="404 405 501 400 1.0 head range field empty 413".split(),
)
def test_every_request_has_its_line(serve, root, log, data, wanted):
    server = serve(*log.options, root=root)
    client = server.connect()
    client.send(data)
    got = client.read_response("HEAD" if data.startswith(b"HEAD") else "GET")
    line = log.line()
    assert line["bytes"] == len(got.body)
    assert {name: line[name] for name in wanted} == wanted
    assert "sleep_ms" not in line and "left" not in line


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n"], ids=["binary", "short"]
)
def test_what_can_not_be_read_is_absent(serve, log, data):
    server = serve(*log.options)
    client = server.connect()
    client.send(data)
    size = len(client.read_response().body)
    line = log.line()
    assert set(line) == ALWAYS
    assert (line["status"], line["bytes"]) == (400, size)


def test_head_that_never_came_whole(serve, log):
    server = serve("--header-timeout=50ms", *log.options)
    client = server.connect()
    client.send(b"GET / HT")
    assert client.read_response().status == 408
    line = log.line()
    assert set(line) == ALWAYS and line["status"] == 408


def replaced(data):
    """As Python reads it, but with U+FFFD for each byte that is no UTF-8."""
    escaped = data.decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", "\ufffd", escaped)


# What no parser of requests refuses, and some parser of JSON might.
ODD = {
    "quotes": b'a"b\\c\\',
    "escapes": rb"\u0041\n\\\"",
    "forged": b'","status":200,"x":"',
    "latin-1": "naïve".encode("latin-1"),
    "utf-8": "naïve".encode(),
    "every-byte": bytes(range(0x80, 0x100)),
    "separators": "a\u2028b\u2029c\u0085d\u00a0".encode(),
    "surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "four-bytes": "\U0001f600\U0010ffff".encode(),
    "beyond": b"\xf4\x90\x80\x80\xf8\x88\x80\x80\x80\xff\xfe",
    "overlong": b"\xc0\x80\xe0\x80\xaf\xc1\x81",
    "not-characters": "\uffff\ufffe\ufdd0\ufeff".encode(),
    "parts": b"\xe2\x80z\xf0\x9f\x98\xc3\xa9\xc3",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_bytes(serve, log, odd):
    server = serve(*log.options)
    client = server.connect()
    client.send(
        b"GET /%b HTTP/1.1\r\nHost: a\r\nReferer: %b\r\nUser-Agent: %b\r\n\r\n"
        % (odd, odd, odd)
    )
    status = client.read_response().status
    line = log.line()
    assert line["status"] == status in (400, 404)
    assert line["target"] == "/" + replaced(odd)
    assert line["referer"] == line["user_agent"] == replaced(odd)


def test_tab_within_a_field(serve, log):
    """The only control that may stand in one."""
    server = serve(*log.options)
    server.connect().ask("/", "User-Agent: a\tb")
    assert log.line()["user_agent"] == "a\tb"


@pytest.mark.parametrize(
    "unit, most",
    [("x", 4095), ('"', 1023), ("é", 511), ("\U0001f600", 255)],
    ids=["plain", "quote", "two", "four"],
)
def test_long_target_is_cut(serve, log, unit, most):
    """One of 8 KiB, behind a whole character."""
    size = len(unit.encode())
    start = "/" + (size - 1) * "y"
    target = start + (8192 // size - 1) * unit
    server = serve(*log.options)
    client = server.connect()
    client.send(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target.encode())
    client.read_response()
    assert log.line()["target"] == start + most * unit


# Sleeping and leaving


def test_sleep(serve, root, log):
    """How late it was is what the client is told."""
    server = serve("-w", "1", *log.options, root=root)
    response = server.connect().ask("/sleep/20ms")
    line = log.line()
    assert set(line) == ASKED | {"sleep_ms", "late_ms"}
    assert line["sleep_ms"] == 20
    assert line["bytes"] == len(HELLO)
    assert line["seconds"] >= (line["sleep_ms"] + line["late_ms"]) / 1000
    told = re.fullmatch(
        r"sleep;dur=20, late;dur=([\d.]+)", response.field("Server-Timing")
    )
    assert 0 <= float(told[1]) - line["late_ms"] < 0.001


def test_no_time_is_a_sleep_too(serve, log):
    server = serve(*log.options)
    server.connect().ask("/sleep/0")
    line = log.line()
    assert line["sleep_ms"] == 0 and line["late_ms"] >= 0


def test_client_leaves_in_its_sleep(serve, log):
    server = serve(*log.options)
    client = asleep(server, FOREVER)
    began = time.monotonic()
    assert client.is_silent(0.05)
    slept = time.monotonic() - began
    client.close()
    line = log.line()
    assert set(line) == ASKED | {"sleep_ms", "left"}
    assert (line["status"], line["bytes"]) == (499, 0)
    assert line["sleep_ms"] == 5 * 60 * 1000
    assert line["left"] == line["seconds"] >= slept


def test_client_leaves_before_its_body_is_whole(serve, log):
    server = serve(*log.options)
    client = server.connect()
    fields = "Expect: 100-continue", "Content-Length: 2"
    client.send(request("/", *fields))
    assert client.read_response().status == 100
    client.close()
    line = log.line()
    assert line["status"] == 499 and line["left"] == line["seconds"]


def make_huge(root):
    with (root / "huge").open("wb") as file:
        file.truncate(HUGE)


@contextlib.contextmanager
def reading(server, target, size):
    """A client that has read some of a large answer, and reads no more."""
    with server.connect(receive_buffer=4096) as client:
        client.send(request(target))
        while len(client.buffer) < size:
            client.buffer += client.socket.recv(size)
        yield client


@pytest.mark.parametrize("model", [*BLOCKING, "mtasync"])
def test_client_leaves_within_a_body(begin, root, log, model):
    make_huge(root)
    server = begin(model, *log.options)
    with reading(server, "/huge", 10000):
        pass
    line = log.line()
    assert set(line) == ASKED | {"left"}
    assert line["status"] == 200
    assert 9000 < line["bytes"] < HUGE
    assert line["left"] == line["seconds"] > 0


@pytest.mark.parametrize("model", ["thread", "mtasync"])
def test_slow_client_has_not_left(begin, root, log, model):
    """The server ends its answer."""
    make_huge(root)
    server = begin(model, "--write-timeout=50ms", *log.options)
    with reading(server, "/huge", 10000):
        line = log.line()
    assert set(line) == ASKED
    assert line["bytes"] < HUGE


@pytest.mark.parametrize("model", ["thread", "mtasync"])
def test_stop_cuts_a_sleep(begin, log, model):
    """It is no sleep then, and the client has not left."""
    server = begin(model, "--drain-timeout=50ms", *log.options)
    client = asleep(server, FOREVER)
    server.signal(signal.SIGTERM)
    assert client.read_response().status == 503
    server.join(3)
    line = log.line()
    assert set(line) == ASKED
    assert line["status"] == 503 and line["seconds"] >= 0.05


@pytest.mark.parametrize("model", ["thread", "mtasync"])
def test_stop_cuts_a_body(begin, root, log, model):
    make_huge(root)
    server = begin(model, "--drain-timeout=50ms", *log.options)
    with reading(server, "/huge", 10000):
        server.signal(signal.SIGTERM)
        server.join(3)
    line = log.line()
    assert set(line) == ASKED
    assert line["status"] == 200 and line["bytes"] < HUGE


# Numbers


def test_requests_are_numbered(serve, log):
    """Pipelined ones, and one that comes later; on each connection anew."""
    server = serve("-w", "1", *log.options)
    first, second = server.connect(), server.connect()
    first.send(b"".join(request(f"/{i}") for i in range(1, 6)))
    for _ in range(5):
        assert first.read_response().status == 404
    assert first.ask("/6").status == 404
    assert second.ask("/1").status == 404
    lines = log.lines(7)
    assert [line["target"] for line in lines] == [
        f"/{line['request']}" for line in lines
    ]
    assert [line["connection"] for line in lines] == 6 * [1] + [2]


def test_refused_request_is_numbered(serve, log):
    server = serve("-w", "1", *log.options)
    client = server.connect()
    client.send(request("/") + b"GET\r\n\r\n")
    assert client.read_response().status == 200
    assert client.read_response().status == 400
    lines = log.lines(2)
    assert [line["request"] for line in lines] == [1, 2]


def test_workers_and_connections(serve, log):
    """No connection has another one's number; its worker follows from it."""
    server = serve("-w", "3", *log.options)
    count = 120  # by which no worker is without a client
    for number in range(count):
        with server.connect() as client:
            client.send(2 * request(f"/{number}"))
            client.read_response()
            client.read_response()
    lines = log.lines(2 * count)
    assert {line["worker"] for line in lines} == {0, 1, 2}
    targets = collections.defaultdict(list)
    for line in lines:
        assert line["connection"] % 3 == (line["worker"] + 1) % 3
        targets[line["connection"]].append((line["target"], line["request"]))
    assert len(targets) == count
    assert sorted(targets.values()) == sorted(
        [(f"/{i}", 1), (f"/{i}", 2)] for i in range(count)
    )


@pytest.mark.parametrize("model", BLOCKING)
def test_blocking_models(begin, root, log, model):
    server = begin(model, *log.options)
    clients = [server.connect() for _ in range(8)]
    for client in clients:
        client.send(request("/sleep/20ms", "User-Agent: é"))
    for client in clients:
        assert client.read_response().body == HELLO
        client.close()
    lines = log.lines(8)
    assert sorted(line["connection"] for line in lines) == [*range(1, 9)]
    for line in lines:
        assert set(line) == ASKED | {"sleep_ms", "late_ms", "user_agent"}
        assert (line["worker"], line["request"]) == (0, 1)
        assert (line["status"], line["bytes"]) == (200, len(HELLO))
        assert line["sleep_ms"] == 20 and line["late_ms"] >= 0
        assert line["seconds"] >= (20 + line["late_ms"]) / 1000


@pytest.mark.parametrize("model", BLOCKING)
def test_client_leaves_a_blocking_model_in_its_sleep(begin, log, model):
    server = begin(model, *log.options)
    asleep(server, FOREVER).close()
    line = log.line()
    assert set(line) == ASKED | {"sleep_ms", "left"}
    assert line["status"] == 499 and line["sleep_ms"] == 5 * 60 * 1000


# The file


@pytest.mark.parametrize("signal_", [signal.SIGUSR1, signal.SIGHUP])
def test_reopening_loses_nothing(serve, log, signal_):
    server = serve("-w", "1", *log.options)
    client = server.connect()
    client.ask("/1")
    log.lines(1)
    old = log.path.rename(log.path.with_name("old"))
    server.signal(signal_)
    eventually(log.path.exists, "the new file")
    client.ask("/2")
    assert log.line()["request"] == 2
    assert [line["request"] for line in parse(old.read_text())] == [1]


def test_start_line_gives_way_on_stdout(serve):
    server = serve("--log=json")
    server.connect().ask("/")
    server.signal(signal.SIGTERM)
    server.join()
    assert len(parse(server.stdout)) == 1


def test_client_of_a_unix_socket(serve, log, tmp_path):
    server = serve("-l", f"unix:{tmp_path / 'socket'}", *log.options)
    server.connect().ask("/")
    assert log.line()["peer"] == "unix"
