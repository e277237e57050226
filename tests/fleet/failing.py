"""
Something befalls one of the three: it is killed, stopped, full, or one of its
loops is stuck. What clients see of that, and when HAProxy knows.
"""

import signal
import time

import load
import stuck
from effort import Efforts
from load import Outcome
from members import FRONT, PAGE, Fleet
from portrait import Timeline
from server import eventually
from verdict import broken, counted, holds, nothing_lost
from verdict import progress, within

ONE = "a"  # whom it befalls
PAUSE = 0.2  # seconds between two requests of a client
PATIENCE = 20  # seconds for HAProxy to know
HELD_UP = 0.5  # seconds that `/` takes where it waits for something
KNOWN_DEAD = 1.0  # seconds: checks are half a second apart
KNOWN_SILENT = 1.5  # and wait for half a second
UNDER_WAY_SHARE = 1  # percent of `/` that may be with who is killed
KNOWN_STUCK = 3.0  # of /healthz, which says so after 2 s
STUCK_SHARE = 5  # percent of the requests that a stuck loop may hold up
OPTIONS = ("--workers=2",)

EFFORTS = Efforts(
    # Each asks for `/` five times a second.
    kept_alive=(60, 20),
    one_each=(20, 5),
    asleep=(60, 24),
    full=(10, 5),  # of sleepers, or connections; a third of all would be more
    sleep=(5, 4),  # seconds, in which all fall asleep
    seconds=(4, 0.5),  # of each
)


class Watch:
    """The loads of `/`, what becomes of them, and when something happened."""

    def __init__(self, fleet, effort):
        self.effort = effort
        how = {"pause": PAUSE, "spread": PAUSE}
        self.loads = [
            fleet.load(make, FRONT, (PAGE,), count, **how)
            for make, count in (
                (load.kept_alive, effort.kept_alive),
                (load.one_each, effort.one_each),
            )
        ]
        for each in self.loads:
            each.await_answers(each.plan.connections)
        self.times = [time.monotonic()]
        self.go_on()

    def go_on(self):
        time.sleep(self.effort.seconds)

    def mark(self):
        """Something happens now."""
        self.times.append(time.monotonic())
        return self.times[-1]

    def end(self, title, timelines):
        """All is told in `outcome` then."""
        self.mark()
        self.outcome = Outcome()
        for each in self.loads:
            self.outcome.add(each.stop())
        timelines.append(Timeline(title, self.outcome, self.times))

    def failed_since(self, since):
        return sum(when >= since for when in self.outcome.failed)

    def answered_since(self, since):
        """Of those that were asked since: how long each took."""
        both = zip(self.outcome.sent, self.outcome.took)
        return [took for sent, took in both if sent >= since]

    def held_up(self):
        """Those that took long."""
        return [took for took in self.outcome.took if took > HELD_UP]


def put_to_sleep(fleet, effort):
    """They ask for a sleep at once; who is refused does not ask again."""
    return fleet.load(
        *(load.sleepers, FRONT, (PAGE,), effort.asleep),
        f"/sleep/{effort.sleep}s",
    )


def await_asleep(fleet, count, *names):
    """So many or more, in all of them or in these."""
    eventually(lambda: fleet.asleep(*names) >= count, f"{count} sleepers")


def told(title, since, known, mark):
    """How fast HAProxy knew."""
    what = f"{title}: HAProxy knows after"
    if known is None:
        return broken(what, f"not within {PATIENCE} s")
    return within(what, known - since, mark)


def rows_since(title, watch, known):
    """Of what was asked once it was known."""
    took = watch.answered_since(known)
    failed = watch.failed_since(known)
    yield counted(
        f"{title}: `/` asked then, lost or wrong", failed, len(took) + failed
    )
    before = watch.outcome.slowest(*watch.times[:2])
    yield within(
        f"{title}: `/` asked then, slowest",
        *(max(took), HELD_UP),
        without_fault=before,
    )


def waited(what, watch):
    """All are answered, however late."""
    outcome = watch.outcome
    bad = (outcome.lost + outcome.wrong).total()
    late = watch.held_up()
    figure = f"{bad:,} of {outcome.answered + bad:,}; {len(late):,} waited"
    if late:
        figure += f", up to {max(late):.1f} s"
    return holds(what, figure, "0 lost", not bad)


def measure_killed(effort, timelines):
    title = "killed"
    with Fleet(*OPTIONS) as fleet:
        watch = Watch(fleet, effort)
        sleepers = put_to_sleep(fleet, effort)
        await_asleep(fleet, effort.asleep)
        asleep = fleet.replicas[ONE].asleep()
        fleet.replicas[ONE].server.signal(signal.SIGKILL)
        fleet.replicas[ONE].server.wait()
        since = watch.mark()
        known = fleet.balancer.await_down(ONE, PATIENCE)
        watch.go_on()
        slept = sleepers.finish()
        watch.end("one is killed: `/`", timelines)
    yield told(title, since, known, KNOWN_DEAD)
    bad = (slept.lost + slept.wrong).total()
    yield counted(
        f"{title}: of its sleepers, lost; of the others' none",
        *(bad, asleep, asleep),
    )
    lost, answered = len(watch.outcome.failed), watch.outcome.answered
    share = 100 * lost / (lost + answered)
    what = f"{title}: of `/`, lost or wrong"
    yield within(what, share, UNDER_WAY_SHARE, "%")
    yield from rows_since(title, watch, known or since)


