"""Where it listens by TCP: several addresses of a name, and those to come."""

import shutil
import socket
import subprocess

import pytest
from server import HTDOCS, Server, assert_refused, needs_strace, run
from test_handover import LAUNCHER, handing_over
from test_privileges import needs_root
from test_start import needs_ipv6
from wire import Client, request

HELLO = (HTDOCS / "hello.html").read_bytes()

# The log


@needs_ipv6
@pytest.mark.parametrize("model", ["thread", "mtasync"])
def test_ipv4_client_of_a_dual_stack_socket(model, serve):
    """It is logged as what it is, and so is one of IPv6."""
    with socket.create_server(
        ("::", 0), family=socket.AF_INET6, dualstack_ipv6=True
    ) as shared:
        server = serve(
            "--log=combined",
            f"--model={model}",
            listen=[],
            wrapper=LAUNCHER,
            **handing_over(shared),
        )
        port = shared.getsockname()[1]
        for host in "127.0.0.1", "::1":
            with Client((host, port)) as client:
                client.send(request("/", "Connection: close"))
                assert client.read_response().body == HELLO
        server.await_output(r"^127\.0\.0\.1 - - ")
        server.await_output(r"^::1 - - ")
        assert "::ffff" not in server.stdout


# A name's addresses


@needs_ipv6
def test_localhost_is_both_loopbacks(serve):
    """On one port, and the start line shows them."""
    server = serve(listen=["localhost:0"])
    (v4, v6) = server.addresses
    assert v4[0] == "127.0.0.1" and v6[0] == "::1" and v4[1] == v6[1]
    for which in range(2):
        assert server.connect(which).ask().body == HELLO


@needs_ipv6
def test_port_of_a_name_is_taken_at_one_address():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        listen = f"localhost:{port}"
        assert_refused(run("-l", listen, HTDOCS), 1, f"[::1]:{port}")


def failing(call, error, when):
    """A wrapper by which some calls of this kind fail."""
    inject = f"inject={call}:error={error}:when={when}"
    return ["strace", "-D", "-f", "-o", "/dev/null", "-e", inject]


# With one worker, each address takes two calls of bind(2).


@needs_ipv6
@needs_strace
def test_free_port_is_taken_at_the_second_address(serve):
    """Then another one is tried, at both."""
    server = serve(
        "-w",
        "1",
        listen=["localhost:0"],
        wrapper=failing("bind", "EADDRINUSE", 3),
    )
    (v4, v6) = server.addresses
    assert v4[1] == v6[1]
    for which in range(2):
        assert server.connect(which).ask().body == HELLO


@needs_strace
@pytest.mark.parametrize("error", ["EADDRNOTAVAIL", "EAFNOSUPPORT"])
def test_address_that_is_lacking_is_left_out(error, serve):
    server = serve(
        "-w",
        "1",
        listen=["localhost:0"],
        wrapper=failing("bind", error, "3+"),
    )
    assert [host for host, _ in server.addresses] == ["127.0.0.1"]
    assert server.connect().ask().body == HELLO


@needs_strace
def test_all_addresses_are_lacking():
    wrapper = failing("bind", "EADDRNOTAVAIL", "1+")
    result = run("-l", "localhost:0", HTDOCS, wrapper=wrapper)
    assert_refused(result, 1, "127.0.0.1:0", "--freebind")


# An address that is not there yet


def test_address_that_is_not_there():
    """RFC 5737: 192.0.2.1 is nobody's."""
    assert_refused(run("-l", "192.0.2.1:0", HTDOCS), 1, "--freebind")


def test_freebind(serve):
    server = serve("--freebind", listen=["192.0.2.1:0", "127.0.0.1:0"])
    assert server.addresses[0][0] == "192.0.2.1"
    assert server.connect(1).ask().body == HELLO


@needs_root
@needs_ipv6
def test_freebind_serves_when_the_address_comes():
    """In a network namespace that has it only later."""
    namespace = ["unshare", "-n"]
    if subprocess.run([*namespace, "true"], capture_output=True).returncode:
        pytest.skip("unshare -n is not allowed")
    if not shutil.which("ip"):
        pytest.skip("ip is missing (Debian: apt-get install iproute2)")
    with Server(
        "--freebind", listen=["192.0.2.1:7878"], wrapper=namespace
    ) as server:
        inside = ["nsenter", "-t", str(server.pid), "-n"]
        for command in (
            ["ip", "link", "set", "lo", "up"],
            ["ip", "address", "add", "192.0.2.1/32", "dev", "lo"],
        ):
            subprocess.run([*inside, *command], check=True)
        asked = (
            "import socket; s = socket.create_connection(('192.0.2.1', 7878));"
            "s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); print(s.recv(15))"
        )
        answer = subprocess.run(
            [*inside, "python3", "-c", asked], capture_output=True, text=True
        )
        assert "HTTP/1.1 200" in answer.stdout, answer
        server.finish()
