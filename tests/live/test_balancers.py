"""packaging/: what balancers are given does what it says, by themselves."""

import contextlib
import http.server
import re
import socket
import threading

import load
import peer
import pytest
from secured import TLS
from server import HTDOCS, SOURCE, Server, eventually
from wire import Client, request

PACKAGING = SOURCE / "packaging"
PAGE = (HTDOCS / "hello.html").read_bytes()
LOOK = r"look and steer on http://[\d.]+:(\d+)/"
AROUND = {
    "haproxy": ("haproxy/haproxy.cfg", "", ""),
    "nginx": (
        "nginx/mtasync.conf",
        "daemon off; pid @DIRECTORY@/pid; error_log stderr warn;"
        " events {} http { access_log off;"
        " client_body_temp_path @DIRECTORY@/body;",
        "}",
    ),
}


def needs(name):
    return pytest.mark.skipif(
        not peer.is_here(name),
        reason=f"{name} is missing (Debian: apt-get install {name})",
    )


BOTH = [pytest.param(name, marks=needs(name)) for name in AROUND]
pytestmark = pytest.mark.skipif(
    bool(TLS), reason="the balancers speak in clear"
)


@contextlib.contextmanager
def balancing(name, directory, ports):
    """
    The balancer of this name by its packaged configuration, in which what is
    this machine's stands in for addresses: (web, admin) of each server.
    """
    file, before, after = AROUND[name]
    text = (PACKAGING / file).read_text()
    text = text.replace("maxconn 20000", "maxconn 2000")  # RLIMIT_NOFILE
    text = re.sub(
        r"(?m)^(\s+(?:bind|listen) ):?8080", r"\g<1>127.0.0.1:@PORT@", text
    )
    for number, (web, admin) in enumerate(ports, 1):
        here = f"127.0.0.1:{web}"
        if name == "haproxy":  # not all are asked at the same port here
            here += f" port {admin}"
        assert f"10.0.0.{number}:7878" in text
        text = text.replace(f"10.0.0.{number}:7878", here)
    (directory / f"{name}.conf").write_text(f"{before}\n{text}{after}\n")
    with Server(target=peer.find(name, directory)) as balancer:
        yield balancer


def admin_port(server):
    return int(server.await_output(LOOK)[1])


def ports_of(servers):
    return [(s.address[1], admin_port(s)) for s in servers]


@pytest.fixture
def two(serve):
    return [serve("-w", "2", "--admin=0") for _ in range(2)]


def requests_of(server):
    with Client(("127.0.0.1", admin_port(server))) as client:
        metrics = client.ask("/metrics").body.decode()
    counts = re.findall(r"(?m)^mtasync_requests_total\S* (\d+)$", metrics)
    return sum(map(int, counts))


@pytest.mark.parametrize("name", BOTH)
def test_requests_go_through(name, two, tmp_path):
    with balancing(name, tmp_path, ports_of(two)) as balancer:
        with Client(balancer.address) as client:
            assert client.ask("/").body == PAGE
            assert client.ask("/sleep/50ms").status == 200
            told = client.ask(
                "/echo", "Content-Length: 3", method="POST", body=b"a=1"
            )
            assert b'"text": "a=1"' in told.body
        with Client(balancer.address) as client:
            assert client.ask("/sleep/0?status=503").status == 503


@pytest.mark.parametrize("name", BOTH)
def test_stop_under_load_loses_nothing(name, two, tmp_path):
    """One of two stops; all that is asked is answered, by the other."""
    first, other = two
    with contextlib.ExitStack() as stack:
        balancer = stack.enter_context(
            balancing(name, tmp_path, ports_of(two))
        )
        loads = load.begin_pair(stack, balancer.address, (PAGE,), (16, 8))
        for each in loads:
            each.await_answers(300)
        assert requests_of(first) and requests_of(other)
        first.stop()
        for each in loads:
            each.await_answers(300)
        first.join()
        for each in loads:
            each.await_answers(300)
        for outcome in [each.stop() for each in loads]:
            assert not outcome.lost and not outcome.wrong, (
                outcome.lost,
                outcome.wrong,
                balancer.output(),
            )
            assert not outcome.refused
            assert outcome.answered >= 900


@needs("haproxy")
def test_fault_on_purpose_reaches_the_client(two, tmp_path):
    """It is not taken for a server's death, and tried again elsewhere."""
    with balancing("haproxy", tmp_path, ports_of(two)) as balancer:
        with Client(balancer.address) as client:
            assert client.ask("/sleep/0?fault=close").status == 502
        assert sum(map(requests_of, two)) == 1


