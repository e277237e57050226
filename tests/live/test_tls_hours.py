"""
A server of TLS that runs for hours and days: its clocks are moved on by
shifted_clocks.c.
"""

import hashlib
import hmac
import mmap
import os
import pathlib
import signal
import ssl
import struct
import subprocess
import time

import pytest
from admin_side import Admin
from server import PROGRAM, SANITIZERS, eventually
from shaken import https, is_resumed, make_certificate  # noqa: F401
from shaken import needs_openssl, needs_tls, session_of, shake, shown
from wire import PATIENCE

HOUR, DAY = 3600, 24 * 3600
EPOCH_0 = 1767225600  # the beginning of the ratchet's first hour
PRELOADED = pathlib.Path(PROGRAM).parent / "tests/live/shifted_clocks.so"
SECRET = bytes(range(64))

pytestmark = [
    needs_tls,
    pytest.mark.skipif(
        bool(SANITIZERS), reason="it has to be preloaded first"
    ),
]


class Shifted:
    """The clocks of a server, which a test moves on."""

    def __init__(self, path):
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8)
        self.environment = {
            **os.environ,
            "SHIFTED_CLOCKS": str(path),
            "LD_PRELOAD": str(PRELOADED),
        }

    def move(self, server, seconds):
        """To so many from now on; the server's main thread looks at them then."""
        struct.pack_into("q", self.map, 0, seconds * 10**9)
        server.signal(signal.SIGUSR1)


@pytest.fixture
def clocks(tmp_path):
    return Shifted(tmp_path / "clocks")


# What main does each hour


@needs_openssl
def test_what_comes_to_be_is_told_once(https, clocks, tmp_path):  # noqa: F811
    """That an end is near, and that it has been, without a reload."""
    file = make_certificate(tmp_path, "a", "DNS:a.test", days=20)
    server = https("-w", "1", f"--cert={file}", env=clocks.environment)
    shake(server)
    assert server.stderr == ""
    near = f"mtasync: {file}: the certificate of a.test ends on "
    been = f"mtasync: {file}: the certificate of a.test has ended on "
    clocks.move(server, 7 * DAY)
    server.eventually(lambda: near in server.stderr, near)
    clocks.move(server, 7 * DAY + 2 * HOUR)
    clocks.move(server, 21 * DAY)
    server.eventually(lambda: been in server.stderr, been)
    assert server.stderr.count("\n") == 2


def expand(secret, info):
    """HKDF-Expand of RFC 5869, of one block."""
    return hmac.digest(secret, info + b"\1", hashlib.sha256)


def secret_of(hour):
    secret = hmac.digest(b"mtasync tickets", SECRET, hashlib.sha256)
    for _ in range(hour):
        secret = expand(secret, b"mtasync ticket next")
    return secret


def memory_has(server, bytes):
    """Whether they lie anywhere that the process can write to."""
    maps = pathlib.Path(f"/proc/{server.pid}/maps").read_text().splitlines()
    with open(f"/proc/{server.pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            area, mode = line.split()[:2]
            start, end = (int(at, 16) for at in area.split("-"))
            if not mode.startswith("rw"):
                continue
            memory.seek(start)
            if bytes in memory.read(end - start):
                return True
    return False


def test_secrets_of_old_hours_are_gone(https, clocks, tmp_path):  # noqa: F811
    """Nobody who reads the memory then opens what was said before."""
    file = tmp_path / "secret"
    file.write_bytes(SECRET)
    server = https(
        "-w", "1", f"--ticket-secret={file}", env=clocks.environment
    )
    session = session_of(server)
    hours = [(int(time.time()) - EPOCH_0) // HOUR]
    hours.append(hours[0] + 1)  # it may have struck meanwhile
    assert any(memory_has(server, secret_of(hour)) for hour in hours)
    clocks.move(server, 5 * HOUR)
    resumed, _ = is_resumed(server, session)
    assert not resumed
    eventually(
        lambda: not any(memory_has(server, secret_of(hour)) for hour in hours),
        "the old secret to be gone",
    )
    assert any(memory_has(server, secret_of(hour + 5)) for hour in hours)


# Our own certificates, which are good for a day


def end_of(client):
    """Of the certificate that it has been shown, in s since 1970."""
    said = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-enddate"],
        input=shown(client),
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    ).stdout.decode()
    return ssl.cert_time_to_seconds(said.strip().removeprefix("notAfter="))


@needs_openssl
@pytest.mark.parametrize("name", ["localhost", "a.localhost", None])
def test_own_certificate_never_ends(https, clocks, name):  # noqa: F811
    """For half a day at least it is good, and so it is told."""
    server = https("-w", "2", "--admin=0", env=clocks.environment)
    for days in (0, 1, 2, 100):
        clocks.move(server, days * DAY)
        now = time.time() + days * DAY
        told = (
            Admin(server)
            .metrics()
            .sum(
                "mtasync_tls_certificate_not_after_timestamp_seconds",
                file="own",
            )
        )
        assert now + DAY / 2 - 10 <= told
        for _ in range(4):
            assert told - 10 <= end_of(shake(server, name)) <= now + DAY + 60
