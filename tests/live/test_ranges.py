"""Ranges (RFC 9110 14): one, several, none that there is, and If-Range."""

import os
import random

import pytest
from server import CACHED, Server, eventually
from wire import parts_of, request

KIB = 1024
MODIFIED = 784111777
SAME = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"


def content(size):
    return random.Random(size).randbytes(size)


FILES = {"small.txt": content(1000), "large.txt": content(CACHED + 1000)}
HUGE = 5 << 30
TYPE = "text/plain; charset=utf-8"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    for name, data in {**FILES, "empty.txt": b"", "404.html": b"no"}.items():
        (root / name).write_bytes(data)
        os.utime(root / name, (MODIFIED, MODIFIED))
    with open(root / "huge", "wb") as file:
        file.truncate(HUGE)
        file.seek(4 << 30)
        file.write(b"behind 4 GiB")
    (root / "sub").mkdir()
    server = Server("-w", "1", root=root)
    yield server
    server.finish()


@pytest.fixture(params=FILES)
def name(request):
    """A file from memory, and one from the disk."""
    return request.param


def assert_parts(response, data, spans, kind=TYPE):
    size = len(data)
    expected = [(a, b, size, kind, data[a : b + 1]) for a, b in spans]
    assert parts_of(response) == expected


def assert_whole(response, data):
    assert response.status == 200
    assert response.field("Content-Range") is None
    assert response.body == data


# One range; a negative number counts from the end

SINGLE = {
    "14.1.2-first": ("0-0", 0, 0),
    "14.1.2-some": ("100-199", 100, 199),
    "14.1.2-last": ("{last}-{last}", -1, -1),
    "14.1.2-all": ("0-{last}", 0, -1),
    "14.1.2-open": ("990-", 990, -1),
    "14.1.2-open-all": ("0-", 0, -1),
    "14.1.2-open-last": ("{last}-", -1, -1),
    "14.1.2-suffix": ("-10", -10, -1),
    "14.1.2-suffix-1": ("-1", -1, -1),
    "14.1.2-suffix-all": ("-{size}", 0, -1),
    "14.1.2-suffix-over": ("-999999", 0, -1),
    "14.1.2-clipped": ("990-{size}", 990, -1),
    "14.1.2-clipped-2^64": ("5-18446744073709551616", 5, -1),
    "14.1.2-clipped-digits": ("5-" + 100 * "9", 5, -1),
    "14.1.2-suffix-2^64": ("-18446744073709551617", 0, -1),
    "14.1.1-leading-zeros": ("0005-" + 30 * "0" + "9", 5, 9),
    "5.6.1-empty-elements": (",, 5-9 ,", 5, 9),
}


@pytest.mark.parametrize("text, first, last", SINGLE.values(), ids=SINGLE)
def test_single_range(site, name, text, first, last):
    data = FILES[name]
    size = len(data)
    text = text.format(size=size, last=size - 1)
    client = site.connect()
    response = client.ask(f"/{name}", f"Range: bytes={text}")
    assert response.field("Content-Range")
    assert_parts(response, data, [(first % size, last % size)])
    assert_whole(client.ask(f"/{name}"), data)


@pytest.mark.parametrize("unit", ["BYTES", "Bytes"])
def test_unit_in_any_case(site, name, unit):
    """RFC 9110 14.1"""
    response = site.connect().ask(f"/{name}", f"Range: {unit}=5-9")
    assert_parts(response, FILES[name], [(5, 9)])


def test_partial_content_says(site, name):
    """RFC 9110 15.3.7: what the 200 does, but for the length."""
    client = site.connect()
    full = client.ask(f"/{name}")
    response = client.ask(f"/{name}", "Range: bytes=1-2")
    fields = "ETag Last-Modified Content-Type Accept-Ranges Vary".split()
    for field in fields:
        assert response.field(field) == full.field(field), field
    assert response.field("ETag").startswith('"')
    assert response.field("Last-Modified") == SAME
    assert response.field("Date")
    assert response.field("Content-Length") == "2"


def test_accept_ranges(site, name):
    """RFC 9110 14.3: where they are, and nowhere else."""
    client = site.connect()
    for method in "GET", "HEAD":
        response = client.ask(f"/{name}", method=method)
        assert response.field("Accept-Ranges") == "bytes"
    for target in "/nothing", "/sub", "/sleep/x":
        assert client.ask(target).field("Accept-Ranges") in (None, "none")


