"""
An allocation that fails, of OpenSSL or of ours, costs the connection that it was
for, and no other. Each of a handshake and of what follows is made to fail once;
for those of HTTP alone see test_memory.py.
"""

import contextlib
import ssl
from typing import NamedTuple

import pytest
from counted import Counted
from secured import SecureSocket, client_context
from server import SANITIZERS
from shaken import GONE, hello, https, needs_tls, plain  # noqa: F401
from shaken import session_of, shake
from wire import PATIENCE, Ended, request

pytestmark = [
    needs_tls,
    pytest.mark.skipif(bool(SANITIZERS), reason="a sanitizer's own allocator"),
]

OLD = ssl.TLSVersion.TLSv1_2
FOREVER = 1 << 60
HELLO = b"<p>hello</p>\n"
LARGE = b"0123456789abcdef" * (20 << 10)  # neither cached nor sent at once


class Visit(NamedTuple):
    """What a client does on a connection of its own, and what it is to get."""

    asked: list  # requests, one after the other
    body: bytes  # of each answer
    most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    name: str = "localhost"  # {} is another number each time
    resumes: bool = False
    slow: bool = False  # it reads when the server can send no more
    stride: int = 1  # from one allocation to the next that fails


PLAIN = request("/")
VISITS = {
    "kept": Visit([PLAIN, PLAIN], HELLO),
    "kept, 1.2": Visit([PLAIN, PLAIN], HELLO, OLD),
    "resumed": Visit([PLAIN], HELLO, resumes=True),
    "resumed, 1.2": Visit([PLAIN], HELLO, OLD, resumes=True),
    "another name": Visit([PLAIN], HELLO, name="a{}.test", stride=13),
    "a lie": Visit([PLAIN], HELLO, name="expired.a{}.test", stride=13),
    "a wait": Visit([PLAIN], HELLO, name="sleep-1ms.localhost", stride=3),
    "asleep": Visit([request("/sleep/1ms")], HELLO, stride=3),
    "not taken": Visit([request("/large")], LARGE, slow=True, stride=3),
    "with a body": Visit(
        [request("/sleep/0", "Content-Length: 40000", body=40000 * b"x")],
        HELLO,
        stride=3,
    ),
}


class Walk:
    """Visits to a server, in each of which one of its allocations fails."""

    def __init__(self, https, root, directory, visit):  # noqa: F811
        self.visit = visit
        self.counted = Counted(directory / "counted")
        self.server = https(
            *("-w", "1", "--max-conns=2"),  # one that stayed would be missed
            root=root,
            env=self.counted.environment,
        )
        self.before = self.server.descriptors("socket:")
        self.session = {"context": client_context(most=visit.most)}
        if visit.resumes:
            self.session = session_of(self.server, **self.session)
            self.await_leave()

    def is_served(self, number):
        """
        Whether all of it is right; else it has ended, before anybody has lost
        patience, and what there was of it was right.
        """
        with plain(self.server) as client:
            try:
                client.socket = SecureSocket(
                    client.socket,
                    name=self.visit.name.format(number),
                    shake=0,
                    **self.session,
                )
                assert client.socket.shake(
                    PATIENCE
                ), "no handshake, and no end"
                return all(self.ask(client, each) for each in self.visit.asked)
            except (*GONE, Ended):
                return False

    def ask(self, client, asked):
        client.send(asked)
        if self.visit.slow:
            self.server.await_sleep()
        response = client.read_response()
        if response.status == 503:
            return False
        assert (response.status, response.body) == (200, self.visit.body)
        return True

    def await_leave(self):
        self.server.eventually(
            lambda: self.server.descriptors("socket:") == self.before,
            "the client to be let go",
        )

    def pay(self, number):
        """
        Whether the visit is served whose allocation of this number fails, and
        whether it has one.
        """
        begin = self.counted.allocations
        self.counted.fail(begin + number)
        served = self.is_served(number)
        self.await_leave()
        self.counted.fail(0, 0)
        return served, self.counted.allocations - begin >= number


@pytest.mark.parametrize("visit", VISITS)
def test_allocation_that_fails_costs_one_connection(
    https, root, tmp_path, visit  # noqa: F811
):
    """Of visits that begin as others do, or that have thousands, some do."""
    (root / "large").write_bytes(LARGE)
    walk = Walk(https, root, tmp_path, VISITS[visit])
    lost = number = 0
    failed = True
    while failed:
        number += walk.visit.stride
        served, failed = walk.pay(number)
        lost += not served
        assert walk.is_served(-number), f"after allocation {number}"
        walk.await_leave()
    assert lost * walk.visit.stride > 200  # those that are resumed need least


def test_no_memory_for_a_while(https, root, tmp_path):  # noqa: F811
    """Nobody is left hanging: those who are there end, or are served."""
    counted = Counted(tmp_path / "counted")
    server = https("-w", "1", root=root, env=counted.environment)
    before = server.descriptors("socket:")
    kept, sleeper = shake(server), shake(server)
    assert kept.ask("/").body == HELLO
    sleeper.send(request("/sleep/200ms"))
    assert kept.ask("/").body == HELLO  # after which it is asleep
    counted.fail(counted.allocations + 1, FOREVER)
    for _ in range(100):
        with plain(server) as client, contextlib.suppress(ConnectionError):
            client.send(hello())
            client.read_to_end()
    for client, asked in (kept, PLAIN), (sleeper, b""):
        with contextlib.suppress(*GONE, Ended):
            client.send(asked)
            assert client.read_response().body == HELLO
    counted.fail(0, 0)
    for client in kept, sleeper:
        client.close()
    server.eventually(
        lambda: server.descriptors("socket:") == before,
        "the clients to be let go",
    )
    assert shake(server).ask("/").body == HELLO
