"""
Promise 9, an address space that is full: some clients are shed, nobody else
notices, and when they have left, all is as before. That each allocation may
fail is shown by tests/live/test_memory.py.
"""

import contextlib
import resource

import load
from clients import limit
from crowd import Crowd, Habit
from effort import Efforts
from server import SANITIZERS
from verdict import holds, not_measured, nothing_lost

WORKERS = 2
ADDRESS_SPACE = 200 << 20
KEPT = 20  # that were there first, and go on asking
FIELD = b"A: " + 1000 * b"a" + b"\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + 30 * FIELD

EFFORTS = Efforts(clients=(15_000, 8_000))  # each sends most of a head


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def measure(target, effort):
    if SANITIZERS:
        yield not_measured("200 MB", "a sanitizer's address space")
        return
    count = limit(effort.clients)
    options = ["-w", WORKERS, "--header-timeout=5m"]
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            target.start(*options, preexec_fn=limit_memory)
        )
        bodies = (target.body(),)
        kept = load.kept_alive(server.address, bodies, KEPT, pause=0.2)
        stack.enter_context(kept)
        kept.await_connections()
        before = server.descriptors("socket:")
        with Crowd(server.address, count, Habit(HALF)) as clients:
            server.eventually(
                lambda: clients.opened == count, f"{count} clients"
            )
            kept.await_answers(5 * KEPT)
            shed = clients.ended
        server.eventually(
            lambda: server.descriptors("socket:") == before,
            "the clients to be let go",
        )
        with load.one_each(server.address, bodies, 20, repeat=False) as new:
            after = new.finish()
        outcome = kept.stop()
    title = f"200 MB, {count:,} clients"
    too_many = count * len(HALF) > ADDRESS_SPACE
    some = f"{shed:,} of {count:,}"
    yield holds(
        f"{title}: shed", some, "some", 0 < shed < count or not too_many
    )
    yield nothing_lost(f"{title}: lost of who was in before", outcome)
    yield nothing_lost(f"{title}: lost of who comes after", after)
