"""What is told of TLS: by URLs, /metrics and --version."""

import json
import os
import shutil
import subprocess
import time

import pytest
from admin_side import Admin
from server import SANITIZERS, eventually
from shaken import GONE, TLS_ADDRESS, https, is_resumed  # noqa: F401
from shaken import hello, make_certificate, needs_openssl, needs_tls, plain
from shaken import session_of, shake
from waiting import is_read
from wire import PATIENCE

pytestmark = needs_tls
ENDS = "mtasync_tls_certificate_not_after_timestamp_seconds"
LASTED = "mtasync_tls_handshake_duration_seconds"
DAY = 24 * 3600

# URLs


def test_urls_of_who_speaks_tls(https):
    """They are https ones, unless a proxy knows better; and so is Secure."""
    client = shake(https("--httpbin", "-w", "1"))
    url = "https://localhost/anything/x"
    for method in ("GET", "POST"):
        told = json.loads(client.ask("/anything/x", method=method).body)
        assert told["url"] == url
    told = client.ask("/anything/x", "X-Forwarded-Proto: http").body
    assert json.loads(told)["url"] == url.replace("https", "http")
    for line in client.ask("/stream/3").body.splitlines():
        assert json.loads(line)["url"] == "https://localhost/stream/3"
    led = client.ask("/absolute-redirect/2").field("Location")
    assert led == "https://localhost/absolute-redirect/1"
    assert "; Secure" in client.ask("/cookies/set?a=b").field("Set-Cookie")


# Handshakes


@pytest.fixture
def watched(https):  # noqa: F811
    """Starts servers that can be watched."""

    def start(*options, **how):
        server = https("--admin=0", *options, **how)
        return server, Admin(server)

    return start


def outcomes(metrics):
    return metrics.by("mtasync_tls_handshakes_total", "result")


def test_handshakes_by_their_end(watched):
    """Resumed ones are told apart; of those that are done, the time is told."""
    server, admin = watched("-w", "2")
    for _ in range(4):
        session = session_of(server)
        for _ in range(2):
            resumed, session = is_resumed(server, session)
            assert resumed
    for _ in range(3):
        with pytest.raises(GONE):
            shake(server, "alert-40.localhost")
    wanted = {"full": 4, "resumed": 8, "failed": 3}
    metrics = admin.await_metrics(
        lambda metrics: outcomes(metrics) == wanted,
        lambda: f"{wanted}: {outcomes(admin.metrics())}",
    )
    assert metrics.sum(f"{LASTED}_count") == 12
    assert metrics.sum(f"{LASTED}_sum") > 0


@pytest.mark.parametrize("size", [0, 1, 100, -1])
@pytest.mark.parametrize("way", ["close", "reset"])
def test_handshakes_that_the_client_ends_have_failed(watched, size, way):
    server, admin = watched("-w", "1")
    client = plain(server)
    client.send(hello()[:size])
    assert client.is_silent(0.05) or size < 0
    getattr(client, way)()
    admin.await_metrics(
        lambda metrics: outcomes(metrics) == {"failed": 1}, "its end"
    )


@pytest.mark.parametrize(
    "name", ["stall.a", "sleep-1m.a", "reset.a", "close.a"]
)
def test_handshakes_that_end_on_purpose_have_failed(watched, name):
    server, admin = watched("-w", "1")
    client = plain(server)
    client.send(hello(name))
    assert client.is_silent(0.05) or name[0] in "rc"
    client.close()
    admin.await_metrics(
        lambda metrics: outcomes(metrics) == {"failed": 1}, "its end"
    )


def test_http_in_clear_is_a_handshake_that_failed(watched):
    server, admin = watched("-w", "1")
    assert plain(server).ask("/").status == 400
    admin.await_metrics(
        lambda metrics: outcomes(metrics) == {"failed": 1}, "its end"
    )


