"""/rules: those in force, and others in their place, whole, for all workers."""

import concurrent.futures
import contextlib
import re
import signal
import threading

import pytest
from admin_side import TEXT, Admin
from server import SANITIZERS, eventually, scaled
from test_drain import get_stuck, needs_stuck_calls
from waiting import MODELS
from wire import Client, request

TAG = re.compile(r'"[0-9a-f]{16}"')
MIB = 1 << 20


@pytest.fixture
def start(start, root):
    for name in "ab":
        (root / name).write_bytes(b"x")
    return start


def status(server, target="/a"):
    with server.connect() as client:
        return client.ask(target).status


def told(admin):
    """The rules in force, and their tag."""
    answer = admin.ask("/rules")
    assert answer.status == 200
    assert answer.field("Content-Type") == "text/plain; charset=utf-8"
    assert TAG.fullmatch(answer.field("ETag"))
    return answer.body, answer.field("ETag")


def put(admin, text, *fields):
    """Takes the place of the rules; returns the tag of the new ones."""
    answer = admin.change("/rules", text, *fields)
    assert answer.status == 204, answer.body
    assert TAG.fullmatch(answer.field("ETag"))
    return answer.field("ETag")


# What there is


def test_get(start, tmp_path):
    """Those of the command line and of the file, as one text."""
    (tmp_path / "rules").write_text("# a comment\n/b status=404\n")
    server, admin = start("--rule=/a status=503", "--pool=db:slots=2",
                          f"--rules={tmp_path / 'rules'}")  # fmt: skip
    text, tag = told(admin)
    assert [
        line for line in text.split(b"\n") if not line.startswith(b"#")
    ] == [b"pool=db:slots=2", b"/a status=503", b"/b status=404", b""]
    assert told(admin) == (text, tag)
    assert put(admin, text) == tag  # and it is put back as it is
    assert told(admin)[1] == tag
    assert status(server) == 503 and status(server, "/b") == 404


def test_get_nothing(start):
    _, admin = start()
    text, tag = told(admin)
    assert text == b""
    assert put(admin, b"") == tag


# What is put


@pytest.mark.parametrize("model", MODELS)
def test_put(start, model):
    """It is in force for all before the answer comes, in place of all."""
    server, admin = start(f"--model={model}", "--rule=/b status=503")
    text = b"# by hand\r\nGET /a status=410\n\n"
    tag = put(admin, text)
    assert told(admin) == (text, tag)
    for _ in range(8):
        assert status(server) == 410 and status(server, "/b") == 200
    assert put(admin, b"") != tag
    assert told(admin)[0] == b""
    assert status(server) == 200
    assert "reloaded" not in server.stdout  # nor was it by the first one


@needs_stuck_calls
def test_put_waits_for_all(serve, root):
    """As long as one of the workers goes by the rules of before."""
    server = get_stuck(serve, root, "--admin=0", "-w", "2")
    admin = Admin(server)
    before = told(admin)
    with admin.connect() as client:
        body = b"/a status=410\n"
        client.send(request("/rules", TEXT, f"Content-Length: {len(body)}",
                            method="PUT", body=body))  # fmt: skip
        eventually(lambda: told(admin) != before, "them to be in force")
        assert told(admin)[0] == body
        assert client.is_silent(0.3)
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    server.join(3)


def test_put_in_pieces(start):
    """By chunks, or byte by byte, with a client that asks first."""
    server, admin = start()
    with admin.connect() as client:
        client.send(request("/rules", TEXT, "Transfer-Encoding: chunked",
                            method="PUT"))  # fmt: skip
        for part in (b"/a sta", b"tus=4", b"10\n"):
            client.send(b"%x\r\n%s\r\n" % (len(part), part))
        client.send(b"0\r\n\r\n")
        assert client.read_response().status == 204
    assert status(server) == 410
    with admin.connect() as client:
        body = b"/a status=411\n"
        client.send(request("/rules", TEXT, f"Content-Length: {len(body)}",
                            "Expect: 100-continue", method="PUT"))  # fmt: skip
        assert client.read_response().status == 100
        for byte in body:
            client.send(bytes([byte]))
        assert client.read_response().status == 204
        assert client.ask("/rules").body == body
    assert status(server) == 411


