"""The loads, by wrk(1): what they are, and one round of one."""

import contextlib
from typing import NamedTuple

import wrk
from contenders import ALL_CPUS, PAGE, on
from server import Failed
from wire import Client, request


def threads(cpus):
    """
    As many as CPUs, like the server's workers; a power of two, for wrk gives
    each thread the same number of connections and drops the rest.
    """
    return 1 << min(4, len(cpus).bit_length() - 1)


class Load(NamedTuple):
    name: str
    connections: int = 64
    depth: int = 1  # requests in one send
    close: bool = False  # a connection for each request
    target: str = "/"
    files: int = 0  # of which each request is for one at random; see wrk.lua
    beside: "Load" = None  # runs at the same time

    def file(self):
        """Whose content is the answer."""
        return self.target.lstrip("/") or PAGE

    def fields(self):
        return ["Connection: close"] if self.close else []


class Round(NamedTuple):
    """What one round of a load gave, in the units of FIGURES."""

    requests: int
    rate: float
    p50: float
    p99: float
    max: float
    cpu: float
    share: float
    both: float  # requests for each second of CPU, the server's and wrk's


FIGURES = {
    "rate": "1000 requests/s",
    "p50": "p50 ms",
    "p99": "p99 ms",
    "max": "max ms",
    "cpu": "server CPU us/request",
}
# wrk does the same work for each request, on the same CPUs at the same time:
# against its CPU time, the server's is steady where both swing.
SHARE = {"share": "server CPU / wrk CPU"}


# Sleeps in the mix are another wrk's. wrk sends a connection's next request
# only after the answer: a load that mixes both would measure how many of its
# connections are asleep. It also fills in the requests that it takes a slow
# answer to have held back, which would be each sleep's. So a thousand sleeps a
# second go on beside, and what is measured is whether `/` waits for them.
SLEEPS = Load("", connections=100, target="/sleep/100ms")
KEPT_ALIVE = Load("kept alive")
PIPELINED = Load("pipelined, 16 deep", depth=16)
ONE_EACH = Load("one per connection", close=True)
LOADS = [
    KEPT_ALIVE,
    Load("512 kept alive", connections=512),
    PIPELINED,
    ONE_EACH,
    Load("100 KiB file", target="/100k.bin"),
    Load("10 MiB file", connections=16, target="/10m.bin"),
]
BESIDE_SLEEPS = Load("beside 1,000 sleeps/s", beside=SLEEPS)


def check(server, load, page, connect=Client):
    """
    Asks once as the load does, over a client that connect() makes. Every
    answer is to be the page; returns the bytes of one.
    """
    with connect(server.address) as client:
        client.send(load.depth * request(load.target, *load.fields()))
        for _ in range(load.depth):
            got = client.read_response()
            if got.status != 200 or got.body != page:
                raise Failed(f"{load.name}: a wrong answer: {got}")
    return got.size


def started(server, load, cpus=ALL_CPUS):
    """The process of a load, for the length of a with statement."""
    words = wrk.command(
        server.url(load.target),
        load.fields(),
        load.connections,
        threads(cpus),
        load.depth,
        load.files,
    )
    return wrk.started(on(cpus, *words))


def finish(load, process, seconds=0):
    """Its figures, which are to be without an error."""
    figures = wrk.finish(process, seconds)
    if any(figures[name] for name in wrk.ERRORS):
        raise Failed(f"{load.name}: not without errors: {figures}")
    return figures


def check_bytes(load, figures, size):
    """That all answers were as long as the one looked at."""
    under_way = load.connections * load.depth
    least = figures["requests"] * size
    if not least <= figures["bytes"] <= least + under_way * size:
        raise Failed(f"{load.name}: answers not of {size} bytes: {figures}")


def cpu_seconds(server):
    """Exactly: rounds are short."""
    return sum(server.thread_seconds())


def run(server, load, seconds, size, cpus=ALL_CPUS):
    """One round; `size` is what check() returned."""
    before, wrk_before = cpu_seconds(server), wrk.cpu_seconds()
    both = [load, *filter(None, [load.beside])]
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(started(server, each, cpus)) for each in both
        ]
        results = [finish(*pair, seconds) for pair in zip(both, processes)]
    cpu = cpu_seconds(server) - before
    wrk_cpu = wrk.cpu_seconds() - wrk_before
    mine = results[0]
    if not mine["requests"]:
        if 4 * seconds > wrk.LONGEST:
            raise Failed(f"{load.name}: no answer in {seconds} s")
        return run(server, load, 4 * seconds, size, cpus)  # a busy machine
    check_bytes(load, mine, size)
    # Of large answers, most of a round's end may be under way.
    requests = sum(result["requests"] for result in results)
    requests += mine["bytes"] / size - mine["requests"]
    return Round(
        requests=mine["requests"],
        rate=1e3 * mine["requests"] / mine["duration"],
        p50=mine["p50"] / 1e3,
        p99=mine["p99"] / 1e3,
        max=mine["max"] / 1e3,
        cpu=1e6 * cpu / requests,
        share=cpu / wrk_cpu,
        both=requests / (cpu + wrk_cpu),
    )


def values(rounds, name):
    return [getattr(each, name) for each in rounds]