def test_ranges_behind_4_gib(site):
    first = 4 << 30
    client = site.connect()
    field = f"Range: bytes={first}-{first + 11}"
    assert client.ask("/huge", field, method="HEAD").status == 200
    client.send(request("/huge", field))
    head = client.read_head()
    assert head.status == 206  # or 5 GiB would come
    assert head.field("Content-Range") == f"bytes {first}-{first + 11}/{HUGE}"
    assert client.read(12) == b"behind 4 GiB"
    response = client.ask("/huge", f"Range: bytes=-1,{first}-{first + 5}")
    assert [part[4] for part in parts_of(response)] == [b"\0", b"behind"]


def test_resume(site, name):
    """Piece by piece, on connections that come and go, the same file."""
    data = FILES[name]
    client = site.connect()
    etag = client.ask(f"/{name}").field("ETag")
    got = b""
    while len(got) < len(data):
        last = len(got) + len(data) // 7
        response = site.connect().ask(
            f"/{name}", f"Range: bytes={len(got)}-{last}", f"If-Range: {etag}"
        )
        assert response.status == 206
        got += response.body
    assert got == data


def test_pipelined_ranges(site):
    """The bytes of one do not run into the next, from memory or disk."""
    client = site.connect()
    asked = [(n, 7 * i, 97 * i) for i in range(1, 11) for n in FILES]
    for name, first, last in asked:
        client.send(request(f"/{name}", f"Range: bytes={first}-{last}"))
    client.send(request("/small.txt"))
    for name, first, last in asked:
        assert_parts(client.read_response(), FILES[name], [(first, last)])
    assert_whole(client.read_response(), FILES["small.txt"])


# Several

SIXTEEN = ",".join(f"{i}-{i}" for i in range(16))
SEVERAL = {
    "two": ("0-0,-1", [(0, 0), (-1, -1)]),
    "spaces": ("0-0 ,\t5-9 , -1", [(0, 0), (5, 9), (-1, -1)]),
    "order": ("500-599,0-9,990-", [(500, 599), (0, 9), (990, -1)]),
    "adjacent": ("0-499,500-{last}", [(0, 499), (500, -1)]),
    "overlap": ("0-9,5-14", [(0, 9), (5, 14)]),
    "same": ("5-5,5-5", [(5, 5), (5, 5)]),
    "clipped": ("1-1,990-99999999", [(1, 1), (990, -1)]),
    "one-is-behind": ("5-9,99999999-,1-1", [(5, 9), (1, 1)]),
    "one-is-left": ("5-9,99999999-", [(5, 9)]),
    "16": (SIXTEEN, [(i, i) for i in range(16)]),
    "zsync": (
        ",".join(f"{i}-{i + 9}" for i in range(0, 400, 20)),
        [(i, i + 9) for i in range(0, 400, 20)],
    ),
    "256": (
        ",".join(f"{i}-{i}" for i in range(0, 512, 2)),
        [(i, i) for i in range(0, 512, 2)],
    ),
}


@pytest.mark.parametrize("text, spans", SEVERAL.values(), ids=SEVERAL)
def test_several_ranges(site, name, text, spans):
    """RFC 9110 14.6: in the order in which they were asked for."""
    data = FILES[name]
    size = len(data)
    client = site.connect()
    text = text.format(last=size - 1)
    response = client.ask(f"/{name}", f"Range: bytes={text}")
    if len(spans) > 1:
        assert response.field("Content-Type").startswith("multipart/")
    assert_parts(response, data, [(a % size, b % size) for a, b in spans])
    assert_whole(client.ask(f"/{name}"), data)


def test_several_ranges_say(site, name):
    client = site.connect()
    full = client.ask(f"/{name}")
    response = client.ask(f"/{name}", "Range: bytes=0-0,5-5")
    for field in "ETag", "Last-Modified", "Accept-Ranges":
        assert response.field(field) == full.field(field), field
    assert response.field("ETag") and response.field("Date")
    assert response.field("Content-Type").startswith("multipart/byteranges;")


def test_several_ranges_to_a_slow_reader(site):
    """Parts leave in pieces, while others are served."""
    data = FILES["large.txt"]
    middle = len(data) // 2
    slow, other = site.connect(receive_buffer=2048), site.connect()
    asked = f"Range: bytes={middle}-,0-{middle - 1}"
    slow.send(10 * request("/large.txt", asked))
    spans = [(middle, len(data) - 1), (0, middle - 1)]
    for _ in range(10):
        assert_whole(other.ask("/small.txt"), FILES["small.txt"])
        assert_parts(slow.read_response(), data, spans)


