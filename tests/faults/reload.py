"""
Promise 6, a reload under load: connections stay, the new content is there at
once, and a new state that is faulty changes nothing.

ROOT is a symbolic link, which a reload finds switched to another directory.
"""

import contextlib
import os
import pathlib
import re
import tempfile
import time

import load
from effort import Efforts
from verdict import counted, holds, not_measured, nothing_lost
from verdict import progress, within

WORKERS = 2
MAX_DELAY = 0.5  # seconds that a reload may hold an answer up
PEER_PAUSE = 0.2  # seconds between reloads of a server that does not tell
RELOADED = re.compile(r"^mtasync: reloaded\b.*\n", re.M)
SUMMARY = re.compile(r"served (\d+) requests.*?(?:; (\d+) lines|\n)")

EFFORTS = Efforts(
    reloads=(20, 5),
    kept_alive=(256, 32),  # connections
    one_each=(128, 16),  # connections at a time
    answers=(1000, 100),  # between two reloads
)


class Site:
    """A root with one page in many versions, of which a link chooses one."""

    def __init__(self, directory, page, count):
        self.root = directory / "root"
        self.versions = [directory / str(n) for n in range(count)]
        self.bodies = tuple(
            b"<p>version %d\n" % n + n * b"." for n in range(count)
        )
        for version, body in zip(self.versions, self.bodies):
            version.mkdir()
            (version / page).write_bytes(body)
        self.switch(self.versions[0])

    def switch(self, version):
        """In one step: nobody finds no link at all."""
        other = self.root.with_name("next")
        other.symlink_to(version)
        other.rename(self.root)


@contextlib.contextmanager
def site_of(target, count):
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # some servers give up being root
        yield Site(pathlib.Path(name), target.page, count)


class Reloads:
    """A server under load that is reloaded again and again."""

    def __init__(self, stack, target, effort, site):
        self.site = site
        self.logs = [site.root.with_name("access.log")]
        options = ["-w", WORKERS, "--log=combined"]
        options += [f"--log-file={self.logs[0]}"]
        self.server = stack.enter_context(
            target.start(*options, root=site.root)
        )
        self.loads = load.begin_pair(
            stack,
            self.server.address,
            site.bodies,
            (effort.kept_alive, effort.one_each),
        )
        self.told = []  # when each reload was over
        self.loaded = time.monotonic()
        for _ in range(effort.reloads):
            self.await_more(effort.answers)
        self.began = time.monotonic()

    def await_more(self, answers):
        for each in self.loads:
            each.await_answers(answers)

    def do(self, number):
        """Switches to the version, and moves the log out of the way."""
        self.site.switch(self.site.versions[number])
        self.logs.append(self.logs[0].with_suffix(f".{number}"))
        if self.server.target.own:
            self.logs[0].rename(self.logs[-1])
        self.server.reload()
        if self.server.target.own:
            self.server.eventually(
                lambda: reloads_told(self.server) >= number,
                "the line that tells of a reload",
            )
        else:
            time.sleep(PEER_PAUSE)
        self.told.append(time.monotonic())

    def end(self):
        """The outcome of both loads; the server is stopped after them."""
        self.outcomes = [each.stop() for each in self.loads]
        self.server.stop()
        self.server.wait()

    def slowest(self):
        """Of the answers before the first reload, and from then on."""
        return (
            max(e.slowest(self.loaded, self.began) for e in self.outcomes),
            max(e.slowest(self.began) for e in self.outcomes),
        )

    def late(self):
        """Versions that were answered to a request sent after their end."""
        last = [outcome.last_sent for outcome in self.outcomes]
        return sum(
            max(each.get(number, 0) for each in last) > told
            for number, told in enumerate(self.told)
        )


def lines_missing(server, logs):
    """How many the log, in all its files, has too few or too many; of all."""
    summary = SUMMARY.search(server.stdout)
    wanted = int(summary[1]) - int(summary[2] or 0)
    return abs(wanted - sum(map(count_lines, logs))), wanted


def count_lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def measure_good(target, effort, site):
    with contextlib.ExitStack() as stack:
        reloads = Reloads(stack, target, effort, site)
        for number in range(1, effort.reloads + 1):
            progress(f"reload {number} of {effort.reloads}")
            reloads.do(number)
            reloads.await_more(effort.answers)
        reloads.end()
        kept, new = reloads.outcomes
        yield nothing_lost("kept-alive requests lost", kept)
        yield nothing_lost("new connections lost", new)
        yield counted("new connections refused", new.refused, new.answered)
        again = kept.connects - effort.kept_alive
        yield counted("connections not kept", again, effort.kept_alive)
        before, slowest = reloads.slowest()
        what = "slowest answer"
        yield within(what, slowest, MAX_DELAY, without_fault=before)
        if target.own:
            yield counted("old content after", reloads.late(), effort.reloads)
            missing = lines_missing(reloads.server, reloads.logs)
            yield counted("lines missing in the log", *missing)


# What is wrong with the new state; each returns what mends it.


def lose_root(site):
    site.switch(site.root.with_name("nowhere"))
    return lambda: site.switch(site.versions[0])


def lose_log(site):
    log = site.root.with_name("log")
    log.rename(log.with_name("moved"))
    return lambda: log.with_name("moved").rename(log)


FAULTS = {
    "ROOT is gone": (lose_root, "root"),
    "the log can't be opened": (lose_log, "access.log"),
}


def reloads_told(server):
    return len(RELOADED.findall(server.stdout))


def try_fault(server, site, loads, title, answers):
    """Which is told, and over once it has been mended."""
    spoil, name = FAULTS[title]
    mend = spoil(site)
    told = re.compile(f"^mtasync: .*{name}.*\n", re.M)
    before = len(server.stderr)
    server.reload()
    server.eventually(
        lambda: told.search(server.stderr[before:]), f"a line about {name}"
    )
    for each in loads:
        each.await_answers(answers)
    mend()
    before = reloads_told(server)
    server.reload()
    server.eventually(lambda: reloads_told(server) > before, "a reload")


def measure_faulty(target, effort, site):
    """The old state is to stay, and a line on stderr to say why."""
    log = site.root.with_name("log")
    log.mkdir()
    options = ["--log=combined", f"--log-file={log / 'access.log'}"]
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            target.start("-w", WORKERS, *options, root=site.root)
        )
        loads = load.begin_pair(
            stack,
            server.address,
            site.bodies[:1],
            (effort.kept_alive, effort.one_each),
        )
        for title in FAULTS:
            progress(title)
            try_fault(server, site, loads, title, effort.answers)
            yield holds(title, "told, and mended", "told, and mended", True)
        for each, what in zip(loads, ("kept-alive requests", "connections")):
            yield nothing_lost(f"faulty states: {what} lost", each.stop())
        again = loads[0].stop().connects - effort.kept_alive
        yield counted("faulty states: not kept", again, effort.kept_alive)
        server.stop()
        server.wait()
        missing = lines_missing(server, [log / "access.log"])
        yield counted("faulty states: lines missing in the log", *missing)


def measure(target, effort):
    if not target.reload:
        yield not_measured("reload", f"{target.name} has none as it runs here")
        return
    with site_of(target, effort.reloads + 1) as site:
        yield from measure_good(target, effort, site)
    if not target.own:
        yield not_measured("new content at once, faulty", "not mtasync")
        return
    with site_of(target, 1) as site:
        yield from measure_faulty(target, effort, site)
