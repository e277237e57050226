"""--admin: where it is, who may ask it, and what each path takes."""

import json
import os
import socket
import stat

import pytest
from admin_side import TEXT, Admin, address_of
from server import HTDOCS, PROGRAM, Failed, assert_refused, free_port, run
from test_privileges import USER, needs_root  # noqa: F401
from waiting import MODELS
from wire import Client, head, request

CLOSED = ["config", "metrics", "workers", "events", "sleepers", "requests",
          "rules"]  # fmt: skip
OPEN = ["", "healthz", "readyz"]  # to who does not know the token
CHANGED = {"requests": ["DELETE"], "rules": ["PUT", "DELETE"]}
OTHERS = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "SEARCH"]


@pytest.fixture(scope="module")
def asked():
    """One operator's side for this module's questions."""
    from server import Server

    server = Server("--admin=0", "--journal=10", "-w", "2")
    yield Admin(server)
    server.finish()


# Where it is


def test_start_line(serve):
    """A port alone is one of 127.0.0.1; clients have their own line."""
    server = serve("--admin=0")
    admin = Admin(server)
    host, port = admin.address
    assert host == "127.0.0.1" and port != server.address[1]
    line = f"mtasync: look and steer on http://{host}:{port}/\n"
    assert server.stdout.splitlines(keepends=True)[1] == line
    assert admin.ask("/readyz").body == b"ok\n"


def test_without_it(serve):
    server = serve()
    server.await_output("serving")
    assert "steer" not in server.stdout
    for path in (*CLOSED, *OPEN[1:]):
        assert server.connect().ask(f"/{path}").status == 404


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "localhost:0"])
def test_addresses(serve, address):
    assert Admin(serve(f"--admin={address}")).ask("/readyz").status == 200


def test_certain_port(serve):
    port = free_port()
    admin = Admin(serve(f"--admin={port}"))
    assert admin.address == ("127.0.0.1", port)
    assert admin.ask("/readyz").status == 200