# Bounds (14.2, 17.15): no range request gives more than the file has

TOO_MUCH = {
    "17-with-one-back": f"{SIXTEEN},15-16",
    "17-in-no-order": f"500-500,{SIXTEEN}",
    "257": ",".join(f"{i}-{i}" for i in range(0, 514, 2)),
    "twice-all": "0-,0-",
    "all-and-one": "0-,5-5",
    "suffixes": "-{size},-1",
    "one-over": "0-500,500-",
    "amplifier": ",".join(1000 * ["0-"]),
    "one-byte-ranges": ",".join(3000 * ["0-0"]),
}


@pytest.mark.parametrize("text", TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much_gets_the_whole(site, name, text):
    data = FILES[name]
    client = site.connect()
    text = text.format(size=len(data))
    assert_whole(client.ask(f"/{name}", f"Range: bytes={text}"), data)


# What is ignored

IGNORED = {
    "14.1-unit": "lines=0-1",
    "14.1-no-unit": "0-1",
    "14.1.1-space": "bytes 0-1",
    "14.1.1-empty": "bytes=",
    "14.1.1-commas": "bytes=,,",
    "14.1.1-dash": "bytes=-",
    "14.1.1-word": "bytes=a-b",
    "14.1.1-number": "bytes=5",
    "14.1.1-sign": "bytes=+1-2",
    "14.1.1-dashes": "bytes=--1",
    "14.1.1-three": "bytes=1-2-3",
    "14.1.1-hex": "bytes=0x0-0x1",
    "14.1.1-inner-space": "bytes=1 - 2",
    "14.1.1-backwards": "bytes=5-3",
    "14.1.1-second-backwards": "bytes=0-0,5-3",
    "14.1.1-second-malformed": "bytes=0-0,x",
    "14.1.1-semicolon": "bytes=0-0;5-5",
    "14.2-empty-field": "",
}


@pytest.mark.parametrize("value", IGNORED.values(), ids=IGNORED)
def test_ignored_ranges(site, name, value):
    response = site.connect().ask(f"/{name}", f"Range: {value}")
    assert_whole(response, FILES[name])


def test_repeated_field_is_ignored(site, name):
    """RFC 9110 5.3: no list, so nobody knows which line counts."""
    lines = ["Range: bytes=0-0", "Range: bytes=5-5"]
    assert_whole(site.connect().ask(f"/{name}", *lines), FILES[name])


def test_head_has_no_ranges(site, name):
    """RFC 9110 14.2: GET alone has."""
    client = site.connect()
    for text in "0-0", "0-0,5-5", "9999999-":
        field = f"Range: bytes={text}"
        response = client.ask(f"/{name}", field, method="HEAD")
        assert response.status == 200
        assert response.field("Content-Range") is None
        assert response.field("Content-Length") == str(len(FILES[name]))


@pytest.mark.parametrize(
    "method, target, status",
    [
        ("POST", "/small.txt", 405),
        ("OPTIONS", "/small.txt", 204),
        ("GET", "/nothing", 404),
        ("GET", "/sub", 301),
        ("GET", "/%zz", 400),
    ],
    ids=["405", "204", "404", "301", "400"],
)
@pytest.mark.parametrize("text", ["0-0", "9999999-"])
def test_ranges_are_for_files(site, method, target, status, text):
    field = f"Range: bytes={text}"
    response = site.connect().ask(target, field, method=method)
    assert response.status == status
    assert response.field("Content-Range") is None


def test_ranges_are_not_for_sleeps(shipped):
    client = shipped.connect()
    full = client.ask("/sleep/0")
    response = client.ask("/sleep/0", "Range: bytes=0-0")
    assert_whole(response, full.body)


# None that there is

BEHIND = {
    "14.1.2-at-the-end": "{size}-",
    "14.1.2-behind": "{size}-99999999",
    "14.1.2-2^64": "18446744073709551616-",
    "14.1.2-digits": 100 * "9" + "-",
    "14.1.2-suffix-0": "-0",
    "14.1.2-several": "{size}-,9999999-9999999,-0",
}


@pytest.mark.parametrize("text", BEHIND.values(), ids=BEHIND)
def test_unsatisfiable(site, name, text):
    """RFC 9110 15.5.17: 416 that tells the size; the connection goes on."""
    data = FILES[name]
    client = site.connect()
    text = text.format(size=len(data))
    response = client.ask(f"/{name}", f"Range: bytes={text}")
    assert response.status == 416
    assert response.field("Content-Range") == f"bytes */{len(data)}"
    assert response.field("Content-Type").startswith("text/plain")
    assert response.field("Date")
    assert data[:20] not in response.body
    assert_whole(client.ask(f"/{name}"), data)


@pytest.mark.parametrize("text", ["0-", "0-0", "5-9", "-0", "0-,-5"])
def test_ranges_of_nothing(site, text):
    """No range of an empty file can be told: 416, or the whole of it."""
    client = site.connect()
    response = client.ask("/empty.txt", f"Range: bytes={text}")
    if response.status == 416:
        assert response.field("Content-Range") == "bytes */0"
    else:
        assert_whole(response, b"")


# If-Range (13.1.5) and the other conditions

IF_RANGE = {
    "13.1.5-etag": ("{etag}", 206),
    "13.1.5-other-etag": ('"x"', 200),
    "13.1.5-longer-etag": ('"{bare}x"', 200),
    "13.1.5-weak-etag": ("W/{etag}", 200),
    "13.1.5-no-list": ('"x", {etag}', 200),
    "13.1.5-no-any": ("*", 200),
    "13.1.5-date": (SAME, 206),
    "13.1.5-earlier": (EARLIER, 200),
    "13.1.5-later": (LATER, 200),
    "13.1.5-no-date": ("yesterday", 200),
    "13.1.5-empty": ("", 200),
}


@pytest.mark.parametrize("value, status", IF_RANGE.values(), ids=IF_RANGE)
def test_if_range(site, name, value, status):
    client = site.connect()
    data = FILES[name]
    etag = client.ask(f"/{name}").field("ETag")
    line = "If-Range: " + value.format(etag=etag, bare=etag[1:-1])
    for text, span in ("5-9", (5, 9)), ("-1", (len(data) - 1,) * 2):
        response = client.ask(f"/{name}", f"Range: bytes={text}", line)
        assert response.status == status
        if status == 200:
            assert_whole(response, data)
        else:
            assert_parts(response, data, [span])


def test_if_range_fails_before_the_range(site, name):
    """An old copy's range may lie behind the end: the whole, and no 416."""
    lines = ["Range: bytes=9999999-", 'If-Range: "x"']
    assert_whole(site.connect().ask(f"/{name}", *lines), FILES[name])


def test_if_range_without_range_is_ignored(site, name):
    response = site.connect().ask(f"/{name}", 'If-Range: "x"')
    assert_whole(response, FILES[name])


def test_if_range_by_a_date_that_is_weak(serve, root):
    """RFC 9110 8.8.2.2: what may yet change within that second."""
    os.utime(root / "hello.html", (2**31, 2**31))
    client = serve(root=root).connect()
    modified = client.ask("/").field("Last-Modified")
    if modified is not None:
        lines = ["Range: bytes=0-0", f"If-Range: {modified}"]
        assert client.ask("/", *lines).status == 200


@pytest.mark.parametrize(
    "line, status",
    [
        ("If-None-Match: *", 304),
        ('If-None-Match: "x"', 206),
        (f"If-Modified-Since: {SAME}", 304),
        (f"If-Modified-Since: {EARLIER}", 206),
        ('If-Match: "x"', 412),
        ("If-Match: *", 206),
        (f"If-Unmodified-Since: {EARLIER}", 412),
        (f"If-Unmodified-Since: {SAME}", 206),
    ],
)
def test_conditions_come_first(site, name, line, status):
    """RFC 9110 13.2.2: a range is the last step."""
    client = site.connect()
    response = client.ask(f"/{name}", "Range: bytes=5-9", line)
    assert response.status == status
    if status == 206:
        assert_parts(response, FILES[name], [(5, 9)])
    elif status == 412:
        response = client.ask(f"/{name}", "Range: bytes=9999999-", line)
        assert response.status == 412


def test_range_of_a_changed_file(serve, root):
    """A resumed download never mixes two versions."""
    path = root / "file.txt"
    path.write_bytes(FILES["large.txt"])
    client = serve("-w", "1", root=root).connect()
    etag = client.ask("/file.txt").field("ETag")
    path.write_bytes(FILES["small.txt"])
    lines = ["Range: bytes=500-", f"If-Range: {etag}"]

    def whole():
        response = client.ask("/file.txt", *lines)
        return response if response.status == 200 else None

    assert_whole(eventually(whole, "the change"), FILES["small.txt"])
