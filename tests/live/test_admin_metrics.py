"""/metrics: what a client has counted itself, and in which form."""

import shutil
import subprocess
import time
from operator import sub

import pytest
from admin_side import Admin
from server import SANITIZERS, eventually
from test_log import read_some, unread_fifo
from waiting import BLOCKING, asleep
from waiting import begin  # noqa: F401
from wire import head, request

BUCKETS = 19
NO_HISTOGRAMS = ("request_duration", "sleep_lateness", "loop_lag")


def await_requests(admin, wanted):
    """By handler and class."""
    names = "mtasync_requests_total", "handler", "code"
    return admin.await_metrics(
        lambda metrics: metrics.by(*names) == wanted,
        lambda: f"{wanted}: {admin.metrics().by(*names)}",
    )


def counts(metrics, name):
    return metrics.sum(f"mtasync_{name}_seconds_count")


# Its form


def test_form(start):
    """Both formats have the same samples, of each worker."""
    server, admin = start("-w", "3", "--rule=/x pool=db",
                          "--pool=db:slots=2")  # fmt: skip
    assert server.connect().ask("/sleep/1ms").status == 200
    plain, open = admin.metrics(), admin.metrics(open=True)
    assert set(plain.samples) == set(open.samples)
    assert {f.kind for f in open.families.values()} == {
        "counter", "gauge", "histogram", "info"
    }  # fmt: skip
    for family in plain.families.values():
        workers = {dict(pairs).get("worker") for _, *pairs in family.samples}
        assert workers in ({None}, {"0", "1", "2"})
        of_all = family.name.startswith(
            ("process", "mtasync_pool", "mtasync_worker", "mtasync_build",
             "mtasync_gen", "mtasync_keys", "mtasync_log", "mtasync_journal")
        ) or family.name.endswith("_limit")  # fmt: skip
        assert (workers == {None}) == of_all
    for name in ("requests", "sleep"):
        assert plain.all(f"mtasync_{name}_total" if name == "requests"
                         else "mtasync_sleepers")  # fmt: skip
    buckets = plain.all("mtasync_loop_lag_seconds_bucket", worker="1")
    assert len(buckets) == BUCKETS
    assert plain.all("mtasync_build_info") == [1]


