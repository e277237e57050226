"""
Promise 7, socket activation under load: who starts the server holds its
socket, so that a restart loses nothing and refuses nobody.
"""

import contextlib
import socket

import load
from effort import Efforts
from verdict import counted, not_measured, nothing_lost, progress

WORKERS = [2, 3, 1]  # one after the other
BACKLOG = 4096

# A shell that becomes the server; the socket, its standard input, becomes
# descriptor 3, as sd_listen_fds(3) has it.
LAUNCHER = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 </dev/null'

EFFORTS = Efforts(
    restarts=(10, 3),
    kept_alive=(128, 32),  # connections
    one_each=(64, 32),  # connections at a time
    answers=(1000, 100),  # between two restarts
)


def start(target, shared, number):
    """A server that is given its socket, and no address."""
    return target.start(
        "-w",
        WORKERS[number % len(WORKERS)],
        listen=(),
        wrapper=["sh", "-c", LAUNCHER, "sh"],
        stdin=shared,
    )


def busy_threads(server):
    """How many of its threads have had the CPU for a millisecond since."""
    return sum(spent > 0.001 for spent in server.thread_seconds())


def measure(target, effort):
    if not target.own:
        yield not_measured("socket activation", "not mtasync")
        return
    unclean = 0
    with contextlib.ExitStack() as stack:
        shared = stack.enter_context(
            socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        )
        server = stack.enter_context(start(target, shared, 0))
        loads = load.begin_pair(
            stack,
            server.address,
            (target.body(),),
            (effort.kept_alive, effort.one_each),
        )
        idle = WORKERS[0] - min(busy_threads(server), WORKERS[0])
        row = counted("workers that nobody came to", idle, WORKERS[0])
        yield row._replace(timed=True)  # who accepts first is up to chance
        for number in range(1, effort.restarts + 1):
            progress(f"restart {number} of {effort.restarts}")
            server.stop()
            unclean += server.wait() != 0
            server = stack.enter_context(start(target, shared, number))
            for each in loads:
                each.await_answers(effort.answers)
        kept, new = (each.stop() for each in loads)
    yield nothing_lost("restarts: kept-alive requests lost", kept)
    yield nothing_lost("restarts: new connections lost", new)
    refused = kept.refused + new.refused
    yield counted("restarts: refused", refused, kept.connects + new.connects)
    yield counted("restarts: status not 0", unclean, effort.restarts)
