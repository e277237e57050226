"""Questions to a server, and its answers, byte by byte."""

import socket
from typing import NamedTuple

PATIENCE = 60  # seconds after which an answer counts as lost


class Fault(Exception):
    """What makes the bench fail: a wrong answer, an error, an early sleep."""


class Answer(NamedTuple):
    status: int
    fields: dict  # by their names in lower case
    body: bytes
    size: int  # bytes, with the head


def connect(address, source=None):
    connection = socket.create_connection(address, PATIENCE, source)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def request(target="/", *fields):
    """The bytes of a request; fields are whole lines without their CRLF."""
    lines = [f"GET {target} HTTP/1.1", "Host: localhost", *fields, "", ""]
    return "\r\n".join(lines).encode()


def read(stream):
    """The next answer of a connection's makefile("rb")."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            raise Fault(f"an answer ends after {head!r}")
        head += line
    status_line, *lines = head.decode("latin-1").splitlines()[:-1]
    fields = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    body = stream.read(int(fields["content-length"]))
    status = int(status_line.split()[1])
    return Answer(status, fields, body, len(head) + len(body))
