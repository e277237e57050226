"""
make bench-scale: what one more sleeper, request, connection and handshake cost,
which `mtasync --plan` and doc/scale.md count with.

Memory of the program, by its anonymous pages; memory of the kernel, by its slabs
while tens of thousands are connected over loopback: both ends are this machine's,
and alike, so half of what is there twice is the server's. CPU time, by that of
the server's threads, on one CPU that it shares with its client. Ends with status
1 if an answer was wrong. QUICK=1 takes fewer and shorter rounds.
"""

import contextlib
import pathlib
import re
import sys
import tempfile
from functools import partial

import command
import held
import loads
import sealed_targets
import shakes
from clients import limit
from contenders import ONE_CPU, PAGE, running
from crowd import Crowd, Habit
from effort import Efforts
from growth import Step, each_request
from loads import ONE_EACH, Load
from picture import save_table
from report import Figure, progress, short, spread, table
from sealed_targets import SealedClient, serving
from server import HTDOCS, MTASYNC, SOURCE
from wire import request

CSV = "bench-scale.csv"
BYTES, MICROSECONDS = "bytes", "us"
UNITS = {"bytes": 1, "ns": 1000}  # of the document, in those of the bench
EFFORTS = Efforts(
    rounds=(5, 1),
    seconds=(1, 0.25),  # of one
    held=(15_000, 2_000),  # connections
    sealed=(1_000, 200),  # those of TLS
)
SEALED = MTASYNC._replace(scheme="https")
MANY = Load("kept alive", connections=512)
# Sleeps on kept-alive connections: long enough for all of them to be asleep.
SLEEPS = Load("a sleep", connections=1000, target="/sleep/100ms")
PAGE_SIZE = 4096
# A cache of which a connection takes an object at each of its ends grows by two
# for each, or by more where it is other objects', too: the port's at the client's
# end. It grows by less where it still has objects of connections that are gone.
LEAST, MOST = 1.2, 4.5
LOOKS = "proc_inode_cache"  # of who looks at the server's descriptors


def slabs():
    """Objects, and bytes of each with its share of the slab, by cache."""
    found = {}
    for line in pathlib.Path("/proc/slabinfo").read_text().splitlines()[2:]:
        name, active, _, _, each, pages = line.split()[:6]
        found[name] = int(active), int(pages) * PAGE_SIZE / int(each)
    return found


def socket_pages():
    """Those that hold what is sent and not taken yet, of all sockets of TCP."""
    text = pathlib.Path("/proc/net/sockstat").read_text()
    return int(re.search(r"^TCP:.* mem (\d+)", text, re.M)[1])


def rest_bytes():
    with running(MTASYNC, root=HTDOCS) as server:
        server.await_rest()
        return server.memory("Rss")


def page():
    return (HTDOCS / PAGE).read_bytes()


def step(server, size):
    return Step(MANY.connections, server, MANY, size, 0, [])


def program_bytes(effort):
    with running(MTASYNC, root=HTDOCS) as server:
        server.await_rest()
        before = server.memory()
        with held.holding(server, effort.held, "sleeping"):
            return (server.memory() - before) / effort.held


