"""
TLS between a test and a socket, so that it is seen what is on the wire: whether
a FIN came behind a close_notify or without one, and that a reset is one.
"""

import os
import select
import socket
import ssl
import time

# Whether servers of the kit are to speak TLS, and how: "1", or "1.2" at most.
TLS = os.environ.get("CHECK_TLS", "")
PATIENCE = 30  # seconds after which a test gives up waiting
READ_SIZE = 1 << 18
SHAKE = 0.5  # seconds for a handshake, before one goes on without having it


def client_context(ca=None, most=None):
    """Of a client that believes all; or that knows one CA, given by its file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = ca is not None
    context.verify_mode = ssl.CERT_REQUIRED if ca else ssl.CERT_NONE
    if ca:
        context.load_verify_locations(ca)
    if most:
        context.maximum_version = most
    return context


ANY = client_context()
if TLS == "1.2":
    ANY.maximum_version = ssl.TLSVersion.TLSv1_2


class SecureSocket:
    """
    What a test does with a socket, over TLS. What of the handshake takes longer
    than so many seconds is done by whoever sends or receives later: so one may
    connect to a server that is full, or stands.

    A FIN behind the server's close_notify makes recv() return nothing, and is
    `orderly`; one without it makes an ssl.SSLEOFError.
    """

    def __init__(
        self, raw, context=ANY, name="localhost", session=None, shake=SHAKE
    ):
        self.raw = raw
        self._patience = shake
        self.orderly = None  # how it ended, once it has
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self._in, self._out, server_hostname=name, session=session
        )
        self._plain = bytearray()  # opened, and not yet asked for
        self._unsent = bytearray()  # given before the handshake was done
        self._shaken = False
        self._step()
        self._await_handshake(shake)

    def __getattr__(self, name):
        return getattr(self.raw, name)

    # What a socket does

    def sendall(self, data):
        if not self._shaken:
            self._await_handshake(self._patience)
        if self._shaken:
            self._seal(data)
        else:
            self._unsent += data

    def send(self, data):
        """Of a socket that does not block: no more while something is left."""
        if self._out.pending or self._held:
            self._push()
            raise BlockingIOError
        self.tls.write(data)
        self._push()
        return len(data)

    def recv(self, size, flags=0):
        while not self._plain:
            if self.orderly:
                return b""
            self._take(self.raw.recv(size if self._shaken else READ_SIZE))
        data = bytes(self._plain[:size])
        if not flags & socket.MSG_PEEK:
            del self._plain[:size]
        return data

    def shutdown(self, how):
        if self._shaken and how != socket.SHUT_RD:
            self.end()
        self.raw.shutdown(how)

    def close(self):
        self.raw.close()

    # What TLS has besides

    def end(self):
        """Sends a close_notify."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:  # the server's is not there
            pass
        self._flush()

    def shake(self, seconds):
        """Goes on with the handshake for so long; returns whether it is done."""
        give_up = time.monotonic() + seconds
        while not self._shaken:
            left = max(0, give_up - time.monotonic())
            if not self._await_bytes(left):
                break
            self._take(self.raw.recv(READ_SIZE))
        return self._shaken

    def is_silent(self, seconds):
        """Whether nothing comes in this time that a test would see."""
        give_up = time.monotonic() + seconds
        while not self._plain and self.orderly is None:
            left = max(0, give_up - time.monotonic())
            if not self._await_bytes(left):
                return True
            data = self.raw.recv(READ_SIZE, socket.MSG_PEEK)
            if not data:
                return False
            self._take(self.raw.recv(len(data)))
        return False

    # Bytes

    _held = b""  # sealed, and not taken by a socket that does not block

    def _push(self):
        self._held += self._out.read()
        try:
            self._held = self._held[self.raw.send(self._held) :]
        except BlockingIOError:
            pass

    def _flush(self):
        data, self._held = self._held + self._out.read(), b""
        if data:
            self.raw.sendall(data)

    def _seal(self, data):
        if data:
            self.tls.write(data)
        self._flush()

    def _await_bytes(self, seconds):
        poll = select.poll()
        poll.register(self.raw, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def _await_handshake(self, seconds):
        """And the ticket that comes after it, so that all that comes is data."""
        give_up = time.monotonic() + seconds
        while not self._shaken or self._awaits_ticket():
            left = give_up - time.monotonic()
            if left <= 0 or not self._await_bytes(left):
                return
            data = self.raw.recv(READ_SIZE)
            self._take(data)
            if not data:
                return

    def _awaits_ticket(self):
        return (
            self.tls.version() == "TLSv1.3"
            and not self.tls.session.has_ticket
            and not self._plain
            and self.orderly is None
        )

    def _take(self, data):
        """Takes what has been received; nothing is the FIN."""
        if not data:
            if self.orderly is None:
                self.orderly = False
            raise ssl.SSLEOFError(
                ssl.SSL_ERROR_EOF, "a FIN without a close_notify"
            )
        self._in.write(data)
        self._step()

    def _step(self):
        """Goes on with the handshake, or opens all that is there."""
        try:
            if not self._shaken:
                self.tls.do_handshake()
                self._shaken = True
                self._seal(self._unsent)
                self._unsent.clear()
            while self._open():
                pass
        except ssl.SSLWantReadError:
            pass
        finally:
            if self.raw.fileno() >= 0 and self._out.pending:
                self._flush()

    def _open(self):
        """Returns whether there may be more."""
        try:
            data = self.tls.read(READ_SIZE)
        except ssl.SSLZeroReturnError:
            data = b""
        self._plain += data
        if not data:
            self._await_fin()
        return data

    def _await_fin(self):
        """A close_notify is followed by a FIN and by nothing else."""
        if self.raw.gettimeout() == 0:
            self.raw.settimeout(PATIENCE)
        rest = self._in.read() + self.raw.recv(READ_SIZE)
        assert not rest, f"behind the close_notify: {rest[:100]!r}"
        self.orderly = True
