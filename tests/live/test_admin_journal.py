"""/requests: the last ones, newest first, as the log has them."""

import concurrent.futures
import contextlib
import json
import os
import re
import socket
import time

import pytest
from admin_side import Admin
from server import eventually, scaled
from waiting import MODELS, asleep
from wire import Client, head, request

HELLO = ["GET", "/", 200]


@pytest.fixture
def start(start, root):
    (root / "a").write_bytes(b"x")
    return start


def ask(server, *targets):
    """One after the other; each has ended for the server, too."""
    with server.connect() as client:
        for target in targets:
            client.ask(target)


def targets(lines):
    return [line.get("target") for line in lines]


def await_lines(admin, count, query="?limit=100000"):
    eventually(
        lambda: len(admin.lines(query)) >= count,
        lambda: f"{count} lines: {admin.lines(query)}",
    )
    return admin.lines(query)


def test_none(start):
    """Without --journal, it is said how to have it."""
    for options in ([], ["--journal=0"]):
        _, admin = start(*options)
        for method in ("GET", "DELETE"):
            answer = admin.ask("/requests", method=method)
            assert answer.status == 404
            assert b"--journal" in answer.body


def test_last_ones(start):
    """As many as there are, newest first."""
    server, admin = start("--journal=5", "-w", "1")
    assert admin.lines() == []
    ask(server, "/0", "/1", "/2")
    assert targets(await_lines(admin, 3)) == ["/2", "/1", "/0"]
    ask(server, *[f"/{i}" for i in range(3, 20)])
    eventually(lambda: targets(admin.lines())[0] == "/19", "the last one")
    assert targets(admin.lines()) == ["/19", "/18", "/17", "/16", "/15"]
    admin.ask("/metrics")  # who looks is not among them
    assert len(admin.lines()) == 5


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512, 1000])
def test_sizes(start, size):
    """Around what is told at a time."""
    server, admin = start(f"--journal={size}", "-w", "1")
    with server.connect() as client:
        client.send(b"".join(request(f"/{i}") for i in range(600)))
        for _ in range(600):
            client.read_response()
    kept = min(size, 600)
    eventually(lambda: targets(admin.lines("?limit=1")) == ["/599"], "the end")
    lines = admin.lines("?limit=100000")
    assert targets(lines) == [f"/{599 - i}" for i in range(kept)]


@pytest.mark.parametrize("query, found", [
    ("", "/sleep/1ms?b /a?x=1 /a/b/c /a/b /nothing /a"),
    ("?path=/a", "/a?x=1 /a"),
    ("?path=/a/*", "/a/b"),
    ("?path=/a/**", "/a/b/c /a/b"),
    ("?path=/**", "/sleep/1ms?b /a?x=1 /a/b/c /a/b /nothing /a"),
    ("?path=/b", ""),
    ("?status=404", "/a/b/c /a/b /nothing"),
    ("?status=500", ""),
    ("?limit=2", "/sleep/1ms?b /a?x=1"),
    ("?limit=1&path=/a/**&status=404", "/a/b/c"),
    ("?status=200&path=/a", "/a?x=1 /a"),
    ("?since=0", "/sleep/1ms?b /a?x=1 /a/b/c /a/b /nothing /a"),
    ("?since=2000-02-29T12:00:00Z&limit=1", "/sleep/1ms?b"),
    ("?since=2199-01-01T00:00:00Z", ""),
    ("?since=7200000000", ""),
])  # fmt: skip
def test_filters(filled, query, found):
    assert targets(filled.lines(query)) == found.split()


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    from server import Server

    root = tmp_path_factory.mktemp("root")
    (root / "a").write_bytes(b"x")
    server = Server("--admin=0", "--journal=100", "-w", "1", root=root)
    asked = "/a /nothing /a/b /a/b/c /a?x=1 /sleep/1ms?b".split()
    ask(server, *asked)
    admin = Admin(server)
    await_lines(admin, len(asked))
    yield admin
    server.finish()


