"""The paths of httpbin, with --httpbin, as go-httpbin's users know them."""

import contextlib
import json
import re
import time

import pytest
from secured import TLS
from server import HTDOCS, Server, assert_refused, run
from wire import parts_of, request

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
SCHEME = "https" if TLS else "http"

# What has a content, which is the same each time; by its type.
PATHS = {
    "/get": JSON,
    "/anything/of/any?kind=1": JSON,
    "/headers": JSON,
    "/ip": JSON,
    "/user-agent": JSON,
    "/hostname": JSON,
    "/json": JSON,
    "/delay/0": JSON,
    "/cache/60": JSON,
    "/etag/x": JSON,
    "/response-headers?A=b": JSON,
    "/cookies": JSON,
    "/range/1000": TEXT,
    "/drip?duration=0&delay=0": TEXT,
    "/status/418": TEXT,
    "/deny": TEXT,
    "/robots.txt": TEXT,
    "/base64/aGVsbG8=": TEXT,
    "/html": "text/html; charset=utf-8",
    "/encoding/utf8": "text/html; charset=utf-8",
    "/xml": "application/xml",
    "/bytes/100?seed=1": "application/octet-stream",
}


@pytest.fixture(scope="module")
def httpbin():
    server = Server("--httpbin", "-w", "1")
    yield server
    server.finish()


@pytest.fixture
def client(httpbin):
    with httpbin.connect() as client:
        yield client
        assert client.ask("/").body == (HTDOCS / "hello.html").read_bytes()


def without_receipts(response):
    return [
        field
        for field in response.fields
        if field[0] not in ("date", "mtasync", "server-timing")
    ]


@pytest.mark.parametrize("path", PATHS)
def test_content_and_head(client, path):
    response = client.ask(path)
    assert response.field("Content-Type") == PATHS[path]
    assert response.field("Access-Control-Allow-Origin") == "*"
    assert response.field("Access-Control-Allow-Credentials") == "true"
    assert int(response.field("Content-Length")) == len(response.body) > 0
    if "json" in PATHS[path]:
        json.loads(response.body)
    if not path.startswith(("/anything", "/delay")):  # no body is told of
        head = client.ask(path, method="HEAD")
        assert head.status == response.status
        fields = without_receipts(response)
        if path in ("/get", "/etag/x", "/cache/60"):  # tell of the method
            fields = [f for f in fields if f[0] != "content-length"]
        assert set(fields) <= set(without_receipts(head))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_what_came(client, method):
    response = client.ask(
        "/anything/x?a=1&b=%26&a=2",
        "X-some-THING: y",
        "Content-Length: 4",
        "Content-Type: text/plain",
        method=method,
        body=b"body",
    )
    assert json.loads(response.body) == {
        "args": {"a": ["1", "2"], "b": ["&"]},
        "headers": {
            "Content-Length": ["4"],
            "Content-Type": ["text/plain"],
            "Host": ["localhost"],
            "X-Some-Thing": ["y"],
        },
        "method": method,
        "origin": "127.0.0.1",
        "url": f"{SCHEME}://localhost/anything/x?a=1&b=%26&a=2",
        "data": "body",
        "files": {},
        "form": {},
        "json": None,
    }


@pytest.mark.parametrize(
    "path,data",
    [
        ("/post", "x=1"),
        ("/delay/0.1", "x=1"),
        ("/trailers", "x=1"),
    ],
)
def test_a_chunked_form(client, path, data):
    chunks = b"1\r\nx\r\n2\r\n=1\r\n0\r\n\r\n"
    response = client.ask(
        path,
        "Transfer-Encoding: chunked",
        "Content-Type: application/x-www-form-urlencoded",
        method="POST",
        body=chunks,
    )
    told = json.loads(response.body)
    assert told["data"] == data
    assert told["form"] == {"x": ["1"]}


def test_a_body_too_large_to_be_told_of(client):
    body = b"x" * 100_000
    response = client.ask(
        "/post",
        f"Content-Length: {len(body)}",
        "Content-Type: application/x-www-form-urlencoded",
        method="POST",
        body=body,
    )
    told = json.loads(response.body)
    assert told["data"] is None
    assert told["form"] == {}


