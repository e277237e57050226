"""
make bench-tls: what TLS costs, beside those of its peers that are installed.

One CPU is shared by a server with one worker and its client, and the server's
CPU time is compared to the client's, in rounds in which the servers take turns.
The marks are ratios to the peer that was best at each when they were set: what
a client costs differs from machine to machine, who is cheaper much less. What
does not depend on the machine has marks of its own.

Measures and prints; no figure makes it fail. It ends with status 1 if an answer
was wrong, a load had an error, or sessions were resumed where they were not to
be, or not where they were. QUICK=1 and SMOKE=1 as for `make bench`.
"""

import contextlib
import pathlib
import statistics
import sys
import tempfile
from typing import NamedTuple

import calls
import command
import loads
import sealed_targets
import shakes
from bench import version
from clients import limit
from contenders import ALL_CPUS, ONE_CPU, PAGE, plant
from courses import without_faults
from effort import SMOKE, Efforts
from picture import save_table
from report import Figure, hides, progress, short, spread, table
from sealed_targets import SealedClient, serving
from server import MTASYNC, Failed, why_no_strace
from storm import Storm
from wire import request

CSV = "bench-tls.csv"
NOTHING = "-"
EFFORTS = Efforts(
    seconds=(1, 0.25, 0.1),  # of a round
    rounds=(9, 2, 1),
    idle=(1000, 1000, 50),
    few=(100, 100, 10),  # idle connections that are there before those
)
TRIES = 5  # of counting system calls
STORM = 16  # clients at a time that want a signature
BESIDE = loads.Load("/ beside a storm", connections=1)


REMARKS = """\
Rounds are of the same moment for all servers: a ratio is the median of theirs.
~ warns that noise hides on which side of the mark it is. mtasync bounds what
waits unsent in the kernel (TCP_NOTSENT_LOWAT): it sends large files itself,
where others leave much of that to the moment in which the client acknowledges,
and to its CPU time. There, it is the CPU time of both that is compared."""


class Mark(NamedTuple):
    """At most so much: of a peer's of the same round; or, without one, as is."""

    must: float
    should: float
    peer: str = ""

    def told(self):
        bounds = f"{self.must}, {self.should}"
        return f"{bounds} of {self.peer}'s" if self.peer else bounds

    def judge(self, rounds):
        """By the rounds of each server."""
        mine = rounds.get(MTASYNC.name)
        theirs = rounds.get(self.peer) if self.peer else [1] * len(mine)
        if not theirs:
            return f"{self.peer} is not here"
        ratios = [one / other for one, other in zip(mine, theirs)]
        middle = statistics.median(ratios)
        told = f"{short(middle)} " if self.peer else ""
        if middle > self.must:
            bound, verdict = self.must, "BROKEN"
        elif middle > self.should:
            bound, verdict = self.must, "kept"
        else:
            bound, verdict = self.should, "kept, and the better one"
        unsure = len(ratios) > 1 and hides([one / bound for one in ratios])
        noise = " ~" if unsure else ""
        return told + verdict + noise


class Row(NamedTuple):
    """What is measured of each server, in rounds."""

    name: str
    mark: Mark
    take: object  # of a server and the root: a round's figure
    judged: str = "share"  # which of the round's fields the mark is for


def shaking(kind):
    return lambda server, effort, root: (
        shakes.run(server, kind, effort.seconds)
    )


def loaded(load):
    """`size` is looked at in each round: what is asked then is little."""

    def take(server, effort, root):
        page = (root / load.file()).read_bytes()
        size = loads.check(server, load, page, SealedClient)
        return loads.run(server, load, effort.seconds, size, ONE_CPU)

    return take


# must and should, and the peer that was best, when they were set
ROWS = (
    Row("full handshake", Mark(1.0, 0.93, "nginx"), shaking(shakes.FULL)),
    Row("resumed handshake", None, shaking(shakes.RESUMED)),
    Row("/ kept alive", Mark(0.93, 0.87, "h2o"), loaded(loads.KEPT_ALIVE)),
    Row(
        "100 KiB",
        Mark(1.06, 1.0, "h2o"),
        loaded(loads.Load("100 KiB", target="/100k.bin")),
    ),
    Row(
        "10 MiB",
        Mark(1.07, 0.98, "lighttpd"),
        loaded(loads.Load("10 MiB", connections=16, target="/10m.bin")),
        "both",
    ),
)
CALLS = Mark(2.1, 2.06)
IDLE = Mark(15.5, 14.5)
BESIDE_P50, BESIDE_P99 = Mark(2, 0.5), Mark(9, 4)


class Named(NamedTuple):
    """What courses.without_faults() asks of a contender."""

    name: str


def fits(target, name):
    return target.files or "iB" not in name


def in_turn(targets, servers, name, count, take):
    """Rounds of each server, by its name; every other in reverse order."""
    taken = {target.name: [] for target in targets}
    for number in range(count):
        progress(f"{name}, {number + 1} of {count}", "bench-tls")
        for target in targets[:: -1 if number % 2 else 1]:
            if target.name not in taken:
                continue
            one = without_faults(
                Named(target.name),
                Named(name),
                lambda: take(servers[target.name]),
            )
            if one is None:
                del taken[target.name]
            else:
                taken[target.name].append(one)
    return taken


