"""The models that race: how each is started, told of, and drawn."""

import contextlib
import subprocess
import time
from typing import NamedTuple

import load
from server import HTDOCS, MTASYNC, PROGRAM, Failed

WORKERS = 16  # of those that have a number of threads


class Model(NamedTuple):
    name: str
    how: str  # it serves, in words
    colour: str
    dash: str  # of gnuplot
    point: int
    options: tuple = ()
    loops: bool = False  # it sleeps without a thread
    kind: str = ""  # as --model has it, where that is not the name

    def arguments(self):
        return [f"--model={self.kind or self.name}", *self.options]

    def start(self):
        return MTASYNC.start(*self.arguments())


# The colours differ in grey, too; dashes and points where they do not.
MODELS = [
    Model(
        "serial",
        "accepts a connection, serves it, accepts the next",
        "#000000",
        '"."',
        4,
    ),
    Model(
        "fork_join",
        f"gathers the connections that are ready, serves them on {WORKERS} "
        "threads, waits for all, gathers again",
        "#cc79a7",
        '"-."',
        8,
        (f"--workers={WORKERS}",),
    ),
    Model(
        "pool",
        f"{WORKERS} threads take connections from a bounded queue",
        "#d55e00",
        '"-"',
        6,
        (f"--workers={WORKERS}",),
    ),
    Model(
        "thread",
        "a thread for each connection",
        "#009e73",
        '"_"',
        10,
    ),
    Model(
        "async",
        "one event loop",
        "#56b4e9",
        '"- ."',
        12,
        loops=True,
    ),
    Model(
        "mtasync",
        "an event loop for each CPU",
        "#0072b2",
        "solid",
        7,
        loops=True,
    ),
]

# It waits for slots as the pool's clients do for threads, with neither of the
# limits that it has of its own; so it has to bend where that bends.
POOLED = Model(
    f"{WORKERS} slots",
    f"mtasync, where all of its answers share a pool of {WORKERS} slots",
    "#e69f00",
    '"_ ."',
    5,
    (
        f"--pool=threads:slots={WORKERS},queue=1000000",
        "--rule=/** pool=threads",
    ),
    kind="mtasync",
)


def check(models):
    """That the program is here and knows them."""
    for model in models:
        command = [PROGRAM, "--check", "-l", "127.0.0.1:0", HTDOCS]
        try:
            run = subprocess.run(
                [*command, *model.arguments()], capture_output=True, text=True
            )
        except OSError as error:
            raise Failed(f"{PROGRAM}: {error.strerror}") from None
        if run.returncode != 0:
            why = (run.stderr.splitlines() or ["no reason is given"])[0]
            raise Failed(f"--model={model.name} can't be started: {why}")


@contextlib.contextmanager
def sleeping(server, count, seconds, settle):
    """
    So many requests for a sleep of so many seconds are always under way: when
    one ends or fails, its client asks again. They settle before.
    """
    if not count:
        yield
        return
    with load.sleepers(
        server.address,
        (MTASYNC.body(),),
        count,
        f"/sleep/{seconds}s",
        once=True,
        repeat=True,
        spread=settle,
    ) as sleepers:
        time.sleep(settle)
        yield
        if not sleepers.is_running():
            raise Failed("the client of the sleepers has failed")


def end(server):
    """Gracefully: it is to have nothing under way, and to end well."""
    server.stop()
    server.join()
