"""
Promise 11, least privilege: what is in force in each thread, while it serves,
reloads, opens its log anew, hands over and stops. That what is forbidden is
refused is shown by tests/unit/test_roles.c.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import tempfile

import load
from effort import Efforts
from server import HTDOCS, Failed
from verdict import counted, not_measured, nothing_lost

USER, UID = "daemon", "1"
WORKERS = 2
THREADS = WORKERS + 3  # the main thread, the writers of messages and the log

EFFORTS = Efforts(clients=(64, 16), answers=(10_000, 500))


def threads(server):
    """The fields of proc_pid_status(5), of each."""
    for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        yield dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def is_confined(thread):
    return thread["Seccomp"] == "2" and thread["NoNewPrivs"] == "1"


def is_user(thread):
    return set(thread["Uid"].split()) == {UID} and set(
        int(thread[name], 16) for name in ("CapPrm", "CapEff", "CapInh")
    ) == {0}


def make_directory(stack):
    """With a root that all may read, and a place for the user's log."""
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    os.chmod(directory, 0o755)
    shutil.copytree(HTDOCS, f"{directory}/root")
    logs = pathlib.Path(directory, "logs")
    logs.mkdir()
    shutil.chown(logs, USER, USER)
    return directory


def measure(target, effort):
    if not target.own or os.geteuid() != 0:
        yield not_measured("least privilege", "wants mtasync, and root")
        return
    with contextlib.ExitStack() as stack:
        directory = make_directory(stack)
        options = ["-w", WORKERS, f"--user={USER}", f"--chroot={directory}"]
        options += ["--log=combined", "--log-file=logs/log"]
        try:
            server = stack.enter_context(
                target.start(*options, "--sandbox=require", root="root")
            )
        except Failed as failed:
            yield not_measured("--sandbox=require", str(failed.args[0]))
            return
        bodies = (target.body(),)
        clients = stack.enter_context(
            load.kept_alive(server.address, bodies, effort.clients)
        )
        found = list(threads(server))
        for number in signal.SIGUSR1, signal.SIGHUP:
            clients.await_answers(effort.answers)
            server.signal(number)
        server.await_output("reloaded")
        clients.await_answers(effort.answers)
        outcome = clients.stop()
        server.stop()
        status = server.wait()
    count = len(found)
    confined = sum(map(is_confined, found))
    yield counted("threads confined by seccomp", confined, count, THREADS)
    users = sum(map(is_user, found))
    yield counted(f"threads that are {USER}", users, count, THREADS)
    yield nothing_lost("requests lost", outcome)
    yield counted("exit status not 0", int(status != 0), 1)
