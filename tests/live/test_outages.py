"""Outages: `down` has a status or a fault hold for the first part of each period,
which all servers see alike."""

import time

import pytest
from server import run
from waiting import MODELS, ask
from wire import request
from worded import did

PERIOD = 0.4  # seconds; the outages of most tests are half of it
PATIENCE = 20


def is_down(response):
    down = "down" in (response.field("Mtasync") or "")
    assert response.status == (503 if down else 200)
    return down


def phase_of(moment, period=PERIOD, phase=0):
    """Seconds since the period began."""
    return (moment - phase) % period


def sample(server, target, is_enough):
    """
    Asks again and again: (before, after, answer) of each, by the clock of the
    system, until there are enough.
    """
    seen = []
    give_up = time.monotonic() + PATIENCE
    while not is_enough(seen):
        assert time.monotonic() < give_up, seen
        before = time.time()
        response = ask(server, target)
        seen.append((before, time.time(), response))
        time.sleep(0.002)
    return seen


def both(seen):
    """Whether outages, and none, have come often enough."""
    down = [is_down(response) for _, _, response in seen]
    return min(down.count(True), down.count(False)) >= 20


def assert_in_time(seen, on, period=PERIOD, phase=0):
    """Where both ends of a question are on one side, so is its answer."""
    judged = 0
    for before, after, response in seen:
        begin = phase_of(before, period, phase)
        end = begin + after - before
        if end < on or (begin >= on and end < period):
            judged += 1
            assert is_down(response) == (end < on), (begin, end, response)
    assert judged >= 10


@pytest.mark.parametrize("model", MODELS)
def test_outage_is_by_the_clock(serve, model):
    """Its periods are those since the epoch."""
    server = serve(f"--model={model}")
    target = "/sleep/0?down=200ms/400ms&size=1"
    seen = sample(server, target, both)
    assert_in_time(seen, 0.2)
    for _, _, response in seen:
        told = {"delay": 0, "size": 1}
        if is_down(response):
            told |= {"status": 503, "down": True}
        assert did(response) == told


@pytest.mark.parametrize("phase", ["100ms", "900ms", "0"])
def test_phase(serve, phase):
    seconds = int(phase.removesuffix("ms")) / 1000
    target = f"/sleep/0?down=100ms/400ms&phase={phase}"
    seen = sample(serve(), target, both)
    assert_in_time(seen, 0.1, phase=seconds)


def test_two_servers_agree(serve, root):
    """They are down and up together, each with its own start."""
    rule = "--rule=/hello.html down=150ms/300ms phase=70ms"
    one, other = serve(rule, root=root), serve(rule, "-w", 3, root=root)
    with one.connect() as first, other.connect() as second:
        changes, judged, last = 0, 0, None
        give_up = time.monotonic() + PATIENCE
        while changes < 6 or judged < 50:
            assert time.monotonic() < give_up
            began = time.monotonic()
            before = is_down(first.ask("/hello.html"))
            between = is_down(second.ask("/hello.html"))
            after = is_down(first.ask("/hello.html"))
            # two changes are further apart than that
            if before == after and time.monotonic() - began < 0.15:
                judged += 1
                changes += last is not None and before != last
                last = before
                assert between == before
            time.sleep(0.002)


def test_outage_for_ever_and_never(serve):
    server = serve()
    assert is_down(ask(server, "/sleep/0?down=1h/1h"))
    assert not is_down(ask(server, "/sleep/0?down=0/1h"))


def test_fault_in_an_outage_alone(serve):
    server = serve()
    target = "/sleep/0?down=1h/1h&fault=close"
    client = server.connect()
    client.send(request(target))
    assert client.read_to_end() == (b"", "FIN")
    response = ask(server, target.replace("1h/", "0/"))
    assert response.status == 200 and did(response) == {"delay": 0}


def test_status_of_an_outage(serve):
    server = serve()
    target = "/sleep/0?down=1h/1h&status=429:50,500:50&size=2"
    statuses = {ask(server, target).status for _ in range(40)}
    assert statuses == {429, 500}
    for _ in range(10):
        response = ask(server, target.replace("1h/", "0/"))
        assert response.status == 200 and response.body == b"ab"


def test_all_else_holds_outside_of_it(serve):
    for down in "0/1h", "1h/1h":
        response = ask(serve(), f"/sleep/15ms?down={down}&size=3")
        assert "sleep;dur=15" in response.field("Server-Timing")
        assert did(response)["size"] == 3


# When it ends


@pytest.mark.parametrize("on, period", [(2, 5), (3600, 3600), (1, 1)])
def test_retry_after_is_its_end(serve, on, period):
    """In whole seconds: not before, and not a second behind it."""
    server = serve()
    # so that it has just begun, or will soon
    phase = int(time.time()) % period if on > 1 else 0
    target = (
        f"/sleep/0?down={on}s/{period}s&phase={phase}s&retry-after=auto"
    )  # fmt: skip
    for _ in range(20):
        before = time.time()
        response = ask(server, target)
        after = time.time()
        begin = phase_of(before, period, phase)
        if response.status == 503 and begin + after - before < on:
            retry = int(response.field("Retry-After"))
            assert retry >= on - phase_of(after, period, phase)
            assert retry < on - begin + 1
            break
        time.sleep(0.01)
    else:
        raise AssertionError("no outage is seen")


def test_client_that_obeys_retry_after_is_served(serve):
    server = serve()
    target = "/sleep/0?down=2s/10m&retry-after=auto"
    phase = int(time.time() * 1000) % 600_000
    response = ask(server, f"{target}&phase={phase}ms")
    assert response.status == 503
    retry = int(response.field("Retry-After"))
    assert retry in (1, 2)
    time.sleep(retry)  # as such a client does
    response = ask(server, f"{target}&phase={phase}ms")
    assert response.status == 200 and response.field("Retry-After") is None


def test_auto_needs_an_outage(serve):
    response = ask(serve(), "/sleep/0?status=503&retry-after=auto")
    assert response.status == 400 and b"down" in response.body


@pytest.mark.parametrize("words", ["down=1h/1h status=503:50", "down=0/1h"])
def test_draw_of_an_outage(serve, root, words):
    (root / "a").write_bytes(b"a")
    words += " delay=0..1ms"
    printed = run(f"--draw={words}", "--draws=12", "--seed=3").stdout
    server = serve("--seed=3", f"--rule=/a {words}", root=root)
    told = [ask(server, "/a").field("Mtasync") for _ in range(12)]
    assert told == printed.splitlines()
