"""
HAProxy says who its clients are, by the PROXY protocol or by a field, and is
believed; others that say so are not.
"""

import collections
import contextlib
import json
from typing import NamedTuple

from effort import Efforts
from members import BALANCER, CLIENTS, Fleet
from server import Failed, eventually
from verdict import counted, holds, progress
from wire import request

LIE = "192.0.2.1"
TRUST = (f"--trust={BALANCER}",)
REFUSED = "mtasync_proxy_refused_total"


class Way(NamedTuple):
    """How it is said, and how LIE is."""

    title: str
    proxy: str = ""  # words of HAProxy's servers
    header: bytes = b""  # that they send, with LIE
    options: tuple = ()  # of mtasync
    fields: tuple = ()  # of requests, with LIE


WAYS = (
    Way(
        "PROXY v1",
        proxy="send-proxy",
        header=b"PROXY TCP4 192.0.2.1 10.0.0.1 4321 80\r\n",
    ),
    Way(
        "PROXY v2",
        proxy="send-proxy-v2",
        header=b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
        b"\xc0\0\2\1\x0a\0\0\1\x10\xe1\0\x50",
    ),
    Way(
        "X-Forwarded-For",
        options=("--forwarded=X-Forwarded-For",),
        fields=(f"X-Forwarded-For: {LIE}",),
    ),
)
EFFORTS = Efforts(
    requests=(200, 12),  # of each client, in turn with the others
    liars=(20, 4),  # who come to each mtasync
)


def peer_of(response):
    """Who asked, as /echo has it."""
    if response.status != 200:
        raise Failed(f"/echo: status {response.status}")
    return json.loads(response.body)["peer"]


def ask_through(fleet, way, count):
    """
    Returns how many of the clients' requests had another's address. Half of
    them lie, where it is requests that say who comes.
    """
    wrong = 0
    with contextlib.ExitStack() as stack:
        clients = {
            address: stack.enter_context(fleet.connect(source=address))
            for address in CLIENTS
        }
        for number in range(count):
            fields = way.fields if number % 2 else ()
            for address, client in clients.items():
                wrong += peer_of(client.ask("/echo", *fields)) != address
    return wrong


def logged(fleet):
    """How many lines of all logs have which address."""
    return collections.Counter(
        json.loads(line)["peer"]
        for replica in fleet.replicas.values()
        for line in replica.server.stdout.splitlines()
        if line.startswith("{")
    )


def await_log(fleet, count):
    """So many lines, which another thread writes."""
    with contextlib.suppress(Failed):  # then there are fewer
        eventually(lambda: logged(fleet).total() >= count, "lines")
    return logged(fleet)


def believed(fleet, replica, way):
    """Whether a client is, who comes by itself and says that it is LIE."""
    with fleet.connect(replica.address) as client:
        try:
            client.send(way.header)
            client.send(request("/echo", *way.fields))
            return peer_of(client.read_response()) == LIE
        except (AssertionError, ConnectionError):  # it ends without an answer
            return False


def measure_way(effort, way, trust):
    title = way.title
    progress(title)
    options = "--workers=2", "--log=json", *trust, *way.options
    words = ",proxy" if way.proxy else ""
    with Fleet(*options, proxy=way.proxy, words=words) as fleet:
        count = effort.requests * len(CLIENTS)
        wrong = ask_through(fleet, way, effort.requests)
        yield counted(f"{title}: another's address in /echo", wrong, count)
        found = await_log(fleet, count)
        kept = found == dict.fromkeys(CLIENTS, effort.requests)
        figure = ", ".join(f"{n:,} {a}" for a, n in sorted(found.items()))
        mark = f"{effort.requests:,} of each client"
        yield holds(f"{title}: lines of the logs", figure, mark, kept)
        replicas = fleet.replicas.values()
        liars = effort.liars * len(replicas)
        lies = sum(
            believed(fleet, replica, way)
            for replica in replicas
            for _ in range(effort.liars)
        )
        yield counted(f"{title}: liars who are believed", lies, liars)
        if way.proxy:
            refused = sum(r.sum(REFUSED, reason="untrusted") for r in replicas)
            what = f"{title}: liars who are closed, and counted"
            yield counted(what, int(refused), liars, liars)
            liars = 0  # of whom no line tells
        lines = await_log(fleet, count + liars)
        yield counted(
            f"{title}: lines with their lie", lines[LIE], lines.total()
        )


def measure(effort, _timelines=None, trust=TRUST):
    for way in WAYS:
        yield from measure_way(effort, way, trust)
