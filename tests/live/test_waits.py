"""
Whom each way to wait keeps waiting, by the order of the answers; and how they
stop.
"""

import select
import signal

import pytest
from server import eventually
from waiting import BLOCKING, FOREVER, LATER, MODELS, ask, asking, asleep
from waiting import begin, order  # noqa: F401
from wire import PATIENCE


def test_serial_all_wait(begin):
    server = begin("serial")
    first = asleep(server, LATER)
    assert order(sleep=first, page=asking(server)) == [{"sleep"}, {"page"}]


@pytest.mark.parametrize("model", ["thread", "async", "mtasync"])
def test_nobody_waits(begin, model):
    server = begin(model)
    sleepers = {f"sleep{i}": asleep(server, LATER) for i in range(20)}
    ended = order(**sleepers, page=asking(server))
    assert ended[0] == {"page"}


def test_pool_with_a_free_thread(begin):
    server = begin("pool")
    first = asleep(server, LATER)
    assert order(sleep=first, page=asking(server)) == [{"page"}, {"sleep"}]


def test_pool_without_a_free_thread(begin):
    server = begin("pool")
    first, second = asleep(server, LATER), asleep(server, FOREVER)
    assert order(sleep=first, page=asking(server)) == [{"sleep"}, {"page"}]
    assert second.is_silent()


def test_fork_join_waits_for_the_join(begin):
    """Though one of the two threads has nothing to do."""
    server = begin("fork_join")
    first = asleep(server, LATER)
    assert order(sleep=first, page=asking(server)) == [{"sleep"}, {"page"}]


def test_fork_join_serves_a_batch_together(begin):
    """Who comes while the first sleeps is one batch: a sleep and a page."""
    server = begin("fork_join")
    first = asleep(server, LATER)
    second, page = asking(server, LATER), asking(server)
    ended = order(first=first, second=second, page=page)
    assert ended == [{"first"}, {"page"}, {"second"}]


def test_threads_are_bounded_by_max_conns(begin):
    server = begin("thread", "--max-conns=2")
    first, second = asleep(server, LATER), asleep(server, FOREVER)
    assert order(sleep=first, page=asking(server)) == [{"sleep"}, {"page"}]
    assert second.is_silent()


@pytest.mark.parametrize("model", ["thread", "pool"])
def test_max_sleepers(begin, model):
    """One of two may sleep, until it leaves."""
    server = begin(model, "--max-sleepers=1")
    clients = [asking(server, FOREVER) for _ in range(2)]
    poll = select.poll()
    for client in clients:
        poll.register(client.socket, select.POLLIN)
    ready = [fd for fd, _ in poll.poll(1000 * PATIENCE)]
    asleep_one, refused = sorted(
        clients, key=lambda client: client.socket.fileno() in ready
    )
    response = refused.read_response()
    assert response.status == 503 and response.field("Retry-After")
    assert asleep_one.is_silent()
    refused.close()
    asleep_one.close()
    eventually(lambda: ask(server, "/sleep/1ms").status == 200, "a place")


# The stop


@pytest.mark.parametrize("model", MODELS)
def test_drain(begin, model):
    """Who sleeps and who is queued is answered, who is silent let go."""
    server = begin(model)
    sleeper, silent = asleep(server, LATER), server.connect()
    queued = asking(server)
    server.signal(signal.SIGTERM)
    for client in sleeper, queued:
        assert client.read_response().status == 200
        client.read_eof()
    silent.read_eof()
    server.join()
    assert "served 2 requests, cut 0," in server.stdout


@pytest.mark.parametrize("model", BLOCKING)
def test_drain_deadline(begin, model):
    server = begin(model, "--drain-timeout=100ms")
    client = asleep(server, FOREVER)
    server.signal(signal.SIGTERM)
    assert client.read_response().status == 503
    client.read_eof()
    server.join(3)
    assert ", cut 1," in server.stdout


@pytest.mark.parametrize("model", BLOCKING)
def test_second_signal(begin, model):
    """It ends a sleep that the drain would wait for."""
    server = begin(model)
    asleep(server, FOREVER)
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    server.join(3)
    assert ", cut 1," in server.stdout
