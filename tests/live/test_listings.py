"""Listings of large directories: what they leave to others, how far they are
read, and who shares them; as strace(1) shows it."""

import json
import os
import re
import signal

import pytest
from server import clear_only, eventually, needs_strace, scaled
from wire import request

NAMES = 300
STAT = "?newfstatat,?fstatat64,?statx"
TRACED = f"trace={STAT},?epoll_wait,?epoll_pwait,sendto"
# So long does each look take, at the least, that a slice has few of them.
SLOW = f"inject={STAT}:delay_enter=1ms"
LOOK = re.compile(r'stat\w*\(\d+, "n\d+"')


def event_of(line):
    """What the worker does: look at a name, wait for events, send the page."""
    if "resumed>" in line:
        return None
    if LOOK.search(line):
        return "look"
    if "epoll" in line:
        return "wait"
    return "page" if "<p>hello</p>" in line else None


class Traced:
    """A server with one worker, whose looks at files are slow."""

    def __init__(self, serve, root):
        (root / "sub").mkdir()
        for number in range(NAMES):
            (root / f"sub/n{number}").symlink_to("../hello.html")
        self.trace = root.parent / "trace"
        strace = ["strace", "-D", "-f", "-s", "512", "-o", str(self.trace)]
        strace += ["-e", TRACED, "-e", SLOW]
        self.server = serve("-w", "1", "--listing", root=root, wrapper=strace)

    def events(self):
        """Ends it; all that its worker has done, in order."""
        self.server.signal(signal.SIGTERM)
        self.server.join()
        last = rf"^{self.server.pid} +\+\+\+ exited"
        eventually(
            lambda: re.search(last, self.trace.read_text(), re.MULTILINE),
            "strace to end",
        )
        events = map(event_of, self.trace.read_text().splitlines())
        return [event for event in events if event]


def connect(server, count):
    clients = [server.connect() for _ in range(count)]
    for client in clients:
        assert client.ask("/").status == 200
    return clients


def most_looks_between_waits(events):
    looks = [0]
    for event in events:
        if event == "wait":
            looks.append(0)
        looks[-1] += event == "look"
    return max(looks)


@clear_only("strace sees no page in what is sealed")
@needs_strace
def test_others_are_served_meanwhile(serve, root):
    traced = Traced(serve, root)
    lister, other = connect(traced.server, 2)
    lister.send(request("/sub/"))
    while lister.is_silent():
        assert other.ask("/").status == 200
    assert lister.read_response().body.count(b"<tr>") == NAMES + 1
    found = traced.events()
    assert found.count("look") == NAMES
    assert most_looks_between_waits(found) < 5
    first = found.index("look")
    last = len(found) - found[::-1].index("look")
    assert "page" in found[first:last]


@needs_strace
def test_a_storm_is_answered_by_few_readings(serve, root):
    """By two, where all are heard while the first reading is under way."""
    traced = Traced(serve, root)
    clients = connect(traced.server, 20)
    for client in clients:
        client.send(request("/sub/"))
    bodies = {client.read_response().body for client in clients}
    assert len(bodies) == 1
    found = traced.events()
    assert found.count("look") <= 5 * NAMES
    assert found.count("look") % NAMES == 0
    assert most_looks_between_waits(found) < 5


@pytest.mark.parametrize("model", ["mtasync", "thread"])
def test_names_that_are_not_listed_count(serve, root, model):
    """So no directory is read for long, whatever it has."""
    names = 4096
    (root / "sub").mkdir()
    for number in range(names - 1):
        (root / f"sub/{number}").symlink_to("nowhere")
    (root / "sub/file").touch()
    server = serve(f"--model={model}", "--listing", root=root)

    def ask(*fields):
        with server.connect() as client:
            return client.ask("/sub/", *fields)

    listed = json.loads(ask("Accept: application/json").body)
    assert listed["complete"] is True
    assert [entry["name"] for entry in listed["entries"]] == ["file"]
    os.symlink("nowhere", root / "sub/more")
    listed = json.loads(ask("Accept: application/json").body)
    assert listed["complete"] is False
    assert b"<p>There are more: only 4096 names were looked at." in ask().body


def test_many_at_once(serve, root):
    """More than are made at a time, each of another directory, and twice."""
    count = scaled(40)
    for number in range(count):
        (root / f"{number}").mkdir()
        for name in range(200):
            (root / f"{number}/{number}-{name}").touch()
    server = serve("-w", "1", "--listing", root=root)
    clients = connect(server, 2 * count)
    for number, client in enumerate(clients):
        client.send(request(f"/{number % count}/"))
    for number, client in enumerate(clients):
        page = client.read_response().body.decode()
        assert page.count(f'"./{number % count}-') == 200
