"""
make fuzz-live: random dialogues with the whole program.

What clients say is made by grammar.py, and what is to be answered with it;
play.py says it, cut at random, and judges. All the while the program is told
to reload and to open its log anew. It ends with status 1 where anything else
comes, with the smallest dialogue that shows it.

The environment names the program (MTASYNC), the seconds for all (TIME), some
models (MODELS=mtasync,pool), and the seed of another run (SEED), of which
ONLY=NUMBER has one dialogue alone.
"""

import contextlib
import itertools
import os
import pathlib
import random
import secrets
import signal
import sys
import tempfile
import threading
import time
from typing import NamedTuple

import grammar
from play import play
from server import Server, eventually

MODELS = ["mtasync", "serial", "thread", "pool", "fork_join"]
TALKERS = 6  # threads that have dialogues
LEAST = 20  # dialogues of each model, on however slow a machine
SHRINK = 30  # seconds for finding a smaller one
MOST_TRIES = 300  # in which a finding has to show again
SHOWN = 160  # bytes of what a client sends


class Finding(NamedTuple):
    model: str
    seed: str
    number: int  # of the dialogue
    dialogue: grammar.Dialogue
    why: str


def make(model, seed, number):
    """The same for the same seed, whoever has it and when."""
    chance = random.Random(f"{seed} {model} {number}")
    return grammar.make(chance, one_each=model not in ("mtasync", "async"))