@pytest.mark.parametrize("accept, open", [
    (None, False), ("*/*", False), ("text/plain", False),
    ("application/openmetrics-text", True),
    ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", True),
    ("application/openmetrics-text;version=1.0.0;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
    ("application/openmetrics-text;q=0.2,text/plain;q=0.5", False),
    ("text/plain, application/openmetrics-text", True),
    ("application/openmetrics-text;q=0", False), ("application/*", False),
    ("application/json", False),
])  # fmt: skip
def test_format(shipped_admin, accept, open):
    fields = [f"Accept: {accept}"] if accept else []
    answer = shipped_admin.ask("/metrics", *fields)
    assert answer.status == 200
    assert ("openmetrics" in answer.field("Content-Type")) == open
    assert answer.body.endswith(b"# EOF\n") == open


@pytest.fixture(scope="module")
def shipped_admin():
    from server import Server

    server = Server("--admin=0", "-w", "1")
    yield Admin(server)
    server.finish()


@pytest.mark.skipif(
    not shutil.which("promtool"),
    reason="promtool is missing (Debian: apt-get install prometheus)",
)
def test_prometheus_takes_it(start):
    server, admin = start("--rule=/x pool=db", "--pool=db:slots=2")
    assert server.connect().ask("/sleep/1ms").status == 200
    text = admin.ask("/metrics").body
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


# Requests


def test_requests(start, root):
    """By who answered, and by the class of the status."""
    (root / "a").write_bytes(b"x")
    server, admin = start("--httpbin", "-w", "2", "--rule=/down/** status=503")
    client = server.connect()
    for _ in range(7):
        assert client.ask("/").status == 200
    for _ in range(3):
        tag = client.ask("/a").field("ETag")
    assert client.ask("/a", f"If-None-Match: {tag}").status == 304
    for _ in range(2):
        assert client.ask("/nothing").status == 404
    for _ in range(4):
        assert client.ask("/sleep/1ms").status == 200
    assert client.ask("/sleep/1x").status == 400
    assert client.ask("/sleep/1ms?status=500").status == 500
    assert client.ask("/echo").status == 200
    assert client.ask("/status/204").status == 204
    assert client.ask("/get").status == 200
    assert client.ask("/down/x").status == 503
    assert client.ask("/", method="HEAD").status == 200
    metrics = await_requests(admin, {
        ("file", "2xx"): 11, ("file", "3xx"): 1, ("file", "4xx"): 2,
        ("sleep", "2xx"): 4, ("sleep", "4xx"): 1, ("sleep", "5xx"): 1,
        ("echo", "2xx"): 1, ("httpbin", "2xx"): 2, ("file", "5xx"): 1,
    })  # fmt: skip
    assert counts(metrics, "request_duration") == 24
    assert counts(metrics, "sleep_lateness") == 5
    assert metrics.by("mtasync_refusals_total", "code") == {}


def test_durations_without_their_sleeps(start):
    """How long they lasted, but for what was asked."""
    server, admin = start("-w", "2")
    client = server.connect()
    for _ in range(5):
        assert client.ask("/sleep/300ms").status == 200
    metrics = await_requests(admin, {("sleep", "2xx"): 5})
    for name in ("request_duration", "sleep_lateness"):
        name = f"mtasync_{name}_seconds"
        assert metrics.sum(f"{name}_count") == 5
        if not SANITIZERS:
            assert metrics.sum(f"{name}_sum") < 5 * 0.25


def test_refusals(start):
    server, admin = start("--max-body=10")
    refused = {
        "400": head("GET / HTTP/1.1", "Host: a", "Host: b"),
        "413": request(method="POST", target="/echo",
                       body=b"x" * 11) .replace(
                           b"\r\n\r\n", b"\r\nContent-Length: 11\r\n\r\n", 1),
        "414": b"GET /" + 40000 * b"x" + b" HTTP/1.1\r\n",
        "431": head("GET / HTTP/1.1", "Host: a", "X: " + 40000 * "x"),
        "501": request("/echo", "Transfer-Encoding: gzip, chunked",
                       method="POST"),
        "505": head("GET / HTTP/3.0", "Host: a"),
        "417": request("/", "Expect: nothing"),
    }  # fmt: skip
    seen = {}
    for times, (status, data) in enumerate(refused.items(), 1):
        for _ in range(times):
            with server.connect() as client:
                client.send(data)
                assert str(client.read_response().status) == status
        seen[status] = times
    admin.await_metrics(
        lambda metrics: metrics.by("mtasync_refusals_total", "code") == seen,
        lambda: f"{seen}, {admin.metrics().by('mtasync_refusals_total', 'code')}",
    )


def test_late_heads_are_refusals(start):
    server, admin = start("--header-timeout=200ms", "--body-timeout=200ms")
    late = [server.connect() for _ in range(3)]
    for client in late:
        client.send(b"GET / HT")
    body = server.connect()
    body.send(request("/", "Content-Length: 5", method="POST"))
    for client in (*late, body):
        assert client.read_response().status == 408
    metrics = await_requests(admin, {("none", "4xx"): 4})
    assert metrics.by("mtasync_refusals_total", "code") == {"408": 4}


FAULTS = {"close": 3, "reset": 2, "hang": 2, "truncate": 4, "garbage": 1,
          "length": 2, "chunk": 1}  # fmt: skip


def test_faults(start):
    """On purpose, by kind; those that were drawn, and no others."""
    server, admin = start("-w", "2")
    for fault, count in FAULTS.items():
        for _ in range(count):
            with server.connect() as client:
                more = "&for=20ms" * (fault == "hang")
                client.send(request(f"/sleep/1ms?fault={fault}{more}&size=10"))
                client.read_to_end()
    with server.connect() as client:
        assert client.ask("/sleep/1ms?fault=reset:0").status == 200
    admin.await_metrics(
        lambda metrics: metrics.by("mtasync_faults_total", "fault") == FAULTS
        and metrics.sum("mtasync_requests_total") == sum(FAULTS.values()) + 1,
        lambda: str(admin.metrics().by("mtasync_faults_total", "fault")),
    )
    metrics = admin.metrics()
    # no answer began: it is of no class
    assert metrics.sum("mtasync_requests_total", code="none") == 7


# Connections and bytes


def test_connections_and_bytes(start, root):
    """What the clients have sent and got, once the next tick has come."""
    (root / "large").write_bytes(bytes(3 << 20))
    server, admin = start("-w", "4")
    sent = received = 0
    clients = [server.connect() for _ in range(20)]
    for number, client in enumerate(clients):
        for target in ("/", "/large", "/nothing", "/sleep/2ms")[number % 4 :]:
            data = request(target, f"X-Number: {number}")
            client.send(data)
            sent += len(data)
            received += client.read_response().size
    for client in clients[:13]:
        client.close()

    names = ("connections_accepted", "connections_closed", "received_bytes",
             "sent_bytes")  # fmt: skip
    wanted = [20, 13, sent, received]

    def counted(metrics):
        return [metrics.sum(f"mtasync_{name}_total") for name in names]

    metrics = admin.await_metrics(
        lambda metrics: counted(metrics) == wanted,
        lambda: f"{wanted}: {counted(admin.metrics())}",
    )
    assert metrics.by("mtasync_connections", "state") == {"idle": 7}
    open_now = [
        a - c
        for a, c in zip(
            metrics.all("mtasync_connections_accepted_total"),
            metrics.all("mtasync_connections_closed_total"),
        )
    ]
    imbalance = max(open_now) * 4 / 7
    assert abs(metrics.sum("mtasync_worker_imbalance") - imbalance) < 1e-9
    for client in clients[13:]:
        client.close()
    admin.await_metrics(
        lambda metrics: metrics.by("mtasync_connections", "state") == {},
        "nobody to be there",
    )


def test_bytes_of_the_last_answer(start):
    """Behind which nothing comes that could bring them to light."""
    server, admin = start("-w", "1")
    client = server.connect()
    size = client.ask("/").size
    admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_sent_bytes_total") == size
        and metrics.sum("mtasync_received_bytes_total") == len(request("/")),
        f"{size} bytes",
    )


