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

LIMIT = 1  # seconds
LONGER = 3 * LIMIT  # than what a busy machine may take for a step
CLOSE = "Connection: close"
LINGER = 5  # seconds, of a client that says nothing behind our FIN
TRIES = 5


def talk(server, data, **how):
    """A client whose first data, if any, the server has received."""
    client = server.connect(**how)
    client.send(data)
    eventually(lambda: is_read(client), "it to be received")
    return client


def stop_in_time(start, limit=LIMIT):
    """
    What start() returns for each model, a server and its client, with all
    servers stopped before the limit of the first has passed.
    """
    for _ in range(TRIES):
        began = time.monotonic()
        talks = [start(model) for model in MODELS]
        for server, _ in talks:
            server.freeze()
        if time.monotonic() - began < limit:
            return talks
        for server, client in talks:
            server.thaw()
            client.close()
    return pytest.skip("the machine is too busy")


REQUESTS = {
    "header": (b"GET / HT", b"TP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    "body": (request("/", CLOSE, "Content-Length: 4", body=b"ab"), b"cd"),
    "idle": (b"", request("/", CLOSE)),
}


@pytest.mark.parametrize("limit", REQUESTS)
def test_request_that_came_in_time_is_answered(begin, limit):
    first, rest = REQUESTS[limit]

    def start(model):
        server = begin(model, f"--{limit}-timeout={LONGER}s")
        return server, talk(server, first)

    talks = stop_in_time(start, LONGER)
    for _, client in talks:
        client.send(rest)
    time.sleep(LONGER + 0.1)
    for server, client in talks:
        server.thaw()
        assert client.read_response().status == 200, server.start_line
        client.read_eof()


@pytest.mark.parametrize("limit", ["header", "body"])
def test_request_that_is_late_is_refused(begin, limit):
    """Though a part of it came in time, and more goes on to come."""
    first = {
        "header": b"GET / HTTP/1.1\r\nA: ",
        "body": request("/", "Content-Length: 99999"),
    }[limit]

    def start(model):
        server = begin(model, f"--{limit}-timeout={LONGER}s")
        return server, talk(server, first)

    talks = stop_in_time(start, LONGER)
    for _, client in talks:
        client.send(b"x")
    time.sleep(LONGER + 0.1)
    for server, client in talks:
        server.thaw()
        began = time.monotonic()
        while client.is_silent(0.02):
            client.send(b"x")
        assert client.read_response().status == 408, server.start_line
        assert time.monotonic() - began < LONGER, "it had the limit anew"
        client.read_eof()


def read_all(paths):
    text = ""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            text += path.read_text()
    return text


def is_told_to_drain(server, model):
    if model not in BLOCKING:
        return server.refuses()
    infos = pathlib.Path(f"/proc/{server.pid}/fdinfo").glob("*")
    counts = re.findall(r"^eventfd-count: +(\w+)$", read_all(infos), re.M)
    return any(int(count, 16) > 0 for count in counts)


def test_request_within_the_grace_is_answered(begin):
    """An idle connection, while the server drains."""

    def start(model):
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

    talks = [start(model) for model in MODELS]
    for _, client in talks:
        client.send(request("/"))
    time.sleep(0.4)  # more than the grace
    for server, client in talks:
        server.thaw()
        response = client.read_response()
        assert response.status == 200, server.start_line
        assert response.field("Connection") == "close"
        client.read_eof()
        server.join()


def test_reader_that_took_all_meanwhile_is_served(begin):
    """All that the kernel had for it, more than the limit asks for."""

    def start(model):
        server = begin(model, f"--write-timeout={LONGER}s")
        client = talk(server, request("/large", CLOSE), receive_buffer=4096)
        return server, client

    talks = stop_in_time(start, LONGER)
    got = {}
    for server, client in talks:
        got[server] = client.read_head() and b""
        while not client.is_silent(0.3):
            got[server] += client.read_some()
    time.sleep(LONGER + 0.1)
    for server, client in talks:
        server.thaw()
        assert got[server] + client.read_all() == LARGE, server.start_line


def test_client_that_went_on_behind_its_refusal_is_not_reset(begin):
    """RFC 9112 9.6: what it sends lies unread when the wait for it ends."""

    def start(model):
        server = begin(model, "--max-body=1")
        client = talk(server, request("/", "Content-Length: 99999"))
        assert client.read_response().status == 413
        return server, client

    talks = stop_in_time(start, LINGER)
    for _, client in talks:
        client.send(9999 * b"x")
    time.sleep(LINGER + 0.1)
    for server, client in talks:
        server.thaw()
        eventually(lambda: is_read(client), "it to be received")
        client.send(b"x")
        client.half_close()
        client.read_eof()
