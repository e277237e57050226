"""What those who queue take of the memory, and that nothing of it stays."""

import resource

import pytest
from clients import limit
from crowd import Crowd, Habit
from pooled import hold
from server import SANITIZERS
from test_memory import BROWSER, CURL, private_memory

CLIENTS = 5000
ROUNDS = 3  # after two, memory is what it is going to be
MOST_STAYS = 128 << 10  # bytes of all, which is 26 of each
QUEUING = CURL.replace(b"/sleep/9m", b"/sleep/9m?pool=db")
BROWSING = BROWSER.replace(b"?", b"?pool=db&")
POOL = f"--pool=db:slots=1,queue={CLIENTS}"

pytestmark = pytest.mark.skipif(
    bool(SANITIZERS), reason="a sanitizer's own allocator"
)


@pytest.fixture(autouse=True)
def many_descriptors():
    if limit(CLIENTS) < CLIENTS:
        pytest.skip(f"no descriptors for {CLIENTS:,} clients")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def queue_up(server, count, habit):
    before = server.descriptors()
    crowd = Crowd(server.address, count, habit)
    server.await_descriptors(before + count)
    server.await_rest()
    return crowd


@pytest.mark.parametrize(
    "start, log, most",
    [(QUEUING, "off", 800), (BROWSING, "json", 1100)],
    ids=["curl", "browser"],
)
def test_who_queues_takes(serve, start, log, most):
    """In bytes, for each of those who come when some queue already."""
    server = serve("-w", 1, POOL, f"--log={log}", "--log-file=/dev/null")
    hold(server)
    habit = Habit(start)
    with queue_up(server, CLIENTS // 5, habit):
        before = private_memory(server)
        with queue_up(server, CLIENTS * 4 // 5, habit) as crowd:
            taken = private_memory(server) - before
            assert crowd.answered == 0
    assert taken / (CLIENTS * 4 // 5) <= most


@pytest.mark.parametrize("reset", [False, True])
def test_nothing_stays_of_who_has_left_the_queue(serve, reset):
    server = serve("-w", 1, POOL, "--max-sleepers=9000")
    hold(server)
    sockets = server.descriptors("socket:")
    habit = Habit(QUEUING)
    sizes = []
    for _ in range(ROUNDS):
        with queue_up(server, CLIENTS, habit) as crowd:
            crowd.leave(CLIENTS, reset)
            server.eventually(
                lambda: server.descriptors("socket:") == sockets,
                "all to be let go",
            )
        server.await_rest()
        sizes.append(private_memory(server))
    assert sizes[-1] - sizes[-2] <= MOST_STAYS, sizes
