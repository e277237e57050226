"""The operator's side where operators, workers or files make trouble."""

import re
import time

import pytest
from admin_side import TEXT, Admin
from server import assert_refused, eventually, run
from waiting import FOREVER, MODELS, asleep
from wire import Client, head, request

CONNECTIONS = 64  # that there may be
WATCHERS = 32


def is_healthy(admin):
    return admin.ask("/healthz").status == 200


# Workers that end, or do not turn


def test_worker_that_has_ended_is_well(start):
    """In a drain, one without clients ends long before the last."""
    server, admin = start("-w", "4", "--drain-timeout=1m")
    sleeper = asleep(server, FOREVER)
    server.stop()
    began = time.monotonic()
    while time.monotonic() < began + 3:
        assert is_healthy(admin)
    asked = time.monotonic()
    sleepers = admin.json("/sleepers")
    assert (sleepers["count"], sleepers["shown"]) == (1, 1)
    assert time.monotonic() - asked < 0.9  # nobody's silence was waited for
    events = admin.events()
    turned = [worker["turned"] for worker in events.next()["workers"]]
    assert turned.count(None) == 3
    sleeper.reset()
    server.join()


def test_reload_overtakes_rules(start):
    """Those that were put are gone before all workers served by them."""
    server, admin = start("--model=fork_join", "--rule=/base status=410")
    silent = server.connect()  # for it, all that is asked later waits
    eventually(
        lambda: admin.json("/workers")["workers"][0]["connections"] == 1,
        "it to be served",
    )
    with admin.connect() as client:
        body = b"/put status=411\n"
        client.send(request("/rules", TEXT, f"Content-Length: {len(body)}",
                            method="PUT", body=body))  # fmt: skip
        eventually(lambda: admin.ask("/rules").body == body, "the rules")
        server.reload()
        base = b"/base status=410\n"
        eventually(lambda: admin.ask("/rules").body == base, "the reload")
        silent.close()
        answer = client.read_response()
        assert answer.status == 409 and b"reload" in answer.body


# Operators that keep connections, and say nothing


def test_silent_operators_make_room(start):
    """The one that has been silent the longest goes first."""
    server, admin = start("-w", "1")
    silent = [admin.connect() for _ in range(2 * CONNECTIONS)]
    assert is_healthy(admin)
    for client in silent[: CONNECTIONS - 1]:
        client.read_to_end()
    assert admin.ask("/readyz", client=silent[-1]).status == 200
    assert server.stderr == ""


@pytest.mark.parametrize("sent", [
    b"GET /metrics HT",
    b"PUT /rules HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 9\r\n\r\n/a",
])  # fmt: skip
def test_slow_operators_make_room(start, sent):
    server, admin = start("-w", "1", "--admin-host=a")
    clients = [admin.connect() for _ in range(CONNECTIONS)]
    for client in clients:
        client.send(sent)
    for _ in range(3):
        assert is_healthy(admin)
    assert admin.ask("/rules").body == b""


def test_watchers(start):
    """As many as leave room for others; they stay."""
    server, admin = start("-w", "1")
    watchers = [admin.events() for _ in range(WATCHERS)]
    for events in watchers:
        events.next()
    answer = admin.ask("/events")
    assert answer.status == 503 and b"32" in answer.body
    silent = [admin.connect() for _ in range(CONNECTIONS)]
    assert is_healthy(admin)
    for events in watchers:
        events.next()
    watchers[0].close()
    eventually(lambda: can_watch(admin), "room for one more")
    for client in silent:
        client.close()


def can_watch(admin):
    with admin.connect() as client:
        client.send(request("/events"))
        return client.read_head().status == 200


# Files


def test_rules_are_told_whole(start):
    """Whatever stands in a comment."""
    _, admin = start()
    text = b"# a\0b\xff\x1b\r\n/a status=410\n"
    assert admin.change("/rules", text).status == 204
    answer = admin.ask("/rules")
    assert answer.body == text
    put = admin.change("/rules", text, f"If-Match: {answer.field('ETag')}")
    assert put.status == 204


def test_rules_that_are_gone(start, tmp_path):
    """DELETE says why they can't be had again; those in force stay."""
    rules = tmp_path / "rules"
    rules.write_text("/a status=410\n")
    server, admin = start(f"--rules={rules}")
    rules.unlink()
    answer = admin.change("/rules", method="DELETE")
    assert answer.status == 503 and b"standard error" in answer.body
    server.await_output(re.escape(str(rules)))
    assert server.connect().ask("/a").status == 410


def test_root_that_is_gone(start, root):
    server, admin = start()
    root.rename(root.with_name("other"))
    answer = admin.change("/rules", b"/a status=410\n")
    assert answer.status == 503 and b"ROOT" in answer.body
    root.with_name("other").rename(root)
    assert admin.change("/rules", b"/a status=410\n").status == 204


# Options that nobody could see the use of


@pytest.mark.parametrize("options, names", [
    (["--journal=9"], ["--journal", "--admin"]),
    (["--admin-host=a"], ["--admin-host", "--admin"]),
    (["--admin-token-file=/x"], ["--admin-token-file", "--admin"]),
    (["--admin=0", "--journal-headers=*"], ["--journal-headers", "--journal"]),
    (["--admin=0", "--journal=9", "--journal-headers=a b"], ["a b", "*"]),
    (["--admin=0", "--admin-host=a:80"], ["a:80", "port"]),
    (["--admin=0", "--admin-host=http://a"], ["http://a"]),
    (["--admin=0", "--admin-host=a b"], ["a b"]),
    (["--admin=0", "--admin-host="], ["--admin-host"]),
])  # fmt: skip
def test_refused(options, names):
    for check in ([], ["--check"]):
        assert_refused(run(*check, *options), 2, *names)


# Counts


@pytest.mark.parametrize("model", MODELS)
def test_bytes_of_all_models(serve, model):
    """As the client counts them."""
    server = serve(f"--model={model}", "--admin=0")
    admin = Admin(server)
    sent = received = 0
    for target in ("/", "/sleep/1ms?size=100k", "/nothing"):
        with Client(server.address) as client:
            asked = request(target, "Connection: close")
            client.send(asked)
            sent += len(asked)
            received += len(client.read_to_end()[0])
    admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_received_bytes_total") == sent
        and metrics.sum("mtasync_sent_bytes_total") == received,
        f"{sent} bytes to the server, {received} from it",
    )


@pytest.mark.parametrize("model", MODELS)
def test_who_leaves_a_sleep_has_not_lasted(serve, model):
    """A duration has nothing of a sleep, whole or not."""
    server = serve(f"--model={model}", "--admin=0")
    admin = Admin(server)
    client = asleep(server, "/sleep/5m")
    time.sleep(1.5)
    client.reset()
    metrics = admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_requests_total") == 1,
        "the request",
    )
    assert metrics.sum("mtasync_request_duration_seconds_sum") < 1


def test_unknown_method_is_a_refusal(start):
    server, admin = start()
    with server.connect() as client:
        client.send(head("FOO / HTTP/1.1", "Host: a"))
        assert client.read_response("FOO").status == 501
    metrics = admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_requests_total") == 1,
        "the request",
    )
    assert metrics.by("mtasync_refusals_total", "code") == {"501": 1}
    assert metrics.by("mtasync_requests_total", "handler") == {"none": 1}
