"""Words that are wrong: each refusal names the word, its value, the column,
what would be right, and an example."""

import re

import pytest
from wire import request
from worded import HELLO

# a query behind /sleep/0?, the word at fault, where it is wrong (from its own
# start; None: it does not suit another word), and what is wanted
NAMES = [
    ("nonsense=1", "nonsense", 1, "a word that there is"),
    ("Status=503", "Status", 1, "a word that there is"),
    ("size=1&=5", "", 1, "a word that there is"),
    ("status=503&status=503", "status", 1, "this word but once"),
    ("delay=1s", "delay", 1, "this word but once"),
    ("x%00=1", "x%00", 2, "hexadecimal"),
    ("size=%zz", "size", 6, "hexadecimal"),
    ("size=5%", "size", 7, "hexadecimal"),
    ("size=5%0", "size", 7, "hexadecimal"),
]
VALUES = [
    ("at=middle", "at", 4, "head, body, end"),
    ("status=199", "status", 8, "200 to 599"),
    ("status=600", "status", 8, "200 to 599"),
    ("status=", "status", 8, "a value"),
    ("status=abc", "status", 8, "200 to 599"),
    ("status=503:101", "status", 12, "percent"),
    ("status=503:-1", "status", 12, "percent"),
    ("status=503:1e1", "status", 13, "percent"),
    ("status=503:60,429:41", "status", 19, "the 40 percent"),
    ("status=503:5,", "status", 14, ""),
    ("status=503,429", "status", None, ""),
    ("status=503&retry-after=soon", "retry-after", 13, "a time"),
    ("status=503&retry-after=-1", "retry-after", 13, "a time"),
    ("header=nothing", "header", None, "NAME:VALUE"),
    ("header=:x", "header", 8, "NAME:VALUE"),
    ("header=a%20b:x", "header", 9, "NAME:VALUE"),
    ("header=X:%0d%0aY:1", "header", 9, "control"),
    ("header=X:%00", "header", 10, "NUL"),
    ("size=-1", "size", 6, "a size"),
    ("size=1.5.5k", "size", 6, "a size"),
    ("size=1e3", "size", 6, "a size"),
    ("size=2g", "size", 6, "limit of 1g"),
    ("size=1:50,2g:1", "size", 11, "limit of 1g"),
    ("size=99999999999999999999", "size", 6, "a size"),
    ("size=1&fill=-1", "fill", 6, "from 0"),
    ("size=1&fill=1000000000000000", "fill", 6, "999999999999999"),
    ("events=0", "events", 8, "from 1 to 1000000"),
    ("lines=1000001", "lines", 7, "from 1 to 1000000"),
    ("lines=many", "lines", 7, "whole number"),
    ("type=", "type", 6, "a type"),
    ("type=a%0db", "type", 6, "a type"),
    ("type=" + 257 * "a", "type", 6, "256"),
    ("over=11m", "over", 6, "10m"),
    ("over=soon", "over", 6, "a time"),
    ("rate=0", "rate", 6, "a size"),
    ("rate=slow", "rate", 6, "a size"),
    ("every=", "every", 7, "a time"),
    ("every=11m", "every", 7, "10m"),
    ("every=2ms..1ms", "every", None, ""),
    ("every=1s&chunk=0", "chunk", 7, "a size"),
    ("framing=none", "framing", 9, "length, chunked, close"),
    ("headrate=0", "headrate", 10, "a size"),
    ("interim=101", "interim", 9, "100, 102 or 103"),
    ("interim=200", "interim", 9, "100, 102 or 103"),
    ("fault=fire", "fault", 7, "close, reset, hang"),
    ("fault=reset:2,fire:1", "fault", 15, "close, reset, hang"),
    ("fault=close&after=1x", "after", 7, "a size"),
    ("fault=hang&for=11m", "for", 5, "10m"),
    ("close=101", "close", 7, "at most 100"),
    ("close=no", "close", 7, "0 to 100"),
    ("close=1:2", "close", 8, "0 to 100"),
    ("seed=-1", "seed", 6, "from 0"),
    ("seed=1000000000000000", "seed", 6, "999999999999999"),
]
UNSUITED = [
    ("fill=1", "fill", None, "size"),
    ("fill=1&lines=3", "fill", None, "size"),
    ("after=1", "after", None, "fault"),
    ("for=1s", "for", None, "fault"),
    ("for=1s&fault=close", "for", None, "hang"),
    ("fault=garbage&after=1", "after", None, ""),
    ("fault=length&after=1", "after", None, ""),
    ("fault=chunk&after=1", "after", None, ""),
    ("retry-after=1s", "retry-after", None, "status"),
    ("retry-after=1s&status=500", "retry-after", None, "429"),
    ("chunk=1", "chunk", None, "every"),
    ("every=1s&lines=2&chunk=1", "chunk", None, "chunk"),
    ("over=1s&rate=1k", "rate", None, "one of over, rate and every"),
    ("over=1s&every=1s", "every", None, "one of over, rate and every"),
    ("rate=1&every=1s", "every", None, "one of over, rate and every"),
    ("size=1&lines=1", "lines", None, "one of size, events and lines"),
    ("events=1&lines=1", "lines", None, "one of size, events and lines"),
    ("at=body&status=204", "at", None, "body"),
    ("at=end&status=304", "at", None, "body"),
    ("at=end&size=0", "at", None, "body"),
    ("status=204&size=1", "size", None, "another status"),
    ("status=304&over=1s", "over", None, "another status"),
    ("fault=length&framing=chunked", "framing", None, "framing"),
    ("fault=chunk&framing=close", "framing", None, "framing"),
    ("rate=1&size=1k", "rate", None, "limit"),
]


