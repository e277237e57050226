"""Precompressed siblings: which is sent to whom (RFC 9110 12.5.3), how it is
told from the plain file, and which are ignored."""

import os
import pathlib

import pytest
from server import CACHED, Server, eventually, obey_modes
from wire import parts_of, request

MODIFIED = 784111777
SUFFIXES = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
SIZES = {"small": 100, "large": CACHED + 1}
HTML = "text/html; charset=utf-8"


def bytes_of(coding, size=100):
    """Nobody decodes them here; each coding has bytes and a size its own."""
    if coding == "identity":
        return size * b"i"
    return (size - len(coding)) * coding[:1].encode()


def publish(path, data, modified=MODIFIED):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (modified, modified))


def publish_all(path, *codings, size=100):
    """A file and its siblings in these codings."""
    publish(path, bytes_of("identity", size))
    for coding in codings:
        sibling = path.with_name(path.name + SUFFIXES[coding])
        publish(sibling, bytes_of(coding, size))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    for name, size in SIZES.items():
        publish_all(root / f"{name}.html", *SUFFIXES, size=size)
    publish_all(root / "gzip.css", "gzip")
    publish_all(root / "plain.html")
    publish_all(root / "hello.html", "gzip")
    publish_all(root / "404.html", "gzip")
    publish_all(root / "sub/hello.html", "gzip")
    publish(root / "only.html.gz", b"gzip")
    server = Server("-w", "1", root=root)
    yield server
    server.finish()


@pytest.fixture(params=SIZES)
def name(request):
    """A file from memory, and one from the disk, with all siblings."""
    return f"{request.param}.html"


def size_of(name):
    return SIZES[name.partition(".")[0]]


def ask(client, target, accepted, *lines, **how):
    return client.ask(target, f"Accept-Encoding: {accepted}", *lines, **how)


def varies(response):
    """Whether it says that it depends on Accept-Encoding."""
    names = (response.field("Vary") or "").lower().replace(" ", "").split(",")
    return "accept-encoding" in names


def assert_coding(response, coding, size=100):
    assert response.status == 200
    told = None if coding == "identity" else coding
    assert response.field("Content-Encoding") == told
    assert response.body == bytes_of(coding, size)


# Who gets what, where all four are to be had

NEGOTIATION = {
    "12.5.3-no-field": ([], "identity"),
    "12.5.3-empty": ([""], "identity"),
    "12.5.3-br": (["br"], "br"),
    "12.5.3-zstd": (["zstd"], "zstd"),
    "12.5.3-gzip": (["gzip"], "gzip"),
    "8.4.1-case": (["GZip"], "gzip"),
    "8.4.1.3-x-gzip": (["x-gzip"], "gzip"),
    "12.5.3-unknown": (["deflate, sdch"], "identity"),
    "12.5.3-unknown-and-gzip": (["deflate, gzip"], "gzip"),
    "12.5.3-no-prefix": (["gzi, brr, zst, gzipped"], "identity"),
    "12.5.3-tie": (["gzip, deflate, br, zstd"], "br"),
    "12.5.3-tie-without-br": (["gzip, zstd"], "zstd"),
    "12.5.3-tie-identity": (["identity, gzip"], "gzip"),
    "12.5.3-identity": (["identity"], "identity"),
    "12.5.3-identity-first": (["gzip;q=0.5, identity"], "identity"),
    "12.5.3-identity-second": (["gzip, identity;q=0.5"], "gzip"),
    "12.5.3-star": (["*"], "br"),
    "12.5.3-star-the-rest": (["br;q=0, *"], "zstd"),
    "12.5.3-star-second": (["gzip, *;q=0.5"], "gzip"),
    "12.5.3-star-0": (["gzip, *;q=0"], "gzip"),
    "12.5.3-star-0-but-identity": (["identity, *;q=0"], "identity"),
    "12.5.3-identity-0": (["zstd, identity;q=0"], "zstd"),
    "12.4.2-order": (["br;q=0.1, gzip;q=0.3, zstd;q=0.2"], "gzip"),
    "12.4.2-thousandths": (["br;q=0.998, gzip;q=0.999"], "gzip"),
    "12.4.2-1.000": (["br;q=0.999, gzip;q=1.000"], "gzip"),
    "12.4.2-spaces": (["br ; q=0.5 ,\tgzip ;\tq=0.6"], "gzip"),
    "12.4.2-upper-case": (["br;Q=0, gzip"], "gzip"),
    "12.4.2-0": (["gzip;q=0"], "identity"),
    "12.4.2-0.000": (["gzip;q=0.000"], "identity"),
    "12.4.2-0-of-one": (["br;q=0, zstd;q=0, gzip"], "gzip"),
    "5.6.1-empty-elements": ([",, gzip ,,"], "gzip"),
    "5.3-lines": (["br;q=0.5", "gzip"], "gzip"),
    "12.4.2-over-1": (["br;q=2, gzip;q=0.5"], "gzip"),
    "12.4.2-over-1.000": (["br;q=1.001, gzip;q=0.5"], "gzip"),
    "12.4.2-digits": (["br;q=0.1234, gzip;q=0.1"], "gzip"),
    "12.4.2-minus": (["br;q=-1, gzip;q=0.5"], "gzip"),
    "12.4.2-word": (["br;q=x, gzip;q=0.5"], "gzip"),
    "12.4.2-nothing": (["br;q=, gzip;q=0.5"], "gzip"),
    "12.5.3-malformed": (["g zip, br/zstd"], "identity"),
}

