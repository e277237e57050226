"""--healthcheck: whether the server that runs is ready, without another program."""

import contextlib
import os
import socket
import threading

import pytest
from secured import TLS
from server import assert_refused, eventually, free_port
from server import run
from shaken import needs_tls
from waiting import MODELS

pytestmark = pytest.mark.skipif(
    bool(TLS), reason="in clear only: of TLS, it asks nothing"
)


def ask(*options, **how):
    return run("--healthcheck", *options, **how)


def assert_ready(where, *options, answer="HTTP/1.1 204", **how):
    result = ask(*options, **how)
    assert (result.returncode, result.stderr) == (0, ""), result
    assert result.stdout == f"mtasync: ready: {where}: {answer}\n"


def assert_not_ready(where, why, *options, **how):
    result = ask(*options, **how)
    assert_refused(result, 1, f"mtasync: not ready: {where}: {why}\n")


def at(server):
    host, port = server.address
    return f"{host}:{port}"


# The first address of --listen


@pytest.mark.parametrize("model", MODELS)
def test_it_serves(serve, model):
    server = serve(f"--model={model}")
    assert_ready(at(server), "-l", at(server), f"--model={model}")


def test_nobody_listens():
    port = free_port()
    where = f"127.0.0.1:{port}"
    assert_not_ready(where, "Connection refused", "-l", port)


@pytest.mark.parametrize("listen, host", [
    ("0.0.0.0", "0.0.0.0"), ("[::]", "[::]"), ("127.0.0.2", "127.0.0.2"),
    ("localhost", "127.0.0.1")
])  # fmt: skip
def test_address_is_one_of_this_machine(serve, listen, host):
    server = serve(listen=[f"{listen}:0"])
    port = server.address[1]
    assert_ready(f"{host}:{port}", "-l", f"{listen}:{port}")


def test_first_address_counts(serve):
    server = serve()
    other = free_port()
    assert_ready(at(server), "-l", at(server), "-l", other)
    where = f"127.0.0.1:{other}"
    assert_not_ready(
        where, "Connection refused", "-l", other, "-l", at(server)
    )


def test_unix_socket(serve, tmp_path):
    path = f"unix:{tmp_path / 'socket'}"
    assert_not_ready(path, "No such file or directory", "-l", path)
    serve(listen=[f"{path},mode=0600"])
    assert_ready(path, "-l", f"{path},mode=0600")


@pytest.mark.parametrize("trust, told", [
    (["127.0.0.0/8"], "HTTP/1.1 204"),
    (["10.0.0.0/8"], "connected"),
    (["::1", "10.0.0.0/8"], "connected"),
])  # fmt: skip
def test_whom_the_server_does_not_trust_connects(serve, trust, told):
    """What it would ask for itself would be refused; that it is let in will do."""
    options = [f"--trust={cidr}" for cidr in trust]
    server = serve(*options, listen=["127.0.0.1:0,proxy"])
    result = run("--healthcheck", "-l", f"{at(server)},proxy", *options)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.rstrip().endswith(told)


def test_behind_a_proxy(serve):
    """It asks for itself, as a proxy's own checks do."""
    server = serve(listen=["127.0.0.1:0,proxy"])
    assert_ready(at(server), "-l", f"{at(server)},proxy")
    where, why = at(server), "no answer of HTTP/1.1"
    assert_not_ready(where, why, "-l", where)


@needs_tls
@pytest.mark.parametrize("words", ["", ",proxy"])
def test_tls_lets_in(serve, words):
    server = serve(listen=[f"127.0.0.1:0{words},tls"])
    told = "connected"
    assert_ready(at(server), "-l", f"{at(server)}{words},tls", answer=told)
    port = free_port()
    assert_not_ready(
        f"127.0.0.1:{port}", "Connection refused", "-l", f"{port},tls"
    )


@pytest.mark.parametrize("rule", [
    "/** delay=1h", "/** status=503", "/** fault=reset", "OPTIONS /** close=100"
])  # fmt: skip
def test_no_rule_applies(serve, tmp_path, rule):
    """What goes wrong on purpose is no illness, nor is a ROOT without pages."""
    options = "--max-sleep=1h", f"--rule={rule}", "--no-sleep"
    server = serve(*options, root=tmp_path)
    assert_ready(at(server), "-l", at(server), *options, tmp_path)


# The operator's side


