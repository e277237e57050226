"""/echo: what came, as JSON; in all models, and under the operator's rules."""

import base64
import hashlib
import json
import os
import random
import re
import time

import pytest
from server import SANITIZERS, Server
from waiting import MODELS, ask, begin  # noqa: F401
from wire import assert_refuses, request
from worded import did, letters

MIB = 1 << 20
ONE = "Connection: close"  # blocking models serve one request, and close
MEMBERS = (
    "method target path query version fields peer worker connection request"
    " time body"
).split()
CHUNKED = "Transfer-Encoding: chunked"
ON_PURPOSE = b"503 Service Unavailable: on purpose\n"


@pytest.fixture(scope="module")
def lone():
    """A server with one worker."""
    server = Server("-w", "1")
    yield server
    server.finish()


def told(response):
    """The members of a document, strictly read."""
    assert response.status == 200
    return members(response)


def members(response):
    assert response.field("Content-Type") == "application/json"
    assert response.field("Cache-Control") == "no-store"
    assert re.fullmatch(rb"[\n -~]*", response.body)
    pairs = json.loads(response.body, object_pairs_hook=list)
    assert [name for name, _ in pairs] == MEMBERS
    document = dict(pairs)
    names = [name for name, _ in document["body"]]
    assert names[:2] == ["size", "sha256"] and len(names) <= 3
    document["body"] = dict(document["body"])
    return document


def content(document):
    """The body that a document tells of; or None, where it is not kept."""
    body = document["body"]
    if "text" in body:
        data = body["text"].encode()
    elif "base64" in body:
        data = base64.b64decode(body["base64"], validate=True)
        with pytest.raises(UnicodeDecodeError):
            data.decode()
    else:
        return None
    assert len(data) == body["size"]
    assert hashlib.sha256(data).hexdigest() == body["sha256"]
    return data


def chunks(*parts):
    data = b"".join(b"%x;a=b\r\n%s\r\n" % (len(p), p) for p in parts)
    return data + b"0\r\nTrailer: x\r\n\r\n"


# What came


@pytest.mark.parametrize("model", MODELS)
def test_models(begin, model):  # noqa: F811
    server = begin(model)
    body = bytes(range(256)) * 200
    length = f"Content-Length: {len(body)}"
    for number, (method, fields, data, echoed) in enumerate(
        [
            ("GET", [], b"", b""),
            ("POST", [length], body, body),
            ("PUT", [CHUNKED], chunks(b"a", b"bc\r\n", body), None),
            ("OPTIONS", [], b"", b""),
            ("BREW", ["Content-Length: 2"], "é".encode(), "é".encode()),
        ],
        1,
    ):
        response = ask(
            server, "/echo/%c3%a9?a=b", ONE, *fields, method=method, body=data
        )
        document = told(response)
        assert document["method"] == method
        assert document["target"] == "/echo/%c3%a9?a=b"
        assert document["path"] == "/echo/é" and document["query"] == "a=b"
        assert document["version"] == "HTTP/1.1"
        assert document["peer"] == "127.0.0.1"
        assert document["request"] == 1
        if model != "mtasync":
            assert document["connection"] == number
            assert document["worker"] == 0
        sent = [field.split(": ") for field in [ONE, *fields]]
        assert document["fields"][1:] == sent
        if echoed is None:
            echoed = b"abc\r\n" + body
        assert content(document) == echoed


@pytest.mark.parametrize("model", MODELS)
def test_head_and_expect_and_old_version(begin, model):  # noqa: F811
    server = begin(model)
    whole = ask(server, "/echo", ONE, method="HEAD")
    assert int(whole.field("Content-Length")) > 300
    assert whole.field("Content-Type") == "application/json"
    with server.connect() as client:
        fields = "Expect: 100-continue", "Content-Length: 3", ONE
        client.send(request("/echo", *fields, method="POST"))
        assert client.read_response().status == 100
        client.send(b"a")
        client.send(b"bc")
        assert content(told(client.read_response())) == b"abc"
    old = told(ask(server, "/echo", version="1.0"))
    assert old["version"] == "HTTP/1.0" and len(old["fields"]) == 1


