"""What goes wrong on purpose: which bytes come, and which end."""

import re
import time

import pytest
from wire import Response, request
from worded import HELLO, did, letters, read_slowly, receipt

GARBAGE = b"\x7f\x00garbage, on purpose\xff\r\n\r\n"
NO_CHUNK = b"no-size\r\nabcdefghij\r\n0\r\n\r\n"

# words, and of an answer of ten letters: what comes behind the head (None: no
# head either), and the end
FAULTS = [
    ("close", None, "FIN"),
    ("reset", None, "RST"),
    ("hang&for=60ms", None, "RST"),
    ("close&after=0", b"", "FIN"),
    ("reset&after=0", b"", "RST"),
    ("hang&for=60ms&after=0", b"", "RST"),
    ("close&after=3", b"abc", "FIN"),
    ("reset&after=3", b"abc", "RST"),
    ("hang&for=60ms&after=3", b"abc", "RST"),
    ("close&after=10", letters(10), "FIN"),
    ("reset&after=1m", letters(10), "RST"),
    ("truncate", b"abcde", "FIN"),
    ("truncate&after=0", b"", "FIN"),
    ("truncate&after=9", letters(9), "FIN"),
    ("length", letters(10), "FIN"),
    ("chunk", NO_CHUNK, "FIN"),
    ("close&after=3&framing=chunked", b"3\r\nabc\r\n", "FIN"),
    ("reset&after=3&framing=chunked", b"3\r\nabc\r\n", "RST"),
    ("truncate&framing=chunked", b"5\r\nabcde\r\n", "FIN"),
    ("truncate&after=10&framing=chunked", b"a\r\nabcdefghij\r\n", "FIN"),
    ("truncate&after=3&framing=close", b"abc", "FIN"),
    ("close&after=3&headrate=5k", b"abc", "FIN"),
    ("reset&after=4&over=60ms", b"abcd", "RST"),
    ("truncate&every=20ms", b"abcde", "FIN"),
]


def take(client, target, *fields, **how):
    """Head (None: none came), what comes behind it, the end."""
    client.send(request(target, *fields, **how))
    data, end = client.read_to_end()
    if not data or data.startswith(GARBAGE[:2]):
        return None, data, end
    head, _, rest = data.partition(b"\r\n\r\n")
    return Response(head), rest, end