class Report:
    """Rows of the table, and the figures of the CSV."""

    def __init__(self, targets):
        self.names = [target.name for target in targets]
        self.rows = []
        self.figures = []

    def add(self, name, taken, mark=None):
        cells = [
            spread(taken[each]) if taken.get(each) else NOTHING
            for each in self.names
        ]
        verdict = [mark.told(), mark.judge(taken)] if mark else ["", ""]
        self.rows.append([name, *cells, *verdict])
        self.figures += [
            Figure(name, "TLS", each, values)
            for each, values in taken.items()
            if values
        ]

    def print(self):
        columns = [*self.names, "must, should", "verdict"]
        table("over TLS", columns, self.rows)


def measure_shares(targets, servers, root, effort, report):
    for row in ROWS:
        able = [each for each in targets if fits(each, row.name)]
        taken = in_turn(
            able,
            servers,
            row.name,
            effort.rounds,
            lambda server: row.take(server, effort, root),
        )
        for title, field, told in (
            ("server CPU / client CPU", "share", float),
            ("CPU us of both", "both", lambda rate: 1e6 / rate),
        ):
            values = {
                name: [told(each) for each in loads.values(rounds, field)]
                for name, rounds in taken.items()
            }
            mark = row.mark if field == row.judged else None
            report.add(f"{row.name}: {title}", values, mark)


def count_calls(server, size):
    """On a machine so busy that the long round does less, once more."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(Failed):
            return calls.count(server, loads.KEPT_ALIVE, size)[0]
    return calls.count(server, loads.KEPT_ALIVE, size)[0]


def measure_calls(targets, servers, root, report):
    """Returns a line about mtasync's."""
    why_not = "SMOKE=1" if SMOKE else why_no_strace()
    if why_not:
        return f"System calls: not counted: {why_not}"
    page = (root / PAGE).read_bytes()
    by_name = {}

    def take(server):
        size = loads.check(server, loads.KEPT_ALIVE, page, SealedClient)
        found = count_calls(server, size)
        by_name[server.target.name] = found
        return found["total"]

    taken = in_turn(targets, servers, "system calls", 1, take)
    report.add("/ kept alive: system calls a request", taken, CALLS)
    mine = by_name[MTASYNC.name]
    told = ", ".join(
        f"{name} {share:.3f}"
        for name, share in sorted(mine.items(), key=lambda one: -one[1])
        if share >= calls.RARE and name != "total"
    )
    return f"mtasync's system calls: {told}"


def hold(server, count, stack):
    """So many more connections, each of which has been answered."""
    for _ in range(count):
        client = stack.enter_context(SealedClient(server.address))
        client.send(request())
        client.read_response()


def idle_bytes(server, effort):
    """kB of anonymous memory that each of more idle connections takes."""
    more = limit(effort.idle + effort.few) - effort.few
    with contextlib.ExitStack() as stack:
        hold(server, effort.few, stack)
        server.await_rest()
        before = server.memory()
        hold(server, more, stack)
        server.await_rest()
        return (server.memory() - before) / more / 1000


def measure_idle(targets, root, certificate, effort, report):
    """Each in a fresh server: what others have left would be taken again."""

    def take(target):
        with serving(target, root, certificate) as server:
            return idle_bytes(server, effort)

    fresh = {target.name: target for target in targets}
    taken = in_turn(targets, fresh, "idle connections", 1, take)
    report.add("idle connection: kB", taken, IDLE)


def measure_storm(targets, root, certificate, effort, report):
    """
    With the key that signs slowly. Who storms has another CPU, where there is
    one: it is the server that is to be at its limit.
    """
    others = [cpu for cpu in ALL_CPUS if cpu not in ONE_CPU] or ONE_CPU
    page = (root / PAGE).read_bytes()

    def take(server):
        size = loads.check(server, BESIDE, page, SealedClient)
        with Storm(server.address, STORM, others) as storm:
            storm.await_start()
            return loads.run(server, BESIDE, effort.seconds, size, ONE_CPU)

    with contextlib.ExitStack() as stack:
        servers = start(targets, root, certificate, stack)
        rounds = in_turn(targets, servers, BESIDE.name, effort.rounds, take)
    for field, mark in (("p50", BESIDE_P50), ("p99", BESIDE_P99)):
        taken = {
            name: loads.values(each, field) for name, each in rounds.items()
        }
        report.add(f"/ beside a storm of RSA: {field} ms", taken, mark)


def start(targets, root, certificate, stack):
    """All of them, by their names, until the stack ends."""
    return {
        target.name: stack.enter_context(serving(target, root, certificate))
        for target in targets
    }


def measure():
    effort = EFFORTS.chosen
    targets, missing = sealed_targets.find()
    facts = {"missing": ", ".join(missing)} if missing else {}
    peers = [version(one.name) for one in targets if not one.own]
    command.print_facts(peers, **facts)
    report = Report(targets)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        root = pathlib.Path(directory)
        plant(root)
        keys = stack.enter_context(tempfile.TemporaryDirectory())
        pathlib.Path(keys).chmod(0o755)
        paths = sealed_targets.make_certificates(pathlib.Path(keys))
        with contextlib.ExitStack() as inner:
            servers = start(targets, root, paths["EC"], inner)
            measure_shares(targets, servers, root, effort, report)
            told = measure_calls(targets, servers, root, report)
        measure_idle(targets, root, paths["EC"], effort, report)
        measure_storm(targets, root, paths["RSA"], effort, report)
    report.print()
    print(told)
    print(REMARKS)
    save_table(CSV, report.figures, ["figure", "load", "server"])


if __name__ == "__main__":
    sys.exit(command.run(measure, ("wrk", "openssl")))