def test_unix_socket(serve, tmp_path):
    path = tmp_path / "admin"
    server = serve(f"--admin=unix:{path},mode=0600")
    admin = Admin(server)
    assert admin.address == str(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert admin.ask("/readyz").status == 200
    server.finish()
    assert not path.exists()


def test_clients_are_no_operators(serve):
    """And the operator is no client."""
    server = serve("--admin=0", "--no-sleep")
    admin = Admin(server)
    assert server.connect().ask("/metrics").status == 404
    assert admin.ask("/hello.html").status == 404
    assert admin.ask("/sleep/1s").status == 404


@pytest.mark.parametrize("model", MODELS)
def test_all_models(serve, model):
    server = serve(f"--model={model}", "--admin=0", "--journal=5")
    admin = Admin(server)
    assert server.connect().ask("/sleep/1ms").status == 200
    for path in (*OPEN, *CLOSED):
        if path != "events":
            assert admin.ask(f"/{path}").status == 200
    admin.await_metrics(
        lambda metrics: metrics.by("mtasync_requests_total", "handler")
        == {"sleep": 1},
        "the request",
    )
    assert admin.lines()[0]["target"] == "/sleep/1ms"
    put = admin.change("/rules", b"/ status=503\n")
    assert put.status == 204
    assert server.connect().ask("/").status == 503
    events = admin.events()
    assert events.next()["phase"] == "serving"
    events.close()


@pytest.mark.parametrize("options, names", [
    (["--admin=0.0.0.0:0"], ["--admin-token-file", "loopback"]),
    (["--admin=[::]:0"], ["--admin-token-file", "loopback"]),
    (["--admin=x"], ["--admin=x"]),
    (["--admin=unix:"], ["--admin=unix:"]),
    (["--admin=127.0.0.1:65536"], ["65536"]),
    (["--admin=127.0.0.1:71", "-l", "127.0.0.1:71"], ["clients"]),
    (["--admin=71", "-l", "127.0.0.1:70", "-l", "71"], ["clients"]),
    (["--admin=unix:/x/a", "-l", "unix:/x/a"], ["clients"]),
    (["--admin=0", "--journal=x"], ["journal"]),
    (["--admin=0", "--journal=-1"], ["journal"]),
])  # fmt: skip
def test_refused_at_start(options, names):
    for check in ([], ["--check"]):
        result = run(*check, *options)
        assert_refused(result, 2, *names)


def test_taken_address_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(f"--admin={port}", "-l", "127.0.0.1:0")
        assert_refused(result, 1, port)


@pytest.mark.parametrize("content", [
    b"", b"\n", b"\r\nsecret\n", b"\0secret\n", None,
])  # fmt: skip
def test_token_file_is_refused(tmp_path, content):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    result = run("--admin=0", f"--admin-token-file={path}", "-l", "0")
    assert_refused(result, 1, path, "--admin-token-file")


# Who may ask


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "token"
    path.write_text("s3cret-token\nand more\n")
    return f"--admin-token-file={path}"


@pytest.mark.parametrize("said", [
    None, "Bearer", "Bearer ", "Bearer s3cret", "Bearer s3cret-toke",
    "Bearer s3cret-tokens", "Bearer s3cret-token s3cret-token", "s3cret-token",
    "Bearer S3cret-token", "Basic s3cret-token", "Bearer x", "Bearer  s3cret-token",
])  # fmt: skip
def test_wrong_token(serve, secret, said):
    admin = Admin(serve("--admin=0", secret))
    fields = [f"Authorization: {said}"] if said is not None else []
    for path in CLOSED:
        answer = admin.ask(f"/{path}", *fields)
        assert answer.status == 401
        assert answer.field("WWW-Authenticate") == 'Bearer realm="mtasync"'
    assert admin.ask("/nothing", *fields).status == 401
    for path, methods in CHANGED.items():
        for method in methods:
            answer = admin.change(f"/{path}", b"", *fields, method=method)
            assert answer.status == 401
    for path in OPEN:
        answer = admin.ask(f"/{path}", *fields)
        assert answer.status == 200
        assert answer.field("WWW-Authenticate") is None


def test_right_token(serve, secret):
    """By any spelling of the scheme."""
    server = serve("--admin=0", secret, "--journal=1")
    admin = Admin(server, "s3cret-token")
    for path in (*OPEN, *CLOSED):
        if path != "events":
            assert admin.ask(f"/{path}").status == 200
    admin.events().close()
    assert admin.ask("/nothing").status == 404
    assert admin.change("/rules", b"/a status=503").status == 204
    spelled = "Authorization: bEARER s3cret-token"
    assert Admin(server).ask("/workers", spelled).status == 200


@pytest.mark.parametrize("token", ["x", "secret", 4096 * "t"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nmore\n"])
def test_end_of_the_token(serve, tmp_path, token, end):
    """With or without the end of its line."""
    path = tmp_path / "token"
    path.write_bytes((token + end).encode())
    server = serve("--admin=0", f"--admin-token-file={path}")
    assert Admin(server, token).ask("/workers").status == 200
    for wrong in (token[:-1], token + "t"):
        assert Admin(server, wrong).ask("/workers").status == 401


def test_token_lets_others_in(serve, secret):
    """Who listens beyond loopback."""
    server = serve("--admin=0.0.0.0:0", secret)
    port = address_of(server.await_output(r"steer on http://(\S+)")[1])[1]
    admin = Admin(("127.0.0.1", port), "s3cret-token")
    assert admin.ask("/workers").status == 200
    assert Admin(admin.address).ask("/workers").status == 401


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.0.0.1:7", "localhost", "LocalHost:80", "[::1]", "[::1]:5",
    "192.0.2.1", "192.0.2.1:9000", "op.example", "OP.example:81", "",
])  # fmt: skip
def test_own_host(serve, host):
    admin = Admin(
        serve("--admin=0", "--admin-host=x.test", "--admin-host=op.example")
    )
    assert admin.ask_as(f"Host: {host}").status == 200


@pytest.mark.parametrize("host", [
    "example.com", "localhost.example.com", "op.example.com", "xop.example",
    "127.0.0.1.example.com", "localhost.", "127.0.0", "op.example.", "1",
])  # fmt: skip
def test_foreign_host(serve, host):
    """Whatever the path: so no name that leads here is of any use."""
    admin = Admin(serve("--admin=0", "--admin-host=op.example"))
    for path in ("", "readyz", "metrics", "nothing"):
        for lines in ([f"Host: {host}"], [f"Host: {host}:80"]):
            answer = admin.ask_as(*lines, target=f"/{path}")
            assert answer.status == 421
            assert b"--admin-host" in answer.body
    whole = admin.ask_as("Host: localhost", target=f"http://{host}/readyz")
    assert whole.status == 421


def test_host_of_an_old_client(asked):
    with asked.connect() as client:
        client.send(head("GET /readyz HTTP/1.0"))
        assert client.read_response().status == 200


@pytest.mark.parametrize("host, origin, status", [
    ("localhost:81", "http://localhost:81", 200),
    ("127.0.0.1:81", "http://127.0.0.1:81", 200),
    ("LOCALHOST", "http://localhost", 200),
    ("localhost:81", "http://localhost:82", 403),
    ("localhost:81", "http://localhost", 403),
    ("localhost:81", "https://localhost:81", 200),  # behind a proxy
    ("localhost:81", "ftp://localhost:81", 403),
    ("localhost:81", "http://127.0.0.1:81", 403),
    ("localhost", "http://example.com", 403),
    ("localhost", "file://localhost", 403),
    ("localhost", "null", 403),
    ("localhost", "", 403),
    ("localhost", "localhost", 403),
])  # fmt: skip
def test_origin(asked, host, origin, status):
    fields = f"Host: {host}", f"Origin: {origin}"
    for path in ("", "readyz", "rules"):
        answer = asked.ask_as(*fields, target=f"/{path}")
        assert answer.status == status
    answer = asked.ask_as(*fields, method="DELETE", target="/requests")
    assert answer.status == (204 if status == 200 else 403)


@pytest.mark.parametrize("type, status", [
    ("text/plain", 204), ("Text/Plain; charset=utf-8", 204),
    ("application/json", 204), ("text/plain;x=y", 204),
    ("application/x-www-form-urlencoded", 415), ("multipart/form-data", 415),
    ("text/html", 415), ("text/plain2", 415), ("text", 415), ("", 415),
    (None, 415),
])  # fmt: skip
def test_no_form_changes_anything(asked, type, status):
    fields = [f"Content-Type: {type}"] if type is not None else []
    before = asked.ask("/rules").field("ETag")
    body = b"/a status=503\n"
    length = f"Content-Length: {len(body)}"
    answer = asked.ask("/rules", length, *fields, method="PUT", body=body)
    assert answer.status == status
    if status == 204:
        assert asked.ask("/rules").body == body
        assert asked.change("/rules", method="DELETE").status == 204
    assert asked.ask("/rules").field("ETag") == before


# What each path takes


WITH_PARAMETERS = ["events", "requests", "sleepers"]


@pytest.mark.parametrize("path", [*OPEN, *CLOSED])
def test_methods(asked, path):
    allowed = CHANGED.get(path, [])
    for method in OTHERS:
        if method not in allowed:
            answer = asked.ask(f"/{path}", method=method)
            assert answer.status == 405
            names = ", ".join(["GET", "HEAD", *allowed])
            assert answer.field("Allow") == names
    assert asked.ask(f"/{path}", method="TRACE").status == 405
    answer = asked.ask(f"/{path}?x=y", method="HEAD")
    assert answer.status == (400 if path in WITH_PARAMETERS else 200)
    answer = asked.ask(f"/{path}", method="HEAD")
    assert answer.status == 200
    assert answer.field("Cache-Control") == "no-store"
    assert answer.field("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("path", [
    "/nothing", "/metrics/", "/Metrics", "/metricsx", "/index.html", "/rules/a",
])  # fmt: skip
def test_no_path(asked, path):
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert asked.ask(path, method=method).status == 404


