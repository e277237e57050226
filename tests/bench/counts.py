"""
COUNTS=1: system calls and instructions for each request, of all servers. They
do not depend on how busy the machine is.
"""

import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile

import calls
import loads
from contenders import ONE_CPU, Contender
from report import Figure, progress, spread, table
from server import Failed, why_no_strace
from wire import Client, request

LOADS = [loads.KEPT_ALIVE, loads.PIPELINED, loads.ONE_EACH]
# Rounds of two runs by which instructions are counted.
FEW = 10
MANY = 30
NOTHING = "-"


def system_calls(target, root, each):
    page = (root / each.file()).read_bytes()
    with contextlib.ExitStack() as stack:
        server = Contender(target, root, ONE_CPU, stack).server(each)
        size = loads.check(server, each, page)
        found, _ = calls.count(server, each, size)
    return found["total"]


def connect(server, each, stack):
    """A load's connections, which the stack closes."""
    return [
        stack.enter_context(Client(server.address))
        for _ in range(each.connections)
    ]


def ask(server, each, rounds):
    """
    In each round, all connections ask before the server may look: however busy
    the machine, it finds 64 that have asked.
    """
    one = each.depth * request(each.target, *each.fields())
    with contextlib.ExitStack() as stack:
        clients = [] if each.close else connect(server, each, stack)
        for _ in range(rounds):
            with contextlib.ExitStack() as round_stack:
                server.freeze()
                if each.close:
                    clients = connect(server, each, round_stack)
                for client in clients:
                    client.send(one)
                server.thaw()
                for client in clients:
                    for _ in range(each.depth):
                        client.read_response()


def let_all_write(directory):
    """Who gives up being root opens its file of callgrind's once more."""
    directory.chmod(0o777)
    for path in directory.iterdir():
        path.chmod(0o666)


def instructions_in_all(target, root, each, rounds):
    """Of a whole run of the server, in all of its processes."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        valgrind = ["valgrind", "-q", "--tool=callgrind"]
        valgrind.append(f"--callgrind-out-file={directory}/%p")
        # Under valgrind, mtasync would be confined with it.
        options = ["--sandbox=off", "--workers=1"]
        with target._replace(workers=1).start(
            *options, root=root, wrapper=valgrind
        ) as server:
            let_all_write(directory)
            ask(server, each, rounds)
            server.stop()
            server.wait()
        texts = [path.read_text() for path in directory.iterdir()]
    totals = re.findall(r"^totals: (\d+)", "\n".join(texts), re.M)
    return sum(map(int, totals))


def instructions(target, root, each):
    """What more requests take more: the start and the end cancel out."""
    few, many = (
        instructions_in_all(target, root, each, rounds)
        for rounds in (FEW, MANY)
    )
    if many <= few:
        raise Failed("valgrind counted nothing")
    return (many - few) / ((MANY - FEW) * each.connections * each.depth)


def why_no_instructions():
    if not shutil.which("valgrind"):
        return "valgrind is missing (Debian: apt-get install valgrind)"
    return ""


def measure_one(title, count, targets, root):
    figures, faults = [], []
    for target in targets:
        for each in LOADS:
            progress(f"{title}, {target.name}, {each.name}")
            try:
                found = count(target, root, each)
            except (AssertionError, OSError, subprocess.SubprocessError) as e:
                faults.append(f"{target.name}, {each.name}: {e}")
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


def measure(targets, root):
    """Returns the figures."""
    figures = []
    for title, count, why_not in (
        ("system calls", system_calls, why_no_strace()),
        ("instructions", instructions, why_no_instructions()),
    ):
        if why_not:
            print(f"\n{title}: not counted: {why_not}")
        else:
            figures += measure_one(title, count, targets, root)
    return figures
