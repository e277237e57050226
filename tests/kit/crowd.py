"""
Crowds: a process with very many connections, all of which do the same slow
thing, and which tells when and how each was answered and ended.
"""

import errno
import select
import socket
import struct
import time
from array import array
from typing import NamedTuple

from clients import READ_SIZE, Loop, Process, socket_elsewhere

AT_ONCE = 200  # connections that are opened between two looks at the others


class Habit(NamedTuple):
    """What each of a crowd does."""

    start: bytes  # sent at once
    drip: bytes = b""  # sent every so many seconds
    every: float = 1.0
    reads: int = READ_SIZE  # bytes at a time; 0: never
    read_every: float = 0  # 0: whenever there is something
    receive_buffer: int = 0  # bytes; 0: the system's


class Life(NamedTuple):
    """Of all, in the order of opening: times, or 0 for never."""

    began: array  # when it was opened
    answered: array  # when the last bytes came; to who is slow, the first
    ended: array
    statuses: list  # of the first answer; 0: none
    resets: list  # whether it ended so

    def times_to_end(self, since="began"):
        """Seconds, of those that ended."""
        since = getattr(self, since)
        return [end - begin for begin, end in zip(since, self.ended) if end]


class Crowd(Process):
    """A process of so many, who all have this habit."""

    def __init__(self, address, count, habit):
        super().__init__(Members, address, count, habit, counters=3)
        self.count = count

    opened = property(lambda self: self._progress[0])
    answered = property(lambda self: self._progress[1])
    ended = property(lambda self: self._progress[2])

    def leave(self, count, reset=False):
        """So many go, the answered ones if there are any; returns when."""
        self._pipe.send(("leave", count, reset))
        return self._pipe.recv()

    def look(self):
        """The lives so far."""
        self._pipe.send(("look",))
        return self._pipe.recv()


class Members(Loop):
    """All connections of a crowd; they go by their number."""

    def __init__(self, address, count, habit, progress):
        super().__init__(progress)
        self.address = address
        self.habit = habit
        self.sockets = [None] * count
        self.numbers = {}  # by descriptor
        self.life = Life(
            *(array("d", bytes(8 * count)) for _ in range(3)),
            [0] * count,
            [False] * count,
        )

    def run(self, pipe):
        self.poll.register(pipe.fileno(), select.EPOLLIN)
        while True:
            opening = self.progress[0] < len(self.sockets)
            left = range(self.progress[0], len(self.sockets))
            for number in left[:AT_ONCE]:
                self.open(number)
            for fd, _ in self.poll.poll(0 if opening else self.time_left(-1)):
                if fd == pipe.fileno():
                    self.obey(pipe)
                elif fd in self.numbers:
                    self.on_readable(self.numbers[fd])
            self.run_later()

    def is_current(self, number, turn):
        return self.sockets[number] is not None

    def obey(self, pipe):
        what, *how = pipe.recv()
        if what == "look":
            pipe.send(self.life)
        else:
            pipe.send(self.leave(*how))

    def leave(self, count, reset):
        answered = self.life.answered
        there = [n for n, s in enumerate(self.sockets) if s is not None]
        those = [n for n in there if answered[n]] or there
        now = time.monotonic()
        for number in those[:count]:
            if reset:
                at_once = struct.pack("ii", 1, 0)
                self.sockets[number].setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, at_once
                )
            self.close(number)
        return now

    # The way of a connection

    def open(self, number):
        connection = socket_elsewhere()
        if self.habit.receive_buffer:
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, self.habit.receive_buffer
            )
        connection.setblocking(False)
        self.life.began[number] = time.monotonic()
        error = connection.connect_ex(self.address)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "connect")
        self.sockets[number] = connection
        self.numbers[connection.fileno()] = number
        self.progress[0] += 1
        self.put_off(0, self.begin, number)

    def begin(self, number):
        """Sends its start, once it is connected."""
        connection = self.sockets[number]
        try:
            connection.send(self.habit.start)
        except BlockingIOError:
            return self.put_off(0.01, self.begin, number)
        except ConnectionError:
            return self.end(number, reset=True)
        if self.habit.drip:
            self.put_off(self.habit.every, self.drip, number)
        if self.habit.read_every:
            self.put_off(self.habit.read_every, self.read_in_time, number)
        self.poll.register(connection, select.EPOLLIN)

    def is_slow(self):
        return self.habit.read_every or not self.habit.reads

    def drip(self, number):
        try:
            self.sockets[number].send(self.habit.drip)
        except BlockingIOError:
            pass
        except ConnectionError:
            return self.end(number, reset=True)
        self.put_off(self.habit.every, self.drip, number)

    def read_in_time(self, number):
        self.read(number)
        if self.sockets[number] is not None:
            self.put_off(self.habit.read_every, self.read_in_time, number)

    def on_readable(self, number):
        """Who is slow hears of the first bytes, and then of the end alone."""
        if not self.is_slow():
            self.read(number)
        elif self.life.answered[number]:
            self.end(number, reset=True)
        else:
            self.take_down(number)
            self.poll.modify(self.sockets[number], select.EPOLLRDHUP)

    def read(self, number):
        try:
            data = self.sockets[number].recv(self.habit.reads)
        except BlockingIOError:
            return
        except ConnectionError:
            return self.end(number, reset=True)
        if not data:
            return self.end(number)
        self.take_down(number, data)

    def take_down(self, number, data=b""):
        first = not self.life.answered[number]
        if first:
            self.progress[1] += 1
            self.life.statuses[number] = int(data[9:12] or 0)
        if first or not self.is_slow():
            self.life.answered[number] = time.monotonic()

    def end(self, number, reset=False):
        self.life.ended[number] = time.monotonic()
        self.life.resets[number] = reset
        self.progress[2] += 1
        self.close(number)

    def close(self, number):
        del self.numbers[self.sockets[number].fileno()]
        self.sockets[number].close()
        self.sockets[number] = None
