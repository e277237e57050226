"""What the tests of the words of /sleep share."""

import re
import time

import pytest
from server import HTDOCS
from structured import read_dictionary
from wire import request

HELLO = (HTDOCS / "hello.html").read_bytes()
ALPHABET = b"abcdefghijklmnopqrstuvwxyz"
CHANCE = {"seed", "n"}  # members of a receipt that tell how it was drawn


@pytest.fixture
def ask(shipped):
    """Asks on a new connection, which is to go on behind the answer."""

    def on_connection(target, *fields, method="GET", **how):
        client = shipped.connect()
        response = client.ask(target, *fields, method=method, **how)
        assert response.field("Connection") is None
        assert client.ask("/").body == HELLO
        return response

    return on_connection


def letters(size, first=0):
    """What size=LIST makes: byte k is a + k mod 26."""
    start = first % 26
    return (ALPHABET * ((start + size) // 26 + 1))[start : start + size]


def did(response):
    """The receipt: the value of each member of Mtasync, strictly read."""
    return {key: item.value for key, item in receipt(response).items()}


def receipt(response):
    """Likewise, with the parameters."""
    return read_dictionary(response.field("Mtasync") or "")


def slept(response):
    """ms that were asked for or drawn, and how late it was, by its receipt."""
    match = re.fullmatch(
        r"sleep;dur=(\d+(?:\.\d+)?), late;dur=(\d+(?:\.\d+)?)",
        response.field("Server-Timing"),
    )
    assert match, response
    return float(match[1]), float(match[2])


def read_slowly(client, size):
    """So many bytes by and by, and then the rest; returns them and the end."""
    data = client.read(len(client.buffer))
    while len(data) < size:
        time.sleep(0.001)  # it takes its time
        data += client.socket.recv(4096)
    rest, end = client.read_to_end()
    return data + rest, end


class Arrivals:
    """A body as it comes: (seconds since the request, bytes so far)."""

    def __init__(self, client, target, *fields, **how):
        self.client = client
        self.began = time.monotonic()
        client.send(request(target, *fields, **how))
        self.head = client.read_head()
        self.seen = []
        self.size = 0

    def read(self, size):
        """Until so many bytes of the body are there; returns them all."""
        data = bytearray(self.client.buffer)
        self.client.buffer.clear()
        self._note(len(data))
        while self.size < size:
            more = self.client.socket.recv(1 << 16)
            assert more, f"the end after {self.size} of {size} bytes"
            data += more
            self._note(len(more))
        return bytes(data)

    def _note(self, size):
        if size:
            self.size += size
            self.seen.append((time.monotonic() - self.began, self.size))

    def assert_never_early(self, due):
        """due(k): the seconds after which byte k may come, from 0 on."""
        for at, size in self.seen:
            assert at >= due(size - 1), f"byte {size - 1} after {at} s"
