"""A start that waits for a name server can be ended: nothing is open yet."""

import contextlib
import os
import pathlib
import signal
import subprocess

import pytest
from server import PROGRAM, SANITIZERS, eventually
from wire import PATIENCE

STUCK = pathlib.Path(PROGRAM).parent / "tests/live/stuck_names.so"
TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP

pytestmark = pytest.mark.skipif(
    bool(SANITIZERS), reason="a sanitizer has to come first"
)


@contextlib.contextmanager
def looking_up(tmp_path, *options, ignored=()):
    """A process of mtasync whose name server does not answer; see STUCK."""

    def ignore():
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    said = tmp_path / "said"
    with said.open("wb") as stderr, subprocess.Popen(
        [PROGRAM, *options],
        env={**os.environ, "LD_PRELOAD": str(STUCK)},
        preexec_fn=ignore,
        stdout=subprocess.PIPE,
        stderr=stderr,
    ) as process:
        try:
            eventually(lambda: said.read_text() == "looking up\n", "it")
            yield process
        finally:
            process.kill()


def assert_ended(process, status):
    """It ends with this status, and says nothing."""
    assert process.communicate(timeout=PATIENCE) == (b"", None)
    assert process.returncode == status


@pytest.mark.parametrize("number", [TERM, INT])
def test_stop_while_a_host_is_looked_up(tmp_path, number):
    with looking_up(tmp_path, "-l", "host.invalid:80") as process:
        process.send_signal(number)
        assert_ended(process, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="for root: --user")
def test_stop_while_a_user_is_looked_up(tmp_path):
    listen = f"unix:{tmp_path}/socket"
    with looking_up(tmp_path, "-l", listen, "--user=someone") as process:
        process.send_signal(TERM)
        assert_ended(process, 0)


def test_other_signals_wait_meanwhile(tmp_path):
    with looking_up(tmp_path, "-l", "host.invalid:80") as process:
        process.send_signal(HUP)
        process.send_signal(signal.SIGUSR1)
        process.send_signal(TERM)
        assert_ended(process, 0)


def test_stop_that_who_starts_it_ignores(tmp_path):
    """As the shell does for what it starts with & in a script."""
    listen = "-l", "host.invalid:80"
    with looking_up(tmp_path, *listen, ignored=[INT]) as process:
        process.send_signal(INT)
        assert_ended(process, 0)


def test_check_that_is_ended_does_not_say_that_all_is_well(tmp_path):
    listen = "-l", "host.invalid:80"
    with looking_up(tmp_path, "--check", *listen) as process:
        process.send_signal(TERM)
        assert_ended(process, -TERM)