# Nothing is acceptable. A server may then say 406, or disregard the field
# (12.5.3): we do, since a page is of more use than a refusal.
DISREGARDED = {
    "12.5.3-nothing": (["*;q=0"], "identity"),
    "12.5.3-no-identity": (["identity;q=0"], "identity"),
    "12.5.3-no-identity-but-unknown": (
        ["identity;q=0, deflate"],
        "identity",
    ),
}
NEGOTIATION.update(DISREGARDED)


@pytest.mark.parametrize(
    "values, coding", NEGOTIATION.values(), ids=NEGOTIATION
)
def test_negotiation(site, name, values, coding):
    """The same for HEAD, and all say that they vary."""
    client = site.connect()
    lines = [f"Accept-Encoding: {value}" for value in values]
    response = client.ask(f"/{name}", *lines)
    assert_coding(response, coding, size_of(name))
    assert varies(response)
    head = client.ask(f"/{name}", *lines, method="HEAD")
    assert head.without_date()[:2] == response.without_date()[:2]


@pytest.mark.parametrize(
    "accepted, coding",
    [("br, zstd", "identity"), ("*", "gzip"), ("br, gzip;q=0.1", "gzip")],
)
def test_what_there_is_counts(site, accepted, coding):
    response = ask(site.connect(), "/gzip.css", accepted)
    assert_coding(response, coding)
    assert response.field("Content-Type") == "text/css; charset=utf-8"
    assert varies(response)


def test_file_without_siblings_does_not_vary(site):
    response = ask(site.connect(), "/plain.html", "br, gzip")
    assert_coding(response, "identity")
    assert not varies(response)


# What the answers say


def test_each_coding_has_validators_of_its_own(site, name):
    """RFC 9110 8.8.3.3: strong ones, all of them different."""
    client = site.connect()
    answers = [ask(client, f"/{name}", c) for c in ["identity", *SUFFIXES]]
    etags = {response.field("ETag") for response in answers}
    assert len(etags) == 4
    for response in answers:
        assert response.field("ETag").startswith('"')
        assert response.field("Content-Type") == HTML
        assert response.field("Last-Modified")