def test_end_of_line_at_the_end_is_no_must(start):
    server, admin = start()
    put(admin, b"/a status=410")
    assert told(admin)[0] == b"/a status=410"
    assert status(server) == 410


@pytest.mark.parametrize("text, place, why", [
    (b"/a status=x\n", "1:11", "status=x: wants "),
    (b"/a delay=1x", "1:11", "delay=1x: wants a time"),
    (b"/a status=503\n/b delay=99h\n", "2:10", "delay=99h: wants a time"),
    (b"# a\n\n   /b\n", "3:6", "/b: wants a word"),
    (b"a delay=1s", "1:1", "a: wants "),
    (b"/a status=503\n/a pool=nobody\n", "2:9", "pool=nobody: wants the name"),
    (b"/a delay=file:/etc/passwd\n", "1:15", "file:/etc/passwd: wants no file"),
    (b"/a status=503\0\n", "1:14", "a control character: wants text"),
    (b"pool=db:slots=x\n", "1:15", "db:slots=x: wants a whole number"),
    (b"/a status=503 status=504\n", "1:15", "wants this word but once"),
])  # fmt: skip
def test_faulty(start, text, place, why):
    """The place and the reason, in one line; and nothing changes."""
    server, admin = start("--rule=/a status=418")
    before = told(admin)
    answer = admin.change("/rules", text)
    assert answer.status == 400
    said = answer.body.decode()
    match = re.fullmatch(r"(\d+:\d+): ([^\n]+)\n", said)
    assert match, said
    assert match[1] == place and why in match[2], said
    assert answer.field("Content-Type") == "text/plain; charset=utf-8"
    assert told(admin) == before
    assert status(server) == 418
    assert admin.metrics().sum("mtasync_generation") == 1


def test_any_bytes_are_a_path(start):
    server, admin = start()
    put(admin, b"/\xff\xfe status=410\n")
    assert status(server, "/%ff%fe") == 410
    assert status(server, "/%ff") == 404


def test_faulty_on_the_same_connection(start):
    """It goes on afterwards."""
    server, admin = start()
    with admin.connect() as client:
        for _ in range(3):
            how = {"client": client}
            assert admin.change("/rules", b"/a x\n", **how).status == 400
            assert (
                admin.change("/rules", b"/a status=410\n", **how).status == 204
            )
    assert status(server) == 410


# Whose they are


def test_delete(start, tmp_path):
    """Those of the command line again; a file is read anew."""
    path = tmp_path / "rules"
    path.write_text("/b status=404\n")
    server, admin = start("--rule=/a status=503", f"--rules={path}")
    first = told(admin)
    put(admin, b"/a status=410\n")
    assert status(server, "/b") == 200
    answer = admin.change("/rules", method="DELETE")
    assert answer.status == 204 and answer.field("ETag") == first[1]
    assert told(admin) == first
    assert status(server) == 503 and status(server, "/b") == 404
    path.write_text("/b status=410\n")
    assert admin.change("/rules", method="DELETE").status == 204
    assert status(server, "/b") == 410


def test_delete_with_a_faulty_file(start, tmp_path):
    """What is in force stays."""
    path = tmp_path / "rules"
    path.write_text("/b status=404\n")
    server, admin = start(f"--rules={path}")
    put(admin, b"/a status=410\n")
    path.write_text("/b x\n")
    assert admin.change("/rules", method="DELETE").status == 503
    assert status(server) == 410
    path.write_text("/b status=405\n")
    assert admin.change("/rules", method="DELETE").status == 204
    assert (status(server), status(server, "/b")) == (200, 405)


def test_reload_brings_the_command_line_back(start, tmp_path):
    """And what the file has by then."""
    path = tmp_path / "rules"
    path.write_text("/b status=404\n")
    server, admin = start("--rule=/a status=503", f"--rules={path}")
    first = told(admin)
    put(admin, b"/a status=410\n")
    server.reload()
    server.await_output(": reloaded")
    assert told(admin) == first
    assert status(server) == 503 and status(server, "/b") == 404