class Unready(http.server.BaseHTTPRequestHandler):
    asked = None

    def do_GET(self):
        Unready.asked = self.path, self.headers["Host"]
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_):
        pass


@needs("haproxy")
def test_unready_server_gets_nothing(two, tmp_path):
    """It goes by /readyz, not by whether somebody listens."""
    with contextlib.ExitStack() as stack:
        admin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Unready)
        threading.Thread(target=admin.serve_forever, daemon=True).start()
        stack.callback(admin.server_close)
        stack.callback(admin.shutdown)
        ports = ports_of(two)
        ports[1] = ports[1][0], admin.server_address[1]
        balancer = stack.enter_context(balancing("haproxy", tmp_path, ports))
        eventually(
            lambda: "mtasync/b is DOWN" in balancer.output(),
            balancer.output,
        )
        assert Unready.asked == ("/readyz", "localhost")
        before = requests_of(two[1])
        for _ in range(20):
            with Client(balancer.address) as client:
                assert client.ask("/").body == PAGE
        assert requests_of(two[1]) == before
        assert requests_of(two[0]) >= 20


def test_envoys_is_yaml_of_its_shape():
    """Envoy is nowhere to be had here: what it refers to is there."""
    yaml = pytest.importorskip("yaml")
    text = (PACKAGING / "envoy" / "envoy.yaml").read_text()
    resources = yaml.safe_load(text)["static_resources"]
    (cluster,) = resources["clusters"]
    chain = resources["listeners"][0]["filter_chains"][0]
    manager = chain["filters"][0]["typed_config"]
    route = manager["route_config"]["virtual_hosts"][0]["routes"][0]["route"]
    assert route["cluster"] == cluster["name"]
    assert route["retry_policy"]["retry_on"] == "connect-failure"
    assert route["timeout"] == "0s"
    assert cluster["load_assignment"]["cluster_name"] == cluster["name"]
    (check,) = cluster["health_checks"]
    assert check["http_health_check"]["path"] == "/readyz"
    for each in cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]:
        assert each["endpoint"]["health_check_config"] == {"port_value": 7879}


PROXIED = """
defaults
	mode tcp
	timeout connect 5s
	timeout client 30s
	timeout server 30s
listen front
	bind 127.0.0.1:@PORT@
	server a 127.0.0.1:{port} {words}
"""


@needs("haproxy")
@pytest.mark.parametrize(
    "words",
    [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority",
        "send-proxy-v2 check check-send-proxy inter 100ms",
    ],
)
def test_true_address_by_the_proxy_protocol(serve, tmp_path, words):
    """The balancer says who comes, and for its own checks that it does."""
    server = serve(
        *("-w", "1", "--admin=0", "--trust=127.0.0.1"),
        listen=["127.0.0.1:0,proxy"],
    )
    port = server.address[1]
    (tmp_path / "haproxy.conf").write_text(
        PROXIED.format(port=port, words=words)
    )
    with Server(target=peer.find("haproxy", tmp_path)) as balancer:
        for source in "127.0.0.5", "127.1.2.3":
            with socket.create_connection(
                balancer.address, source_address=(source, 0)
            ) as raw:
                raw.sendall(request("/echo", "Connection: close"))
                told = b"".join(iter(lambda: raw.recv(4096), b""))
            assert f'"peer": "{source}"'.encode() in told
    with Client(("127.0.0.1", admin_port(server))) as client:
        metrics = client.ask("/metrics").body.decode()
    refused = re.findall(r"(?m)^mtasync_proxy_refused_total.* (\d+)$", metrics)
    assert [int(each) for each in refused] == [0, 0, 0]


@pytest.mark.parametrize("name", BOTH)
def test_true_address_by_a_field(name, serve, tmp_path):
    """
    By the packaged configurations, whatever the clients say themselves; though
    they all come by the same connections.
    """
    options = "-w", "1", "--admin=0", "--forwarded=X-Forwarded-For"
    servers = [serve(*options, "--trust=127.0.0.1") for _ in range(2)]
    lies = [], ["X-Forwarded-For: 192.0.2.1"], ['X-Forwarded-For: "x']
    with balancing(name, tmp_path, ports_of(servers)) as balancer:
        for source in "127.0.0.5", "127.1.2.3", "127.0.0.5":
            for lie in lies:
                with socket.create_connection(
                    balancer.address, source_address=(source, 0)
                ) as raw:
                    raw.sendall(request("/echo", *lie, "Connection: close"))
                    told = b"".join(iter(lambda: raw.recv(4096), b""))
                assert f'"peer": "{source}"'.encode() in told