def test_conditions_are_on_the_coding(site, name):
    client = site.connect()
    plain = ask(client, f"/{name}", "identity").field("ETag")
    coded = ask(client, f"/{name}", "gzip").field("ETag")
    response = ask(client, f"/{name}", "gzip", f"If-None-Match: {coded}")
    assert response.status == 304
    assert response.field("ETag") == coded
    assert response.field("Content-Encoding") is None
    assert varies(response)
    response = ask(client, f"/{name}", "gzip", f"If-None-Match: {plain}")
    assert_coding(response, "gzip", size_of(name))
    response = ask(client, f"/{name}", "identity", f"If-None-Match: {plain}")
    assert response.status == 304 and varies(response)
    response = ask(client, f"/{name}", "gzip", f"If-Match: {plain}")
    assert response.status == 412
    response = ask(client, f"/{name}", "gzip", f"If-Match: {coded}")
    assert_coding(response, "gzip", size_of(name))


@pytest.mark.parametrize("coding", ["identity", *SUFFIXES])
def test_ranges_are_of_the_coded_bytes(site, name, coding):
    """RFC 9110 14.1.2"""
    client = site.connect()
    data = bytes_of(coding, size_of(name))
    full = ask(client, f"/{name}", coding)
    response = ask(client, f"/{name}", coding, "Range: bytes=5-")
    kind = full.field("Content-Type")
    span = (5, len(data) - 1, len(data), kind, data[5:])
    assert parts_of(response) == [span]
    for field in "ETag", "Content-Encoding", "Vary":
        assert response.field(field) == full.field(field), field
    behind = ask(client, f"/{name}", coding, "Range: bytes=9999999-")
    assert behind.status == 416
    assert behind.field("Content-Range") == f"bytes */{len(data)}"
    assert behind.field("Content-Encoding") is None
    several = ask(client, f"/{name}", coding, "Range: bytes=0-4,-5")
    if coding == "identity":
        assert [part[4] for part in parts_of(several)] == [data[:5], data[-5:]]
    else:  # the frame around them would not be coded: a Range to ignore
        assert_coding(several, coding, size_of(name))


def test_if_range_of_another_coding(site, name):
    """RFC 9110 13.1.5: parts of two codings would make no file."""
    client = site.connect()
    etag = ask(client, f"/{name}", "br").field("ETag")
    lines = ["Range: bytes=5-", f"If-Range: {etag}"]
    response = ask(client, f"/{name}", "gzip", *lines)
    assert_coding(response, "gzip", size_of(name))


def test_pipelined_codings(site):
    client = site.connect()
    asked = 5 * [(n, c) for n in SIZES for c in ["identity", *SUFFIXES]]
    for name, coding in asked:
        field = f"Accept-Encoding: {coding}"
        client.send(request(f"/{name}.html", field))
    for name, coding in asked:
        assert_coding(client.read_response(), coding, SIZES[name])


# Where siblings do not count


@pytest.mark.parametrize("target", ["/", "/sub/", "/hello.html?x"])
def test_index_has_siblings(site, target):
    assert_coding(ask(site.connect(), target, "gzip"), "gzip")


def test_pages_of_errors_are_not_coded(site):
    response = ask(site.connect(), "/nothing", "gzip, identity;q=0")
    assert response.status == 404
    assert response.field("Content-Encoding") is None
    assert response.body == bytes_of("identity")


def test_page_of_a_sleep_is_not_coded(site):
    response = ask(site.connect(), "/sleep/0", "gzip, identity;q=0")
    assert_coding(response, "identity")


def test_sibling_without_its_file_is_no_file(site):
    response = ask(site.connect(), "/only.html", "gzip")
    assert response.status == 404
    assert response.field("Content-Encoding") is None


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
def test_sibling_by_its_own_name(site, accepted):
    """It is what was asked for, not a coding of it."""
    response = ask(site.connect(), "/small.html.gz", accepted)
    assert response.field("Content-Type") == "application/gzip"
    assert response.field("Content-Encoding") is None
    assert response.body == bytes_of("gzip")


