"""--httpbin as those who test their clients with it use it: Python's requests,
and the fetch of Node."""

import json
import shutil
import subprocess
import time

import pytest
from server import Server
from wire import PATIENCE

try:
    import requests
except ImportError:
    requests = None

needs_requests = pytest.mark.skipif(
    requests is None, reason="requests is missing (Debian: python3-requests)"
)


def node_with_fetch():
    """The path of a Node that has fetch(), which came with 18; or None."""
    node = shutil.which("node")
    if node is None:
        return None
    said = subprocess.run([node, "-p", "typeof fetch"], capture_output=True)
    return node if said.stdout == b"function\n" else None


NODE = node_with_fetch()
needs_node = pytest.mark.skipif(
    NODE is None, reason="node with fetch() is missing (Debian: nodejs)"
)


@pytest.fixture(scope="module")
def url():
    server = Server("--httpbin")
    yield server.url("")
    server.finish()


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@needs_requests
def test_requests_what_came(url, session):
    told = session.get(url + "/get", params={"a": ["1", "2"]}).json()
    assert told["args"] == {"a": ["1", "2"]}
    told = session.post(url + "/post", data={"x": "y z"}).json()
    assert told["form"] == {"x": ["y z"]}
    told = session.put(url + "/put", json={"a": [1, None]}).json()
    assert told["json"] == {"a": [1, None]}
    told = session.post(
        url + "/post", files={"f": ("n", b"a\r\nb")}, data={"k": "v"}
    ).json()
    assert told["files"] == {"f": ["a\r\nb"]}
    assert told["form"] == {"k": ["v"]}
    told = session.patch(url + "/patch", data=iter([b"a", b"b"])).json()
    assert told["data"] == "data:application/octet-stream;base64,YWI="
    assert session.delete(url + "/delete").json()["method"] == "DELETE"
    assert session.head(url + "/head").ok


@needs_requests
def test_requests_statuses(url, session):
    for status in (200, 204, 304, 404, 418, 503):
        answer = session.get(f"{url}/status/{status}")
        assert answer.status_code == status
    with pytest.raises(requests.HTTPError):
        session.get(url + "/status/500").raise_for_status()
    seen = {
        session.get(url + "/status/201:1,503:1").status_code for _ in range(60)
    }
    assert seen == {201, 503}


@needs_requests
@pytest.mark.parametrize("kind", ["", "relative-", "absolute-"])
def test_requests_redirects(url, session, kind):
    answer = session.get(f"{url}/{kind}redirect/4")
    assert answer.url == url + "/get"
    assert [hop.status_code for hop in answer.history] == 4 * [302]
    with pytest.raises(requests.TooManyRedirects):
        session.get(f"{url}/{kind}redirect/40")
    answer = session.post(
        url + "/redirect-to",
        params={"url": "/post", "status_code": 307},
        data="kept",
        headers={"Content-Type": "text/plain"},
    )
    assert answer.json()["data"] == "kept"


@needs_requests
def test_requests_cookies(url, session):
    told = session.get(url + "/cookies/set", params={"a": "1", "b": "2"})
    assert told.json() == {"cookies": {"a": "1", "b": "2"}}
    told = session.get(url + "/cookies/delete", params={"a": ""})
    assert told.json() == {"cookies": {"b": "2"}}


@needs_requests
def test_requests_credentials(url, session):
    path = url + "/basic-auth/user/pass%20word"
    assert session.get(path).status_code == 401
    assert session.get(path, auth=("user", "pass")).status_code == 401
    told = session.get(path, auth=("user", "pass word")).json()
    assert told == {"authenticated": True, "user": "user", "authorized": True}
    token = {"Authorization": "Bearer x"}
    assert session.get(url + "/bearer", headers=token).json()["token"] == "x"


@needs_requests
def test_requests_time_out(url, session):
    with pytest.raises(requests.Timeout):
        session.get(url + "/delay/20", timeout=0.3)
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        session.get(
            url + "/drip?duration=20&delay=0&numbytes=2", timeout=0.5
        ).content
    assert time.monotonic() - began < 15
    assert session.get(url + "/delay/0.2", timeout=20).ok


@needs_requests
def test_requests_streams(url, session):
    with session.get(url + "/stream/5", stream=True) as answer:
        lines = [json.loads(line) for line in answer.iter_lines()]
    assert [line["id"] for line in lines] == [*range(5)]
    with session.get(
        url + "/stream-bytes/1000", params={"chunk_size": 100}, stream=True
    ) as answer:
        chunks = [len(chunk) for chunk in answer.iter_content(None)]
    assert sum(chunks) == 1000
    ranged = {"Range": "bytes=3-5"}
    assert session.get(url + "/range/26", headers=ranged).text == "def"
    answer = session.get(url + "/encoding/utf8")
    assert "🐢" in answer.text


@needs_requests
def test_requests_conditions(url, session):
    answer = session.get(url + "/cache")
    known = {"If-None-Match": answer.headers["ETag"]}
    assert session.get(url + "/cache", headers=known).status_code == 304
    known = {"If-None-Match": '"x"'}
    assert session.get(url + "/etag/x", headers=known).status_code == 304
    assert session.get(url + "/etag/y", headers=known).status_code == 200


SCRIPT = r"""
const url = process.argv[1];
const assert = require("assert");
(async () => {
  const json = async (path, how) => (await fetch(url + path, how)).json();
  const text = async (path, how) => (await fetch(url + path, how)).text();

  assert.deepStrictEqual((await json("/get?a=1&a=2")).args, { a: ["1", "2"] });
  assert.deepStrictEqual(
    (await json("/post", { method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ a: "é" }) })).json, { a: "é" });
  const form = new FormData();
  form.append("k", "v");
  form.append("f", new Blob(["data"]), "name");
  const told = await json("/anything", { method: "PUT", body: form });
  assert.deepStrictEqual(told.form, { k: ["v"] });
  assert.deepStrictEqual(told.files, { f: ["data"] });

  assert.strictEqual((await fetch(url + "/status/418")).status, 418);
  const led = await fetch(url + "/redirect/3");
  assert.ok(led.redirected);
  assert.strictEqual(led.url, url + "/get");
  await assert.rejects(fetch(url + "/redirect/30"));
  await assert.rejects(
    fetch(url + "/delay/20", { signal: AbortSignal.timeout(200) }));

  const lines = (await text("/jsonl?count=3&duration=100ms")).trim();
  assert.deepStrictEqual(
    lines.split("\n").map((line) => JSON.parse(line).id), [0, 1, 2]);
  const events = await text("/sse?count=2&duration=1ms");
  assert.strictEqual(events.match(/^event: ping$/gm).length, 2);
  const reader = (await fetch(url + "/drip?duration=0.3&delay=0&numbytes=2"))
    .body.getReader();
  const first = await reader.read();
  assert.strictEqual(Buffer.from(first.value).toString(), "*");
  assert.strictEqual(await text("/base64/aGVsbG8="), "hello");
  const hello = await fetch(url + "/response-headers?X-A=1&X-A=2");
  assert.strictEqual(hello.headers.get("X-A"), "1, 2");
  console.log("all of it");
})().catch((error) => { console.error(error); process.exit(1); });
"""


@needs_node
def test_node(url):
    client = subprocess.run(
        [NODE, "-e", SCRIPT, url],
        capture_output=True,
        timeout=PATIENCE,
        text=True,
    )
    assert client.stdout == "all of it\n", client.stderr