def test_since(start):
    """A time of a line, and what came then or later."""
    server, admin = start("--journal=10", "-w", "1")
    for target in ("/0", "/1", "/2"):
        ask(server, target)
        time.sleep(0.01)
    lines = await_lines(admin, 3)
    since = lines[1]["time"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", since)
    assert targets(admin.lines(f"?since={since}")) == ["/2", "/1"]
    second = [each for each in lines if each["time"] >= since[:19]]
    assert admin.lines(f"?since={since[:19]}Z") == second
    assert admin.lines(f"?since={time.time() + 60:.3f}") == []


@pytest.mark.parametrize("query, name", [
    ("status=x", "status"), ("status=99", "status"), ("status=1000", "status"),
    ("status=", "status"), ("limit=0", "limit"), ("limit=100001", "limit"),
    ("limit=-1", "limit"), ("limit=x", "limit"), ("path=a", "path"),
    ("path=", "path"), ("path=/a//b", "path"), ("since=x", "since"),
    ("since=", "since"), ("since=2026-11-28", "since"), ("since=-1", "since"),
    ("since=2026-11-28T19:00:00", "since"), ("since=nan", "since"),
    ("since=9900000000", "since"), ("since=9999-01-01T00:00:00Z", "since"),
    ("since=2026-02-30T00:00:00Z", "since"),
    ("since=2026-13-01T00:00:00Z", "since"),
    ("since=inf", "since"), ("since=2026-11-28T19:00:00Zx", "since"),
    ("since=" + 200 * "1", "since"), ("other=x", "other"),
    ("stauts=503", "stauts"), ("status", "status"),
    ("path=/a&path=/b", "path"), ("since=2026-11-28T19:00:00.1e300Z", "since"),
    ("since=%202026-%2011-28T19:00:00Z", "since"), ("since=0%00", "since"),
])  # fmt: skip
def test_faulty_query(filled, query, name):
    answer = filled.ask(f"/requests?{query}")
    assert answer.status == 400, query
    assert name in answer.body.decode()


def test_delete(start):
    """What was; not what is to come, or still to end."""
    server, admin = start("--journal=10", "-w", "1")
    sleeper = asleep(server, "/sleep/5m")
    ask(server, "/0", "/1")
    await_lines(admin, 2)
    answer = admin.ask("/requests", method="DELETE")
    assert answer.status == 204 and answer.body == b""
    assert admin.lines() == []
    assert admin.ask("/requests", method="DELETE").status == 204
    ask(server, "/2")
    sleeper.reset()
    assert targets(await_lines(admin, 2)) == ["/sleep/5m", "/2"]
    # it is found by the status that the line has
    assert targets(admin.lines("?status=499")) == ["/sleep/5m"]


@pytest.mark.parametrize("model", MODELS)
def test_same_as_the_log(start, tmp_path, model):
    """--log=json has the same lines, byte by byte."""
    path = tmp_path / "log"
    server, admin = start(f"--model={model}", "--journal=100", "--log=json",
                          f"--log-file={path}")  # fmt: skip
    asked = ["/", "/nothing", "/sleep/1ms?status=503&seed=1",
             "/sleep/2ms?fault=truncate&size=10", "/a?%22"]  # fmt: skip
    for target in asked:
        with server.connect() as client:
            client.send(
                request(
                    target,
                    'User-Agent: "\xff\\',
                    "Referer: x",
                    "Connection: close",
                )
            )
            client.read_to_end()
    with server.connect() as client:
        client.send(b"no request\r\n\r\n")
        client.read_to_end()
    lines = await_lines(admin, len(asked) + 1)
    eventually(lambda: path.read_bytes().count(b"\n") == len(lines), "the log")
    told = admin.ask("/requests").body.splitlines()
    assert sorted(told) == sorted(path.read_bytes().splitlines())
    by_time = sorted(lines, key=lambda line: line["time"], reverse=True)
    assert [line["status"] for line in by_time][0] == 400


def test_combined_log_beside_it(start, tmp_path):
    path = tmp_path / "log"
    server, admin = start("--journal=10", "--log=combined",
                          f"--log-file={path}")  # fmt: skip
    ask(server, "/")
    line = await_lines(admin, 1)[0]
    assert [line[name] for name in ("method", "target", "status")] == HELLO
    assert line["bytes"] == len(b"<p>hello</p>\n")
    eventually(lambda: b'"GET / HTTP/1.1" 200' in path.read_bytes(), "it")


def test_what_was_done_on_purpose(start):
    """So a test may assert what its client did: how often it tried again."""
    server, admin = start("--journal=100", "-w", "2",
                          "--rule=/api/* fail=2 key=one")  # fmt: skip
    for _ in range(3):
        ask(server, "/api/x")
    lines = await_lines(admin, 3, "?path=/api/*")
    assert [line["status"] for line in lines] == [404, 503, 503]
    assert [line["did"]["n"] for line in lines] == [3, 2, 1]
    failed = admin.lines("?path=/api/*&status=503")
    assert [line["did"]["fail"] for line in failed] == [True, True]


@pytest.mark.parametrize("clients", [16])
def test_none_is_lost_or_doubled(start, clients):
    """Under load, of all workers."""
    each = scaled(400) // 8 * 8
    server, admin = start(f"--journal={clients * each}", "-w", "4")

    def load(number):
        with Client(server.address) as client:
            for i in range(0, each, 8):
                client.send(b"".join(
                    request(f"/{number}-{i + j}") for j in range(8)
                ))  # fmt: skip
                for _ in range(8):
                    client.read_response()

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(load, number) for number in range(clients)]
        while not all(future.done() for future in futures):
            for line in admin.lines("?limit=300"):  # each whole meanwhile
                assert line["status"] == 404
        for future in futures:
            future.result()
    lines = await_lines(admin, clients * each)
    seen = [tuple(map(int, line["target"][1:].split("-"))) for line in lines]
    assert len(set(seen)) == len(seen) == clients * each
    workers = {line["worker"] for line in lines}
    assert len(workers) > 1
    for number in range(clients):
        own = [i for who, i in seen if who == number]
        assert own == sorted(own, reverse=True)