def test_redirect_is_not_coded(site):
    response = ask(site.connect(), "/sub", "gzip")
    assert response.status == 301
    assert response.field("Content-Encoding") is None


# Siblings that are ignored, as if they were not there


def make_older(sibling):
    publish(sibling, b"old", MODIFIED - 1)


def make_older_by_less(sibling):
    """By less than a second."""
    publish(sibling, b"old")
    os.utime(sibling, ns=2 * (MODIFIED * 10**9 - 1,))


def make_directory(sibling):
    sibling.mkdir()


def make_unreadable(sibling):
    publish(sibling, b"secret")
    sibling.chmod(0)


def make_link_out(sibling):
    publish(sibling.parent.parent / "secret", b"secret")
    sibling.symlink_to("../secret")


def make_dangling_link(sibling):
    sibling.symlink_to("missing")


def make_loop(sibling):
    sibling.symlink_to(sibling.name)


def make_fifo(sibling):
    os.mkfifo(sibling)


@pytest.mark.parametrize(
    "make",
    [
        make_older,
        make_older_by_less,
        make_directory,
        make_unreadable,
        make_link_out,
        make_dangling_link,
        make_loop,
        make_fifo,
    ],
    ids=lambda make: make.__name__[5:],
)
def test_ignored_sibling(serve, root, make):
    """The next best one is taken."""
    publish_all(root / "page.html", "gzip")
    make(root / "page.html.br")
    publish_all(root / "plain.html")
    make(root / "plain.html.br")
    client = serve("-w", "1", root=root, preexec_fn=obey_modes).connect()
    response = ask(client, "/page.html", "br, gzip;q=0.5")
    assert_coding(response, "gzip")
    assert varies(response)
    response = ask(client, "/plain.html", "br, gzip;q=0.5")
    assert_coding(response, "identity")
    assert not varies(response)


def test_sibling_of_the_same_time_counts(serve, root):
    """Tools that compress keep the file's time."""
    publish_all(root / "page.html", "gzip")
    times = [(root / n).stat().st_mtime_ns for n in os.listdir(root)
             if n.startswith("page")]
    assert len(set(times)) == 1
    client = serve(root=root).connect()
    assert_coding(ask(client, "/page.html", "gzip"), "gzip")


@pytest.mark.parametrize("size", [251, 252, 253, 255])
def test_name_that_leaves_no_room_for_a_suffix(serve, root, size):
    """No name has over 255 bytes; the file itself is there all the same."""
    publish_all(root / (size * "x"))
    client = serve(root=root).connect()
    assert_coding(ask(client, "/" + size * "x", "*"), "identity")


# Changes show within about a second


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_changes_of_a_sibling(serve, root, size):
    """It comes, changes, grows old, and goes."""
    page = root / "page.html"
    sibling = pathlib.Path(f"{page}.gz")
    publish_all(page, size=size)
    client = serve("-w", "1", root=root).connect()

    def shown(body):
        def predicate():
            response = ask(client, "/page.html", "gzip")
            return response if response.body == body else None

        return eventually(predicate, f"{body[:10]} to show")

    plain = shown(bytes_of("identity", size))
    assert not varies(plain)
    publish(sibling, bytes_of("gzip", size))
    coded = shown(bytes_of("gzip", size))
    assert varies(coded)
    assert coded.field("Content-Encoding") == "gzip"
    assert varies(ask(client, "/page.html", "identity"))
    publish(root / "new", b"another", MODIFIED + 1)
    (root / "new").rename(sibling)
    other = shown(b"another")
    assert other.field("ETag") != coded.field("ETag")
    publish(page, b"newer", MODIFIED + 2)
    assert not varies(shown(b"newer"))
    publish(sibling, b"newer, coded", MODIFIED + 3)
    shown(b"newer, coded")
    sibling.unlink()
    assert not varies(shown(b"newer"))