def test_head_says_what_get_says(asked):
    for path in (*OPEN, *CLOSED):
        if path in ("events", "metrics", "sleepers", "workers"):
            continue  # each is another
        got = asked.ask(f"/{path}")
        head = asked.ask(f"/{path}", method="HEAD")
        assert head.without_date()[:2] == got.without_date()[:2]


def test_kept_alive(asked):
    """One connection for all, whatever comes of them; pipelined, too."""
    body = b"/a status=x\n"
    length = f"Content-Length: {len(body)}"
    with asked.connect() as client:
        for _ in range(3):
            for path in (*OPEN, "metrics", "sleepers", "rules", "nothing"):
                assert client.ask(f"/{path}").status in (200, 404)
            refused = client.ask(
                "/rules", TEXT, length, method="PUT", body=body
            )
            assert refused.status == 400
        client.send(3 * (request("/readyz") + request("/sleepers")))
        for _ in range(3):
            assert client.read_response().body == b"ok\n"
            assert json.loads(client.read_response().body)["count"] == 0


def test_dashboard(asked):
    """All in one page, which nobody may frame."""
    page = asked.ask("/")
    assert page.field("Content-Type") == "text/html; charset=utf-8"
    policy = page.field("Content-Security-Policy").split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert page.body.startswith(b"<!DOCTYPE html>")
    assert len(page.body) <= 40 << 10


