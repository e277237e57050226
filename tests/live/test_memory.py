"""
Memory: what a sleeping request takes of it; and when it runs out, for which
every allocation is made to fail, one in each run. For a full address space see
tests/faults/memory.py.
"""

import concurrent.futures
import contextlib
import functools
import itertools
import os
import pathlib
import re
import resource
from typing import NamedTuple

import pytest
from counted import Counted
from server import PROGRAM, SANITIZERS, Server, eventually, settle
from wire import Ended, request

AT_ONCE = 8  # runs side by side
HELLO = b"<p>hello</p>\n"
SMALL = b"small\n" * 2000
LARGE = b"0123456789abcdef" * (17 << 10)  # more than CACHED
FOREVER = 1 << 60

pytestmark = pytest.mark.skipif(
    bool(SANITIZERS), reason="a sanitizer's own allocator"
)


@pytest.fixture
def root(root):
    (root / "small").write_bytes(SMALL)
    (root / "large").write_bytes(LARGE)
    (root / "directory").mkdir()
    (root / "coded").write_bytes(b"plain\n")
    (root / "coded.gz").write_bytes(b"coded\n")
    return root


class Doubtful(Server):
    """One whose start may fail; it says so in one line then."""

    def _find_addresses(self):
        with contextlib.suppress(AssertionError):
            found = super()._find_addresses()
            return found if found and "serving" in self.start_line else None
        assert self.process.wait() == 1, self.output()
        lines = [
            line
            for line in self.stderr.splitlines()
            if not line.startswith("mtasync: libevent: ")  # -v shows them
        ]
        assert len(lines) == 1 and lines[0].startswith("mtasync: "), lines
        self.close()
        return [None]


class Visit(NamedTuple):
    """What a client sends on a connection of its own, and what it gets."""

    parts: list  # each is sent once the server has seen those before
    right: list  # the answers that are right, as (status, body)
    count: int = 1  # of answers
    method: str = "GET"


def visit(target, *right, fields=(), **how):
    return Visit([request(target, *fields)], right, **how)


# Scripts that ask for each kind of memory; the visits of a row come together.
SCRIPT = [
    [visit("/", (200, HELLO))],
    [visit("/small", (200, SMALL))],
    [visit("/large", (200, LARGE))],
    [visit("/missing", (404, None))],
    [visit("/directory?query", (301, None))],
    [visit("/bad%", (400, None))],
    [Visit([b"GET\r\n\r\n"], [(400, None)])],
    [
        visit(
            "/coded",
            (200, b"plain\n"),
            (200, b"coded\n"),
            fields=["Accept-Encoding: gzip"],
        )
    ],
    [
        visit(
            "/small",
            (206, None),
            (200, SMALL),  # a server may do without ranges
            fields=["Range: bytes=0-1,5-6"],
        )
    ],
    [Visit([b"GET /small HT", b"TP/1.1\r\nHost: a\r\n\r\n"], [(200, SMALL)])],
    [
        Visit(
            [request("/small", "Content-Length: 6") + b"abc", b"def"],
            [(200, SMALL)],
        )
    ],
    [visit("/sleep/50ms", (200, HELLO))],
    [
        Visit(
            [request("/echo", "Content-Length: 1030") + b"abc", 1027 * b"d"],
            [(200, None)],
        )
    ],
    [Visit([60 * request("/small")], [(200, SMALL)], count=60)],  # slow
]
# With seven sleepers and the limits, libevent's heap of timers is full, and a
# turn that is over needs one more.
CROWD = [
    [
        *7 * [visit("/sleep/50ms", (200, HELLO))],
        Visit(
            [300 * request("/", method="HEAD")],
            [(200, b"")],
            count=300,
            method="HEAD",
        ),
    ],
]


class Guest:
    """A client on its visit; `answers` counts the right ones, and a 503."""

    def __init__(self, server, visit):
        self.visit = visit
        self.answers = 0
        self.client = server.connect(receive_buffer=4096)

    def is_served(self, step):
        """
        Whether it goes on, unless it is lost or refused for want of memory.
        No answer is wrong in either case.
        """
        try:
            return step()
        except (Ended, ConnectionError):
            return False

    def ask(self):
        first, *others = self.visit.parts
        self.client.send(first)
        for part in others:
            if not self.client.is_silent(0.005):
                return True  # the end, which comes to be read
            self.client.send(part)
        return True

    def read(self):
        for _ in range(self.visit.count):
            got = self.client.read_response(self.visit.method)
            self.answers += 1
            if got.status == 503:
                return False
            assert any(
                got.status == status and body in (None, got.body)
                for status, body in self.visit.right
            ), got
        return True


def play(server, visits):
    """Returns how many answers came, and how many clients were not served."""
    guests = [Guest(server, each) for each in visits]
    for guest in guests:
        guest.asked = guest.is_served(guest.ask)
    lost = [
        guest
        for guest in guests
        if not (guest.is_served(guest.read) and guest.asked)
    ]
    for guest in guests:
        guest.client.close()
    return sum(guest.answers for guest in guests), len(lost)