@contextlib.contextmanager
def serving(model):
    """A server of this model, that is told things all the time."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name, "root")
        root.mkdir()
        grammar.plant(root)
        log = pathlib.Path(name, "log")
        options = [f"--model={model}", f"--max-body={grammar.MAX_BODY}"]
        options += ["--log=combined", f"--log-file={log}"]
        if model in ("mtasync", "pool", "fork_join"):
            options += ["-w", 2]
        server = Server(*options, root=root)
        try:
            sockets = server.descriptors("socket:")
            with stirred(server, log):
                yield server
            eventually(
                lambda: server.descriptors("socket:") == sockets,
                "all connections to be let go",
            )
            server.finish()
        finally:
            server.close()


@contextlib.contextmanager
def stirred(server, log):
    """HUP and USR1, again and again."""
    over = threading.Event()

    def stir():
        for number in itertools.count():
            if over.wait(0.02 if number % 10 else 0.2):
                return
            if number % 3 == 0:
                with contextlib.suppress(FileNotFoundError):  # not yet there
                    log.rename(log.with_name("old"))
            server.signal(signal.SIGHUP if number % 2 else signal.SIGUSR1)

    thread = threading.Thread(target=stir)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def why_wrong(server, dialogue):
    """What came of it, where that is wrong; else nothing."""
    try:
        play(server.address, dialogue)
    except (AssertionError, OSError) as fault:
        return f"{fault}" or repr(fault)
    return ""


def have(model, seed, seconds):
    """
    Dialogues for so long, and some more where that is not even LEAST. Returns
    how many, and the first finding.
    """
    numbers = itertools.count()
    findings = []

    def talk(server, give_up):
        number = 0
        while not findings and (number < LEAST or time.monotonic() < give_up):
            number = next(numbers)
            dialogue = make(model, seed, number)
            why = why_wrong(server, dialogue)
            if why:
                findings.append(Finding(model, seed, number, dialogue, why))

    try:
        with serving(model) as server:
            give_up = time.monotonic() + seconds
            talkers = [
                threading.Thread(target=talk, args=[server, give_up])
                for _ in range(TALKERS)
            ]
            for each in talkers:
                each.start()
            for each in talkers:
                each.join()
    except AssertionError as fault:  # it has ended, or does not end well
        if not findings:
            raise
        first = findings[0]
        findings[0] = first._replace(why=f"{first.why}\n{fault}")
    return next(numbers), findings[:1]


# A small case


def smaller(dialogue):
    """Dialogues that have less in them than this one."""
    exchanges = dialogue.exchanges
    if dialogue.seed:
        yield dialogue._replace(seed=0, end="half-close")
    if dialogue.end != "half-close":
        yield dialogue._replace(end="half-close")
    if dialogue.junk:
        yield dialogue._replace(junk=b"")
    if dialogue.cut:
        yield dialogue._replace(cut=0)
    for number in range(len(exchanges)):
        rest = exchanges[:number] + exchanges[number + 1 :]
        if rest and (number < len(exchanges) - 1 or not dialogue.cut):
            junk = dialogue.junk if rest[-1].answer.closes else b""
            yield dialogue._replace(exchanges=rest, junk=junk)


def shows(model, dialogue, tries):
    """
    What is wrong with it on a new server, in one of so many tries, and how
    many it took; or nothing, and all of them.
    """
    why, count = "", 0
    try:
        with serving(model) as server:
            while not why and count < tries:
                why = why_wrong(server, dialogue)
                count += 1
    except AssertionError as fault:
        why = f"{why}\n{fault}".strip()
    return why, count


def shrink(finding):
    """Smaller and smaller, as long as it shows."""
    give_up = time.monotonic() + SHRINK
    why, count = shows(finding.model, finding.dialogue, MOST_TRIES)
    if not why:
        return finding._replace(why=f"{finding.why} (seen once)")
    best = finding._replace(why=why)
    tries = 3 * count  # what depends on how the bytes come takes some
    left = smaller(best.dialogue)
    while time.monotonic() < give_up and (each := next(left, None)):
        why, count = shows(finding.model, each, tries)
        if why:
            best = best._replace(dialogue=each, why=why)
            left = smaller(each)
    return best


def abbreviated(data):
    more = len(data) - SHOWN
    return f"{data[:SHOWN]!r}" + (f"... and {more} bytes" if more > 0 else "")


def tell(finding):
    """Lines about it."""
    dialogue = finding.dialogue
    yield f"{finding.model}: {finding.why}"
    yield (
        f"to repeat: make fuzz-live SEED={finding.seed} "
        f"MODELS={finding.model} ONLY={finding.number}"
    )
    for number, each in enumerate(dialogue.exchanges, 1):
        answer = each.answer
        goes_on = "close" if answer.closes else "keep"
        yield f"{number}: {abbreviated(each.data)}"
        yield f"   is to be answered {answer.status}, {goes_on}"
    if dialogue.junk:
        yield f"and behind that {abbreviated(dialogue.junk)}"
    if dialogue.cut:
        yield f"but for the last {dialogue.cut} bytes, which are not sent"
    how = f"by the dice of {dialogue.seed}" if dialogue.seed else "at once"
    yield f"sent {how}; then: {dialogue.end}"


def run(model, seed, seconds):
    """Returns how many dialogues it were, and lines about what is wrong."""
    count, findings = have(model, seed, seconds)
    if not findings:
        return count, []
    return count, list(tell(shrink(findings[0])))


# From the command line


def repeat(model, seed, number):
    dialogue = make(model, seed, number)
    why, count = shows(model, dialogue, MOST_TRIES)
    finding = Finding(model, seed, number, dialogue, why)
    if not why:
        finding = finding._replace(why=f"nothing is wrong in {count} tries")
    print("\n".join(tell(shrink(finding) if why else finding)))
    return 1 if why else 0


def main():
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    models = (os.environ.get("MODELS") or ",".join(MODELS)).split(",")
    seconds = float(os.environ.get("TIME") or 60)
    only = os.environ.get("ONLY")
    if only:
        return repeat(models[0], seed, int(only))
    print(f"dialogues: SEED={seed}", flush=True)
    for model in models:
        # half of the time is for the event loops
        share = 0.5 if model == "mtasync" else 0.5 / (len(MODELS) - 1)
        count, wrong = run(model, seed, seconds * share)
        print(f"dialogues: {model}: {count:,}", flush=True)
        if wrong:
            print("\n".join(wrong))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