def refuse(client, target, name, column, wanted):
    """A 400, at once, on a connection that goes on."""
    response = client.ask(target)
    text = response.body.decode()
    assert response.status == 400, response
    assert response.field("Content-Type").startswith("text/plain")
    assert response.field("Mtasync") is None
    assert response.field("Server-Timing") is None
    match = re.fullmatch(
        r"400 Bad Request: (?P<name>[^=]*)=(?P<value>[^\n]*?)"
        r"(, column (?P<column>\d+))?: wants (?P<wanted>[^\n]+), as in "
        r"(?P<example>[^ ]+( for a percent sign)?); /sleep\?help tells more\n",
        text,
    )
    assert match, text
    assert match["name"] == name and wanted in match["wanted"], text
    if column:
        assert match["column"] and int(match["column"]) == column, text
    assert client.ask("/").body == HELLO
    return match


def shown(text):
    """As a refusal shows it: 64 characters at most."""
    return text if len(text) <= 64 else text[:64] + "..."


def place_of(query, name, column):
    """The column in the target; words come in order, the last is at fault."""
    if column is None:
        return None
    last = query.rpartition("&")[2]
    return len("/sleep/0?" + query) - len(last) + column


@pytest.mark.parametrize("query, name, column, wanted",
                         [*NAMES, *VALUES, *UNSUITED])  # fmt: skip
def test_refused(shipped, query, name, column, wanted):
    at = place_of(query, name, column)
    match = refuse(shipped.connect(), f"/sleep/0?{query}", name, at, wanted)
    last = query.rpartition("&")[2]
    word, _, value = last.partition("=")
    if column is not None and "%" not in value:
        assert match["value"] == shown(value)
    if "percent sign" in match["example"]:
        return
    example = match["example"]  # what is wrong is never without what is right
    assert re.match(r"[a-z-]+=|\d", example), example


@pytest.mark.parametrize("query, name, column, wanted",
                         [*NAMES, *VALUES, *UNSUITED])  # fmt: skip
def test_refused_behind_another_word(shipped, query, name, column, wanted):
    """Its column is counted on; what is right before it is not done."""
    before = "interim=103&header=X:1&"
    query = before + query
    at = place_of(query, name, column)
    refuse(shipped.connect(), f"/sleep/0?{query}", name, at, wanted)