def test_long_lines(start):
    """Of targets as long as any, whatever is in them."""
    server, admin = start("--journal=1000", "-w", "1")
    target = "/" + 2500 * "%22"
    with server.connect() as client:
        for _ in range(100):
            client.ask(target, "User-Agent: " + 200 * '"')
    lines = await_lines(admin, 100)
    assert len(lines) == 100
    assert {line["target"] for line in lines} == {target[:4096]}
    assert {line["user_agent"] for line in lines} == {200 * '"'}


def test_most_that_is_told(start):
    """1000 lines, unless more are asked for."""
    server, admin = start("--journal=2000", "-w", "1")
    with server.connect() as client:
        for _ in range(15):
            client.send(100 * request("/"))
            for _ in range(100):
                client.read_response()
    assert len(await_lines(admin, 1500)) == 1500
    assert len(admin.lines()) == 1000
    assert json.loads(admin.ask("/requests?limit=1").body)["target"] == "/"


@pytest.mark.parametrize("model", MODELS)
def test_fields(start, tmp_path, model):
    """Those that are named, as they came; in the journal alone."""
    path = tmp_path / "log"
    server, admin = start(f"--model={model}", "--journal=10", "--log=json",
                          "--journal-headers=authorization,X-Id,host",
                          f"--log-file={path}")  # fmt: skip
    for target in ("/", "/sleep/1ms"):
        with server.connect() as client:
            client.ask(target, "X-Id: 7", "Accept: */*", "x-id: \xe9",
                       "AUTHORIZATION: Basic eDp5")  # fmt: skip
    fields = [["Host", "localhost"], ["X-Id", "7"], ["x-id", "\xe9"],
              ["AUTHORIZATION", "Basic eDp5"]]  # fmt: skip
    for line in await_lines(admin, 2):
        assert line["fields"] == fields
        assert "fields_left_out" not in line
    eventually(lambda: path.read_bytes().count(b"\n") == 2, "the log")
    assert b"Basic" not in path.read_bytes()


def test_all_fields(start):
    """Each whole, or counted."""
    server, admin = start("--journal=10", "--journal-headers=*")
    large = [f"X-{i}: {1000 * str(i % 10)}" for i in range(30)]
    with server.connect() as client:
        client.ask("/a", "Accept: */*")
        assert client.ask("/b", *large).status == 404
        client.send(b"GET /c HTTP/1.1\r\nHost: a\r\nb b: c\r\n\r\n")
        client.read_to_end()
    refused, many, few = await_lines(admin, 3)
    assert few["fields"] == [["Host", "localhost"], ["Accept", "*/*"]]
    assert 30 - 16 <= many["fields_left_out"] <= 30 - 15
    assert many["fields"] == [["Host", "localhost"]] + [
        line.split(": ") for line in large[: -many["fields_left_out"]]
    ]
    assert refused["status"] == 400 and "fields" not in refused


def test_long_name(filled):
    """It is cut, where it is said what is wrong with it."""
    answer = filled.ask(f"/requests?{4000 * 'x'}=1")
    assert answer.status == 400 and len(answer.body) < 200
    assert 50 * b"x" in answer.body


def test_delete_of_some(filled):
    """There is no such thing: so it is none of all, either."""
    count = len(filled.lines())
    answer = filled.ask("/requests?path=/a", method="DELETE")
    assert answer.status == 400 and b"DELETE forgets all" in answer.body
    assert len(filled.lines()) == count


