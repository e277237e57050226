"""Time limits, the limit of connections, and the one of descriptors."""

import contextlib
import pathlib
import resource
import select
import socket
import time

import pytest
from server import HTDOCS, clear_only, eventually, needs_strace, run, scaled
from server import settle
from wire import PATIENCE, READ_SIZE, request

HELLO = (HTDOCS / "hello.html").read_bytes()
MIB = 1 << 20
LIMIT = 0.3  # seconds, as 300ms below
FIN_WAIT1, LISTEN = "04", "0A"  # states as /proc/net/tcp has them,
CLOSE = 7  # and as TCP_INFO does


def sparse(root, size):
    with open(root / "file", "wb") as file:
        file.truncate(size)


# Time limits


@pytest.mark.parametrize(
    "option, start, drop",
    [
        ("--header-timeout=300ms", b"GET / HTTP/1.1\r\nA: ", b"x"),
        ("--header-timeout=300ms", b"", b"G"),
        (
            "--body-timeout=300ms",
            request("/", "Content-Length: 100000"),
            b"x",
        ),
        (
            "--body-timeout=300ms",
            request("/", "Transfer-Encoding: chunked"),
            b"1\r\nx\r\n",
        ),
    ],
    ids=["head", "request-line", "body", "chunks"],
)
def test_dripping_request_is_cut(serve, option, start, drop):
    """The limit is for the whole: what drips in does not push it."""
    client = serve(option).connect()
    begin = time.monotonic()
    client.send(start)
    while client.is_silent(0.02):
        client.send(drop)
        assert time.monotonic() - begin < PATIENCE
    response = client.read_response()
    assert time.monotonic() - begin >= LIMIT
    assert response.status == 408
    assert response.field("Connection") == "close"
    client.read_eof()


def test_head_is_limited_on_a_kept_alive_connection_too(serve):
    client = serve("--header-timeout=300ms").connect()
    client.ask("/")
    begin = time.monotonic()
    client.send(request("/") + b"GET / HT")
    assert client.read_response().status == 200
    assert client.read_response().status == 408
    assert time.monotonic() - begin >= LIMIT
    client.read_eof()


@pytest.mark.parametrize("requests", [0, 3])
def test_idle_connection_is_closed(serve, requests):
    """By FIN, without a word, and not early: each request starts it anew."""
    server = serve("--idle-timeout=300ms")
    begin = time.monotonic()
    client = server.connect()
    for _ in range(requests):
        begin = time.monotonic()
        assert client.ask("/").status == 200
    client.read_eof()
    assert time.monotonic() - begin >= LIMIT


@needs_strace
def test_request_that_comes_while_others_are_closed(serve):
    """
    It was sent before a FIN could be seen. The limits of two connections end
    in one sweep, since that of a third has ended right before; strace(1) makes
    the sweep stop for a while once it has closed the first of them.
    """
    slow = "inject=shutdown:delay_exit=500000:when=2"
    strace = ["strace", "-D", "-f", "-o", "/dev/null", "-e", slow]
    server = serve("-w", "1", "--idle-timeout=300ms", wrapper=strace)
    clients = [server.connect() for _ in range(3)]
    clients[0].ask("/")
    assert clients[0].is_silent(0.02)
    for client in clients[1:]:
        client.ask("/")
    for client in clients[:2]:
        client.read_eof()
    assert clients[2].ask("/").body == HELLO


def test_sleep_is_not_idle(serve):
    """None of the limits counts while the server makes its client wait."""
    server = serve(
        "--idle-timeout=100ms",
        "--header-timeout=100ms",
        "--body-timeout=100ms",
        "--write-timeout=100ms",
    )
    assert server.connect().ask("/sleep/400ms").body == HELLO


def test_reader_that_stops_is_dropped(serve, root):
    sparse(root, 32 * MIB)
    server = serve("-w", "1", "--write-timeout=300ms", root=root)
    before = server.descriptors("socket:")
    client = server.connect(receive_buffer=4096)
    begin = time.monotonic()
    client.send(request("/file"))
    client.read_head()
    assert server.descriptors("socket:") == before + 1
    eventually(
        lambda: server.descriptors("socket:") == before, "the client's drop"
    )
    assert time.monotonic() - begin >= LIMIT


def sockets_of(address):
    """The states of all sockets with this local port, as /proc has them."""
    port = f":{address[1]:04X}"
    table = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in table]
    return [row[3] for row in rows if row[1].endswith(port)]