def test_head_has_the_length_of_a_get(lone):
    """But for the method's own."""
    client = lone.connect()
    first = client.ask("/echo", method="GET")
    second = client.ask("/echo", method="HEAD")
    assert int(second.field("Content-Length")) == len(first.body) + 1
    assert client.ask("/echo").status == 200


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_stay_refused(lone, method):
    client = lone.connect()
    target = "a:1" if method == "CONNECT" else "/echo"
    response = client.ask(target, method=method)
    assert response.status == 405
    assert response.field("Content-Type").startswith("text/plain")


@pytest.mark.parametrize(
    "target, path, query",
    [
        ("/echo", "/echo", None),
        ("/echo?", "/echo", ""),
        ("/echo/?help", "/echo/", "help"),
        ("/echo?delay=5m&status=503", "/echo", "delay=5m&status=503"),
        ("/echo/any/thing?x=y", "/echo/any/thing", "x=y"),
        ("http://a/echo?x", "/echo", "x"),
        ("//echo/./a//b/%2e%2e?%zz", "/echo/a/", "%zz"),
        ("/%65cho/%22%5c%0a", '/echo/"\\\n', None),
        ("/echo/%ff", "/echo/ÿ", None),
    ],
)
def test_targets(lone, target, path, query):
    document = told(lone.connect().ask(target))
    assert document["target"] == target
    assert document["path"] == path and document["query"] == query


def test_neighbours_are_paths_like_others(lone):
    client = lone.connect()
    for target in "/echos", "/ech", "/Echo", "/echo%3f", "/a/echo":
        assert client.ask(target).status == 404, target


def test_time(lone):
    before = time.time()
    text = told(lone.connect().ask("/echo"))["time"]
    after = time.time()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)
    whole = time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    seconds = time.mktime(whole) - time.timezone + float(text[19:26])
    assert before - 1e-5 <= seconds <= after + 1e-5


def test_whatever_comes_is_told(lone):
    """Drawn octets, which are read back to the same."""
    chance = random.Random(13)
    client = lone.connect()
    octets = [*range(0x21, 0x7F), *range(0x80, 0x100)]
    token = "!#$%&'*+-.^_`|~09azAZ"
    for _ in range(200):
        fields = []
        for _ in range(chance.randrange(20)):
            size = chance.randrange(50)
            value = bytes(chance.choices([*octets, 9, 32], k=size))
            name = "x-" + "".join(chance.choices(token, k=chance.randrange(9)))
            fields.append([name, value.decode("latin-1").strip(" \t")])
        body = chance.choice(
            [
                chance.randbytes(chance.randrange(300)),
                "".join(chance.choices("aé€😀\0\n", k=90)).encode(),
            ]
        )
        lines = [f"Content-Length: {len(body)}"]
        lines += [": ".join(field) for field in fields]
        head = "\r\n".join(["POST /echo HTTP/1.1", "Host: a", *lines, "", ""])
        client.send(head.encode("latin-1") + body)
        document = told(client.read_response())
        assert document["fields"][2:] == fields
        assert content(document) == body


# Bodies


