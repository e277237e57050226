"""/sleep: on time, never early, in nobody's way, gone with its client."""

import os
import pathlib
import re
import selectors
import signal
import time

import pytest
from server import HTDOCS, SANITIZERS, eventually, scaled
from wire import request

HELLO = (HTDOCS / "hello.html").read_bytes()


def receipt(response):
    """What was asked for and how late the answer was, in milliseconds."""
    match = re.fullmatch(
        r"sleep;dur=(\d+(?:\.\d+)?), late;dur=(\d+(?:\.\d+)?)",
        response.field("Server-Timing"),
    )
    assert match, response
    return float(match[1]), float(match[2])


# What is asked for


@pytest.mark.parametrize(
    "text, milliseconds",
    [
        ("250us", 0.25),
        ("1us", 0.001),
        ("40ms", 40),
        ("1.5ms", 1.5),
        ("0.02s", 20),
        ("0.01", 10),
        ("0", 0),
        ("0.0005m", 30),
        ("000.0050s", 5),
    ],
)
def test_durations(shipped, text, milliseconds):
    """The page comes after the time, which the receipt repeats."""
    client = shipped.connect()
    start = time.monotonic()
    response = client.ask(f"/sleep/{text}")
    elapsed = time.monotonic() - start
    assert response.status == 200 and response.body == HELLO
    asked, late = receipt(response)
    assert asked == pytest.approx(milliseconds, rel=1e-6)
    assert elapsed * 1000 >= asked
    assert late >= 0


@pytest.mark.parametrize(
    "text",
    """abc -1 +1 1e3 5%20s 1. .5 . 1.5.5 0x10 1/ 5s/ 5s/x 1,5 inf nan 1d ms
    1msx 99999999999999999999 1%00""".split() + [""],
    ids=lambda text: text or "empty",
)
def test_malformed_durations(shipped, text):
    """400 that names the fault, its place, and what would be right."""
    response = shipped.connect().ask(f"/sleep/{text}")
    assert response.status == 400
    assert response.field("Content-Type").startswith("text/plain")
    if "%00" not in text:
        assert re.search(
            rb"delay=.*, column \d+: wants .*, as in ", response.body
        )


@pytest.mark.parametrize("text", ["2m", "60001ms", "61", "60.000001s", "1h"])
def test_durations_over_the_limit(serve, text):
    server = serve("--max-sleep=1m")
    response = server.connect().ask(f"/sleep/{text}")
    assert response.status == 400
    assert re.search(rb"\b1m\b", response.body)


def test_limit_itself_is_allowed(serve):
    client = serve("--max-sleep=20ms").connect()
    assert receipt(client.ask("/sleep/20ms"))[0] == 20
    assert client.ask("/sleep/20.001ms").status == 400


def test_default_limit_is_ten_minutes(serve):
    """The drain's 503 shows that it was asleep, and not refused."""
    server = serve("--drain-timeout=100ms")
    client = server.connect()
    assert client.ask("/sleep/601").status == 400
    client.send(request("/sleep/10m"))
    assert client.is_silent(0.05)
    server.signal(signal.SIGTERM)
    assert client.read_response().status == 503
    client.read_eof()
    server.join(3)


def test_bare_sleep_is_five_seconds_in_nobodys_way(serve):
    """The first try of the README: `/` does not wait behind `/sleep`."""
    server = serve("-w", "1")
    sleeper, other = server.connect(), server.connect()
    start = time.monotonic()
    sleeper.send(request("/sleep"))
    for _ in range(scaled(400)):
        assert other.ask("/").body == HELLO
    assert sleeper.is_silent()
    response = sleeper.read_response()
    assert time.monotonic() - start >= 5
    assert response.body == HELLO
    assert receipt(response)[0] == 5000


def test_query_is_ignored(shipped):
    response = shipped.connect().ask("/sleep/10ms?/20ms")
    assert response.body == HELLO and receipt(response)[0] == 10


def test_answer_is_not_to_be_stored(shipped):
    """Or browsers would serialise what asks for the same."""
    response = shipped.connect().ask("/sleep/0")
    assert response.field("Cache-Control") == "no-store"
    assert response.field("ETag") is None


def test_head_sleeps_too(shipped):
    client = shipped.connect()
    start = time.monotonic()
    response = client.ask("/sleep/30ms", method="HEAD")
    assert time.monotonic() - start >= 0.03
    assert receipt(response)[0] == 30
    assert int(response.field("Content-Length")) == len(HELLO)
    assert client.ask("/").body == HELLO


def test_options_sleeps(shipped):
    """So that the preflights of browsers can be slow."""
    start = time.monotonic()
    response = shipped.connect().ask("/sleep/50ms", method="OPTIONS")
    assert time.monotonic() - start >= 0.05
    assert response.status == 204 and response.body == b""
    assert "POST" in response.field("Allow")
    assert receipt(response)[0] == 50