# Lost updates


def test_if_match(start):
    server, admin = start()
    first = told(admin)[1]
    second = put(admin, b"/a status=410\n", f"If-Match: {first}")
    for match in (first, '"0"', "x", f"W/{second}", '"' + 16 * "0" + '"',
                  f"{first}, {second}0"):  # fmt: skip
        for method in ("PUT", "DELETE"):
            answer = admin.change(
                "/rules", b"", f"If-Match: {match}", method=method
            )
            assert answer.status == 412, match
            assert status(server) == 410
    third = put(admin, b"/a status=411\n", f"If-Match: {second}")
    assert third not in (first, second)
    put(admin, b"/a status=412\n", "If-Match: *")
    answer = admin.change("/rules", b"", f"If-Match: {told(admin)[1]}",
                          method="DELETE")  # fmt: skip
    assert answer.status == 204
    assert status(server) == 200


def test_one_of_two_wins(start):
    """Who put at once, for what they have read."""
    server, admin = start()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for turn in range(scaled(40)):
            tag = told(admin)[1]
            texts = [f"/a status={410 + who}\n# {turn}\n" for who in range(2)]
            statuses = list(pool.map(
                lambda text: admin.change(
                    "/rules", text.encode(), f"If-Match: {tag}"
                ).status,
                texts,
            ))  # fmt: skip
            assert sorted(statuses) == [204, 412]
            winner = statuses.index(204)
            assert told(admin)[0].decode() == texts[winner]
            assert status(server) == 410 + winner


def test_many_put_at_once(start):
    """Without a condition, each is in force once: the last one stays."""
    server, admin = start()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        tags = list(pool.map(
            lambda number: put(admin, f"/a status={400 + number}\n".encode()),
            range(48),
        ))  # fmt: skip
    assert len(set(tags)) == 48
    text, tag = told(admin)
    assert status(server) == 400 + tags.index(tag)
    assert admin.metrics().sum("mtasync_generation") == 49


# How large they may be, and who leaves


def large_rules(size):
    """So many bytes of rules, of which the last one counts."""
    line = b'/nobody/%07d status=503 header="X: ' + 60 * b"y" + b'"\n'
    count = size // len(line % 0)
    return b"".join(line % i for i in range(count)) + b"/a status=410\n"


def test_large(start):
    """Whatever clients may send."""
    server, admin = start("--max-body=10", "-w", "2")
    text = large_rules(MIB)
    put(admin, text)
    assert told(admin)[0] == text
    assert status(server) == 410
    assert server.connect().ask("/nobody/0000007").status == 503


def test_largest(start):
    """16 MiB, and no more; of comments, since rules have a bound of their own."""
    server, admin = start("--max-body=10")
    comments = (b"#" + 62 * b"x" + b"\n") * (256 << 10)
    assert len(comments) == 16 * MIB
    rule = b"/a status=410\n#" + 48 * b"x" + b"\n"
    put(admin, rule + comments[len(rule) :])
    assert status(server) == 410
    assert len(told(admin)[0]) == 16 * MIB
    with admin.connect() as client:
        client.send(request("/rules", TEXT,
                            f"Content-Length: {16 * MIB + 1}",
                            method="PUT"))  # fmt: skip
        assert client.read_response().status == 413
    assert status(server) == 410


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_who_leaves_puts_nothing(start, leave):
    server, admin = start("--rule=/a status=418")
    before = told(admin)
    body = b"/a status=410\n" * 1000
    for size in (0, 14, len(body) - 1):
        client = admin.connect()
        client.send(request("/rules", TEXT, f"Content-Length: {len(body)}",
                            "Expect: 100-continue", method="PUT"))  # fmt: skip
        assert client.read_response().status == 100  # it has been heard
        client.send(body[:size])
        getattr(client, leave)()
    assert told(admin) == before
    assert status(server) == 418
    assert put(admin, b"/a status=410\n")