def test_many_operators(serve):
    """64 at a time: the next one has the place of the first; no client has."""
    server = serve("--admin=0", "--max-conns=4", "-w", "1")
    admin = Admin(server)
    operators = [admin.connect() for _ in range(64)]
    for client in operators:
        assert admin.ask("/readyz", client=client).status == 200
    for client in [server.connect() for _ in range(4)]:
        assert client.ask("/").status == 200
    assert all(client.is_silent() for client in operators)
    with admin.connect() as late:
        assert admin.ask("/readyz", client=late).status == 200
        operators.pop(0).read_eof()
        assert all(client.is_silent() for client in operators)
    for client in operators:
        client.close()
    assert admin.metrics().sum("mtasync_connections_accepted_total") == 4


# What the server says of itself


def test_config(serve):
    server = serve("--admin=0", "-w", "3", "--max-body=2m", "--seed=42",
                   "--journal=7", "--listing", "--error-page=x.html",
                   "--model=pool")  # fmt: skip
    config = Admin(server).json("/config")
    host, port = server.address
    assert config["listen"] == [f"{host}:{port}"]
    assert config["model"] == "pool" and config["log"] == "off"
    assert config["root"] == str(HTDOCS) and config["max_conns"] > 0
    assert config["sandbox"] in server.start_line
    assert config["command"][0] == PROGRAM
    assert {"--admin=0", "--seed=42"} <= set(config["command"])
    options = config["options"]
    assert options["workers"] == "3"
    assert (config["workers"], config["threads"]) == (1, 3)
    assert options["listing"] == "true" and options["check"] == "false"
    assert options["error-page"] == "x.html" and "fallback" not in options
    assert options["max-body"] == "2m" and options["journal"] == "7"
    assert options["header-timeout"] == "10s"
    assert config["seed"] == 42
    assert config["version"] in run("--version").stdout
    assert config["libevent"] in run("--version").stdout
    assert f"OpenSSL {config['openssl']}\n" in run("--version").stdout
    assert config["kernel"]["release"] == os.uname().release
    with open("/proc/sys/net/core/somaxconn") as file:
        assert config["kernel"]["somaxconn"] == int(file.read())


def test_workers(serve):
    server = serve("--admin=0", "-w", "4")
    admin = Admin(server)
    clients = [server.connect() for _ in range(12)]
    for client in clients:
        assert client.ask("/").status == 200
    workers = admin.json("/workers")["workers"]
    assert [worker["worker"] for worker in workers] == [0, 1, 2, 3]
    assert sum(worker["accepted"] for worker in workers) == 12
    assert [w["connections"] for w in workers] == [
        w["accepted"] for w in workers
    ]
    for client in clients:
        client.close()
    admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_connections_closed_total") == 12,
        "the end of all connections",
    )
    workers = admin.json("/workers")["workers"]
    assert not any(worker["connections"] for worker in workers)


@needs_root
def test_token_that_only_root_may_read(serve, tmp_path):
    """It is read before the program becomes somebody else."""
    path = tmp_path / "token"
    path.write_text("secret\n")
    path.chmod(0o600)
    admin = Admin(
        serve(f"--user={USER}", "--admin=0", f"--admin-token-file={path}"),
        "secret",
    )
    assert admin.ask("/workers").status == 200


def test_starting_and_failing(tmp_path):
    """A server that does not start leaves no operator's side, either."""
    port = free_port()
    with pytest.raises(Failed):
        from server import Server

        Server(f"--admin={port}", root=tmp_path / "nothing")
    with pytest.raises(ConnectionRefusedError):
        Client(("127.0.0.1", port))
