"""What sleepers take: memory and threads, and whether they sleep at all."""

from typing import NamedTuple

import asker
from document import Record, Section, Table
from report import progress, short

OPENED = 5000  # a second
SLOWEST = 2500  # of opening and of answering, a second: their sleep is longer
LATE = 1.6  # times its length: an answer is here before, if it began at once
LOAD = "sleepers at once"


class Holding(NamedTuple):
    """A server, while so many have asked for a sleep."""

    model: str
    asked: int
    nap: float  # seconds
    asleep: int
    faults: str  # how the rest ended, in words
    memory: int  # bytes
    grown: int  # bytes more than without them
    threads: int


def has_slept(ending, nap):
    """Whether it began to sleep at once, and did not wait for others to."""
    return ending.served and ending.ended - ending.opened < LATE * nap


def measure_one(model, count, nap):
    questions = [
        asker.Question(n / OPENED, f"/sleep/{nap}s") for n in range(count)
    ]
    with model.start() as server:
        asker.ask(server.address, [asker.Question(0)], 10)  # it is warm now
        before = server.memory()
        with asker.Asker(server.address, questions, LATE * nap) as sleepers:
            sleepers.run_until_asked()
            sleepers.run(sleepers.now() + nap / 8)
            memory, threads = server.memory(), server.threads()
            endings = sleepers.run()
    awake = [e for e in endings if not has_slept(e, nap)]
    return Holding(
        model.name,
        count,
        nap,
        len(endings) - len(awake),
        asker.tell_faults(awake),
        memory,
        memory - before,
        threads,
    )


def measure(models, effort):
    holdings = []
    for model in models:
        more = effort.held_by_loops if model.loops else ()
        for count in (*effort.held, *more):
            progress(f"{count:,} {LOAD}: {model.name}", "race")
            nap = max(effort.long_nap, count / SLOWEST)
            holdings.append(measure_one(model, count, nap))
    return holdings


def tell_rest(holding):
    """What becomes of those who are not asleep."""
    rest = holding.asked - holding.asleep
    if not rest:
        return "nobody"
    waiting = f"{rest:,} {asker.IN_VAIN}"
    if holding.faults == waiting:
        return f"{rest:,} wait"
    return holding.faults or f"{rest:,} answered late"


def bytes_each(holding):
    """Of those who sleep; it means little where most do not."""
    if not holding.asked:
        return "nobody sleeps"
    if holding.asleep < holding.asked:
        return "not all sleep"
    return short(holding.grown / holding.asked)


COLUMNS = [
    "model",
    "asked to sleep",
    "for s",
    "asleep at once",
    "the rest",
    "memory MiB",
    "bytes/sleeper",
    "threads",
]


def row(holding):
    return [
        holding.model,
        f"{holding.asked:,}",
        f"{holding.nap:g}",
        f"{holding.asleep:,}",
        tell_rest(holding),
        short(holding.memory / (1 << 20)),
        bytes_each(holding),
        f"{holding.threads:,}",
    ]


def records(holding):
    key = LOAD, holding.model, holding.asked
    yield Record(*key, "asleep at once", holding.asleep)
    yield Record(*key, "the rest", tell_rest(holding))
    yield Record(*key, "memory bytes", holding.memory)
    yield Record(*key, "bytes/sleeper", bytes_each(holding).replace(",", ""))
    yield Record(*key, "threads", holding.threads)


def section(holdings, effort):
    return Section(
        "What a sleeper takes",
        f"""So many ask for a sleep at once, each server started anew. Asleep
        at once is who is answered within {LATE} times that sleep; the rest
        wait for those who sleep before them. Memory and threads are the
        server's while they sleep: Anonymous in smaps_rollup of proc(5),
        without what the kernel itself keeps for a thread (its stack of 16 KiB
        and its page tables on x86-64) and for a connection.""",
        [Table(COLUMNS, [row(each) for each in holdings])],
        [record for each in holdings for record in records(each)],
        "race-memory",
    )