def sealed_bytes(effort, certificate):
    """Of one that sleeps over TLS."""

    def put_to_sleep(count):
        for _ in range(count):
            client = stack.enter_context(SealedClient(server.address))
            client.send(request("/sleep/5m"))
        server.await_rest()

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(SEALED, HTDOCS, certificate))
        put_to_sleep(effort.sealed // 10)
        before = server.memory()
        put_to_sleep(effort.sealed)
        return (server.memory() - before) / effort.sealed


def kernel_bytes(effort):
    """Of a connection that is asleep: its end on the server's side."""
    with running(MTASYNC, root=HTDOCS) as server:
        before = slabs()
        with held.holding(server, effort.held, "sleeping"):
            after = slabs()
    return sum(
        size
        for name, (count, size) in after.items()
        if name != LOOKS
        and LEAST <= (count - before[name][0]) / effort.held <= MOST
    )


def unread_bytes(effort):
    """Of the kernel, for an answer that is under way."""
    habit = Habit(request("/"), reads=0)
    with running(MTASYNC, root=HTDOCS) as server:
        before = socket_pages()
        with Crowd(server.address, effort.held, habit) as crowd:
            server.eventually(
                lambda: crowd.answered == effort.held, "all answers"
            )
            return (socket_pages() - before) * PAGE_SIZE / effort.held


def request_cost(load, effort):
    """us of the server's CPU."""
    with running(MTASYNC, root=HTDOCS, cpus=ONE_CPU) as server:
        size = loads.check(server, load, page())
        return loads.run(server, load, effort.seconds, size, ONE_CPU).cpu


def kept_cost(effort):
    """Of requests alone: opening the connections is left out."""
    with running(MTASYNC, root=HTDOCS, cpus=ONE_CPU) as server:
        size = loads.check(server, MANY, page())
        return each_request(step(server, size), effort.seconds)


def sleep_cost(effort):
    """us, of the sleeps that a long load has more than a short one: both open
    their connections."""
    taken = []
    with running(MTASYNC, root=HTDOCS, cpus=ONE_CPU) as server:
        for seconds in (effort.seconds, 4 * effort.seconds):
            before = loads.cpu_seconds(server)
            with loads.started(server, SLEEPS, ONE_CPU) as wrk:
                figures = loads.finish(SLEEPS, wrk, seconds)
            used = loads.cpu_seconds(server) - before
            taken.append((used, figures["requests"]))
    (less, few), (more, many) = taken
    return 1e6 * (more - less) / (many - few)


def sealed_cost(effort, certificate):
    with serving(SEALED, HTDOCS, certificate) as server:
        size = loads.check(server, MANY, page(), SealedClient)
        return each_request(step(server, size), effort.seconds)


def shake_cost(kind, effort, certificate):
    """With a connection and a request."""
    with serving(SEALED, HTDOCS, certificate) as server:
        return shakes.run(server, kind, effort.seconds).cpu


def rows(effort, paths):
    """What is measured, each by a function, by the name that the plan has for it."""
    ec, rsa = paths["EC"], paths["RSA"]
    return {
        "the program, serving nobody": (rest_bytes, BYTES),
        "the program, a sleeper": (partial(program_bytes, effort), BYTES),
        "the same over TLS": (partial(sealed_bytes, effort, ec), BYTES),
        "the kernel, a connection": (partial(kernel_bytes, effort), BYTES),
        "the kernel, an answer not taken yet": (
            partial(unread_bytes, effort),
            BYTES,
        ),
        "a request, kept alive": (
            partial(kept_cost, effort),
            MICROSECONDS,
        ),
        "a sleep, kept alive": (partial(sleep_cost, effort), MICROSECONDS),
        "a request over TLS, kept alive": (
            partial(sealed_cost, effort, ec),
            MICROSECONDS,
        ),
        "a request with its connection": (
            partial(request_cost, ONE_EACH, effort),
            MICROSECONDS,
        ),
        "the same with a full handshake": (
            partial(shake_cost, shakes.FULL, effort, ec),
            MICROSECONDS,
        ),
        "the same by a key of RSA": (
            partial(shake_cost, shakes.FULL, effort, rsa),
            MICROSECONDS,
        ),
        "the same, resumed": (
            partial(shake_cost, shakes.RESUMED, effort, ec),
            MICROSECONDS,
        ),
    }


def counted_with():
    """What doc/scale.md says, and so the program, by the names of the rows."""
    text = (SOURCE / "doc" / "scale.md").read_text()
    found = re.findall(r"^\| ([^|]+) \| ([\d,]+) (bytes|ns) \|", text, re.M)
    return {
        name: f"{short(int(amount.replace(',', '')) / UNITS[unit])}"
        for name, amount, unit in found
    }


def measure():
    effort = EFFORTS.chosen
    effort = effort._replace(
        held=limit(effort.held), sealed=limit(effort.sealed)
    )
    command.print_facts(figures="median  min..max of the rounds")
    counted, figures, lines = counted_with(), [], []
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        directory.chmod(0o755)
        paths = sealed_targets.make_certificates(directory)
        for name, (take, unit) in rows(effort, paths).items():
            progress(name)
            taken = [take() for _ in range(effort.rounds)]
            figures.append(Figure(unit, name, MTASYNC.name, taken))
            lines.append([name, unit, spread(taken), counted.get(name, "")])
    table("one more", ["", "takes", "--plan counts with"], lines)
    save_table(CSV, figures, ["unit", "figure", "server"])


if __name__ == "__main__":
    sys.exit(command.run(measure))