def test_states(start):
    """By what connections wait for; then back to nothing."""
    server, admin = start("-w", "3")
    clients = {
        "idle": [server.connect() for _ in range(5)],
        "head": [server.connect() for _ in range(4)],
        "body": [server.connect() for _ in range(3)],
        "asleep": [server.connect() for _ in range(6)],
        "hanging": [server.connect() for _ in range(2)],
    }
    for client in clients["idle"]:
        assert client.ask().status == 200
    for client in clients["head"]:
        client.send(b"GET /")
    for client in clients["body"]:
        client.send(request("/", "Content-Length: 5", method="POST"))
    for client in clients["asleep"]:
        client.send(request("/sleep/5m"))
    for client in clients["hanging"]:
        client.send(request("/sleep/0?fault=hang&for=5m"))
    wanted = {state: len(each) for state, each in clients.items()}

    def states(metrics):
        return metrics.by("mtasync_connections", "state")

    metrics = admin.await_metrics(
        lambda metrics: states(metrics) == wanted,
        lambda: str(states(admin.metrics())),
    )
    assert metrics.sum("mtasync_sleepers") == 8  # who hangs has a place, too
    for client in sum(clients.values(), []):
        client.reset()
    admin.await_metrics(
        lambda metrics: states(metrics) == {}
        and metrics.sum("mtasync_sleepers") == 0,
        lambda: str(states(admin.metrics())),
    )


def test_many_workers_add_up(start):
    server, admin = start("-w", "16")
    for _ in range(64):
        with server.connect() as client:
            assert client.ask("/").status == 200
            assert client.ask("/sleep/1ms").status == 200
    metrics = await_requests(
        admin, {("file", "2xx"): 64, ("sleep", "2xx"): 64}
    )
    accepted = metrics.all("mtasync_connections_accepted_total")
    assert len(accepted) == 16 and sum(accepted) == 64
    assert sum(bool(each) for each in accepted) > 1
    for worker in range(16):
        of = metrics.sum("mtasync_requests_total", worker=str(worker))
        assert of == 2 * accepted[worker]


# Sleepers and pools


def test_sleepers_that_end_any_way(start):
    server, admin = start("-w", "2", "--max-sleepers=10")
    sleepers = [asleep(server, "/sleep/5m") for _ in range(10)]
    admin.await_asleep(10)
    with server.connect() as client:
        assert client.ask("/sleep/1s").status == 503
    for client in sleepers[:4]:
        client.reset()
    admin.await_asleep(6)
    assert server.connect().ask("/sleep/1ms").status == 200
    for client in sleepers[4:]:
        client.reset()
    admin.await_asleep(0)


def test_pools(start):
    server, admin = start("-w", "2", "--pool=db:slots=2,queue=3",
                          "--rule=/db delay=5m pool=db",
                          "--pool=other:slots=7")  # fmt: skip
    clients = [server.connect() for _ in range(5)]
    for client in clients:
        client.send(request("/db"))
    admin.await_asleep(5)
    with server.connect() as client:
        assert client.ask("/db").status == 503
    metrics = admin.metrics()

    def of(name, pool="db"):
        return metrics.sum(f"mtasync_pool_{name}", pool=pool)

    assert [of(name) for name in ("slots", "slots_used", "queued")] == [
        2, 2, 3
    ]  # fmt: skip
    assert of("refused_total") == 1 and of("admitted_total") == 2
    assert of("slots", "other") == 7 and of("slots_used", "other") == 0
    for client in clients:
        client.reset()
    metrics = admin.await_metrics(
        lambda metrics: not metrics.sum("mtasync_sleepers"), "no sleepers"
    )
    assert of("slots_used") == of("queued") == 0


# The rest