def test_time_of_handshakes_is_without_their_sleep(watched):
    server, admin = watched("-w", "2")
    for _ in range(5):
        shake(server, "sleep-300ms.localhost")
    metrics = admin.await_metrics(
        lambda metrics: outcomes(metrics) == {"full": 5}, "5 handshakes"
    )
    assert metrics.sum(f"{LASTED}_count") == 5
    if not SANITIZERS:
        assert metrics.sum(f"{LASTED}_sum") < 5 * 0.25


def test_time_of_handshakes_has_that_of_the_client(watched):
    """Who is slow to say its hello counts with that."""
    server, admin = watched("-w", "1")
    client = server.connect(tls={"shake": 0})
    eventually(lambda: is_read(client), "its hello to be received")
    time.sleep(0.1)
    assert client.socket.shake(PATIENCE)
    metrics = admin.await_metrics(
        lambda metrics: outcomes(metrics) == {"full": 1}, "a handshake"
    )
    assert metrics.sum(f"{LASTED}_sum") >= 0.1


# Certificates


def ends(metrics):
    """By their files and names, in days from now."""
    return {
        (labels["file"], labels["name"]): (value - time.time()) / DAY
        for (name, *pairs), value in metrics.samples.items()
        if name == ENDS
        for labels in [dict(pairs)]
    }


def assert_ends(metrics, wanted):
    """So many days from now, nearly."""
    found = ends(metrics)
    assert set(found) == set(wanted)
    for labels, days in wanted.items():
        assert days - 0.01 < found[labels] <= days


def test_end_of_our_own(watched):
    server, admin = watched("-w", "2")
    assert_ends(admin.metrics(), {("own", "localhost"): 1})
    assert_ends(admin.metrics(open=True), {("own", "localhost"): 1})


def test_no_end_of_none(start):
    """Who speaks in clear shows none."""
    _, admin = start("-w", "1")
    assert ends(admin.metrics()) == {}


@needs_openssl
def test_ends_of_files(watched, tmp_path):
    """Those that are shown now, each once; after a reload the new ones."""
    a = make_certificate(tmp_path, "a", "DNS:a.test", days=90)
    b = make_certificate(tmp_path, "b", "DNS:b.test", days=5)
    server, admin = watched(*[f"--cert={file}" for file in (a, b, a)])
    assert_ends(
        admin.metrics(), {(str(a), "a.test"): 90, (str(b), "b.test"): 5}
    )
    shutil.copy(make_certificate(tmp_path, "c", "DNS:c.test", days=30), b)
    server.reload()
    server.await_output(": reloaded")
    wanted = {(str(a), "a.test"): 90, (str(b), "c.test"): 30}
    assert_ends(admin.metrics(), wanted)
    a.write_text("nothing")
    server.reload()
    server.await_output("not reloaded")
    assert_ends(admin.metrics(), wanted)


@needs_openssl
@pytest.mark.parametrize("name, label", [
    (b'a"b\\c', r"a\"b\\c"), (b"a\nb", r"a\nb"),
    ("\u00e4".encode(), "\u00e4"), (b"\xe4\xc3\x28", "??("),
])  # fmt: skip
def test_name_of_a_file_is_escaped(watched, tmp_path, name, label):
    plain = make_certificate(tmp_path, "a", "DNS:a.test")
    file = bytes(tmp_path) + b"/" + name
    shutil.copy(bytes(plain), file)
    server, admin = watched("--cert=" + os.fsdecode(file))
    assert_ends(admin.metrics(), {(f"{tmp_path}/{label}", "a.test"): 90})


@needs_openssl
@pytest.mark.skipif(
    not shutil.which("promtool"),
    reason="promtool is missing (Debian: apt-get install prometheus)",
)
def test_prometheus_takes_it(watched, tmp_path):
    file = make_certificate(tmp_path, 'a"b', "DNS:a.test")
    server, admin = watched(f"--cert={file}")
    shake(server)
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=admin.ask("/metrics").body,
        capture_output=True,
    )
    assert (checked.returncode, checked.stderr) == (0, b"")