class Life:
    """Of one server, from start to stop; of its allocations, one fails."""

    def __init__(self, root, directory, script, failing=0):
        self.log = directory / f"log-{failing}"
        self.counted = Counted(directory / f"failures-{failing}")
        self.counted.fail(failing)
        self.answers = self.lost = self.descriptors = 0
        options = ["--log=combined", f"--log-file={self.log}"]
        self.server = Doubtful(
            "-v",
            *(options if script is SCRIPT else []),
            root=root,
            env=self.counted.environment,
        )
        if self.server.addresses != [None]:
            self.play(script)

    def play(self, script):
        try:
            before = self.server.descriptors("socket:")
            for visits in script:
                answers, lost = play(self.server, visits)
                self.answers += answers
                self.lost += lost
            eventually(
                lambda: self.server.descriptors("socket:") == before,
                "the clients to be let go",
            )
            self.descriptors = self.server.descriptors()
        finally:
            self.server.finish()
        if script is SCRIPT:
            self.count_log()

    def count_log(self):
        """A line that is missing is a client's loss too, and is counted."""
        missing = self.answers - len(self.log.read_bytes().splitlines())
        if missing > 0:
            self.lost += missing
            assert f"{missing} lines of the log were" in self.server.stdout


def pin(cpus):
    """Of one CPU, a server has one worker, and its calls are in order."""
    os.sched_setaffinity(0, {next(cpus)})


@pytest.mark.parametrize("script", [SCRIPT, CROWD], ids=["script", "crowd"])
def test_each_allocation_that_fails_costs_one_client(root, tmp_path, script):
    """At most; or the start, which says so."""
    cpus = itertools.cycle(os.sched_getaffinity(0))
    live = functools.partial(Life, root, tmp_path, script)
    with concurrent.futures.ThreadPoolExecutor(
        AT_ONCE, initializer=pin, initargs=[cpus]
    ) as pool:
        good = pool.submit(live).result()
        assert good.lost == 0
        calls = good.counted.allocations
        assert calls > 50
        for number, life in enumerate(pool.map(live, range(1, calls + 1)), 1):
            assert life.lost <= 1, (number, life.server.output())
            assert life.descriptors <= good.descriptors, number


def test_no_memory_for_a_while(serve, root, tmp_path):
    """Who needs none is served, who needs some is turned away; then all is."""
    for path in root.iterdir():
        settle(path)
    counted = Counted(tmp_path / "counted")
    server = serve("-w", "1", root=root, env=counted.environment)
    before = server.descriptors("socket:")
    kept, sleeper = server.connect(), server.connect()
    assert kept.ask("/").body == HELLO
    sleeper.send(request("/sleep/200ms"))
    assert kept.ask("/").body == HELLO  # after which it is asleep
    counted.fail(counted.allocations + 1, FOREVER)
    for _ in range(100):
        with server.connect() as client, contextlib.suppress(ConnectionError):
            client.send(request("/"))
            client.read_eof()
        assert kept.ask("/").body == HELLO
    assert sleeper.read_response().body == HELLO
    assert kept.ask("/small").status == 503
    counted.fail(0, 0)
    for client in server.connect(), kept:
        assert client.ask("/small").body == SMALL
        client.close()
    sleeper.close()
    eventually(
        lambda: server.descriptors("socket:") == before,
        "the clients to be let go",
    )


# What a sleeper takes

AGENT = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
    " (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
CURL = request("/sleep/9m", "User-Agent: curl/8.5.0", "Accept: */*")
BROWSER = request(
    "/sleep/9m?" + 60 * "q", AGENT, "Referer: http://localhost/" + 40 * "r"
)
LONG = request(
    "/sleep/9m", "Referer: " + 15000 * "\xff", "User-Agent: " + 15000 * "\xff"
)
SLEEPERS = 2000


def private_memory(server):
    """Bytes that the process has for itself alone."""
    rollup = pathlib.Path(f"/proc/{server.pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"Private_Dirty: +(\d+)", rollup)[1])


def put_to_sleep(server, asking, count):
    """Returns when all of them are asleep: others are served after them."""
    for _ in range(count):
        server.connect().send(asking)
    for _ in range(2):
        assert server.connect().ask("/").status == 200


@pytest.fixture
def many_descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * SLEEPERS
    if before[1] != resource.RLIM_INFINITY and before[1] < wanted:
        pytest.skip(f"no {wanted} descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    "asking, log, most",
    [
        (CURL, "off", 640),
        (CURL, "combined", 640),
        (BROWSER, "combined", 800),
        (LONG, "combined", 3200),
        (BROWSER, "json", 800),
    ],
    ids=["no-log", "curl", "browser", "long", "json"],
)
def test_sleeper_takes(serve, many_descriptors, asking, log, most):
    """In bytes, for each of those who come when some are asleep already."""
    server = serve("-w", "1", f"--log={log}", "--log-file=/dev/null")
    put_to_sleep(server, asking, SLEEPERS // 4)
    before = private_memory(server)
    put_to_sleep(server, asking, SLEEPERS)
    if b"/ld-musl-" in pathlib.Path(PROGRAM).read_bytes():
        most += 100  # its malloc has fewer sizes
    assert (private_memory(server) - before) / SLEEPERS <= most