def test_closed_connection_does_not_wait_for_its_reader(serve, root):
    """
    All of the answer is the kernel's, and the server has closed: a reader that
    stops may not hold the kernel's memory for minutes.
    """
    (root / "file").write_bytes(bytes(60000))
    server = serve("-w", "1", "--write-timeout=1s", root=root)
    client = server.connect(receive_buffer=4096)
    client.send(request("/file", "Connection: close"))
    address = server.addresses[0]
    begin = time.monotonic()
    eventually(lambda: FIN_WAIT1 in sockets_of(address), "the server's close")
    eventually(lambda: sockets_of(address) == [LISTEN], "its end")
    assert time.monotonic() - begin >= 1
    with pytest.raises(ConnectionResetError):
        client.read_all()


def test_reader_that_goes_on_is_not_dropped(serve, root):
    """
    Though it takes twice the limit in all. Whoever holds this test up makes
    it a reader that stops: then it tries again.
    """
    sparse(root, 32 * MIB)
    server = serve("-w", "1", "--write-timeout=600ms", root=root)
    for _ in range(5):
        client = server.connect(receive_buffer=256 << 10)
        client.send(request("/file"))
        client.read_head()
        begin = time.monotonic()
        with contextlib.suppress(AssertionError, ConnectionResetError):
            for _ in range(32):
                client.read(MIB)
                time.sleep(0.04)
            break
    else:
        pytest.fail("dropped though it was reading, five times")
    assert time.monotonic() - begin >= 1.2


def sip(client, size, pause):
    """Reads so many bytes after each pause, until the connection is cut."""
    while True:
        time.sleep(pause)
        yield len(client.socket.recv(size))


@clear_only("a client has to take a whole record before a byte of it")
def test_reader_of_small_sips_is_not_dropped(serve, root):
    """
    Though the kernel, which holds what it has not read, takes nothing from
    the server for longer than the limit.
    """
    sparse(root, 32 * MIB)
    server = serve("-w", "1", "--write-timeout=2s", root=root)
    for _ in range(5):
        client = server.connect(receive_buffer=4096)
        client.send(request("/file"))
        got = 0
        with contextlib.suppress(ConnectionResetError):
            for size in sip(client, 100, 0.02):
                got += size
                if got >= 20000:
                    return
    pytest.fail("dropped though it was reading, five times")


def is_cut(client):
    """Whether it is, though it has not read what came before."""
    state = client.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    return state[0] == CLOSE


@clear_only("a client has to take a whole record before a byte of it")
def test_reader_that_is_too_slow_is_dropped(serve, root):
    """
    Though it takes what its small window holds meanwhile: fewer bytes than
    1280 in 5 seconds. It goes before one that took enough, a second earlier.
    """
    sparse(root, 32 * MIB)
    server = serve("-w", "1", "--write-timeout=5s", root=root)
    client, other = (server.connect(receive_buffer=1) for _ in range(2))
    for reader in client, other:
        reader.send(request("/file"))
        reader.read(8000)
    begin = time.monotonic()
    time.sleep(1)
    other.read(8000)
    time.sleep(1)
    client.socket.recv(READ_SIZE)
    eventually(lambda: is_cut(client), "its end")
    assert time.monotonic() - begin >= 5
    assert not is_cut(other)


# Connections


def as_answered(clients):
    """The clients, in the order in which something comes for them."""
    waiting = {client.socket: client for client in clients}
    while waiting:
        ready = select.select(list(waiting), [], [], PATIENCE)[0]
        assert ready, f"{len(waiting)} clients are not answered"
        yield from map(waiting.pop, ready)


@pytest.mark.parametrize("workers", [1, 2])
def test_connections_over_the_limit_wait(serve, workers):
    """The limit is a total, and each that leaves lets one in."""
    server = serve("-w", workers, "--max-conns=4")
    inside = [server.connect() for _ in range(4)]
    for client in inside:
        assert client.ask("/").status == 200
    for _ in range(4):
        waiting = server.connect(shake=0)
        waiting.send(request("/"))
        for client in inside:
            assert client.ask("/").status == 200
        assert waiting.is_silent(0.05)
        inside.pop(0).close()
        assert waiting.read_response().body == HELLO
        inside.append(waiting)