def test_generation(start):
    server, admin = start()
    assert admin.metrics().sum("mtasync_generation") == 1
    server.reload()
    server.await_output(": reloaded")
    assert admin.metrics().sum("mtasync_generation") == 2
    assert admin.change("/rules", b"/a status=503").status == 204
    assert admin.metrics().sum("mtasync_generation") == 3


def test_keys_and_log_lines(start, tmp_path):
    server, admin = start("-w", "1", "--max-keys=2", "--log=json",
                          f"--log-file={tmp_path / 'log'}",
                          "--rule=/k fail=1 key=header:K")  # fmt: skip
    with server.connect() as client:
        for number in range(5):
            assert client.ask("/k", f"K: {number}").status == 503
    metrics = admin.metrics()
    assert metrics.sum("mtasync_keys_evicted_total") == 3
    assert metrics.sum("mtasync_log_lines_dropped_total") == 0
    totals = admin.events().next()["totals"]
    assert (totals["keys_evicted"], totals["log_dropped"]) == (3, 0)


def test_log_lines_that_are_dropped(start, tmp_path):
    """Those for which a log that nobody reads has no room any more."""
    text, asked = "", 0
    with unread_fifo(tmp_path / "log") as fifo:
        server, admin = start("-w", "1", "--log=combined",
                              f"--log-file={tmp_path / 'log'}")  # fmt: skip
        client = server.connect()

        def dropped():
            nonlocal asked
            asked += 20
            client.send(20 * request("/" + 3000 * "x"))
            for _ in range(20):
                assert client.read_response().status == 404
            return admin.metrics().sum("mtasync_log_lines_dropped_total")

        eventually(dropped, "lines that are dropped")
        server.await_rest()  # an answer may be there before its line is
        count = admin.metrics().sum("mtasync_log_lines_dropped_total")
        assert admin.events().next()["totals"]["log_dropped"] == count
        while text.count("\n") < asked - count:
            text += read_some(fifo)
        server.finish()
    assert f" {count:.0f} lines of the log were dropped" in server.stdout


def test_process(start):
    began = time.time()
    server, admin = start("-w", "2")
    clients = [server.connect() for _ in range(30)]
    for client in clients:
        assert client.ask().status == 200
    with admin.connect() as client:
        assert admin.ask("/readyz", client=client).status == 200
        server.await_rest()
        metrics = admin.metrics(client=client)
        open_fds = metrics.sum("process_open_fds")
        assert open_fds == server.descriptors()
    assert metrics.sum("process_max_fds") >= open_fds
    assert abs(metrics.sum("process_start_time_seconds") - began) < 5
    resident = server.memory("Rss")
    assert 0.3 < metrics.sum("process_resident_memory_bytes") / resident < 3
    assert abs(
        metrics.sum("process_cpu_seconds_total") - server.cpu_seconds()
    ) < 0.2 + 0.3 * server.cpu_seconds()  # fmt: skip
    before = metrics.sum("process_cpu_seconds_total")
    assert admin.metrics().sum("process_cpu_seconds_total") > before


def test_lag_of_each_loop(start):
    """A tick every 100 ms, whether there is anything to do or not."""
    server, admin = start("-w", "3")

    def ticks(metrics):
        return metrics.all("mtasync_loop_lag_seconds_count")

    began, before = time.monotonic(), admin.metrics()
    after = admin.await_metrics(
        lambda metrics: min(map(sub, ticks(metrics), ticks(before))) >= 15,
        "15 ticks of each loop",
    )
    passed = time.monotonic() - began
    late = "mtasync_loop_lag_seconds_sum"
    late = map(sub, after.all(late), before.all(late))
    for count, lag in zip(map(sub, ticks(after), ticks(before)), late):
        assert abs(count * 0.1 + lag - passed) < 0.75


@pytest.mark.parametrize("model", BLOCKING)
def test_blocking_models_count_as_well(begin, model):
    server = begin(model, "--admin=0")
    admin = Admin(server)
    sent = received = 0
    for target in ("/", "/sleep/1ms", "/nothing", "/sleep/1ms?status=500"):
        with server.connect() as client:
            data = request(target)
            client.send(data)
            sent += len(data)
            received += client.read_response().size
    metrics = await_requests(admin, {
        ("file", "2xx"): 1, ("file", "4xx"): 1, ("sleep", "2xx"): 1,
        ("sleep", "5xx"): 1,
    })  # fmt: skip
    assert counts(metrics, "request_duration") == 4
    assert counts(metrics, "sleep_lateness") == 2
    metrics = admin.await_metrics(
        lambda metrics: metrics.sum("mtasync_connections_closed_total") == 4,
        "the end of all connections",
    )
    assert metrics.sum("mtasync_connections_accepted_total") == 4
    assert metrics.sum("mtasync_sleepers") == 0