@pytest.mark.parametrize("words, bytes_, how", FAULTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_fault(shipped, words, bytes_, how, method):
    began = time.monotonic()
    target = f"/sleep/30ms?fault={words}&size=10"
    client = shipped.connect()
    head, rest, end = take(client, target, method=method)
    took = time.monotonic() - began
    assert (head is None) == (bytes_ is None)
    assert (rest, end) == (bytes_ or b"", how)
    assert not client.is_whole()  # TLS tells that something is missing
    assert took >= 0.03 + 0.06 * ("for=" in words)
    if head is None:
        return
    fault = words.partition("&")[0]
    assert head.status == 200 and did(head)["fault"] == fault
    length = head.field("Content-Length")
    if "chunk" in words:
        assert head.field("Transfer-Encoding") == "chunked"
    elif "framing=close" not in words:
        assert length == ("11" if fault == "length" else "10")
    if fault not in ("close", "truncate") or "framing=close" not in words:
        assert head.field("Connection") is None  # nothing tells of it before


def test_garbage_is_no_http(shipped):
    head, data, end = take(shipped.connect(), "/sleep/30ms?fault=garbage")
    assert head is None and data == GARBAGE and end == "FIN"


@pytest.mark.parametrize("words, bytes_", [
    ("truncate", HELLO[: len(HELLO) // 2]),
    ("length", HELLO),
    ("reset&after=100", HELLO[:100]),
    ("close&after=100", HELLO[:100]),
])  # fmt: skip
def test_fault_of_the_page(shipped, words, bytes_):
    head, rest, _ = take(shipped.connect(), f"/sleep/0?fault={words}")
    more = words == "length"
    assert head.field("Content-Length") == str(len(HELLO) + more)
    assert rest == bytes_


@pytest.mark.parametrize("words, bytes_, how", FAULTS)
def test_fault_to_http_1_0(shipped, words, bytes_, how):
    """It knows no chunks: these end with the connection; without a fault where
    that is the chunk's size."""
    target = f"/sleep/0?fault={words}&size=10"
    client = shipped.connect()
    fields = ["Connection: keep-alive"]
    if words == "chunk":
        response = client.ask(target, *fields, version="1.0")
        assert response.body == letters(10)
        assert receipt(response)["fault"].parameters == {"skipped"}
        return
    head, rest, end = take(client, target, *fields, version="1.0")
    assert (head is None) == (bytes_ is None) and end == how
    assert rest == re.sub(rb"\r\n|^[0-9a-f]\r\n", b"", bytes_ or b"")
    if head:
        assert head.field("Transfer-Encoding") is None


@pytest.mark.parametrize("words, bytes_, how", FAULTS)
def test_fault_of_head(shipped, words, bytes_, how):
    """There is no body to break; a head and an end there are."""
    target = f"/sleep/0?fault={words}&size=10"
    client = shipped.connect()
    fault = words.partition("&")[0]
    if fault in ("truncate", "chunk"):
        response = client.ask(target, method="HEAD")
        assert receipt(response)["fault"].parameters == {"skipped"}
        if "framing=close" not in words:
            assert client.ask("/").body == HELLO
        return
    head, rest, end = take(client, target, method="HEAD")
    assert (head is None) == (bytes_ is None)
    assert (rest, end) == (b"", how)


@pytest.mark.parametrize("fault", ["truncate", "chunk", "length"])
@pytest.mark.parametrize("status", [204, 304])
def test_fault_within_a_body_that_there_is_not(shipped, fault, status):
    client = shipped.connect()
    response = client.ask(f"/sleep/0?fault={fault}&status={status}")
    assert response.status == status and response.body == b""
    assert receipt(response)["fault"] == (fault, {"skipped"})
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("words, status, how", [
    ("fault=close&after=0&status=204", 204, "FIN"),
    ("fault=reset&after=5&status=304", 304, "RST"),
    ("fault=hang&after=0&for=50ms&status=204", 204, "RST"),
])  # fmt: skip
def test_ends_of_answers_without_a_body(shipped, words, status, how):
    head, rest, end = take(shipped.connect(), f"/sleep/0?{words}")
    assert (head.status, rest, end) == (status, b"", how)


def test_truncate_of_nothing_is_skipped(shipped):
    client = shipped.connect()
    for words in "size=0", "size=3&after=3", "size=3&after=9":
        response = client.ask(f"/sleep/0?fault=truncate&{words}")
        assert receipt(response)["fault"].parameters == {"skipped"}
        assert client.ask("/").body == HELLO


def test_faults_by_shares(shipped):
    seen = set()
    for _ in range(80):
        head, rest, end = take(
            shipped.connect(),
            "/sleep/0?fault=close:30,reset:30&size=5",
            "Connection: close",
        )
        seen.add((head is None, rest, end))
    none = {(True, b"", "FIN"), (True, b"", "RST")}
    assert seen == none | {(False, b"abcde", "FIN")}


# What is behind


@pytest.mark.parametrize("words", [each[0] for each in FAULTS] + ["garbage"])
def test_what_is_pipelined_behind_is_dropped(serve, words):
    """It is neither answered nor logged; what came before is whole."""
    server = serve("-w", "1", "--log=combined")
    client = server.connect()
    client.send(
        request("/first")
        + request(f"/sleep/20ms?fault={words}&size=10")
        + 3 * request("/behind")
    )
    assert client.read_response().status == 404
    data, end = client.read_to_end()
    assert b"HTTP/1.1 404" not in data and data.count(b"HTTP/1.1") <= 1
    server.signal(server.target.stop)
    server.join()
    targets = [line.split()[6] for line in server.stdout.splitlines()
               if '"GET' in line]  # fmt: skip
    assert len(targets) == 2 and targets[0] == "/first"
    assert targets[1].startswith("/sleep/20ms?fault=")


@pytest.mark.parametrize("words, status, size", [
    ("close", 444, 0), ("reset", 444, 0), ("hang&for=10ms", 444, 0),
    ("close&after=3", 200, 3), ("reset&after=3&status=503", 503, 3),
    ("truncate", 200, 5), ("length", 200, 10), ("chunk", 200, 10),
])  # fmt: skip
def test_log(serve, words, status, size):
    server = serve("-w", "1", "--log=combined")
    take(server.connect(), f"/sleep/0?fault={words}&size=10")
    line = server.await_output(r'"GET [^"]*" (\d+) (\d+) ')
    assert (int(line[1]), int(line[2])) == (status, size)


# Resets and what is on its way


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_reset_lets_a_slow_client_have_all_that_comes_before(shipped, framing):
    """An RST would destroy what is on its way: it waits for the last byte."""
    client = shipped.connect(receive_buffer=4096)
    words = f"size=1m&after=300000&framing={framing}"
    client.send(request(f"/sleep/0?fault=reset&{words}"))
    client.read_head()
    data, end = read_slowly(client, 200_000)
    assert end == "RST"
    if framing == "length":
        assert data == letters(300_000)
    else:
        assert len(data) > 300_000


@pytest.mark.parametrize("after", [30_000, 900_000])
def test_reset_does_not_wait_for_ever(serve, after):
    """For a client that takes nothing, as long as any write: what the kernel
    has, and what it has not."""
    server = serve("-w", "1", "--write-timeout=200ms")
    sockets = server.descriptors("socket:")
    client = server.connect(receive_buffer=4096)
    client.send(request(f"/sleep/0?fault=reset&after={after}&size=1m"))
    client.read_head()
    server.eventually(
        lambda: server.descriptors("socket:") == sockets, "its end"
    )
    data, end = client.read_to_end()
    assert end == "RST" and len(data) < after


def test_unread_request_does_not_change_the_end(shipped):
    """What lies unread at a close would make a reset of a FIN."""
    for fault, wanted in ("close&after=5", "FIN"), ("truncate", "FIN"):
        client = shipped.connect()
        client.send(request(f"/sleep/100ms?fault={fault}&size=10"))
        client.send(20_000 * b"\n")
        data, end = client.read_to_end()
        assert data.endswith(b"abcde") and end == wanted


@pytest.mark.parametrize("fault", ["close", "garbage"])
def test_unread_request_does_not_reset_what_has_no_head(shipped, fault):
    client = shipped.connect()
    client.send(request(f"/sleep/100ms?fault={fault}"))
    client.send(20_000 * b"\n")
    data, end = client.read_to_end()
    assert data == (GARBAGE if fault == "garbage" else b"") and end == "FIN"