def admin_of(server):
    return server.await_output(r"steer on http://(.*)/$")[1]


@pytest.mark.parametrize("token", [False, True])
def test_admin_is_asked_where_there_is_one(serve, tmp_path, token):
    file = tmp_path / "token"
    file.write_text("secret\n")
    options = [f"--admin-token-file={file}"] * token
    server = serve("--admin=0", *options)
    where = admin_of(server)
    ready = "HTTP/1.1 200"
    assert_ready(where, f"--admin={where}", *options, answer=ready)
    listen = "-l", free_port()  # where nobody listens, and nobody asks
    assert_ready(where, *listen, f"--admin={where}", answer=ready)
    assert_not_ready(f"127.0.0.1:{listen[1]}", "Connection refused", *listen)


def test_stop_is_no_readiness(serve):
    server = serve("--admin=0", "--drain-delay=1m")
    where = admin_of(server)
    assert_ready(where, f"--admin={where}", answer="HTTP/1.1 200")
    server.stop()
    eventually(lambda: ask(f"--admin={where}").returncode == 1, "its end")
    assert_not_ready(where, "HTTP/1.1 503", f"--admin={where}")
    server.stop()
    server.join()
    assert_not_ready(where, "Connection refused", f"--admin={where}")


def test_admin_at_a_unix_socket(serve, tmp_path):
    path = f"unix:{tmp_path / 'admin'}"
    serve(f"--admin={path}")
    assert_ready(path, f"--admin={path}", answer="HTTP/1.1 200")


def test_environment_says_the_same(serve):
    """So one command does for all containers of an image."""
    server = serve("--admin=0")
    where = admin_of(server)
    environment = {**os.environ, "MTASYNC_ADMIN": where}
    assert_ready(where, answer="HTTP/1.1 200", env=environment)
    environment = {**os.environ, "MTASYNC_LISTEN": at(server)}
    assert_ready(at(server), env=environment)


# Servers that are none


@contextlib.contextmanager
def impostor(answer):
    """Says that to the first who comes, whatever is asked, or for ever nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve_one():
            with listener.accept()[0] as client:
                client.recv(4096)
                client.sendall(answer)
                if not answer:
                    client.recv(1)

        thread = threading.Thread(target=serve_one)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize("answer, why", [
    (b"", "no answer within 3 s"), (b"HTTP", "no answer of HTTP/1.1"),
    (b"HTTP/1.0 204 No Content\r\n\r\n", "no answer of HTTP/1.1"),
    (b"HTTP/1.1 500 \r\n\r\n", "HTTP/1.1 500"),
])  # fmt: skip
def test_no_answer_that_will_do(answer, why):
    with impostor(answer) as where:
        assert_not_ready(where, why, "-l", where)


def test_server_that_stands_still(serve):
    """The kernel lets in who connects; the answer has its time."""
    server = serve()
    server.freeze()
    assert_not_ready(at(server), "no answer within 3 s", "-l", at(server))
    server.thaw()
    assert_ready(at(server), "-l", at(server))


def test_full_queue_has_its_time_too(serve, tmp_path):
    """Of a unix socket, whose queue is as long as was asked for."""
    path = f"unix:{tmp_path / 'socket'}"
    server = serve("-w", "1", "--backlog=1", listen=[path])
    server.freeze()
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            queued = stack.enter_context(
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            )
            queued.connect(path.partition(":")[2])
        assert_not_ready(path, "no answer within 3 s", "-l", path)
        server.thaw()


# How it is said


def test_quiet_says_only_what_goes_wrong(serve):
    server = serve()
    result = ask("-q", "-l", at(server))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    port = free_port()
    where, why = f"127.0.0.1:{port}", "Connection refused"
    assert_not_ready(where, why, "-q", "-l", port)


def test_options_are_those_of_a_server():
    assert_refused(ask("-l", "x:y"), 2, "--listen=x:y")
    assert_refused(ask("--workers=0"), 2, "--workers=0")


def test_nothing_else_is_done(serve, tmp_path):
    """No file is made, and what is served need not be there."""
    server = serve()
    result = ask(
        "-l", at(server), "--log=json", f"--log-file={tmp_path}/log",
        f"--pid-file={tmp_path}/pid", tmp_path / "missing",
    )  # fmt: skip
    assert result.returncode == 0
    assert list(tmp_path.iterdir()) == []