def test_what_only_starts_like_sleep_is_a_file(serve, root):
    (root / "sleepy").write_bytes(b"zzz")
    client = serve(root=root).connect()
    assert client.ask("/sleepy").body == b"zzz"


def test_half_close_after_the_answer_is_due(shipped):
    client = shipped.connect()
    client.send(request("/sleep/0"))
    client.half_close()
    assert client.read_response().body == HELLO
    client.read_eof()


# When it is answered


def test_never_early(serve):
    """Fifty sleeps at once, with other requests as a long turn among them."""
    server = serve("-w", "1")
    busy = server.connect()
    selector = selectors.DefaultSelector()
    for number in range(50):
        client = server.connect()
        asked = 1000 + 7000 * number % 50000 + 17 * number
        due = time.monotonic() + asked / 1e6
        client.send(request(f"/sleep/{asked}us"))
        selector.register(client.socket, selectors.EVENT_READ, (client, due))
    burst = scaled(400)
    busy.send(burst * request("/"))
    while selector.get_map():
        for key, _ in selector.select():
            now = time.monotonic()
            client, due = key.data
            selector.unregister(client.socket)
            assert now >= due
            assert receipt(client.read_response())[1] >= 0
    for _ in range(burst):
        assert busy.read_response().status == 200


def test_short_sleeps_overtake_long_ones(serve):
    server = serve("-w", "1")
    sleepers = {}
    for text in "60s", "150ms", "20ms":
        sleepers[text] = server.connect()
        sleepers[text].send(request(f"/sleep/{text}"))
    assert sleepers["20ms"].read_response().status == 200
    assert sleepers["150ms"].read_response().status == 200
    assert sleepers["60s"].is_silent()


def test_connection_waits_behind_its_own_sleep(shipped):
    """Pipelined answers come in order, the second sleep after the first."""
    client = shipped.connect()
    start = time.monotonic()
    client.send(request("/sleep/60ms") + request("/") + request("/sleep/40ms"))
    assert receipt(client.read_response())[0] == 60
    assert client.read_response().field("Server-Timing") is None
    assert receipt(client.read_response())[0] == 40
    assert time.monotonic() - start >= 0.1


def test_many_sleep_at_once(serve):
    """One after another they would take longer than a test may."""
    server = serve("-w", "2")
    clients = [server.connect() for _ in range(scaled(400))]
    for client in clients:
        client.send(request("/sleep/200ms"))
    for client in clients:
        assert receipt(client.read_response())[0] == 200


def test_waiting_costs_no_processor(serve):
    """Neither unread input nor a long sleep makes a loop spin."""
    server = serve("-w", "1")
    client = server.connect()
    client.ask("/")
    before = server.cpu_seconds()
    client.send(request("/sleep/700ms"))
    assert client.is_silent(0.05)
    client.send(request("/") + b"GET ")
    assert client.read_response().status == 200
    assert server.cpu_seconds() - before < 0.3


def test_sleep_behind_what_nobody_takes_costs_no_processor(serve, root):
    """Its time comes while the answer before it fills the socket."""
    (root / "file").write_bytes(16000 * b"x")
    server = serve("-w", "1", "--write-timeout=10m", root=root)
    client = server.connect(receive_buffer=4096)
    client.send(2000 * (request("/file") + request("/sleep/1us")))

    def is_calm():
        before = server.cpu_seconds()
        assert server.connect().ask("/sleep/300ms").status == 200
        return server.cpu_seconds() - before < 0.05

    eventually(is_calm, "the loop to wait")


# Whose client leaves


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("way", ["reset", "close"])
def test_client_that_leaves_with_its_request_frees_everything(
    serve, way, accepted
):
    """The request and the end of its client come as one event."""
    server = serve("-w", "1")
    server.connect().ask("/")
    before = server.descriptors()
    client = server.connect()
    if accepted:
        client.ask("/")
    server.freeze()
    client.send(request("/sleep/60s"))
    getattr(client, way)()
    server.thaw()
    assert server.connect().ask("/").status == 200  # it has seen the event
    eventually(lambda: server.descriptors() <= before + 1, "their end")


@pytest.mark.parametrize(
    "behind",
    [b"", request("/"), 60_000 * b"\n"],
    ids=["", "pipelined", "much"],
)
@pytest.mark.parametrize("way", ["reset", "close"])
def test_client_that_leaves_frees_everything(serve, way, behind):
    """At once, long before its minute is over."""
    server = serve("-w", "2")
    server.connect().ask("/")
    before, sockets = server.descriptors(), server.descriptors("socket:")
    clients = [server.connect() for _ in range(20)]
    for client in clients:
        client.send(request("/sleep/60s") + behind)
    eventually(
        lambda: server.descriptors("socket:") == sockets + 20, "their arrival"
    )
    for client in clients:
        getattr(client, way)()
    eventually(lambda: server.descriptors() <= before, "their end")