def test_who_leaves_at_the_end(start):
    """Has put the rules or not; the next one is served either way."""
    server, admin = start()
    for number in range(scaled(40)):
        body = f"/a status={400 + number}\n".encode()
        client = admin.connect()
        client.send(request("/rules", TEXT, f"Content-Length: {len(body)}",
                            method="PUT", body=body))  # fmt: skip
        client.reset()
    put(admin, b"/a status=500\n")
    assert status(server) == 500


# Pools


def test_pools_keep_who_is_in_them(start):
    server, admin = start("--pool=db:slots=1,queue=5",
                          "--rule=/a delay=5m pool=db", "-w", "1")  # fmt: skip
    clients = [server.connect() for _ in range(3)]
    for client in clients:
        client.send(request("/a"))
    admin.await_asleep(3)
    put(admin, b"pool=db:slots=1,queue=5\n/b pool=db delay=1ms\n")
    clients.append(server.connect())
    clients[-1].send(request("/b"))
    admin.await_asleep(4)
    metrics = admin.metrics()
    assert metrics.sum("mtasync_pool_slots_used", pool="db") == 1
    assert metrics.sum("mtasync_pool_queued", pool="db") == 3
    # more slots: they go on
    put(admin, b"pool=db:slots=9,queue=5\n/b pool=db delay=1ms\n")
    assert clients[-1].read_response().status == 200
    admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_pool_slots_used", pool="db") == 3,
        "the slot of who has been answered",
    )
    # and none of the name: whoever is in it stays in it
    put(admin, b"")
    admin.await_asleep(3)
    assert status(server, "/b") == 200
    for client in clients:
        client.reset()
    admin.await_asleep(0)


# Under load


def test_each_answer_is_by_one_generation(start):
    """
    Rules put again and again: each answer has the status and the field of the
    same rules, and none is lost.
    """
    times = 60 if SANITIZERS else 300
    server, admin = start("-w", "4")
    put(admin, rule_of(0))
    stopped = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        loads = [pool.submit(ask_on, server, stopped) for _ in range(6)]
        with contextlib.ExitStack() as stack:
            stack.callback(stopped.set)
            for number in range(1, times + 1):
                put(admin, rule_of(number))
                # in force for all workers, when the answer is there
                for _ in range(2):
                    assert status(server) == 400 + number % 150
        seen = [load.result() for load in loads]
    assert sum(len(each) for each in seen) >= times
    for each in seen:
        assert each == sorted(each)  # never one that was before
    assert admin.metrics().sum("mtasync_generation") == times + 2


def rule_of(number):
    code = 400 + number % 150
    return f'/a status={code} header="N: {number}"\n'.encode()


def ask_on(server, stopped):
    """The numbers of the rules that the answers were made by, in order."""
    numbers = []
    with Client(server.address) as client:
        while not stopped.is_set():
            answer = client.ask("/a")
            number = int(answer.field("N"))
            assert answer.status == 400 + number % 150
            numbers.append(number)
    return numbers


# Beside others


def test_put_and_reload_at_once(start):
    """Both are done, and both are told; or the reload overtakes the rules."""
    server, admin = start()
    for turn in range(1, scaled(40) + 1):
        with admin.connect() as client:
            body = f"/a status={400 + turn}\n".encode()
            client.send(request("/rules", TEXT, f"Content-Length: {len(body)}",
                                method="PUT", body=body))  # fmt: skip
            server.reload()
            assert client.read_response().status in (204, 409)
        eventually(
            lambda: server.stdout.count(": reloaded") >= turn,
            lambda: f"reload {turn}",
        )


def test_put_while_it_drains(start):
    """It is too late for that."""
    server, admin = start("--drain-timeout=1m")
    sleeper = server.connect()
    sleeper.send(request("/sleep/5m"))
    admin.await_asleep(1)
    server.stop()
    eventually(lambda: admin.ask("/readyz").status == 503, "the drain")
    assert admin.change("/rules", b"/a status=410\n").status == 503
    assert told(admin)[0] == b""
    sleeper.close()
    server.join()
