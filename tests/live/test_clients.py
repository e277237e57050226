"""Clients that others wrote: what people will use with it works."""

import contextlib
import email.utils
import gzip
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request

import pytest
from browser import chromium, needs_chromium
from server import scaled
from wire import PATIENCE

BIG = random.Random(1).randbytes(300_000)
PAGE = b"<title>Page</title>\n<p>" + 500 * b"hello " + b"\n"
FRONT = b'<title>Front</title>\n<a href="page.html">a</a> <a href="sub/">b</a>'
SUB = b'<title>Below</title>\n<a href="../big.bin">big</a>'
WHEN = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT


def needs(program, package=None):
    """Skips the test where the program is not installed."""
    return pytest.mark.skipif(
        not shutil.which(program),
        reason=f"{program} is missing (Debian: {package or program})",
    )


def run(*command, **how):
    """A client run to its end, which is to be a success."""
    client = subprocess.run(
        [*map(str, command)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        **how,
    )
    assert client.returncode == 0, client.stderr
    return client


def text_of(*command, **how):
    """What the client writes, to both of its outputs."""
    client = run(*command, **how)
    return (client.stdout + client.stderr).decode(errors="replace")


@pytest.fixture
def url(serve, root):
    """A site with pages that link to each other; no slash at the end."""
    files = {
        "hello.html": FRONT,
        "page.html": PAGE,
        "page.html.gz": gzip.compress(PAGE),
        "sub/hello.html": SUB,
        "caf\xe9.txt": b"found",
        "big.bin": BIG,
    }
    (root / "sub").mkdir()
    for name, content in files.items():
        (root / name).write_bytes(content)
        os.utime(root / name, (WHEN, WHEN))
    host, port = serve("-w", "1", root=root).addresses[0]
    return f"http://{host}:{port}"


# curl


def curl(*arguments, **how):
    """curl's standard output."""
    return run("curl", "-sS", *arguments, **how).stdout


@needs("curl")
def test_curl_resumes(url, tmp_path):
    part = tmp_path / "part"
    part.write_bytes(BIG[:1000])
    report = "%{http_code} %{size_download}"
    said = curl("-C", "-", "-o", part, "-w", report, f"{url}/big.bin")
    assert said == b"206 299000"
    assert part.read_bytes() == BIG


@needs("curl")
@pytest.mark.parametrize(
    "ranges, content",
    [
        ("0-99", BIG[:100]),
        ("-100", BIG[-100:]),
        ("299000-", BIG[299000:]),
    ],
    ids=["first", "last", "rest"],
)
def test_curl_range(url, ranges, content):
    assert curl("-r", ranges, f"{url}/big.bin") == content


@needs("curl")
def test_curl_ranges(url):
    content = curl("-r", "0-99,1000-1099", f"{url}/big.bin")
    assert BIG[:100] in content and BIG[1000:1100] in content
    assert len(content) < 1000


@needs("curl")
@pytest.mark.parametrize(
    "age, status", [(-1, b"200"), (0, b"304")], ids=["older", "same"]
)
def test_curl_time_condition(url, age, status):
    when = email.utils.formatdate(WHEN + age, usegmt=True)
    report = ["-o", os.devnull, "-w", "%{http_code}"]
    assert curl("-z", when, *report, f"{url}/page.html") == status


@needs("curl")
def test_curl_entity_tag(url, tmp_path):
    tag = tmp_path / "tag"
    assert curl("--etag-save", tag, f"{url}/page.html") == PAGE
    report = ["-o", os.devnull, "-w", "%{http_code}"]
    said = curl("--etag-compare", tag, *report, f"{url}/page.html")
    assert said == b"304"


@needs("curl")
def test_curl_compressed(url, tmp_path):
    page = tmp_path / "page"
    report = ["-o", page, "-w", "%{size_download}"]
    size = curl("--compressed", *report, f"{url}/page.html")
    assert int(size) == len(gzip.compress(PAGE))
    assert page.read_bytes() == PAGE


@needs("curl")
@pytest.mark.parametrize(
    "method, statuses, uploaded",
    [("GET", ["100", "200"], 200_000), ("POST", ["405"], 0)],
    ids=["asked-for", "refused"],
)
def test_curl_expect(url, tmp_path, method, statuses, uploaded):
    """A body of 200 KB, sent if the server asks for it."""
    body = tmp_path / "body"
    body.write_bytes(200_000 * b"x")
    said = text_of(
        "curl", "-sSv", "-X", method, "-H", "Expect: 100-continue",
        "--expect100-timeout", PATIENCE, "--data-binary", f"@{body}",
        "-o", os.devnull, "-w", "uploaded %{size_upload}\n", f"{url}/",
    )  # fmt: skip
    assert re.findall(r"< HTTP/1.1 (\d+)", said) == statuses
    assert f"uploaded {uploaded}\n" in said


@needs("curl")
def test_curl_keeps_alive(url):
    report = ["-w", "%{num_connects}"]
    said = curl(*report, f"{url}/page.html", f"{url}/sub/")
    assert said == PAGE + b"1" + SUB + b"0"


@needs("curl")
def test_curl_in_parallel(url, tmp_path):
    curl("-Z", "-o", tmp_path / "#1", f"{url}/big.bin?[1-20]")
    for number in range(1, 21):
        assert (tmp_path / str(number)).read_bytes() == BIG


@needs("curl")
def test_curl_http_1_0(url):
    assert curl("-0", f"{url}/page.html", f"{url}/sub/") == PAGE + SUB


# wget


@needs("wget")
def test_wget_resumes(url, tmp_path):
    (tmp_path / "big.bin").write_bytes(BIG[:1000])
    said = text_of("wget", "-c", f"{url}/big.bin", cwd=tmp_path)
    assert "206 Partial Content" in said
    assert (tmp_path / "big.bin").read_bytes() == BIG


@needs("wget")
def test_wget_timestamps(url, tmp_path):
    command = ["wget", "-N", f"{url}/page.html"]
    run(*command, cwd=tmp_path)
    assert (tmp_path / "page.html").read_bytes() == PAGE
    assert (tmp_path / "page.html").stat().st_mtime == WHEN
    assert "304 Not Modified" in text_of(*command, cwd=tmp_path)


@needs("wget")
def test_wget_mirrors(url, tmp_path):
    out = tmp_path / "out"
    run("wget", "-m", "-nH", "-P", out, f"{url}/")
    files = {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }
    assert files == {
        "index.html": FRONT,
        "page.html": PAGE,
        "sub/index.html": SUB,
        "big.bin": BIG,
    }


# Loads


@needs("ab", "apache2-utils")
def test_ab(url):
    count = scaled(400)
    said = text_of("ab", "-k", "-c", 8, "-n", count, f"{url}/")
    assert re.search(rf"Complete requests: +{count}\n", said), said
    assert re.search(r"Failed requests: +0\n", said), said
    assert re.search(rf"Keep-Alive requests: +{count}\n", said), said
    assert "Non-2xx" not in said


@needs("h2load", "nghttp2-client")
@pytest.mark.parametrize("depth", [1, 8])
def test_h2load(url, depth):
    count = scaled(400)
    load = ["--h1", "-c", 8, "-n", count, "-m", depth]
    said = text_of("h2load", *load, f"{url}/")
    assert f"{count} succeeded, 0 failed, 0 errored, 0 timeout" in said
    assert f"{count} 2xx, 0 3xx, 0 4xx, 0 5xx" in said


@needs("wrk")
def test_wrk(url):
    said = text_of("wrk", "-t", 1, "-c", 8, "-d", "1s", f"{url}/")
    assert int(re.search(r"(\d+) requests in", said)[1]) > 0
    assert "Socket errors" not in said
    assert "Non-2xx" not in said


@needs("siege")
def test_siege(url, tmp_path):
    each = scaled(100)
    home = {**os.environ, "HOME": str(tmp_path)}  # it makes a file there
    load = ["-b", "-c", 4, "-r", each]
    said = text_of("siege", *load, f"{url}/page.html", env=home)
    count = 4 * each
    assert re.search(rf'"successful_transactions":\s+{count},', said), said
    assert re.search(r'"failed_transactions":\s+0,', said), said


# What a path may look like, and where a redirect may lead

FOLLOWERS = {
    "busybox": ["busybox", "wget", "-q", "-O", "-", "{url}{path}"],
    "perl": [
        "perl", "-MHTTP::Tiny", "-e",
        "print HTTP::Tiny->new->get('{url}{path}')->{{content}}",
    ],
    "lftp": ["lftp", "-c", "open {url}/; cat .{path}"],
}  # fmt: skip


@pytest.mark.parametrize("client", FOLLOWERS)
def test_redirect_is_followed(url, client):
    """By those who can't resolve a relative one; and raw UTF-8 is a path."""
    if not shutil.which(client):
        pytest.skip(f"{client} is missing (Debian: {client})")
    for path, content in ("/sub", SUB), ("/caf\xe9.txt", b"found"):
        command = [a.format(url=url, path=path) for a in FOLLOWERS[client]]
        if client == "perl" and not path.isascii():
            continue  # it encodes by itself
        assert run(*command).stdout == content


@needs("npm")
def test_npm_installs_a_scoped_package(url, root, tmp_path):
    """From a registry of files: it asks for /@team%2ftool."""
    scope = root / "@team"
    scope.mkdir()
    package = tmp_path / "package"
    package.mkdir()
    about = {"name": "@team/tool", "version": "1.0.0"}
    (package / "package.json").write_text(json.dumps(about))
    archive = scope / "tool-1.0.0.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(package, "package")
    dist = {"tarball": f"{url}/@team/tool-1.0.0.tgz"}
    (scope / "tool").write_text(json.dumps({
        "name": "@team/tool",
        "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": {**about, "dist": dist}},
    }))  # fmt: skip
    project = tmp_path / "project"
    project.mkdir()
    (project / "package.json").write_text('{"name":"x","version":"1.0.0"}')
    run(
        "npm", "install", "@team/tool", f"--registry={url}/", "--no-audit",
        "--no-fund", "--no-update-notifier", f"--cache={tmp_path}/cache",
        cwd=project,
    )  # fmt: skip
    installed = project / "node_modules/@team/tool/package.json"
    assert json.loads(installed.read_text()) == about


