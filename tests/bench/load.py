"""The loads, by wrk(1): what they are, and one round of one."""

import json
import os
import pathlib
import subprocess
from typing import NamedTuple

import answer
from answer import Fault

SCRIPT = pathlib.Path(__file__).with_name("load.lua")
ERRORS = ["connect", "read", "write", "status", "timeout"]
# As many as CPUs, like the server's workers; a power of two, for wrk gives
# each thread the same number of connections and drops the rest.
THREADS = 1 << min(4, len(os.sched_getaffinity(0)).bit_length() - 1)


class Load(NamedTuple):
    name: str
    connections: int = 64
    depth: int = 1  # requests in one send
    close: bool = False  # a connection for each request
    target: str = "/"
    beside: "Load" = None  # runs at the same time

    def fields(self):
        return ["Connection: close"] if self.close else []


class Round(NamedTuple):
    """What one round of a load gave."""

    requests: int
    rate: float  # requests a second
    p50: float  # ms, as are all latencies
    p99: float
    cpu: float  # the server's, microseconds a request


# Sleeps in the mix are another wrk's. wrk sends a connection's next request
# only after the answer: a load that mixes both would measure how many of its
# connections are asleep. It also fills in the requests that it takes a slow
# answer to have held back, which would be each sleep's. So a thousand sleeps a
# second go on beside, and what is measured is whether `/` waits for them.
SLEEPS = Load("", connections=100, target="/sleep/100ms")
KEPT_ALIVE = Load("kept alive")
LOADS = [
    KEPT_ALIVE,
    Load("pipelined, 16 deep", depth=16),
    Load("one per connection", close=True),
    Load("beside 1,000 sleeps/s", beside=SLEEPS),
]


def check(server, load, page):
    """
    Asks once as the load does. Every answer is to be the page; returns the
    bytes of one.
    """
    with answer.connect(server.address) as connection:
        one = answer.request(load.target, *load.fields())
        connection.sendall(load.depth * one)
        stream = connection.makefile("rb")
        for _ in range(load.depth):
            got = answer.read(stream)
            if got.status != 200 or got.body != page:
                raise Fault(f"{load.name}: a wrong answer: {got}")
    return got.size


def start(server, load, seconds):
    command = ["wrk", f"-t{THREADS}", f"-c{load.connections}"]
    command += [f"-d{seconds}s", f"-s{SCRIPT}"]
    for field in load.fields():
        command += ["-H", field]
    command += [server.url.rstrip("/") + load.target, str(load.depth)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(load, process):
    """Its figures, which are to be without an error."""
    output, _ = process.communicate()
    if process.returncode != 0:
        raise Fault(f"{load.name}: wrk ended with {process.returncode}")
    figures = json.loads(output.splitlines()[-1])
    errors = {name: figures[name] for name in ERRORS if figures[name]}
    if errors or not figures["requests"]:
        raise Fault(f"{load.name}: not without errors: {figures}")
    return figures


def check_bytes(load, figures, size):
    """That all answers were as long as the one looked at."""
    under_way = load.connections * load.depth
    least = figures["requests"] * size
    if not least <= figures["bytes"] <= least + under_way * size:
        raise Fault(f"{load.name}: answers not of {size} bytes: {figures}")


def run(server, load, seconds, size):
    """One round; `size` is what check() returned."""
    before = server.cpu_seconds()
    loads = [load, *filter(None, [load.beside])]
    processes = [start(server, each, seconds) for each in loads]
    results = [finish(*pair) for pair in zip(loads, processes)]
    cpu = server.cpu_seconds() - before
    mine = results[0]
    check_bytes(load, mine, size)
    return Round(
        requests=mine["requests"],
        rate=1e6 * mine["requests"] / mine["duration"],
        p50=mine["p50"] / 1e3,
        p99=mine["p99"] / 1e3,
        cpu=1e6 * cpu / sum(result["requests"] for result in results),
    )
