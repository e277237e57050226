"""
PROXY protocol: HAProxy says who its clients are, and is believed; others that
say so are not.
"""

import collections
import contextlib
import json

from effort import Efforts
from members import BALANCER, CLIENTS, Fleet
from server import Failed, eventually
from verdict import counted, holds, progress
from wire import request

LIE = "192.0.2.1"
# By the words of HAProxy's servers: the version, and a header that says LIE.
VERSIONS = {
    "send-proxy": ("v1", b"PROXY TCP4 192.0.2.1 10.0.0.1 4321 80\r\n"),
    "send-proxy-v2": (
        "v2",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\x0a\0\0\1\x10\xe1\0\x50",
    ),
}
TRUST = (f"--trust={BALANCER}",)
EFFORTS = Efforts(
    requests=(200, 12),  # of each client, in turn with the others
    liars=(20, 4),  # who come to each mtasync
)


def peer_of(response):
    """Who asked, as /echo has it."""
    if response.status != 200:
        raise Failed(f"/echo through HAProxy: status {response.status}")
    return json.loads(response.body)["peer"]


def ask_through(fleet, count):
    """Returns how many of the clients' requests had another's address."""
    wrong = 0
    with contextlib.ExitStack() as stack:
        clients = {
            address: stack.enter_context(fleet.connect(source=address))
            for address in CLIENTS
        }
        for _ in range(count):
            for address, client in clients.items():
                wrong += peer_of(client.ask("/echo")) != address
    return wrong


def logged(fleet):
    """How many lines of all logs have which address."""
    lines = [
        json.loads(line)["peer"]
        for replica in fleet.replicas.values()
        for line in replica.server.stdout.splitlines()
        if line.startswith("{")
    ]
    return collections.Counter(lines)


def await_log(fleet, count):
    """So many lines, which another thread writes; fewer do not come later."""
    with contextlib.suppress(Failed):
        eventually(lambda: logged(fleet).total() >= count, "lines", 5)
    return logged(fleet)


def lie(fleet, replica, header):
    """Whether anything is answered to who says so and is not trusted."""
    with fleet.connect(replica.address) as client:
        with contextlib.suppress(ConnectionError):
            client.send(header + request("/echo", "Connection: close"))
            return client.read_to_end()[0] != b""
    return False


def measure_version(effort, proxy, trust):
    version, header = VERSIONS[proxy]
    title = f"PROXY {version}"
    progress(title)
    options = "--workers=2", "--log=json", *trust
    with Fleet(*options, proxy=proxy, words=",proxy") as fleet:
        count = effort.requests * len(CLIENTS)
        wrong = ask_through(fleet, effort.requests)
        yield counted(f"{title}: another's address in /echo", wrong, count)
        found = await_log(fleet, count)
        kept = found == dict.fromkeys(CLIENTS, effort.requests)
        figure = ", ".join(f"{n:,} {a}" for a, n in sorted(found.items()))
        mark = f"{effort.requests:,} of each client"
        yield holds(f"{title}: lines of the logs", figure, mark, kept)
        replicas = fleet.replicas.values()
        liars = effort.liars * len(replicas)
        believed = sum(
            lie(fleet, replica, header)
            for replica in replicas
            for _ in range(effort.liars)
        )
        yield counted(f"{title}: liars who are answered", believed, liars)
        name = "mtasync_proxy_refused_total"
        refused = sum(r.sum(name, reason="untrusted") for r in replicas)
        what = f"{title}: liars who are counted as not trusted"
        yield counted(what, int(refused), liars, liars)
        lines = logged(fleet)[LIE]
        yield counted(f"{title}: lines with their lie", lines, count)


def measure(effort, _timelines=None, trust=TRUST):
    for proxy in VERSIONS:
        yield from measure_version(effort, proxy, trust)