@needs("zsync")
def test_zsync_takes_what_has_changed(url, root, tmp_path):
    """It asks for 20 ranges and more at once, and does without none."""
    old = tmp_path / "old"
    old.write_bytes(10 * BIG)
    new = bytearray(10 * BIG)
    for number in range(40):
        new[number * 70_000] ^= 1
    (root / "new.bin").write_bytes(new)
    run("zsyncmake", "-u", f"{url}/new.bin", "new.bin", cwd=root)
    result = run(
        "zsync", "-i", old, "-o", tmp_path / "got", f"{url}/new.bin.zsync",
        cwd=tmp_path,
    )  # fmt: skip
    assert (tmp_path / "got").read_bytes() == new
    fetched = re.search(rb"fetched (\d+)", result.stdout + result.stderr)
    assert 0 < int(fetched[1]) < 300_000


# What fetches files that others replace, which it names by their sums


def replace(path, content):
    """By rename, so that nobody sees a part of it."""
    new = path.with_name(path.name + ".new")
    new.write_bytes(content)
    new.rename(path)


def publish(repository, number):
    """A repository of apt's, updated in its order: the list, then the index."""
    packages = (
        f"Package: tool\nVersion: {number}\nArchitecture: all\n"
        f"Filename: ./tool.deb\nSize: 1\nSHA256: {64 * '0'}\n"
        f"Description: {number * 'x'}\n\n"
    ).encode()
    digest = hashlib.sha256(packages).hexdigest()
    release = (
        "Date: Sat, 28 Nov 2026 00:00:00 UTC\nSHA256:\n"
        f" {digest} {len(packages)} Packages\n"
    )
    replace(repository / "Packages", packages)
    replace(repository / "Release", release.encode())