# Paces


@pytest.mark.parametrize(
    "path,seconds",
    [
        ("/delay/0.3", 0.3),
        ("/delay/300ms", 0.3),
        ("/drip?duration=0.3&delay=0&numbytes=3", 0.3),
        ("/drip?duration=0.2&delay=100ms&code=404", 0.3),
        ("/jsonl?duration=0.3&count=3", 0.3),
        ("/sse?duration=0.2&delay=0.1&count=3", 0.3),
        ("/range/100?duration=0.3", 0.3),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_never_early(httpbin, path, seconds, method):
    with httpbin.connect() as client:
        began = time.monotonic()
        client.send(request(path, "Connection: close", method=method))
        answer = client.read_all()
        assert time.monotonic() - began >= seconds
        assert answer.startswith(b"HTTP/1.1 ")


def test_a_part_takes_a_part_of_the_time(httpbin):
    with httpbin.connect() as client:
        began = time.monotonic()
        response = client.ask("/range/100?duration=2", "Range: bytes=10-34")
        assert response.body == b"klmnopqrstuvwxyzabcdefghi"
        assert 0.5 <= time.monotonic() - began < 1.9


def test_drip_by_and_by(httpbin):
    with httpbin.connect() as client:
        client.send(request("/drip?duration=1&delay=0&numbytes=3"))
        head = client.read_head()
        assert head.field("Content-Length") == "3"
        assert client.read_some() == b"*"  # the rest takes its time
        assert client.read(2) == b"**"


def test_the_wait_ends_with_its_client(httpbin):
    with httpbin.connect() as client:
        client.send(request("/delay/60"))
        httpbin.await_sleep()
    httpbin.await_rest()


# Streams


def test_events(client):
    client.send(request("/sse?count=3&duration=50ms"))
    head = client.read_head()
    assert head.field("Content-Type") == "text/event-stream; charset=utf-8"
    assert head.field("Trailer") == "Server-Timing"
    body, trailers = read_trailers(client)
    events = body.decode().split("\n\n")
    assert events.pop() == ""
    for n, event in enumerate(events):
        match = re.fullmatch(r"event: ping\ndata: (\{.*\})", event)
        data = json.loads(match[1])
        assert data["id"] == n
        assert abs(data["timestamp"] / 1000 - time.time()) < 60
    assert len(events) == 3
    assert trailers == [
        'Server-Timing: total_duration;dur=50.00;desc="total request '
        'duration", initial_delay;dur=0.00;desc="initial delay", '
        'write_duration;dur=50.00;desc="duration of writes after initial '
        'delay", pause_per_write;dur=25.00;desc="computed pause between '
        'writes"'
    ]


def read_trailers(client):
    body = b""
    while size := int(client.read_until(b"\r\n"), 16):
        body += client.read(size)
        assert client.read(2) == b"\r\n"
    lines = []
    while line := client.read_until(b"\r\n")[:-2]:
        lines.append(line.decode())
    return body, lines


def test_trailers(client):
    client.send(request("/trailers?Test-1=v1&test-2=v2"))
    head = client.read_head()
    named = [value for name, value in head.fields if name == "trailer"]
    assert named == ["Test-1", "test-2"]
    body, trailers = read_trailers(client)
    assert json.loads(body)["args"] == {"Test-1": ["v1"], "test-2": ["v2"]}
    assert trailers == ["Test-1: v1", "test-2: v2"]


@pytest.mark.parametrize(
    "path,count",
    [("/stream/20", 20), ("/stream/1000", 100), ("/jsonl?count=7", 7)],
)
def test_lines(client, path, count):
    response = client.ask(path, "X-A: 1")
    assert response.field("Transfer-Encoding") == "chunked"
    lines = response.body.decode().splitlines()
    assert len(lines) == count
    for n, line in enumerate(lines):
        told = json.loads(line)
        assert told["id"] == n
        assert told["headers"] == {"Host": ["localhost"], "X-A": ["1"]}
        assert told["url"] == f"{SCHEME}://localhost{path}"


def test_lines_up_to_the_largest_size(serve):
    server = serve("--httpbin", "--max-size=2k")
    response = server.connect().ask("/jsonl?count=1000")
    assert response.status == 200
    lines = response.body.decode().splitlines()
    assert len(lines) > 10
    assert len(response.body) <= 2048
    assert [json.loads(line)["id"] for line in lines] == [*range(len(lines))]
    assert server.connect().ask("/bytes/2049").status == 400


# Ranges


def test_ranges(client):
    response = client.ask("/range/100", "Range: bytes=10-24, 50-64")
    assert response.field("ETag") == "range100"
    assert parts_of(response) == [
        (10, 24, 100, TEXT, b"klmnopqrstuvwxy"),
        (50, 64, 100, TEXT, b"yzabcdefghijklm"),
    ]


def test_a_large_range(client):
    size = 5_000_000
    response = client.ask(f"/range/{size}", "Range: bytes=27-")
    assert response.status == 206
    assert len(response.body) == size - 27
    assert response.body.startswith(b"bcdef")


# With what the operator wants


def test_retry(httpbin):
    """Those that fail wait at the same time, and delay no other."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(httpbin.connect()) for _ in range(4)]
        for attempt in range(3):
            start = time.monotonic()
            for number, each in enumerate(clients):
                each.send(
                    request(
                        f"/retry/x?uuid=client-{number}&succeedAfter=2"
                        "&responseCode=502&delayRetry=250ms"
                    )
                )
            statuses = [each.read_response().status for each in clients]
            took = time.monotonic() - start
            assert statuses == 4 * [502 if attempt < 2 else 200]
            if attempt < 2:
                assert took >= 0.25  # never early; nor one by one:
                assert took < 0.75


def test_retry_by_resets(httpbin):
    target = "/retry/?uuid=reset&succeedAfter=1"
    with httpbin.connect() as client:
        client.send(request(target))
        with pytest.raises(ConnectionResetError):
            client.read_response()
    with httpbin.connect() as client:
        assert client.ask(target).status == 200


def test_rules_hold(serve):
    server = serve(
        "--httpbin",
        "--rule=/get delay=100ms header=X-Rule:1",
        "--rule=/status/* status=503",
        "--rule=/ip status=503",
        "--rule=/redirect/* status=429",
    )
    with server.connect() as client:
        response = client.ask("/get")
        assert response.field("X-Rule") == "1"
        assert response.field("Access-Control-Allow-Origin") == "*"
        assert response.field("Mtasync") == "delay=100"
        assert client.ask("/status/404").status == 404  # its own word
        response = client.ask("/ip")
        assert (response.status, response.body[:3]) == (503, b"503")
        response = client.ask("/redirect/3")
        assert response.status == 429
        assert response.field("Location") is None


def test_sleepers_are_counted(serve):
    server = serve("--httpbin", "--max-sleepers=1", "-w1")
    with server.connect() as first, server.connect() as second:
        first.send(request("/delay/60"))
        server.await_sleep()
        assert second.ask("/delay/60").status == 503


@pytest.mark.parametrize("model", ["serial", "thread", "pool", "fork_join"])
def test_models(serve, model):
    server = serve("--httpbin", f"--model={model}")
    with server.connect() as client:
        response = client.ask(
            "/post", "Content-Length: 2", method="POST", body=b"hi"
        )
        assert json.loads(response.body)["data"].endswith("aGk=")
    with server.connect() as client:
        client.send(request("/trailers?a=1", "Connection: close"))
        client.read_head()
        assert read_trailers(client)[1] == ["a: 1"]


def test_hosts(serve):
    server = serve("--httpbin=example.org,127.0.0.1")
    with server.connect() as client:
        response = client.ask("/redirect-to?url=http://example.org/x")
        assert response.field("Location") == "http://example.org/x"
        assert client.ask("/redirect-to?url=http://e.com/").status == 403


def test_only_where_it_is_wanted(shipped):
    with shipped.connect() as client:
        for path in ("/get", "/delay/0", "/status/200"):
            assert client.ask(path).status == 404


@pytest.mark.parametrize(
    "options",
    [("--httpbin", "--no-sleep"), ("--no-sleep", "--httpbin")],
)
def test_not_with_files_alone(options):
    assert_refused(run(*options), 2, "--httpbin", "--no-sleep")