def test_clients_in_a_rush_are_all_served(serve):
    """Far more at once than may be inside: none is refused or lost."""
    server = serve("-w", "2", "--max-conns=8")
    clients = [server.connect(shake=0) for _ in range(scaled(200))]
    for client in clients:
        client.send(request("/", "Connection: close"))
    for client in as_answered(clients):
        assert client.read_response().body == HELLO
        client.read_eof()


def allow_descriptors(pid, count):
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, count))


def test_limit_of_connections_comes_from_the_descriptors(serve):
    """What finds none waits; no client is lost, and no loop dies."""
    server = serve("-w", "2", preexec_fn=lambda: allow_descriptors(0, 64))
    rush(server, [200])


def test_more_connections_than_descriptors_are_refused_at_start():
    result = run(
        "--max-conns=1000",
        "-l",
        "127.0.0.1:0",
        HTDOCS,
        preexec_fn=lambda: allow_descriptors(0, 64),
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "--max-conns=1000" in result.stderr


NO_ROOM = "connections wait to be accepted: "


def test_descriptors_run_out(serve):
    """
    The limit is lowered behind its back: even files find none. It says so,
    and not more than once a second.
    """
    server = serve("-w", "2")
    begin = time.monotonic()
    allow_descriptors(server.pid, 40)
    rush(server, [200, 503])
    eventually(lambda: NO_ROOM in server.stderr, "it to say so")
    lines = server.stderr.count(NO_ROOM)
    assert lines <= 1 + time.monotonic() - begin
    assert server.stderr.count("\n") == lines


def test_those_who_are_in_are_served_while_descriptors_lack(serve, root):
    """Those who wait get in as soon as there is room."""
    (root / "file").write_bytes(bytes(100000))
    for path in root.iterdir():
        settle(path)
    server = serve("-w", "1", root=root)
    inside = [server.connect() for _ in range(20)]
    for client in inside:
        assert client.ask("/").status == 200
        assert client.ask("/file").status == 200
    allow_descriptors(server.pid, server.descriptors())
    outside = [server.connect(shake=0) for _ in range(20)]
    for client in outside:
        client.send(request("/"))
    eventually(lambda: NO_ROOM in server.stderr, "the descriptors")
    for client in inside:
        assert client.ask("/").status == 200
        assert client.ask("/file").status == 200
    assert all(client.is_silent() for client in outside)
    for client in inside:
        client.close()
    for client in outside:
        assert client.read_response().status == 200


def rush(server, statuses):
    """Far more clients than there are descriptors; each is answered."""
    clients = [server.connect(shake=0) for _ in range(120)]
    for client in clients:
        client.send(request("/"))
    for client in as_answered(clients):
        assert client.read_response().status in statuses
        client.close()
    assert server.connect().ask("/").status == 200


# How long a connection lives, and for how much


@pytest.mark.parametrize("options", [[], ["--log=json"]], ids=["", "log"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_connection_ends_behind_so_many_requests(serve, options, version):
    """The last answer says so; what is sent ahead of that is not answered."""
    ask = f"GET / HTTP/{version}\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
    server = serve("-w", "1", "--max-conn-requests=3", *options)
    for ahead in False, True:
        client = server.connect()
        if ahead:
            client.send(5 * ask.encode())
        for last in False, False, True:
            if not ahead:
                client.send(ask.encode())
            response = client.read_response()
            assert response.status == 200
            assert (response.field("Connection") == "close") == last
        client.read_eof()


def test_connections_end_by_their_age(serve):
    """A tenth more or less, so that they do not all come back at once."""
    server = serve("-w", "1", "--max-conn-age=1s")
    clients = [server.connect() for _ in range(20)]
    began = time.monotonic()
    ends = []
    while len(ends) < len(clients):
        for client in list(clients):
            asked = time.monotonic() - began
            if client.ask("/").field("Connection") == "close":
                client.read_eof()
                clients.remove(client)
                clients.append(client := server.connect())
                ends.append(asked)
            if len(ends) == len(clients):
                break
        time.sleep(0.005)
    assert min(ends) >= 0.9 and ends[0] < ends[10]
    assert client.ask("/").field("Connection") is None


def test_idle_connection_is_as_old_as_it_likes(serve):
    """No answer could tell it of its end; the next one does."""
    client = serve("-w", "1", "--max-conn-age=50ms").connect()
    client.ask("/")
    assert client.is_silent(0.3)
    assert client.ask("/").field("Connection") == "close"
    client.read_eof()
