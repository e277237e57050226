"""
Promise 7, a hand-over under load: a successor takes the port over from a
running server, which is then told to stop, and nothing is lost.
"""

import contextlib
import signal
import time

import load
from effort import Efforts
from load import Outcome
from server import HTDOCS, Failed
from verdict import counted, holds, not_measured, nothing_lost
from verdict import progress, within

MAX_DELAY = 0.1  # seconds that an answer may take
PAUSE = 0.05  # seconds between two requests of a client at an easy pace
TAKE_OVER = "--take-over"
PEER_CHAINS = ((2,) * 9,)

LONG = (2, 1, 3, 2, 4, 1, 2)
CHAINS = ((1, 2), (2, 1), (2, 2), (4, 2), (2, 4), (3, 2), LONG)
EFFORTS = Efforts(
    # of workers, of each server that follows the other
    chains=(CHAINS, ((1, 2), (2, 1, 3))),
    easy=((LONG,), ()),  # chains at an easy pace, by which answers are timed
    kept_alive=(128, 32),  # connections
    one_each=(64, 32),  # connections at a time
    answers=(1000, 100),  # between two steps
)


class HandOver:
    """A running server under load, which others take over from."""

    def __init__(self, stack, target, effort, workers, pause=0):
        self.stack, self.target, self.effort = stack, target, effort
        self.server = stack.enter_context(target.start("-w", workers))
        self.loads = load.begin_pair(
            stack,
            self.server.address,
            (target.body(),),
            (effort.kept_alive, effort.one_each),
            pause=pause,
        )
        self.began = time.monotonic()

    def succeed(self, workers):
        """Starts a successor; returns the one that was there before."""
        before = self.server
        self.server = self.stack.enter_context(
            self.target.start(
                "-w", workers, TAKE_OVER, port=before.address[1]
            )
        )
        self.await_more()
        if self.server.process.poll() is not None:
            raise Failed("a second one on the port ends at once")
        return before

    def await_more(self):
        for each in self.loads:
            each.await_answers(self.effort.answers)

    def end(self):
        self.outcomes = [each.stop() for each in self.loads]
        self.slowest = max(
            max(each.slowest(self.began), each.slow_connect)
            for each in self.outcomes
        )

    def total(self):
        total = Outcome()
        for outcome in self.outcomes:
            total.add(outcome)
        return total


def run_chain(target, effort, chain, pause=0):
    """Each successor tells the one before it to stop."""
    with contextlib.ExitStack() as stack:
        hand_over = HandOver(stack, target, effort, chain[0], pause)
        unclean = 0
        for workers in chain[1:]:
            before = hand_over.succeed(workers)
            before.stop()
            unclean += before.wait() != 0
            hand_over.await_more()
        hand_over.end()
    return hand_over, unclean


def measure_chains(target, effort):
    kept, new = Outcome(), Outcome()
    unclean = 0
    for chain in effort.chains:
        title = f"workers: {', '.join(map(str, chain))}"
        progress(title)
        hand_over, failed = run_chain(target, effort, chain)
        yield nothing_lost(title, hand_over.total())
        kept.add(hand_over.outcomes[0])
        new.add(hand_over.outcomes[1])
        unclean += failed
    yield nothing_lost("in all: kept-alive requests lost", kept)
    yield nothing_lost("in all: new connections lost", new)
    kept.add(new)
    connects = kept.connects
    yield counted("in all: connections refused", kept.refused, connects)
    yield counted("in all: SYNs that went unheard", kept.repeated, connects)
    stops = sum(len(chain) - 1 for chain in effort.chains)
    yield counted("in all: exit status not 0", unclean, stops)


def measure_delay(target, effort, chain):
    """
    Under a load that leaves the CPUs idle for half of the time or more; with
    nothing but that load before and after, for what the machine itself adds.
    """
    progress(f"{len(chain)} servers at an easy pace")
    still = run_still(target, effort, len(chain))
    hand_over, _ = run_chain(target, effort, chain, PAUSE)
    still = max(still, run_still(target, effort, len(chain)))
    yield nothing_lost("at an easy pace: lost", hand_over.total())
    what, slowest = "slowest connect or answer", hand_over.slowest
    yield within(what, slowest, MAX_DELAY, without_fault=still)


def run_still(target, effort, steps):
    """The slowest without any hand-over, of as many answers."""
    with contextlib.ExitStack() as stack:
        hand_over = HandOver(stack, target, effort, 2, PAUSE)
        for _ in range(steps):
            hand_over.await_more()
        hand_over.end()
    return hand_over.slowest


def measure_killed(target, effort):
    """Only those may be lost who were with the one that is killed."""
    progress("killed")
    with contextlib.ExitStack() as stack:
        hand_over = HandOver(stack, target, effort, 2)
        before = hand_over.succeed(2)
        before.signal(signal.SIGKILL)
        before.wait()
        ended = time.monotonic()
        hand_over.await_more()
        hand_over.end()
    total = hand_over.total()
    after = sum(began > ended for began in total.lost_after)
    yield counted("the old one killed: lost later", after, total.answered)
    yield counted(
        "the old one killed: refused", total.refused, total.connects
    )


def measure_failed(target, effort):
    """A successor that can't start leaves all as it is."""
    progress("a successor that fails")
    with contextlib.ExitStack() as stack:
        hand_over = HandOver(stack, target, effort, 2)
        port = hand_over.server.address[1]
        for what, options, root in (
            ("a successor without ROOT", [TAKE_OVER], "/nowhere"),
            (f"one without {TAKE_OVER}", [], HTDOCS),
        ):
            status = start_in_vain(target, *options, port=port, root=root)
            kept = status == 1
            yield holds(f"{what}: exit status", str(status), "1", kept)
        hand_over.await_more()
        hand_over.end()
    for outcome in hand_over.outcomes:
        yield nothing_lost("a successor fails: requests lost", outcome)


def start_in_vain(target, *options, **how):
    """Returns the exit status, or None where it has started."""
    try:
        with target.start(*options, **how):
            return None
    except Failed as failed:
        return failed.status


def measure_alone(target):
    """Nobody is there to take over from."""
    with target.start(TAKE_OVER) as server:
        body = (target.body(),)
        with load.one_each(server.address, body, 1, repeat=False) as one:
            yield nothing_lost("nobody there: requests lost", one.finish())


def measure_load(target, effort):
    yield from measure_chains(target, effort)
    for chain in effort.easy:
        yield from measure_delay(target, effort, chain)


def measure_peer(target, effort):
    """Some share their port with a second one of their kind."""
    effort = effort._replace(chains=PEER_CHAINS, easy=PEER_CHAINS)
    try:
        yield from measure_load(target, effort)
    except Failed as failed:
        yield not_measured("hand-over", str(failed).partition("\n")[0])


def measure(target, effort):
    if not target.own:
        yield from measure_peer(target, effort)
        return
    yield from measure_load(target, effort)
    yield from measure_killed(target, effort)
    yield from measure_failed(target, effort)
    yield from measure_alone(target)
