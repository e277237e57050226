"""A client's connection, byte by byte: requests, answers, and how it ends."""

import re
import select
import socket
import ssl
import struct

from secured import PATIENCE, READ_SIZE, SecureSocket


def head(*lines):
    """A request head of just these lines."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def request(target="/", *fields, method="GET", version="1.1", body=b""):
    """The bytes of a request; fields are whole lines without their CRLF."""
    line = f"{method} {target} HTTP/{version}"
    return head(line, "Host: localhost", *fields) + body


class Ended(AssertionError):
    """A FIN came where there was to be an answer, or more of it."""


class Response:
    """A parsed answer; head holds its bytes up to the empty line."""

    def __init__(self, head):
        self.head = head
        status_line, *lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) ([ -~]*)", status_line)
        assert match, f"not a status line: {status_line!r}"
        self.status = int(match[1])
        self.body = b""
        self.fields = []
        for line in lines:
            match = re.fullmatch(r"([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*)", line)
            assert match, f"not a field line: {line!r}"
            self.fields.append((match[1].lower(), match[2].strip(" \t")))

    @property
    def size(self):
        """Bytes of all, where the body is not chunked."""
        return len(self.head) + len(b"\r\n\r\n") + len(self.body)

    def field(self, name):
        """The value of a field that occurs at most once; None without it."""
        values = [v for n, v in self.fields if n == name.lower()]
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else None

    def without_date(self):
        """What two answers to one question have in common."""
        fields = [(n, v) for n, v in self.fields if n != "date"]
        return self.status, fields, self.body

    def __repr__(self):
        return f"<{self.head!r} and {len(self.body)} bytes>"


def parts_of(response):
    """
    The parts of a 206, each (first, last, size, type, bytes), by what their
    Content-Range says; so nothing in the data is taken for a boundary.
    """
    assert response.status == 206
    kind = response.field("Content-Type")
    match = re.fullmatch(
        r'multipart/byteranges; *boundary="?([\w\'()+,./:=?-]{1,70})"?', kind
    )
    if not match:
        span = read_span(response.field("Content-Range"))
        assert len(response.body) == span[1] - span[0] + 1
        return [(*span, kind, response.body)]
    assert response.field("Content-Range") is None  # 15.3.7.2
    return read_multipart(response.body, match[1].encode())


def read_span(text):
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", text)
    assert match, text
    return tuple(map(int, match.groups()))


def read_multipart(body, boundary):
    """RFC 2046 5.1.1, without preamble and epilogue."""
    parts = []
    body = b"\r\n" + body.removeprefix(b"\r\n")
    while not body.startswith(b"\r\n--" + boundary + b"--"):
        line = b"\r\n--" + boundary + b"\r\n"
        assert body.startswith(line), body[:100]
        head, _, body = body[len(line) :].partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines)
        assert len(lines) == len(fields)
        span = read_span(fields["content-range"])
        size = span[1] - span[0] + 1
        parts.append((*span, fields["content-type"], body[:size]))
        body = body[size:]
    assert body in (b"\r\n--%s--\r\n" % boundary, b"\r\n--%s--" % boundary)
    return parts


def family_of(address):
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


class Client:
    """
    One connection, to a host and port or a unix socket's path, from an address
    of one's own where there is a source; over TLS where `tls` has arguments for
    SecureSocket, maybe none. What was read too far is kept for the next read.
    """

    def __init__(self, address, receive_buffer=None, tls=None, source=None):
        family = family_of(address)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        if receive_buffer:
            self.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer
            )
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        if tls is not None:
            self.socket = SecureSocket(self.socket, **tls)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, target="/", *fields, **how):
        """Sends a request and reads its answer."""
        self.send(request(target, *fields, **how))
        return self.read_response(how.get("method", "GET"))

    def read_response(self, method="GET"):
        """The next answer, by its framing; an interim one counts as one."""
        response = self.read_head()
        status = response.status
        if method == "HEAD" or status < 200 or status in (204, 304):
            return response
        length = response.field("Content-Length")
        if response.field("Transfer-Encoding") == "chunked":
            assert length is None
            response.body = self._read_chunks()
        else:
            assert length is not None, f"an answer without length: {response}"
            response.body = self.read(int(length))
        return response

    def read_head(self):
        return Response(self.read_until(b"\r\n\r\n")[:-4])

    def _read_chunks(self):
        body = bytearray()
        while size := int(self.read_until(b"\r\n"), 16):
            body += self.read(size)
            assert self.read(2) == b"\r\n"
        assert self.read(2) == b"\r\n"
        return bytes(body)

    def read(self, size):
        while len(self.buffer) < size:
            self._fill_more()
        return self._take(size)

    def read_until(self, end):
        start = 0
        while (at := self.buffer.find(end, start)) < 0:
            start = max(0, len(self.buffer) - len(end) + 1)
            self._fill_more()
        return self._take(at + len(end))

    def read_some(self):
        """What has come, or comes next; nothing at the server's FIN."""
        return self._take(len(self.buffer)) or self.socket.recv(READ_SIZE)

    def read_all(self):
        """All bytes until the server's FIN; a reset raises."""
        while self._fill():
            pass
        return self._take(len(self.buffer))

    def read_to_end(self):
        """
        All bytes until the end, and which it was: "FIN" or "RST". Over TLS, a FIN
        may come without a close_notify: is_whole() tells.
        """
        try:
            while self._fill():
                pass
            how = "FIN"
        except ssl.SSLEOFError:
            how = "FIN"
        except ConnectionResetError:
            how = "RST"
        return self._take(len(self.buffer)), how

    def read_eof(self):
        """Asserts that the server ends the stream here, by FIN; and leaves."""
        rest = self.read_all()
        assert rest == b"", f"more before the FIN: {rest[:200]!r}"
        self.close()

    def is_whole(self):
        """
        Whether its end tells that nothing is missing, so that an answer without a
        length is whole; None in clear, where a FIN tells nothing.
        """
        return getattr(self.socket, "orderly", None)

    def is_silent(self, seconds=0):
        """Whether nothing, not even an end, has come after so long."""
        if isinstance(self.socket, SecureSocket):
            return not self.buffer and self.socket.is_silent(seconds)
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not self.buffer and not poll.poll(1000 * seconds)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Leaves with RST instead of FIN."""
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.close()

    def close(self):
        self.socket.close()

    def _fill(self):
        data = self.socket.recv(READ_SIZE)
        self.buffer += data
        return bool(data)

    def _fill_more(self):
        if not self._fill():
            raise Ended(f"FIN after {bytes(self.buffer[-200:])!r}")

    def _take(self, size):
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data


def assert_refuses(client, data, status):
    """One answer, of this status, then FIN; nothing else is answered."""
    client.send(data)
    response = client.read_response()
    assert response.status == status
    assert response.field("Connection") == "close"
    assert response.field("Date")
    client.read_eof()
    return response
