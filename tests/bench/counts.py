"""
COUNTS=1: system calls and instructions for each request, of all servers. They
do not depend on how busy the machine is.
"""

import contextlib
import itertools
import pathlib
import re
import shutil
import subprocess
import tempfile

import answer
import calls
import load
from answer import Fault
from contenders import ONE_CPU, Contender
from report import Figure, progress, spread, table
from target import Failed

LOADS = [load.KEPT_ALIVE, load.PIPELINED, load.ONE_EACH]
# Requests of two runs by which instructions are counted; the few are enough
# for all connections.
FEW = 1024
MANY = 4096
NOTHING = "-"


def system_calls(target, root, each, seconds):
    page = (root / each.file()).read_bytes()
    with contextlib.ExitStack() as stack:
        server = Contender(target, root, ONE_CPU, stack).server(each)
        size = load.check(server, each, page)
        found, _ = calls.count(server, each, seconds, size)
    if "total" not in found:
        raise Fault("strace counted nothing")
    return found["total"]


def ask(address, each, streams, requests):
    """In turn on these connections; or a new one for each request."""
    one = each.depth * answer.request(each.target, *each.fields())
    turns = itertools.cycle(streams)
    for _ in range(requests // each.depth):
        with contextlib.ExitStack() as stack:
            if each.close:
                connection = stack.enter_context(answer.connect(address))
                stream = connection.makefile("rb")
            else:
                connection, stream = next(turns)
            connection.sendall(one)
            for _ in range(each.depth):
                answer.read(stream)


def instructions_in_all(target, root, each, requests):
    """Of a whole run of the server, in all of its processes."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        directory.chmod(0o777)  # some give up being root
        valgrind = ["valgrind", "-q", "--tool=callgrind"]
        valgrind.append(f"--callgrind-out-file={directory}/%p")
        # Under valgrind, mtasync would be confined with it.
        options = ["--sandbox=off", "--workers=1"]
        with target._replace(workers=1).start(
            *options, root=root, wrapper=valgrind
        ) as server:
            with contextlib.ExitStack() as stack:
                streams = []
                for _ in range(0 if each.close else each.connections):
                    connection = answer.connect(server.address)
                    stream = connection.makefile("rb")
                    streams.append((connection, stream))
                    stack.enter_context(connection)
                    stack.enter_context(stream)
                ask(server.address, each, streams, requests)
            server.stop()
            server.join()
        texts = [path.read_text() for path in directory.iterdir()]
    totals = re.findall(r"^totals: (\d+)", "\n".join(texts), re.M)
    return sum(map(int, totals))


def instructions(target, root, each, _seconds):
    """What more requests take more: the start and the end cancel out."""
    few, many = (
        instructions_in_all(target, root, each, requests)
        for requests in (FEW, MANY)
    )
    if many <= few:
        raise Fault("valgrind counted nothing")
    return (many - few) / (MANY - FEW)


def why_no_instructions():
    if not shutil.which("valgrind"):
        return "valgrind is missing (Debian: apt-get install valgrind)"
    return ""


def measure_one(title, count, targets, root, seconds):
    figures, faults = [], []
    for target in targets:
        for each in LOADS:
            progress(f"{title}, {target.name}, {each.name}")
            try:
                found = count(target, root, each, seconds)
            except (Fault, Failed, OSError, subprocess.SubprocessError) as why:
                faults.append(f"{target.name}, {each.name}: {why}")
                break  # the others would take as long to fail
            figures.append(Figure(title, each.name, target.name, [found]))
    found = {(each.server, each.load): each.values for each in figures}
    rows = []
    for target in targets:
        cells = [found.get((target.name, each.name)) for each in LOADS]
        rows.append(
            [target.name, *(spread(one) if one else NOTHING for one in cells)]
        )
    table(f"{title}/request", [each.name for each in LOADS], rows)
    for fault in faults:
        print(f"Not counted: {fault}")
    return figures


def measure(targets, root, seconds):
    """Returns the figures."""
    figures = []
    for title, count, why_not in (
        ("system calls", system_calls, calls.why_not()),
        ("instructions", instructions, why_no_instructions()),
    ):
        if why_not:
            print(f"\n{title}: not counted: {why_not}")
        else:
            figures += measure_one(title, count, targets, root, seconds)
    return figures
