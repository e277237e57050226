"""The ways to wait: each answers alike, and has the same limits."""

import itertools
import os
import re
import resource
import signal
import time

import pytest
from server import SANITIZERS, assert_refused, eventually, run, scaled
from waiting import BLOCKING, FOREVER, LARGE, MODELS, ask, asking, asleep
from waiting import begin  # noqa: F401
from wire import Ended, request


@pytest.mark.parametrize("model", MODELS)
def test_answers(begin, model):
    server = begin(model)
    for target, status in [("/", 200), ("/none", 404), ("/sleep/x", 400)]:
        response = ask(server, target)
        assert response.status == status
    response = ask(server, "/sleep/20ms")
    assert response.body == b"<p>hello</p>\n"
    receipt = response.field("Server-Timing")
    assert re.fullmatch(r"sleep;dur=20, late;dur=[\d.]+", receipt)
    assert ask(server, "/large").body == LARGE
    assert ask(server, "/", method="HEAD").body == b""
    assert ask(server, "/", "If-None-Match: *").status == 304
    ranges = ask(server, "/large", "Range: bytes=5-9")
    assert ranges.status == 206 and ranges.body == LARGE[5:10]
    assert ask(server, "/", method="POST", body=b"").status == 405


@pytest.mark.parametrize(
    "more", [b"\r\n", request("/")], ids=["line", "request"]
)
@pytest.mark.parametrize("model", MODELS)
def test_more_behind_the_last_request_loses_no_answer(begin, model, more):
    """
    RFC 9112 9.6: the client asked for the close, and sends more meanwhile,
    which nobody looks at: its answer comes whole, then a FIN, and no reset.
    """
    server = begin(model)
    client = server.connect()
    client.send(request("/sleep/200ms", "Connection: close"))
    while client.is_silent(0.02):  # some of it, at least, once it sleeps
        client.send(more)
    assert client.read_response().body == b"<p>hello</p>\n"
    client.read_eof()


@pytest.mark.parametrize("model", MODELS)
def test_more_just_as_the_answer_comes_makes_no_reset(begin, model):
    """Between the server's last look at what is unread and its close."""
    server = begin(model)
    for attempt in range(scaled(120)):
        client = server.connect()
        client.send(request("/sleep/5ms", "Connection: close"))
        moment = time.monotonic() + 0.005 + attempt % 12 * 0.00004
        time.sleep(0.004)  # which is not exact
        while time.monotonic() < moment:
            pass
        client.send(request("/"))
        assert client.read_response().body == b"<p>hello</p>\n"
        client.read_eof()


@pytest.mark.parametrize("model", BLOCKING)
def test_one_request_for_each_connection(begin, model):
    server = begin(model)
    client = server.connect()
    client.send(2 * request("/"))
    assert client.read_response().field("Connection") == "close"
    client.read_eof()


@pytest.mark.parametrize("model", BLOCKING)
def test_bodies(begin, model):
    server = begin(model, "--max-body=10")
    chunked = "Transfer-Encoding: chunked"
    for field, body, status in [
        ("Content-Length: 10", b"0123456789", 200),
        ("Content-Length: 11", b"", 413),
        (chunked, b"3\r\nabc\r\n0\r\n\r\n", 200),
        (chunked, b"x\r\n", 400),
        (chunked, b"b\r\n", 413),
    ]:
        client = server.connect()
        client.send(request("/", field, body=body))
        assert client.read_response().status == status
        client.read_eof()


@pytest.mark.parametrize("model", BLOCKING)
@pytest.mark.parametrize(
    "data, status",
    [
        (b"GET / HTTP/1.1\n\n", 400),
        (b"\0", 400),
        (request("/", "Content-Length: 100, 200"), 400),
        (request("/", "Content-Length: 9", "Transfer-Encoding: gzip"), 400),
        (request("/", "Content-Length: 1000", "Expect: x"), 417),
    ],
)
def test_refused_head(begin, model, data, status):
    """No body is waited for that would belong to it."""
    server = begin(model, "--body-timeout=24h")
    client = server.connect()
    client.send(data)
    assert client.read_response().status == status
    client.read_eof()