def test_sleep_counts_from_the_end_of_the_request(serve):
    """A body that comes later than the head does not shorten the sleep."""
    client = serve("-w", "1").connect()
    client.send(request("/sleep/200ms", "Content-Length: 1"))
    assert client.is_silent(0.25)
    start = time.monotonic()
    client.send(b"x")
    assert client.read_response().status == 200
    assert time.monotonic() - start >= 0.2


# Too many


def assert_crowded(client, limit):
    """One more sleeper is refused, at once, on a connection that goes on."""
    response = client.ask("/sleep/60s")
    assert response.status == 503
    assert response.field("Retry-After") == "1"
    assert response.field("Connection") is None
    assert response.field("Server-Timing") is None
    assert b"%d" % limit in response.body
    assert b"--max-sleepers" in response.body
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("workers", [1, 2])
def test_sleepers_over_the_limit_are_refused(serve, workers):
    """The limit is a total, and each that leaves or wakes gives its place."""
    server = serve("-w", workers, "--max-sleepers=4")
    other = server.connect()
    sleepers = [server.connect() for _ in range(4)]
    for client in sleepers:
        client.send(request("/sleep/60s"))
    eventually(lambda: are_asleep(sleepers, other), "the four to sleep")
    for way in "reset", "close":
        assert_crowded(other, 4)
        getattr(sleepers.pop(), way)()
        eventually(lambda: not is_refused(other), "its place")
        sleepers.append(server.connect())
        sleepers[-1].send(request("/sleep/60s"))
        eventually(lambda: are_asleep(sleepers, other), "the new one to sleep")
    sleepers[0].half_close()
    assert sleepers[0].read_response().status == 100
    assert_crowded(other, 4)
    assert all(client.is_silent() for client in sleepers)
    sleepers[0].reset()  # else the stop waits for its time


def is_refused(client):
    return client.ask("/sleep/0").status == 503


def are_asleep(sleepers, other):
    """Who found the place taken by this very question tries again."""
    for client in sleepers:
        if not client.is_silent():
            assert client.read_response().status == 503
            client.send(request("/sleep/60s"))
    return is_refused(other)


def test_place_is_free_when_the_sleep_is_over(serve, root):
    """Though its answer, behind others that nobody takes, is not out."""
    (root / "hello.html").write_bytes(bytes(1 << 20))
    server = serve("-w", "1", "--max-sleepers=1", root=root)
    client = server.connect(receive_buffer=4096)
    client.send(request("/sleep/50ms"))
    client.read_head()
    other = server.connect(receive_buffer=4096)
    other.send(request("/sleep/1ms"))
    assert other.read_head().status == 200


def test_pipelined_sleeps_take_one_place(serve):
    client = serve("-w", "1", "--max-sleepers=1").connect()
    client.send(3 * request("/sleep/10ms"))
    for _ in range(3):
        assert client.read_response().status == 200


def peak(server):
    """Bytes of memory that it had at most."""
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return 1024 * int(re.search(r"^VmHWM:\s*(\d+) kB$", status, re.M)[1])


@pytest.mark.skipif(bool(SANITIZERS), reason="a sanitizer's own memory")
def test_what_is_sent_ahead_stays_in_the_kernel(serve):
    """Of 60 KB behind a sleep, a head's worth; all of it is used afterwards."""
    server = serve("-w", "1")
    ahead = 700 * request("/", "X: " + 40 * "x", method="HEAD")
    sleepers = [server.connect() for _ in range(100)]
    assert sleepers[-1].ask("/").status == 200  # all have come in
    before = peak(server)
    for client in sleepers:
        client.send(request("/sleep/500ms") + ahead)
    for client in sleepers:
        assert client.read_response().status == 200
        for _ in range(700):
            assert client.read_response("HEAD").status == 200
    # half of what was sent ahead: 8 KB of it, and answers that we do not read at once
    assert peak(server) - before < 100 * 30_000


def memory(server):
    """Its pages that are in memory, in bytes."""
    statm = pathlib.Path(f"/proc/{server.pid}/statm").read_text()
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(bool(SANITIZERS), reason="a sanitizer's own memory")
def test_sleepers_that_leave_take_no_memory_along(serve):
    """Ten thousand of them, one hundred at a time."""
    server = serve("-w", "1")
    sockets = server.descriptors("socket:")
    sizes = []
    for _ in range(100):
        clients = [server.connect() for _ in range(100)]
        for client in clients:
            client.send(request("/sleep/60s"))
        for client in clients:
            client.reset()
        eventually(
            lambda: server.descriptors("socket:") == sockets, "their end"
        )
        sizes.append(memory(server))
    assert sizes[-1] - sizes[9] < 90 * 100 * 100
