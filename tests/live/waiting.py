"""What the tests of the models share: servers, and clients that wait."""

import os
import select

import pytest
from sockets import unread_and_inode
from wire import PATIENCE, request

BLOCKING = ["serial", "thread", "pool", "fork_join"]
MODELS = [*BLOCKING, "async", "mtasync"]
LARGE = os.urandom(1 << 20) * 3
LATER = "/sleep/1500ms"  # far longer than an answer takes
FOREVER = "/sleep/5m"


@pytest.fixture
def begin(serve, root):
    """Starts a server of a model; those that have several have 2 threads."""
    (root / "large").write_bytes(LARGE)

    def start(model, *options):
        if model in ("pool", "fork_join", "mtasync"):
            options = ["-w", 2, *options]
        return serve(f"--model={model}", *options, root=root)

    return start


def asleep(server, target):
    """
    A client whose request is being served: it has been told to go on, and has
    sent the rest.
    """
    client = server.connect()
    fields = "Expect: 100-continue", "Content-Length: 1"
    client.send(request(target, *fields))
    assert client.read_response().status == 100
    client.send(b"x")
    return client


def is_read(client):
    """Whether the server has accepted it, and received all that it has sent."""
    told = unread_and_inode(
        client.socket.getpeername(), client.socket.getsockname()
    )
    return told is not None and told[0] == 0 and told[1] != 0


def ask(server, target, *fields, **how):
    """On a connection of its own, which is closed."""
    with server.connect() as client:
        return client.ask(target, *fields, **how)


def asking(server, target="/"):
    client = server.connect()
    client.send(request(target))
    return client


def order(**clients):
    """The names, by whose answer comes first. Who has it leaves."""
    poll = select.poll()
    names = {}
    for name, client in clients.items():
        names[client.socket.fileno()] = name
        poll.register(client.socket, select.POLLIN)
    ended = []
    while names:
        ready = poll.poll(1000 * PATIENCE)
        assert ready, f"no answer of {list(names.values())}"
        # two at a time are in no order that one could tell
        ended.append({names[fd] for fd, _ in ready})
        for fd, _ in ready:
            poll.unregister(fd)
            with clients[names.pop(fd)] as client:
                assert client.read_response().status == 200
    return ended
