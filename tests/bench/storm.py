"""
A storm of handshakes: clients that ask for a signature, and reset the connection
once they have it. That takes little of their CPU, so that it is the server who is
at its limit: as many of them wait for it as there are.
"""

import contextlib
import os
import select
import socket
import ssl
import struct

from clients import READ_SIZE, Loop, Process
from server import eventually

NO_LINGER = struct.pack("ii", 1, 0)  # a close is a reset


def client_hello():
    """The bytes of one, by Python's OpenSSL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    sent = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return sent.read()


class Storm(Process):
    """So many at a time, on these CPUs, for the length of a with statement."""

    def __init__(self, address, count, cpus):
        super().__init__(Members, address, count, cpus, counters=1)
        self._count = count

    signed = property(lambda self: self._progress[0])

    def await_start(self):
        eventually(lambda: self.signed > self._count, "a storm")


class Members(Loop):
    def __init__(self, address, count, cpus, progress):
        super().__init__(progress)
        os.sched_setaffinity(0, cpus)
        self.address = address
        self.count = count
        self.hello = client_hello()
        self.sockets = {}  # by descriptor

    def run(self, pipe):
        for _ in range(self.count):
            self.open()
        while True:
            for fd, _ in self.poll.poll():
                self.progress[0] += self.end(self.sockets.pop(fd))
                self.open()

    def open(self):
        connection = socket.create_connection(self.address)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        connection.send(self.hello)
        connection.setblocking(False)
        self.sockets[connection.fileno()] = connection
        self.poll.register(connection, select.EPOLLIN)

    def end(self, connection):
        """Whether it has got what it waited for."""
        with connection, contextlib.suppress(OSError):
            return len(connection.recv(READ_SIZE)) > 0
        return False