def test_absolute_targets(start):
    """Which proxies are sent: found by their paths, as by rules."""
    server, admin = start("--journal=10", "-w", "1", "--rule=/a status=503")
    ask(server, "http://h/a", "http://h:80/%61?x", "http://h", "/a")
    lines = await_lines(admin, 4)
    found = admin.lines("?path=/a")
    assert targets(found) == ["/a", "http://h:80/%61?x", "http://h/a"]
    assert [line["status"] for line in found] == [503, 503, 503]
    assert targets(admin.lines("?path=/")) == ["http://h"]
    assert len(lines) == 4


# ---- answers that come by and by ----

LONG = "/" + 3000 * "x"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A server whose journal has some MB; it is never asked for more."""
    from server import Server

    root = tmp_path_factory.mktemp("root")
    server = Server("--admin=0", "--journal=4000", "-w", "1", root=root)
    fill(server, 4000)
    admin = Admin(server)
    await_lines(admin, 4000)
    yield server, admin
    server.finish()


def fill(server, count, target=LONG):
    with server.connect() as client:
        for _ in range(count // 50):
            client.send(50 * request(target))
            for _ in range(50):
                client.read_response()


def test_half_closed(large):
    """Who has said all that it wants, by a FIN, gets all, and the end."""
    _, admin = large
    for query in ("?limit=4000", "?limit=4000&status=200", "?path=/*&limit=9"):
        with admin.connect() as client:
            client.send(request(f"/requests{query}", "Connection: close"))
            client.socket.shutdown(socket.SHUT_WR)
            body = client.read_response().body
        assert body == admin.ask(f"/requests{query}").body


def test_old_client(large):
    """HTTP/1.0 knows no chunks: the end is the connection's."""
    _, admin = large
    with admin.connect() as client:
        client.send(head("GET /requests?limit=4000 HTTP/1.0"))
        answer = client.read_head()
        assert answer.field("Transfer-Encoding") is None
        assert answer.field("Content-Length") is None
        body, end = client.read_to_end()
    assert end == "FIN"
    assert body == admin.ask("/requests?limit=4000").body
    assert body.count(b"\n") == 4000


def test_one_after_the_other(large):
    """The connection goes on behind the last chunk."""
    _, admin = large
    with admin.connect() as client:
        client.send(
            request("/requests?limit=4000")
            + request("/requests?limit=1", method="HEAD")
            + request("/requests?status=200")
            + request("/readyz")
        )
        assert client.read_response().body.count(b"\n") == 4000
        answer = client.read_response("HEAD")
        assert answer.field("Transfer-Encoding") == "chunked"
        assert client.read_response().body == b""
        assert client.read_response().body == b"ok\n"


def test_reader_that_does_not_read(large):
    """It holds a page, and not its answer; and nobody up."""
    server, admin = large
    whole = len(admin.ask("/requests?limit=4000").body)
    with contextlib.ExitStack() as stack:
        before = resident(server)
        for _ in range(20):
            reader = stack.enter_context(admin.connect(receive_buffer=4096))
            reader.send(request("/requests?limit=4000"))
            assert reader.read_head().status == 200
        assert admin.ask("/readyz").status == 200
        assert len(admin.lines("?limit=4000")) == 4000
        assert resident(server) - before < 20 * whole / 10


def resident(server):
    """Bytes of memory."""
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_overwritten_meanwhile(start):
    """Whom a reader has not come to yet is left out; nobody comes twice."""
    server, admin = start("--journal=2000", "-w", "1")
    for i in range(40):
        fill(server, 50, f"{LONG}/{i}")
    await_lines(admin, 2000)
    with admin.connect(receive_buffer=4096) as reader:
        reader.send(request("/requests?limit=2000"))
        assert reader.read_head().status == 200
        for _ in range(40):
            fill(server, 50, "/new")
        eventually(
            lambda: len(admin.lines("?limit=2000&path=/new")) == 2000,
            "the last new one",
        )
        lines = reader._read_chunks().splitlines()
    numbers = [
        int(json.loads(line)["target"].rpartition("/")[2]) for line in lines
    ]
    assert numbers == sorted(numbers, reverse=True)
    assert 0 < len(numbers) < 2000 and numbers[0] == 39


def test_memory_that_is_taken(start):
    """As a metric: at least that of the lines, and not much more."""
    server, admin = start("--journal=50", "-w", "1")
    name = "mtasync_journal_bytes"
    assert admin.metrics().all(name) == [0]
    fill(server, 50, "/" + 100 * "x")
    await_lines(admin, 50)
    lines = len(admin.ask("/requests").body)
    taken = admin.metrics().all(name)[0]
    assert lines < taken < lines + 50 * 200
    fill(server, 50, "/x")
    eventually(lambda: admin.metrics().all(name)[0] < taken - 50 * 100, "less")
