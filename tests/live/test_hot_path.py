"""
What a request costs in what can be counted exactly: system calls, as strace(1)
shows them, allocations and locks.
"""

import collections
import re
import signal

import pytest
from counted import Counted
from server import SANITIZERS, clear_only, eventually, needs_strace, settle
from wire import request

RECEIVE = ["recvfrom", "recvmsg", "readv"]
SEND = ["sendto", "sendmsg", "writev", "sendfile"]
LOOK = ["newfstatat", "fstatat64", "fstat", "stat", "statx", "openat2"]
# Some come at the start or at the end of a run, a few of them by chance.
NEVER = ["brk", "mmap", "munmap", "madvise", "fcntl", "futex", "getsockopt"]
NEVER += ["timerfd_settime", "clock_gettime"]
CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)
NOTHING = re.compile(r"\brecvfrom\b.* = -1 EAGAIN")
# Once a second, a look at the directory tells of coded files.
SURVEY = re.compile(r'stat\w*\(\d+, "\.",')


def count_calls(serve, path, rounds, pipelined):
    """
    The system calls of a whole run with so many rounds on one connection,
    each of them so many requests in one send.
    """
    # -D leaves the server our own child; the tracer ends on its own.
    server = serve("-w", "1", wrapper=["strace", "-D", "-f", "-o", str(path)])
    client = server.connect()
    for _ in range(rounds):
        client.send(pipelined * request("/"))
        for _ in range(pipelined):
            assert client.read_response().status == 200
    client.close()
    server.signal(signal.SIGTERM)
    server.join()
    last = f"{server.pid} +++ exited with 0 +++"
    spaced = re.compile(re.escape(last).replace(r"\ ", " +"))
    eventually(lambda: spaced.search(path.read_text()), "strace to end")
    calls = collections.Counter(CALL.findall(path.read_text()))
    calls["nothing"] = len(NOTHING.findall(path.read_text()))
    calls["survey"] = len(SURVEY.findall(path.read_text()))
    return calls


@needs_strace
@pytest.mark.parametrize("pipelined", [1, 10])
def test_one_receive_and_one_send(serve, tmp_path, pipelined):
    """
    For each request, or each batch of pipelined ones, and one look at the file;
    and no epoll_ctl, no memory, no waiting for a lock (but for a few calls by
    chance). What a run costs in any case cancels out.
    """
    few = count_calls(serve, tmp_path / "few", 100, pipelined)
    many = count_calls(serve, tmp_path / "many", 300, pipelined)

    def more(names):
        return sum(many[name] - few[name] for name in names)

    # The first receive is made right after the accept: by chance of each run,
    # the first request is there by then, or that one receive finds nothing.
    assert few["nothing"] <= 1 and many["nothing"] <= 1
    assert more(RECEIVE) - more(["nothing"]) == 200
    assert more(SEND) == 200
    assert more(LOOK) - more(["survey"]) == 200
    assert more(["survey"]) < 20
    assert more(["epoll_ctl"]) == 0
    assert more(["epoll_wait"]) < 220
    assert [name for name in NEVER if more([name]) >= 20] == []


@clear_only("OpenSSL takes memory and locks for each record")
@pytest.mark.skipif(bool(SANITIZERS), reason="a sanitizer's own allocator")
@pytest.mark.parametrize(
    "target, pipelined", [("/", 1), ("/", 10), ("/medium", 1)]
)
def test_no_allocation_and_no_lock(serve, root, tmp_path, target, pipelined):
    """Once the first answers have made what they keep; not one."""
    (root / "medium").write_bytes(100_000 * b"x")
    for path in root.iterdir():
        settle(path)
    counted = Counted(tmp_path / "counted")
    server = serve("-w", "1", root=root, env=counted.environment)
    client = server.connect()

    def ask(rounds):
        for _ in range(rounds):
            client.send(pipelined * request(target))
            for _ in range(pipelined):
                client.read_response()

    def count():
        before = counted.allocations, counted.locks
        ask(200)
        return counted.allocations - before[0], counted.locks - before[1]

    ask(10)
    assert counted.allocations > 0
    # Who has written the start line takes the lock of messages once more,
    # which may be late on a busy machine.
    server.await_sleep()
    assert count() == (0, 0)
