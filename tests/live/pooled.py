"""What the tests of pools share: who has a slot, who queues, and what the server
itself says of each in its log."""

import datetime
import re
from typing import NamedTuple

from server import eventually
from test_log_json import Log, parse
from wire import request

ROUNDED = 0.005  # ms, by which figures of a line may differ
HELD = "/sleep/5m?at=body&size=1&pool=db"  # its head comes in its slot
WAITS = "/sleep/0?size=1&pool=db"


def hold(server, target=HELD):
    """A client that has a slot, until it leaves."""
    client = server.connect()
    client.send(request(target))
    assert client.read_head().status == 200
    return client


def queue(server, target=WAITS):
    """A client that queues: its FIN is answered meanwhile."""
    client = server.connect()
    client.send(request(target))
    client.half_close()
    response = client.read_response()
    assert response.status == 100, response
    return client


def send(server, target=WAITS, **how):
    """
    A client that queues, or sleeps, and has sent no FIN. It is there when one
    that has come later, to the server's only loop, has been served.
    """
    client = server.connect()
    client.send(request(target, **how))
    with server.connect() as other:
        for _ in range(2):
            assert other.ask("/").status == 200
    return client


def refused(response):
    """Whether it has had no slot, by its receipt."""
    return "pool=db;refused" in (response.field("Mtasync") or "")


def queued(response):
    """ms, by its receipt."""
    match = re.match(
        r"queue;dur=(\d+(?:\.\d+)?)(?:, sleep;dur=[\d.]+, late;dur=[\d.]+)?$",
        response.field("Server-Timing"),
    )
    assert match, response
    return float(match[1])


class Stay(NamedTuple):
    """
    When a request did what, in ms by the server's clock. What it did between
    the times of its log's line is not told apart: so each is within `slack`
    behind the time here.
    """

    came: float
    entered: float  # its slot
    done: float  # its sleep, how late that was included
    ended: float  # when its line was written, right before it left the slot
    slack: float

    def surely_within(self):
        """From when to when it was in its slot, whatever the slack."""
        return self.entered + self.slack, self.done


def at(line):
    """When the request came, in ms since the epoch."""
    moment = datetime.datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
    return 1000 * moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def stay(line):
    came, waited = at(line), line["queue_ms"]
    done = waited + line["sleep_ms"] + line["late_ms"]
    took = 1000 * line["seconds"]
    slack = took - done + ROUNDED
    return Stay(came, came + waited, came + done, came + took, slack)


def most_at_once(spans):
    """How many of these, (from, until) each, overlap at most."""
    steps = [
        step
        for start, end in spans
        if start < end
        for step in [(start, 1), (end, -1)]
    ]
    count = most = 0
    for _, step in sorted(steps):
        count += step
        most = max(most, count)
    return most


def overtaken(stays):
    """How many surely entered before one who had surely come earlier."""
    stays = sorted(stays)
    count, latest = 0, -1.0
    come = iter(stays)
    earlier = next(come)
    for each in stays:
        while earlier.came + earlier.slack < each.came:
            latest = max(latest, earlier.entered)
            earlier = next(come)
        count += each.entered + each.slack < latest
    return count


def idle_slots(stays, slots):
    """
    For how many ms each slot was surely free before the next one got it, and
    for how many at most before that one's sleep began; both sorted.
    """
    frees = sorted(each.ended for each in stays)
    entered = sorted(each.entered for each in stays)[slots:]
    began = sorted(each.entered + each.slack for each in stays)[slots:]
    return (
        sorted(b - e for b, e in zip(entered, frees)),
        sorted(b - e for b, e in zip(began, frees)),
    )


def first_line(log, target, **members):
    """The log's first line that has these, once it is there."""

    def find():
        text = log.path.read_text()
        for line in parse(text[: text.rfind("\n") + 1]):
            if line["target"] == target and members.items() <= line.items():
                return line
        return None

    return eventually(find, f"the line of {target}")
