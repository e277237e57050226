"""What a request costs in system calls, as strace(1) counts them."""

import collections
import re
import signal

import pytest
from server import eventually, needs_strace
from wire import request

RECEIVE = ["recvfrom", "recvmsg", "readv"]
SEND = ["sendto", "sendmsg", "writev", "sendfile"]
NEVER = ["epoll_ctl", "brk", "mmap", "munmap", "madvise", "fcntl", "futex"]
CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)
NOTHING = re.compile(r"\brecvfrom\b.* = -1 EAGAIN")


pytestmark = needs_strace


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
    return calls


@pytest.mark.parametrize("pipelined", [1, 10])
def test_one_receive_and_one_send(serve, tmp_path, pipelined):
    """
    For each request, or each batch of pipelined ones; and no epoll_ctl, no
    memory, no waiting for a lock (but for a few calls by chance). What a run
    costs in any case cancels out.
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
    assert [name for name in NEVER if more([name]) >= 20] == []