@pytest.mark.parametrize("when, column", [
    ("x", 8), ("1s..0s", None), ("10ms~20ms", None), ("5ms..", 13),
    ("normal:1", None), ("pct:p50=2,p90=1", None), ("1s:101", 11),
    ("11m", 8), ("1s..11m", None), ("lognormal:9ms,1ms", None),
    ("file:x", None), ("1m30x", None), ("", 8),
])  # fmt: skip
def test_refused_time_of_the_path(shipped, when, column):
    target = f"/sleep/{when}"
    refuse(shipped.connect(), target, "delay", column, "")


def test_column_of_an_encoded_value_is_that_of_the_target(shipped):
    """Where it stands in what was sent, not in what that decodes to."""
    target = "/sleep/0?status=%35%30%33:%35,99"
    refuse(shipped.connect(), target, "status", len(target) - 1, "200 to 599")


@pytest.mark.parametrize("count", [8, 9])
def test_interims_are_eight_at_most(shipped, count):
    client = shipped.connect()
    target = "/sleep/0?" + "&".join(count * ["interim=103"])
    if count > 8:
        at = len(target) - len("103") + 1
        refuse(client, target, "interim", at, "at most 8")
    else:
        client.send(request(target))
        codes = [client.read_response().status for _ in range(count + 1)]
        assert codes == count * [103] + [200]


def test_headers_are_sixteen_at_most(shipped):
    words = [f"header=X{i:02}:1" for i in range(17)]
    client = shipped.connect()
    response = client.ask("/sleep/0?" + "&".join(words[:16]))
    assert [response.field(f"X{i:02}") for i in range(16)] == 16 * ["1"]
    target = "/sleep/0?" + "&".join(words)
    at = len(target) - len("X16:1") + 1
    refuse(client, target, "header", at, "at most 16")


@pytest.mark.parametrize("name", """Connection Content-Length Content-Type Date
Keep-Alive Mtasync Server-Timing Trailer Transfer-Encoding Upgrade
transfer-ENCODING TE Proxy-Connection""".split())
def test_headers_that_frame_are_refused(shipped, name):
    target = f"/sleep/0?header={name}:x"
    if name in ("TE", "Proxy-Connection"):  # of requests: they frame nothing
        assert shipped.connect().ask(target).field(name) == "x"
        return
    refuse(shipped.connect(), target, "header", 17, "does not write itself")


def test_limit_of_a_size_is_the_operators(serve):
    client = serve("--max-size=1k").connect()
    assert len(client.ask("/sleep/0?size=1k").body) == 1024
    refuse(client, "/sleep/0?size=1025", "size", 15, "limit of 1k")
    refuse(client, "/sleep/0?every=1&chunk=2k", "chunk", 24, "1k")


@pytest.mark.parametrize("words", ["over=600ms", "rate=100&size=60",
                                   "at=body&over=600ms"])  # fmt: skip
def test_pace_with_its_delay_is_within_the_limit(serve, words):
    """Each alone would do; both are too much."""
    client = serve("--max-sleep=1s").connect()
    assert client.ask(f"/sleep/0?{words.removeprefix('at=body&')}")
    word = words.rpartition("at=body&")[2].partition("=")[0]
    refuse(client, f"/sleep/500ms?{words}", word, None, "limit")


def test_refusal_of_a_head_has_no_body(shipped):
    client = shipped.connect()
    response = client.ask("/sleep/0?status=1", method="HEAD")
    assert response.status == 400 and response.body == b""
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_refusal_of_a_method_with_a_body(shipped, method):
    client = shipped.connect()
    field = "Content-Length: 3"
    target = "/sleep/0?status=1"
    response = client.ask(target, field, method=method, body=b"abc")
    assert response.status == 400
    assert client.ask("/").body == HELLO


def test_long_values_are_cut(shipped):
    text = shipped.connect().ask("/sleep/0?size=" + 500 * "9").body
    assert b"size=" + 64 * b"9" + b"..." in text and len(text) < 512