@pytest.mark.parametrize("fields", [[], [CHUNKED]], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, MIB])
def test_sizes(lone, size, fields):
    body = os.urandom(size // 2).hex().encode() + size % 2 * b"x"
    parts = [body[i : i + 1000] for i in range(0, size, 1000)]
    client = lone.connect()
    document = told(
        client.ask(
            "/echo",
            *(fields or [f"Content-Length: {size}"]),
            method="POST",
            body=chunks(*parts) if fields else body,
        )
    )
    assert document["body"]["size"] == size
    assert document["body"]["sha256"] == hashlib.sha256(body).hexdigest()
    assert content(document) == (body if size <= 65536 else None)
    assert client.ask("/").status == 200


def test_limits_stay(serve):
    server = serve("-w", "1", "--max-body=10", "--body-timeout=300ms")

    def refuses(status, data, *fields):
        data = request("/echo", *fields, method="POST", body=data)
        assert_refuses(server.connect(), data, status)

    refuses(413, b"", "Content-Length: 11")
    refuses(413, chunks(b"abcdef", b"ghijkl"), CHUNKED)
    refuses(400, b"3\r\nabcd\r\n", CHUNKED)
    refuses(408, b"ab", "Content-Length: 3")
    refuses(408, b"2\r\nab\r\n", CHUNKED)
    document = told(
        server.connect().ask("/echo", "Content-Length: 10", body=10 * b"x")
    )
    assert content(document) == 10 * b"x"


@pytest.mark.parametrize("way", ["close", "reset"])
def test_client_leaves_in_its_body(serve, way):
    """A leak would be seen by the sanitizers."""
    server = serve("-w", "1")
    before = server.descriptors("socket:")
    for sent in b"", b"a", 70000 * b"a":
        client = server.connect()
        length = "Content-Length: 80000"
        client.send(request("/echo", length, method="POST", body=sent))
        assert told(server.connect().ask("/echo"))
        getattr(client, way)()
    for client in server._clients:
        client.close()
    server.eventually(
        lambda: server.descriptors("socket:") == before, "them to be let go"
    )


@pytest.mark.skipif(bool(SANITIZERS), reason="they keep what was freed")
@pytest.mark.parametrize("model", ["thread", "mtasync"])
def test_large_body_takes_no_memory(begin, model):  # noqa: F811
    size = 50 * MIB
    piece = os.urandom(MIB)
    server = begin(model, "--max-body=64m")
    assert ask(server, "/echo", ONE).status == 200
    before = server.memory()
    with server.connect() as client:
        length = f"Content-Length: {size}"
        client.send(request("/echo", length, ONE, method="POST"))
        digest = hashlib.sha256()
        most = 0
        for _ in range(size // MIB):
            digest.update(piece)
            client.send(piece)
            most = max(most, server.memory())
        document = told(client.read_response())
    assert document["body"] == {"size": size, "sha256": digest.hexdigest()}
    assert most - before < 2 * MIB


# Numbers


def numbers(document):
    return document["connection"], document["request"]


@pytest.fixture(params=["off", "json"])
def logged(request, tmp_path):
    """Options, with a log and without; the lines of it, or None."""
    if request.param == "off":
        return [], None
    path = tmp_path / "log"

    def lines(count):
        def read():
            found = path.read_text().splitlines() if path.exists() else []
            return found if len(found) >= count else None

        return read

    return ["--log=json", f"--log-file={path}"], lines


def test_numbers(serve, logged):
    """Of all requests on a connection, whatever they are answered."""
    options, lines = logged
    server = serve("-w", "1", *options)
    first, second = server.connect(), server.connect()
    assert numbers(told(first.ask("/echo"))) == (1, 1)
    assert numbers(told(second.ask("/echo"))) == (2, 1)
    assert first.ask("/").status == 200
    assert first.ask("/nothing").status == 404
    assert first.ask("/", method="POST").status == 405
    assert first.ask("/sleep/1ms").status == 200
    assert numbers(told(first.ask("/echo"))) == (1, 6)
    first.send(3 * request("/echo") + 50 * request("/") + request("/echo"))
    assert [numbers(told(first.read_response()))[1] for _ in range(3)] == [
        7,
        8,
        9,
    ]
    for _ in range(50):
        assert first.read_response().status == 200
    assert numbers(told(first.read_response())) == (1, 60)
    assert numbers(told(second.ask("/echo"))) == (2, 2)
    assert numbers(told(server.connect().ask("/echo"))) == (3, 1)
    if lines:
        found = server.eventually(lines(63), "the lines")
        asked = [json.loads(line) for line in found]
        assert [
            (line["connection"], line["request"])
            for line in asked
            if line["target"] == "/echo"
        ] == [
            *[(1, 1), (2, 1), (1, 6), (1, 7), (1, 8), (1, 9)],
            *[(1, 60), (2, 2), (3, 1)],
        ]


def test_workers(serve, logged):
    """No two connections have one number, from which their worker follows."""
    server = serve("-w", "3", *logged[0])
    seen = set()
    for _ in range(120):  # by which no worker is without a client
        with server.connect() as client:
            document = told(client.ask("/echo"))
            again = told(client.ask("/echo"))
        assert numbers(again) == (document["connection"], 2)
        assert again["worker"] == document["worker"]
        assert (document["connection"] - 1) % 3 == document["worker"]
        seen.add((document["connection"], document["worker"]))
    assert len({connection for connection, _ in seen}) == 120
    assert {worker for _, worker in seen} == {0, 1, 2}


@pytest.mark.parametrize("listen", ["[::1]:0", "unix"])
def test_peers(serve, logged, tmp_path, listen):
    """As the log has them."""
    options, lines = logged
    if listen == "unix":
        listen = f"unix:{tmp_path}/socket"
    server = serve("-w", "1", *options, listen=[listen])
    document = told(server.connect().ask("/echo"))
    assert document["peer"] == ("::1" if "::1" in listen else "unix")
    if lines:
        line = server.eventually(lines(1), "the line")[0]
        assert json.loads(line)["peer"] == document["peer"]


# Rules


@pytest.fixture
def ruled(serve):
    def start(words, *options):
        return serve("-w", "1", f"--rule=/echo/** {words}", *options)

    return start


@pytest.mark.parametrize("model", MODELS)
def test_rules_in_all_models(begin, model):  # noqa: F811
    server = begin(
        model,
        "--rule=/echo delay=100ms status=503",
        "--rule=/echo/slow delay=100ms at=body",
        "--rule=/echo/reset fault=reset",
    )
    began = time.monotonic()
    response = ask(server, "/echo", ONE, "Content-Length: 3", body=b"abc")
    assert time.monotonic() - began >= 0.1
    assert (response.status, response.body) == (503, ON_PURPOSE)
    assert response.field("Cache-Control") == "no-store"
    assert did(response)["status"] == 503
    response = ask(server, "/echo/slow", ONE, "Content-Length: 1", body=b"x")
    assert content(told(response)) == b"x"
    assert did(response)["delay"] == 100
    with server.connect() as client:
        client.send(request("/echo/reset"))
        assert client.read_to_end() == (b"", "RST")


def test_delay_begins_behind_the_body(ruled):
    client = ruled("delay=300ms").connect()
    fields = "Content-Length: 2", "Expect: 100-continue"
    client.send(request("/echo/a", *fields, method="POST"))
    assert client.read_response().status == 100
    client.send(b"a")
    assert client.is_silent(0.4)
    began = time.monotonic()
    client.send(b"b")
    response = client.read_response()
    assert time.monotonic() - began >= 0.3
    assert content(told(response)) == b"ab"
    assert did(response)["delay"] == 300


@pytest.mark.parametrize(
    "words, status, body",
    [
        ("status=404", 404, b"404 Not Found: on purpose\n"),
        ("status=204", 204, b""),
        ("size=70k", 200, letters(70 << 10)),
        ("status=500 size=3", 500, letters(3)),
        ("size=0", 200, b""),
    ],
)
def test_words_replace_the_document(ruled, words, status, body):
    client = ruled(words).connect()
    for size in 0, 1, 70000:
        response = client.ask(
            "/echo/a", f"Content-Length: {size}", body=size * b"x"
        )
        assert response.status == status
        assert response.body == body


@pytest.mark.parametrize(
    "words",
    ["status=201", "framing=chunked", "over=50ms", "at=end delay=20ms"],
)
def test_words_leave_the_document(ruled, words):
    client = ruled(words).connect()
    response = client.ask("/echo/a", "Content-Length: 2", body=b"ab")
    assert response.status == (201 if "201" in words else 200)
    assert content(members(response)) == b"ab"
    assert client.ask("/").status == 200


def test_words_break_the_document(ruled):
    client = ruled("fault=truncate").connect()
    client.send(request("/echo/a"))
    head = client.read_head()
    data, end = client.read_to_end()
    assert end == "FIN"
    assert len(data) == int(head.field("Content-Length")) // 2
    assert data.startswith(b'{\n  "method": "GET",\n')


def test_type_and_headers_of_a_rule(ruled):
    client = ruled('type=text/x header="A: b"').connect()
    response = client.ask("/echo/a")
    assert response.field("Content-Type") == "text/x"
    assert response.field("A") == "b"
    assert json.loads(response.body)["path"] == "/echo/a"


@pytest.mark.parametrize("model", MODELS)
def test_no_sleep_takes_it_away(begin, root, model):  # noqa: F811
    (root / "echo").mkdir()
    (root / "echo/file").write_bytes(b"a file")
    server = begin(model, "--no-sleep")
    assert ask(server, "/echo/file", ONE).body == b"a file"
    assert ask(server, "/echo/none", ONE).status == 404
    assert ask(server, "/echo/none", ONE, method="POST").status == 405
