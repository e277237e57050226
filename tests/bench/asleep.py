"""
A process of clients that ask a slow origin once each, all at once, and take
down when each was answered. An answer is there with its first bytes: what is
measured is how long nothing came.
"""

import errno
import select
import time
from array import array
from typing import NamedTuple

from clients import READ_SIZE, Loop, Process, socket_elsewhere

AT_ONCE = 20  # connections that are opened between two looks at the others


class Asked(NamedTuple):
    """What became of each: times, or 0 for never."""

    began: array  # when its connection was opened
    sent: array
    answered: array  # when the first bytes came
    statuses: array  # 0: none


class Sleepers(Process):
    """So many; they wait at most so many seconds for the last of them."""

    def __init__(self, address, count, request, patience):
        super().__init__(
            Members, address, count, request, patience, counters=1
        )

    def finish(self):
        """Waits for all of them."""
        return self._pipe.recv()


class Members(Loop):
    """They go by their number."""

    def __init__(self, address, count, request, patience, progress):
        super().__init__(progress)
        self.address = address
        self.request = request
        self.patience = patience
        self.left = count
        self.sockets = {}  # number and connection, by descriptor
        times = [array("d", bytes(8 * count)) for _ in range(3)]
        self.asked = Asked(*times, array("i", bytes(4 * count)))

    def run(self, pipe):
        count = self.left
        for number in range(count):
            self.open(number)
            if number % AT_ONCE == 0:
                self.look(0)
        give_up = time.monotonic() + self.patience
        while self.left and (rest := give_up - time.monotonic()) > 0:
            self.look(rest)
        pipe.send(self.asked)

    def look(self, seconds):
        for fd, _ in self.poll.poll(seconds):
            self.step(fd, *self.sockets[fd])

    def open(self, number):
        connection = socket_elsewhere()
        connection.setblocking(False)
        self.asked.began[number] = time.monotonic()
        error = connection.connect_ex(self.address)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "connect")
        self.sockets[connection.fileno()] = number, connection
        self.poll.register(connection, select.EPOLLOUT)
        self.step(connection.fileno(), number, connection)

    def step(self, fd, number, connection):
        """Sends as soon as it is connected, then waits for an answer."""
        try:
            if not self.asked.sent[number]:
                self.send(number, connection)
            else:
                self.receive(fd, number, connection)
        except BlockingIOError:
            pass
        except ConnectionError:
            self.end(fd, connection)

    def send(self, number, connection):
        now = time.monotonic()  # before it: an early answer is surely early
        connection.send(self.request)
        self.asked.sent[number] = now
        self.poll.modify(connection, select.EPOLLIN)

    def receive(self, fd, number, connection):
        data = connection.recv(READ_SIZE)
        if data:
            self.asked.answered[number] = time.monotonic()
            self.asked.statuses[number] = int(data[9:12] or 0)
        self.end(fd, connection)

    def end(self, fd, connection):
        del self.sockets[fd]
        connection.close()
        self.left -= 1
