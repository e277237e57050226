"""
The ways to wait: each answers alike, and keeps waiting whom it says it does,
by the order of the answers; all stop alike.
"""

import itertools
import os
import re
import resource
import select
import signal

import pytest
from server import SANITIZERS, assert_refused, eventually, run, scaled
from wire import PATIENCE, Ended, request

BLOCKING = ["serial", "thread", "pool", "fork_join"]
MODELS = [*BLOCKING, "async", "mtasync"]
LARGE = os.urandom(1 << 20) * 3
LATER = "/sleep/1500ms"  # far longer than an answer takes
FOREVER = "/sleep/5m"


@pytest.fixture
def begin(serve, root):
    """Starts a server of a model; those that have several have 2 threads."""
    (root / "large").write_bytes(LARGE)

    def start(model, *options):
        if model in ("pool", "fork_join", "mtasync"):
            options = ["-w", 2, *options]
        return serve(f"--model={model}", *options, root=root)

    return start


def asleep(server, target):
    """
    A client whose request is being served: it has been told to go on, and has
    sent the rest.
    """
    client = server.connect()
    fields = "Expect: 100-continue", "Content-Length: 1"
    client.send(request(target, *fields))
    assert client.read_response().status == 100
    client.send(b"x")
    return client


def ask(server, target, *fields, **how):
    """On a connection of its own, which is closed."""
    with server.connect() as client:
        return client.ask(target, *fields, **how)


def asking(server, target="/"):
    client = server.connect()
    client.send(request(target))
    return client


def order(**clients):
    """The names of the clients, by whose answer comes first."""
    poll = select.poll()
    names = {}
    for name, client in clients.items():
        names[client.socket.fileno()] = name
        poll.register(client.socket, select.POLLIN)
    ended = []
    while names:
        ready = poll.poll(1000 * PATIENCE)
        assert ready, f"no answer of {list(names.values())}"
        # two at a time are in no order that one could tell
        ended.append({names[fd] for fd, _ in ready})
        for fd, _ in ready:
            poll.unregister(fd)
            assert clients[names.pop(fd)].read_response().status == 200
    return ended


# What all do


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


@pytest.mark.parametrize("more", [b"\r\n", request("/")], ids=["line", "request"])
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


@pytest.mark.parametrize("model", BLOCKING)
def test_client_that_floods(begin, model):
    """It is let go, however much it goes on to send after its answer."""
    server = begin(model)
    client = server.connect()
    client.send(request("/"))
    with pytest.raises(ConnectionError):
        while True:
            client.send(bytes(1 << 20))


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
def test_client_that_leaves_asleep(begin, model):
    """Nobody waits for it, neither the next one nor its descriptor."""
    server = begin(model)
    listeners = server.descriptors("socket:")
    for leave in "close", "reset":
        getattr(asleep(server, FOREVER), leave)()
        assert ask(server, "/").status == 200
    eventually(
        lambda: server.descriptors("socket:") == listeners, "all to be let go"
    )


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
    eventually(lambda: "Too many open" in server.stderr, "it to say so")
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
    if "seccomp" not in server.start_line:
        pytest.skip("no seccomp here")
    client = asleep(server, FOREVER)
    tasks = os.listdir(f"/proc/{server.pid}/task")
    assert len(tasks) >= 2
    for task in tasks:
        with open(f"/proc/{server.pid}/task/{task}/status") as file:
            assert "\nSeccomp:\t2\n" in file.read()
    client.close()


# Who waits for whom


def test_serial_all_wait(begin):
    server = begin("serial")
    first = asleep(server, LATER)
    assert order(sleep=first, page=asking(server)) == [{"sleep"}, {"page"}]


@pytest.mark.parametrize("model", ["thread", "async", "mtasync"])
def test_nobody_waits(begin, model):
    server = begin(model)
    sleepers = {f"sleep{i}": asleep(server, LATER) for i in range(20)}
    ended = order(**sleepers, page=asking(server))
    assert ended[0] == {"page"}


def test_pool_with_a_free_thread(begin):
    server = begin("pool")
    first = asleep(server, LATER)
    assert order(sleep=first, page=asking(server)) == [{"page"}, {"sleep"}]


def test_pool_without_a_free_thread(begin):
    server = begin("pool")
    first, second = asleep(server, LATER), asleep(server, FOREVER)
    assert order(sleep=first, page=asking(server)) == [{"sleep"}, {"page"}]
    assert second.is_silent()


def test_fork_join_waits_for_the_join(begin):
    """Though one of the two threads has nothing to do."""
    server = begin("fork_join")
    first = asleep(server, LATER)
    assert order(sleep=first, page=asking(server)) == [{"sleep"}, {"page"}]


def test_fork_join_serves_a_batch_together(begin):
    """Who comes while the first sleeps is one batch: a sleep and a page."""
    server = begin("fork_join")
    first = asleep(server, LATER)
    second, page = asking(server, LATER), asking(server)
    ended = order(first=first, second=second, page=page)
    assert ended == [{"first"}, {"page"}, {"second"}]


def test_threads_are_bounded_by_max_conns(begin):
    server = begin("thread", "--max-conns=2")
    first, second = asleep(server, LATER), asleep(server, FOREVER)
    assert order(sleep=first, page=asking(server)) == [{"sleep"}, {"page"}]
    assert second.is_silent()


@pytest.mark.parametrize("model", ["thread", "pool"])
def test_max_sleepers(begin, model):
    """One of two may sleep, until it leaves."""
    server = begin(model, "--max-sleepers=1")
    clients = [asking(server, FOREVER) for _ in range(2)]
    poll = select.poll()
    for client in clients:
        poll.register(client.socket, select.POLLIN)
    ready = [fd for fd, _ in poll.poll(1000 * PATIENCE)]
    asleep_one, refused = sorted(
        clients, key=lambda client: client.socket.fileno() in ready
    )
    response = refused.read_response()
    assert response.status == 503 and response.field("Retry-After")
    assert asleep_one.is_silent()
    refused.close()
    asleep_one.close()
    eventually(lambda: ask(server, "/sleep/1ms").status == 200, "a place")


# The stop


@pytest.mark.parametrize("model", MODELS)
def test_drain(begin, model):
    """Who sleeps and who is queued is answered, who is silent let go."""
    server = begin(model)
    sleeper, silent = asleep(server, LATER), server.connect()
    queued = asking(server)
    server.signal(signal.SIGTERM)
    assert sleeper.read_response().status == 200
    assert queued.read_response().status == 200
    for client in sleeper, queued, silent:
        client.read_eof()
    server.join()
    assert "served 2 requests, cut 0," in server.stdout


@pytest.mark.parametrize("model", BLOCKING)
def test_drain_deadline(begin, model):
    server = begin(model, "--drain-timeout=100ms")
    client = asleep(server, FOREVER)
    server.signal(signal.SIGTERM)
    assert client.read_response().status == 503
    client.read_eof()
    server.join(3)
    assert ", cut 1," in server.stdout


@pytest.mark.parametrize("model", BLOCKING)
def test_second_signal(begin, model):
    """It ends a sleep that the drain would wait for."""
    server = begin(model)
    asleep(server, FOREVER)
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    server.join(3)
    assert ", cut 1," in server.stdout
