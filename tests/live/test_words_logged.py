"""What the log says of answers that words decide; and whose turn it is beside one
that goes on as long as its client takes it."""

import re
import threading

import pytest
from server import eventually, needs_strace
from test_log_json import Log
from waiting import MODELS, begin  # noqa: F401
from wire import request

SENT = re.compile(r"^\d+ +(?:sendto|sendmsg|<\.\.\. send\w+ resumed>).* = (\d+)$")
TURN = 1 << 20  # what a connection may send before others are looked at
SEND = 1 << 16  # with which a turn may end: the most that one has


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "access.log")


@pytest.mark.parametrize(
    "target, status, size, sleep, did",
    [
        ("20ms?status=503&size=3", 503, 3, 20,
         {"delay": 20, "status": 503, "size": 3}),
        ("20ms?fault=close", 444, 0, 20, {"delay": 20, "fault": "close"}),
        ("20ms?fault=reset", 444, 0, 20, {"delay": 20, "fault": "reset"}),
        ("20ms?fault=garbage", 444, 0, 20, {"delay": 20, "fault": "garbage"}),
        ("20ms?fault=hang&for=30ms", 444, 0, 20, {"delay": 20, "fault": "hang"}),
        ("20ms?fault=truncate&size=9", 200, 4, 20,
         {"delay": 20, "size": 9, "fault": "truncate"}),
        ("20ms?at=body&size=9&over=50ms", 200, 9, 20,
         {"delay": 20, "size": 9, "over": True}),
        ("0..1us?seed=7&size=9&close=100", 200, 9, None,
         {"size": 9, "close": True, "seed": 7, "n": 1}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("model", ["mtasync", "thread"])
def test_line_of_an_answer(serve, log, model, target, status, size, sleep, did):
    server = serve(f"--model={model}", *log.options)
    client = server.connect()
    client.send(request("/sleep/" + target, "Connection: close"))
    client.read_to_end()
    line = log.line()
    if sleep is None:
        del line["did"]["delay"]
    else:
        assert line["sleep_ms"] == sleep and line["late_ms"] >= 0
        assert line["seconds"] >= sleep / 1000
    assert (line["status"], line["bytes"], line["did"]) == (status, size, did)
    assert "left" not in line


@pytest.mark.parametrize("model", ["mtasync", "thread"])
def test_client_that_leaves_a_hang(serve, log, model):
    """The delay before it has ended, and how late is told."""
    server = serve(f"--model={model}", *log.options)
    client = server.connect()
    client.send(request("/sleep/10ms?fault=hang"))
    assert client.is_silent(0.1)
    client.close()
    line = log.line()
    assert line["sleep_ms"] == 10 and line["late_ms"] >= 0
    assert line["left"] == line["seconds"] >= 0.01


def test_plain_sleep_tells_nothing_more(serve, log):
    serve(*log.options).connect().ask("/sleep/1ms")
    assert "did" not in log.line()


@pytest.mark.parametrize("target", ["0?over=5m&size=9", "5m?at=body&size=9"])
@pytest.mark.parametrize("model", MODELS)
def test_fin_before_the_head_is_leaving_behind_it(begin, model, target):  # noqa: F811
    """One that came while the answer had not begun."""
    client = begin(model).connect()
    client.send(request(f"/sleep?delay=100ms&{target.partition('?')[2]}")
                if "over" in target else request(f"/sleep/{target}"))  # fmt: skip
    client.half_close()
    data, end = client.read_to_end()
    assert end in ("FIN", "RST") and len(data) < 1000


@needs_strace
@pytest.mark.parametrize("words", ["size=1g", "size=1g&fill=1", "lines=1000000"])
def test_others_are_looked_at_beside_one_that_takes_all(serve, tmp_path, words):
    trace = tmp_path / "trace"
    strace = ["strace", "-D", "-f", "-s", "0", "-o", str(trace), "-e",
              "trace=sendto,sendmsg,?epoll_wait,?epoll_pwait"]  # fmt: skip
    server = serve("-w", "1", wrapper=strace)
    client = server.connect()
    client.send(request(f"/sleep/0?{words}"))
    left = [24 << 20]

    def read():
        while left[0] > 0:
            left[0] -= len(client.socket.recv(1 << 20))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(20)
    client.close()
    server.finish()
    eventually(lambda: "+++ exited" in trace.read_text(), "strace to end")
    turns = [0]
    for line in trace.read_text().splitlines():
        found = SENT.match(line)
        if "epoll" in line:
            turns.append(0)
        elif found:
            turns[-1] += int(found[1])
    assert sum(turns) >= 24 << 20
    # one by its event, and one by its place in the ready queue
    assert max(turns) <= 2 * (TURN + SEND)