def measure_stopped(effort, timelines):
    title = "stopped"
    with Fleet(*OPTIONS) as fleet:
        watch = Watch(fleet, effort)
        server = fleet.replicas[ONE].server
        server.freeze()
        since = watch.mark()
        known = fleet.balancer.await_down(ONE, PATIENCE)
        watch.go_on()
        server.thaw()
        watch.mark()
        fleet.balancer.await_up(ONE)
        watch.go_on()
        watch.end("one is stopped, and goes on: `/`", timelines)
    yield told(title, since, known, KNOWN_SILENT)
    yield from rows_since(title, watch, known or since)
    yield waited(f"{title}: of `/`, lost when it goes on", watch)


def full_fleet(effort, option, most):
    """With few places in one of them; HAProxy is told of so many, or of none."""
    own = {ONE: [f"{option}={effort.full}"]}
    words = {ONE: f"maxconn {most}"} if most else {}
    return Fleet(*OPTIONS, own=own, server_words=words)


def run_full(effort, option, title, timelines, most=0):
    """Returns what became of `/`, and of the sleepers."""
    with full_fleet(effort, option, most) as fleet:
        sleepers = put_to_sleep(fleet, effort)
        await_asleep(fleet, most or effort.full, ONE)
        watch = Watch(fleet, effort)
        slept = sleepers.finish()
        watch.go_on()
        watch.end(f"{title}: `/`", timelines)
    return watch, slept


def measure_sleepers(effort, timelines):
    """HAProxy gives the next to who has the fewest: to who refuses at once."""
    title, option = "full of sleepers", "--max-sleepers"
    watch, slept = run_full(effort, option, title, timelines)
    refused = slept.wrong.pop("status 503", 0)
    yield nothing_lost(f"{title}: lost, or wrong but for 503", slept)
    yield nothing_lost(f"{title}: of `/`, lost or wrong", watch.outcome)
    title += ", as HAProxy knows"
    watch, slept = run_full(effort, option, title, [], effort.full)
    spared = slept.wrong["status 503"]
    figure = f"{spared} of {effort.asleep}; {refused} if it does not"
    kept = spared == 0 and refused > 0
    yield holds(f"{title}: 503", figure, "0; some", kept)
    yield nothing_lost(f"{title}: of `/`, lost or wrong", watch.outcome)


def asleep_unknown(effort):
    """How many sleep at once where HAProxy does not know; the others wait."""
    with full_fleet(effort, "--max-conns", 0) as fleet:
        put_to_sleep(fleet, effort._replace(sleep=600))
        await_asleep(fleet, effort.full, ONE)
        known = fleet.balancer.known
        eventually(
            lambda: sum(int(known(n)["scur"]) for n in fleet.replicas)
            == effort.asleep,
            "all to be with one of them",
        )
        return fleet.asleep()


def measure_connections(effort, _timelines):
    """Connections that HAProxy keeps idle have a place, too: half is for them."""
    title = "full of connections"
    fewer, count = asleep_unknown(effort), effort.asleep
    with full_fleet(effort, "--max-conns", effort.full // 2) as fleet:
        sleepers = put_to_sleep(fleet, effort)
        await_asleep(fleet, count)
        watch = Watch(fleet, effort)
        slept = sleepers.finish()
        watch.go_on()
        watch.end("", [])
    title += ", as HAProxy knows"
    what, figure = (
        f"{title}: asleep at once",
        f"{count}; {fewer} if it does not",
    )
    yield holds(what, figure, "all; fewer", fewer < count)
    yield nothing_lost(f"{title}: of them", slept)
    yield nothing_lost(f"{title}: of `/`, lost or wrong", watch.outcome)


def is_named(replica):
    """Whether its /healthz says that a loop is stuck."""
    with replica.host.inside():
        return replica.admin.ask("/healthz").status == 503


def measure_stuck(effort, timelines):
    title = "a loop stuck"
    with Fleet(*OPTIONS) as fleet:
        watch = Watch(fleet, effort)
        replica = fleet.replicas[ONE]
        with fleet.connect(replica.address) as client:
            thread = stuck.serving(replica.server, client)
        with stuck.standing(thread):
            since = watch.mark()
            eventually(lambda: is_named(replica), "/healthz to say so")
            named = time.monotonic()
            watch.go_on()
            status = fleet.balancer.known(ONE)["status"]
        until = watch.mark()
        watch.go_on()
        watch.end("a loop is stuck, and goes on: `/`", timelines)
    yield within(
        f"{title}: /healthz says so after", named - since, KNOWN_STUCK
    )
    what = f"{title}: for HAProxy, which asks /readyz, it is"
    yield holds(what, status, "UP", status == "UP")
    yield waited(f"{title}: of `/`, lost when it goes on", watch)
    asked = [s for s in watch.outcome.sent if since <= s < until]
    share = 100 * len(watch.held_up()) / len(asked)
    yield within(f"{title}: of `/`, held up", share, STUCK_SHARE, "%")


def measure(effort, timelines):
    for what, measured in (
        ("killed", measure_killed),
        ("stopped", measure_stopped),
        ("full of sleepers", measure_sleepers),
        ("full of connections", measure_connections),
        ("a loop stuck", measure_stuck),
    ):
        progress(what)
        yield from measured(effort, timelines)
