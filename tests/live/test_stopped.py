"""
Limits that pass while the server does not run: what came in time counts. It is
stopped by SIGSTOP, as a laptop that is suspended is, or a loop that waits for a
disk.
"""

import contextlib
import pathlib
import re
import signal
import time

import pytest
from server import eventually
from waiting import BLOCKING, LARGE, MODELS, is_read
from waiting import begin  # noqa: F401
from wire import request

LIMIT = 3  # seconds
LINGER = 5  # seconds, of a client that says nothing behind our FIN
CLOSE = "Connection: close"
TRIES = 5


def begin_all(begin, *options):
    """A server of each model, with one loop where it has several."""
    return {
        model: begin(model, *options, *["-w", 1][: 2 * (model == "mtasync")])
        for model in MODELS
    }


def talk(server, data, **how):
    """A client whose first data, if any, the server has received."""
    client = server.connect(**how)
    client.send(data)
    eventually(lambda: is_read(client), "it to be received")
    return client


def stop_in_time(servers, start, limit=LIMIT):
    """
    What start() returns for each server, a client, with all servers stopped
    before the half of the limit has passed, and until it has.

    In a loop another client's sleep has ended meanwhile. So its timer is the
    first of all that the loop is told when it runs again, before any socket;
    and with that sleep, all limits are looked at that have passed by then.
    """
    for _ in range(TRIES):
        began = time.monotonic()
        clients = []
        for model, server in servers.items():
            clients.append(start(server))
            if model not in BLOCKING:
                talk(server, request(f"/sleep/{limit / 2}s"))
        for server in servers.values():
            server.freeze()
        if time.monotonic() - began < limit / 2:
            time.sleep(limit / 2)
            return list(zip(servers.values(), clients))
        for server, client in zip(servers.values(), clients):
            client.close()
            server.thaw()
    return pytest.skip("the machine is too busy")


REQUESTS = {
    "header": (b"GET / HT", b"TP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    "body": (request("/", CLOSE, "Content-Length: 4", body=b"ab"), b"cd"),
    "idle": (b"", request("/", CLOSE)),
}


@pytest.mark.parametrize("limit", REQUESTS)
def test_request_that_came_in_time_is_answered(begin, limit):
    servers = begin_all(begin, f"--{limit}-timeout={LIMIT}s")
    first, rest = REQUESTS[limit]
    talks = stop_in_time(servers, lambda server: talk(server, first))
    for _, client in talks:
        client.send(rest)
    time.sleep(LIMIT / 2 + 0.1)
    for server, client in talks:
        server.thaw()
        assert client.read_response().status == 200, server.start_line
        client.read_eof()


@pytest.mark.parametrize(
    "limit, first",
    [
        ("header", b"GET / HTTP/1.1\r\nA: "),
        ("body", request("/", "Content-Length: 99999")),
    ],
    ids=["header", "body"],
)
def test_request_that_is_late_is_refused(begin, limit, first):
    """Though a part of it came in time, and more goes on to come."""
    servers = begin_all(begin, f"--{limit}-timeout={LIMIT}s")
    talks = stop_in_time(servers, lambda server: talk(server, first))
    for _, client in talks:
        client.send(b"x")
    time.sleep(LIMIT / 2 + 0.1)
    for server, client in talks:
        server.thaw()
        began = time.monotonic()
        while client.is_silent(0.02):
            client.send(b"x")
        assert client.read_response().status == 408, server.start_line
        assert time.monotonic() - began < LIMIT, "it had the limit anew"
        client.read_eof()


def read_all(paths):
    text = ""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            text += path.read_text()
    return text


def is_told_to_drain(server, model):
    """A crew tells its threads by an eventfd that nobody reads."""
    if model not in BLOCKING:
        return server.refuses()
    infos = pathlib.Path(f"/proc/{server.pid}/fdinfo").glob("*")
    counts = re.findall(r"^eventfd-count: +(\w+)$", read_all(infos), re.M)
    return any(int(count, 16) > 0 for count in counts)


def stop_within_the_grace(begin, model):
    """A server that drains, and its idle client."""
    for _ in range(TRIES):
        server = begin(model)
        client = talk(server, b"")
        server.signal(signal.SIGTERM)
        eventually(lambda: is_told_to_drain(server, model), "the drain")
        server.freeze()
        if client.is_silent():
            return server, client
        server.thaw()
    return pytest.skip("the machine is too busy")


def test_request_within_the_grace_is_answered(begin):
    """
    An idle connection, while the server drains. In a loop its limit is the
    first of all that the loop is told, before the socket.
    """
    talks = [stop_within_the_grace(begin, model) for model in MODELS]
    time.sleep(0.4)  # more than the grace
    for server, client in talks:
        client.send(request("/"))
        server.thaw()
        response = client.read_response()
        assert response.status == 200, server.start_line
        assert response.field("Connection") == "close"
        client.read_eof()
        server.join()


def test_reader_that_took_all_meanwhile_is_served(begin):
    """All that the kernel had for it, more than the limit asks for."""
    servers = begin_all(begin, f"--write-timeout={LIMIT}s")
    large = request("/large", CLOSE)
    talks = stop_in_time(
        servers, lambda server: talk(server, large, receive_buffer=4096)
    )
    got = {}
    for server, client in talks:
        got[server] = client.read_head() and b""
        while not client.is_silent(0.3):
            got[server] += client.read_some()
    time.sleep(LIMIT / 2 + 0.1)
    for server, client in talks:
        server.thaw()
        assert got[server] + client.read_all() == LARGE, server.start_line


def test_client_that_went_on_behind_its_refusal_is_not_reset(begin):
    """RFC 9112 9.6: what it sends lies unread when the wait for it ends."""

    def start(server):
        client = talk(server, request("/", "Content-Length: 99999"))
        assert client.read_response().status == 413
        return client

    servers = begin_all(begin, "--max-body=1")
    talks = stop_in_time(servers, start, LINGER)
    for _, client in talks:
        client.send(9999 * b"x")
    time.sleep(LINGER / 2 + 0.1)
    for server, client in talks:
        server.thaw()
        eventually(lambda: is_read(client), "it to be received")
        client.send(b"x")
        client.half_close()
        client.read_eof()