@needs("apt-get", "apt")
def test_apt_updates_while_its_repository_is(url, root, tmp_path):
    """The old list, asked for just before, does not come with the new index."""
    repository = root / "debian"
    repository.mkdir()
    (tmp_path / "lists/partial").mkdir(parents=True)
    source = tmp_path / "sources.list"
    source.write_text(f"deb [trusted=yes] {url}/debian ./\n")
    options = {
        "Dir::Etc::SourceList": source,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": tmp_path / "lists",
        "Dir::Cache": tmp_path,
        "APT::Sandbox::User": "",
        "APT::Get::List-Cleanup": "true",
        "Acquire::http::Proxy": "false",
        "Acquire::Languages": "none",
    }
    apt = [f"-o{name}={value}" for name, value in options.items()]
    for number in range(1, scaled(10)):
        publish(repository, number)
        run("apt-get", *apt, "update")
        assert f"Version: {number}" in text_of("apt-cache", *apt, "show", "tool")
        with urllib.request.urlopen(f"{url}/debian/Packages") as answer:
            answer.read()


@needs("git")
def test_git_clones_what_was_pushed(url, root, tmp_path):
    """At once, over plain HTTP, from a bare repository of files."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}

    def git(*arguments):
        return run("git", *identity, *arguments, env=environment).stdout

    work = tmp_path / "work"
    git("init", "--quiet", "--bare", root / "tool.git")
    git("clone", "--quiet", root / "tool.git", work)
    for number in range(1, scaled(8)):
        (work / "file").write_text(str(number))
        git("-C", work, "add", "file")
        git("-C", work, "commit", "--quiet", "-m", str(number))
        git("-C", work, "push", "--quiet", "origin", "HEAD:main")
        git("-C", root / "tool.git", "update-server-info")
        clone = tmp_path / f"clone-{number}"
        git("clone", "--quiet", "--branch=main", f"{url}/tool.git", clone)
        assert (clone / "file").read_text() == str(number)


# Python


def test_urllib(url):
    with urllib.request.urlopen(f"{url}/sub", timeout=PATIENCE) as answer:
        assert answer.url == f"{url}/sub/"
        assert answer.read() == SUB
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{url}/none", timeout=PATIENCE)
    assert caught.value.code == 404
    assert caught.value.read() == b"<p>nothing here</p>\n"


def test_http_client(url):
    """One connection for all, a chunked body among them."""
    host = url.removeprefix("http://")
    client = http.client.HTTPConnection(host, timeout=PATIENCE)
    with contextlib.closing(client):
        client.connect()
        socket = client.sock
        for target, fields, status, content in [
            ("/page.html", {}, 200, PAGE),
            ("/big.bin", {"Range": "bytes=5-9"}, 206, BIG[5:10]),
            ("/big.bin", {"If-Match": '"x"'}, 412, None),
            ("/sub/", {}, 200, SUB),
        ]:
            client.request("GET", target, headers=fields)
            answer = client.getresponse()
            assert answer.status == status
            body = answer.read()
            assert content is None or body == content
        client.request("POST", "/", body=iter([b"a", b"bc"]))
        assert client.getresponse().status == 405
        assert client.sock is socket


# A browser


@needs_chromium
def test_chromium(url, tmp_path):
    dom = text_of(*chromium(tmp_path, "--dump-dom", f"{url}/page.html"))
    assert "<title>Page</title>" in dom
    assert "<p>hello hello" in dom
