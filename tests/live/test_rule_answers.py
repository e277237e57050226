"""What rules make of answers: files, methods, conditions, and queries over them."""

import pytest
from server import run
from waiting import MODELS

PAGE = b"0123456789" * 10


@pytest.fixture
def page(root):
    (root / "page.txt").write_bytes(PAGE)
    return root


def told(response):
    return response.field("Mtasync")


@pytest.mark.parametrize("model", MODELS)
def test_file_with_a_delay_and_a_status(serve, page, model):
    server = serve(f"--model={model}", "--rule=/page.txt delay=20ms status=201", root=page)
    with server.connect() as client:
        response = client.ask("/page.txt")
    assert response.status == 201 and response.body == PAGE
    assert response.field("Server-Timing").startswith("sleep;dur=20, late;dur=")
    assert told(response) == "delay=20, status=201"


def test_file_keeps_what_http_says_of_it(serve, page):
    """A delay makes it no other file: caches and ranges work as before."""
    plain, ruled = serve(root=page), serve("--rule=/page.txt delay=1ms", root=page)
    fields = "ETag", "Last-Modified", "Accept-Ranges", "Cache-Control"
    one = plain.connect().ask("/page.txt")
    other = ruled.connect().ask("/page.txt")
    assert [one.field(name) for name in fields] == [
        other.field(name) for name in fields
    ]
    same = ruled.connect().ask("/page.txt", f"If-None-Match: {one.field('ETag')}")
    assert same.status == 304 and same.field("ETag") == one.field("ETag")
    part = ruled.connect().ask("/page.txt", "Range: bytes=3-5")
    assert part.status == 206 and part.body == b"345"
    parts = ruled.connect().ask("/page.txt", "Range: bytes=0-1,5-6")
    assert parts.status == 206 and len(parts.body) == int(
        parts.field("Content-Length")
    )


def test_fault_within_no_body_is_told_as_skipped(serve, page):
    server = serve("--rule=/page.txt fault=truncate", root=page)
    tag = serve(root=page).connect().ask("/page.txt").field("ETag")
    client = server.connect()
    response = client.ask("/page.txt", f"If-None-Match: {tag}")
    assert response.status == 304
    assert told(response) == "fault=truncate;skipped"
    assert client.ask("/page.txt", f"If-None-Match: {tag}").status == 304


def test_status_comes_before_a_405(serve, page):
    server = serve(
        "--rule=POST /api status=201 size=3", "--rule=/api status=200", root=page
    )
    client = server.connect()
    response = client.ask("/api", "Content-Length: 1", method="POST", body=b"x")
    assert response.status == 201 and response.body == b"abc"
    assert client.ask("/api").status == 200
    assert client.ask("/other", method="DELETE").status == 405


def test_205_has_no_content_and_says_so(serve, page):
    """RFC 9110 15.3.6; the connection goes on."""
    client = serve("--rule=/page.txt status=205", root=page).connect()
    response = client.ask("/page.txt")
    assert response.status == 205 and response.body == b""
    assert response.field("Content-Length") == "0"
    assert client.ask("/page.txt").status == 205


def test_what_is_missing_stays_missing(serve, page):
    """A delay makes no file of what is none."""
    response = serve("--rule=/** delay=1ms", root=page).connect().ask("/none")
    assert response.status == 404 and told(response) == "delay=1"


def test_query_has_its_way_word_by_word(serve, page):
    server = serve(
        "--rule=/sleep** delay=1ms status=503 retry-after=5s size=4", root=page
    )
    client = server.connect()
    ruled = client.ask("/sleep/2ms")
    assert (ruled.status, ruled.body) == (503, b"abcd")
    assert ruled.field("Retry-After") == "5"
    assert told(ruled) == "delay=2, status=503, size=4"
    # what says more of a status that it does not suit gives way with it
    asked = client.ask("/sleep?status=200")
    assert (asked.status, asked.body) == (200, b"abcd")
    assert asked.field("Retry-After") is None
    assert told(asked) == "delay=1, status=200, size=4"
    lines = client.ask("/sleep/0?lines=1")
    assert lines.status == 503 and lines.body.startswith(b'{"n":1,')


def test_query_below_no_rule_is_no_word_elsewhere(serve, page):
    """Only /sleep has words in its query."""
    assert serve(root=page).connect().ask("/page.txt?status=503").status == 200


def test_each_rule_counts_for_itself_over_all_workers(serve, page):
    server = serve(
        "-w", "3", "--seed=7", "--rule=/a delay=0..1us", "--rule=/b delay=0..1us",
        root=page,
    )  # fmt: skip
    for path in "/a", "/b":
        seen = [told(server.connect().ask(path)) for _ in range(12)]
        numbers = [int(text.split("n=")[1]) for text in seen]
        assert numbers == list(range(1, 13))
        assert all("seed=7" in text for text in seen)


def test_draw_prints_what_the_first_requests_get(serve, page):
    words = "delay=lognormal:1ms,4ms status=503:30 close=20"
    result = run(f"--draw={words}", "--draws=20", "--seed=11")
    lines = result.stdout.splitlines()
    server = serve("--seed=11", f"--rule=/page.txt {words}", root=page)
    assert [told(server.connect().ask("/page.txt")) for _ in lines] == lines
    assert len(lines) == 20


@pytest.mark.parametrize(
    "words, column, said",
    [
        ("delay=2x", 8, "delay=2x: wants a time"),
        ("delay=1s at=foo", 13, "at=foo: wants one of head, body, end"),
        ("nonsense=1", 1, "nonsense=1: wants a word that there is"),
        ("", 1, "wants a word, NAME=VALUE"),
        ("fill=1", 1, "fill=1: wants a size"),
    ],
)
def test_draw_of_what_is_wrong(words, column, said):
    result = run(f"--draw={words}")
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith(f"mtasync: --draw='{words}': column {column}: ")
    assert said in result.stderr and result.stderr.count("\n") == 1



@pytest.mark.parametrize("ranges", ["bytes=0-9", "bytes=0-9,20-29"])
@pytest.mark.parametrize("status", [200, 201, 206])
def test_status_of_a_part(serve, page, ranges, status):
    """A part is never sent as the whole, nor the whole as a part."""
    client = serve(f"--rule=/page.txt status={status}", root=page).connect()
    response = client.ask("/page.txt", f"Range: {ranges}")
    assert response.status == status
    if status != 206:
        assert response.body == PAGE
        assert response.field("Content-Range") is None
    elif "," in ranges:
        assert b"Content-Range: bytes 20-29/100" in response.body
    else:
        assert response.body == PAGE[:10]
        assert response.field("Content-Range") == "bytes 0-9/100"


def test_status_that_it_has_anyway_changes_nothing(serve, page):
    (page / "d").mkdir()
    server = serve("--rule=/d status=301", "--rule=/page.txt status=416", root=page)
    assert server.connect().ask("/d").field("Location") == "/d/"
    response = server.connect().ask("/page.txt", "Range: bytes=500-")
    assert (response.status, response.field("Content-Range")) == (416, "bytes */100")
    response = server.connect().ask("/page.txt")
    assert (response.status, response.field("Content-Range")) == (416, "bytes */100")


def test_status_of_what_has_not_changed(serve, page):
    """A 304 that is to be a 200 has the file again."""
    client = serve("--rule=/page.txt status=200", root=page).connect()
    response = client.ask("/page.txt", "If-None-Match: *")
    assert (response.status, response.body) == (200, PAGE)