@pytest.mark.skipif(bool(SANITIZERS), reason="a sanitizer's address space")
def test_threads_that_can_not_be_had(root):
    """The start fails; it has not said that it serves."""

    def few():
        resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))

    result = run("--model=pool", "-w", 1024, "-l", "0", root, preexec_fn=few)
    assert_refused(result, 1, "thread", "of 1024")


@pytest.mark.parametrize("model", BLOCKING)
def test_limits(begin, model):
    server = begin(
        model,
        "--header-timeout=50ms",
        "--body-timeout=50ms",
        "--idle-timeout=50ms",
    )
    server.connect().read_eof()
    for data in b"GET / HT", request("/", "Content-Length: 1"):
        client = server.connect()
        client.send(data)
        assert client.read_response().status == 408
        client.read_eof()


@pytest.mark.parametrize("model", BLOCKING)
def test_reader_that_stops_is_let_go(begin, model):
    server = begin(model, "--write-timeout=100ms")
    client = server.connect(receive_buffer=4096)
    client.send(request("/large"))
    eventually(lambda: server.descriptors("socket:") == 2, "its connection")
    eventually(lambda: server.descriptors("socket:") == 1, "its end")
    with pytest.raises((ConnectionResetError, Ended)):
        client.read_response()


@pytest.mark.parametrize("model", MODELS)
def test_crowd(begin, model):
    """A thousand at once, all of whom are served."""
    server = begin(model)
    clients = [asking(server) for _ in range(scaled(1000))]
    for client in clients:
        assert client.read_response().body == b"<p>hello</p>\n"
        client.close()


def limit_descriptors(server, number):
    """None from this number on, until it is set again; returns the old one."""
    limit = resource.RLIMIT_NOFILE
    old, hard = resource.prlimit(server.pid, limit)
    resource.prlimit(server.pid, limit, (number, hard))
    return old


def starve(server):
    """It can open nothing any more. Returns the limit that it had."""
    used = set(os.listdir(f"/proc/{server.pid}/fd"))
    free = next(fd for fd in itertools.count() if str(fd) not in used)
    return limit_descriptors(server, free)


@pytest.mark.parametrize("model", MODELS)
def test_descriptors_run_out(begin, model):
    """Who is queued waits until there are some, and nothing spins meanwhile."""
    server = begin(model)
    enough = starve(server)
    clients = [asking(server) for _ in range(2)]
    eventually(lambda: "wait to be accepted" in server.stderr, "its word")
    before = server.cpu_seconds()
    assert clients[0].is_silent(2)
    assert server.cpu_seconds() - before < 0.2
    limit_descriptors(server, enough)
    for client in clients:
        assert client.read_response().status == 200


@pytest.mark.parametrize("model", MODELS)
def test_stop_without_descriptors(begin, model):
    """Nobody is queued: it need not be able to accept to see that."""
    server = begin(model, "--drain-timeout=5m")
    starve(server)
    server.signal(signal.SIGTERM)
    server.join()


@pytest.mark.parametrize("model", BLOCKING)
def test_log(begin, model, tmp_path):
    path = tmp_path / "log"
    server = begin(model, "--log=combined", f"--log-file={path}")
    ask(server, "/none")
    asleep(server, FOREVER).close()
    eventually(lambda: path.read_text().count("\n") == 2, "two lines")
    assert re.search(r'"GET /none HTTP/1.1" 404 \d+ ', path.read_text())
    assert re.search(r'"GET /sleep/5m HTTP/1.1" 499 0 ', path.read_text())


@pytest.mark.parametrize("model", BLOCKING)
def test_reload(begin, model, root):
    server = begin(model)
    (root / "hello.html").write_bytes(b"new")
    server.signal(signal.SIGHUP)
    eventually(lambda: "reloaded" in server.stdout, "the reload")
    assert ask(server, "/").body == b"new"


@pytest.mark.skipif(bool(SANITIZERS), reason="no sanitizer can be confined")
@pytest.mark.parametrize("model", BLOCKING)
def test_every_thread_is_confined(begin, model):
    server = begin(model)
    if "confined by seccomp" not in server.start_line:
        pytest.skip("no seccomp here")
    client = asleep(server, FOREVER)
    tasks = os.listdir(f"/proc/{server.pid}/task")
    assert len(tasks) >= 2
    for task in tasks:
        with open(f"/proc/{server.pid}/task/{task}/status") as file:
            assert "\nSeccomp:\t2\n" in file.read()
    client.close()
