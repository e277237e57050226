"""
Sends an input to a server and says in a few words what became of it: the
status of each answer, and how the connection went on.
"""

import re
import socket
from typing import NamedTuple

QUIET = 1.5  # seconds without a byte, after which a server is waiting for more
READ_SIZE = 1 << 16

# Sent behind every input. It is answered where the server still takes what
# follows for a request.
MARKER_BODY = b"the marker's content\n"
MARKER = b"GET /marker.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Input(NamedTuple):
    """A row: what is sent, and what mtasync is to make of it."""

    section: str  # of RFC 9110 or 9112
    name: str
    data: bytes  # @ETAG@ in it becomes the server's own for /ten.txt
    ours: str  # as outcome() says it
    why: str = ""  # others may differ, because
    show: tuple = ()  # fields of the answers that count, too
    later: bytes = b""  # sent only after the first answer, or when QUIET


class Answer(NamedTuple):
    status: str
    fields: dict  # by names in lower case
    body: bytes


def outcome(address, row, etag):
    """`200 kept`, `400 FIN`, `100 200 kept`, `206 bytes 0-3/10 kept`."""
    stream, end = exchange(
        address, row.data.replace(b"@ETAG@", etag), row.later
    )
    words = []
    for answer in answers(stream, row.data.startswith(b"HEAD ")):
        if answer.body == MARKER_BODY:
            end = "kept"
            continue
        words.append(answer.status)
        for name in row.show:
            words.append(settled(answer.fields.get(name.lower(), "-")))
    return " ".join([*words, end])


def settled(value):
    """Without what means nothing here: ports, boundaries, a name's case."""
    value = re.sub(r":\d+/", ":PORT/", value.partition("; boundary=")[0])
    return value.replace("accept-encoding", "Accept-Encoding")


def exchange(address, data, later):
    """All that the server sends, and how that ended: FIN, RST or waits."""
    with socket.create_connection(address) as connection:
        connection.settimeout(QUIET)
        if not later:
            send(connection, data + MARKER)
            return receive(connection, MARKER_BODY)
        send(connection, data)
        first, end = receive(connection, b"\r\n\r\n")
        if end in ("FIN", "RST"):
            return first, end
        send(connection, later + MARKER)
        rest, end = receive(connection, MARKER_BODY)
        return first + rest, end


def send(connection, data):
    """What a server that has closed does not take shows when one receives."""
    try:
        connection.sendall(data)
    except OSError:
        pass


def receive(connection, last):
    """What comes, up to the bytes `last`, and how it ended."""
    stream = b""
    try:
        while last not in stream:
            data = connection.recv(READ_SIZE)
            if not data:
                return stream, "FIN"
            stream += data
    except ConnectionResetError:
        return stream, "RST"
    except socket.timeout:
        return stream, "waits"
    return stream, "more"


def answers(stream, to_head):
    """Takes the stream apart. What is no answer has the status `?`."""
    while stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        match = re.match(r"HTTP/1\.[01] (\d{3})", lines[0])
        if not match:
            yield Answer("?", {}, b"")
            return
        pairs = [line.partition(":") for line in lines[1:]]
        fields = {name.lower(): value.strip() for name, _, value in pairs}
        interim = match[1].startswith("1")
        if interim or to_head or match[1] in ("204", "304"):
            body, stream = b"", rest
        else:
            body, stream = split_body(fields, rest)
        to_head = to_head and interim
        yield Answer(match[1], fields, body)


def split_body(fields, rest):
    """The body (chunks are left as they are), and what is behind it."""
    if fields.get("transfer-encoding") == "chunked":
        body, _, rest = rest.partition(b"0\r\n\r\n")
        return body, rest
    size = int(fields.get("content-length", len(rest)))
    return rest[:size], rest[size:]
