"""
Clients that others wrote, over TLS: each believes the server's own CA, and
refuses it where it has not been told of that. Those that know HTTP/2 speak HTTP/1.1
by ALPN.
"""

import contextlib
import http.client
import json
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
from admin_side import Admin
from browser import Browser, Page, needs_chromium
from secured import client_context
from shaken import https, needs_openssl, needs_tls  # noqa: F401
from test_clients import needs, run
from test_httpbin_clients import NODE, needs_node, needs_requests, requests
from wire import PATIENCE, request
from worded import HELLO

pytestmark = needs_tls


class Origin:
    """A server, its operator's side, and the file with its CA."""

    def __init__(self, server, ca):
        self.server, self.ca = server, ca
        self.admin = Admin(server)
        self.port = server.address[1]
        self.url = f"https://localhost:{self.port}/"

    def accepted(self):
        """How many connections have come."""
        return self.admin.metrics().sum("mtasync_connections_accepted_total")


@pytest.fixture
def origin(https, tmp_path):  # noqa: F811
    ca = tmp_path / "ca.pem"
    return Origin(https("-w", "1", "--admin=0", f"--write-ca={ca}"), ca)


def refused(status, *command, **how):
    """What a client says that is to end so, to both of its outputs."""
    client = subprocess.run(
        [*map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        **how,
    )
    said = client.stdout.decode(errors="replace")
    assert client.returncode == status, said
    assert HELLO.decode() not in said
    return said


# curl, wget, openssl


CURL = ["curl", "-sS", "--noproxy", "*"]


@needs("curl")
def test_curl(origin):
    """It offers h2 too; and asks twice on one connection."""
    report = "%{num_connects} %{http_version} %{ssl_verify_result}\n"
    said = run(
        *CURL, "--http2", "--cacert", origin.ca, "-w", report,
        origin.url, origin.url,
    ).stdout  # fmt: skip
    assert said == HELLO + b"1 1.1 0\n" + HELLO + b"0 1.1 0\n"


@needs("curl")
def test_curl_refuses(origin):
    assert "SSL certificate problem" in refused(60, *CURL, origin.url)


WGET = ["wget", "--no-config", "--no-proxy", "--tries=1", "-O", "-"]


@needs("wget")
def test_wget(origin):
    command = [*WGET, f"--ca-certificate={origin.ca}"]
    client = run(*command, origin.url, origin.url + "sleep/0")
    assert client.stdout == 2 * HELLO
    assert b"Reusing existing connection" in client.stderr


@needs("wget")
def test_wget_refuses(origin):
    assert "certificate" in refused(5, *WGET, origin.url)


def s_client(origin, *options, asked=b""):
    """What it shows; it ends when the server closes, or with what is asked."""
    command = ["openssl", "s_client", "-connect", f"localhost:{origin.port}"]
    return subprocess.run(
        [*command, "-verify_return_error", *map(str, options)],
        input=asked,
        capture_output=True,
        timeout=PATIENCE,
    )


@needs_openssl
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_s_client(origin, version):
    """It stays while the server does, and sees two answers."""
    client = s_client(
        origin, version, "-CAfile", origin.ca, "-alpn", "h2,http/1.1",
        "-verify_hostname", "localhost", "-ign_eof",
        asked=request("/") + request("/", "Connection: close"),
    )  # fmt: skip
    assert client.returncode == 0, client.stderr
    assert client.stdout.count(HELLO) == 2
    assert b"ALPN protocol: http/1.1" in client.stdout
    assert b"Verification: OK" in client.stdout
    assert b"Secure Renegotiation IS" in client.stdout
    assert b"Compression: NONE" in client.stdout


@needs_openssl
def test_s_client_refuses(origin):
    client = s_client(origin)
    assert client.returncode != 0
    assert b"unable to get local issuer certificate" in client.stderr


# Python


def test_urllib(origin):
    context = ssl.create_default_context(cafile=origin.ca)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=context),
    )
    with opener.open(origin.url, timeout=PATIENCE) as answer:
        assert answer.read() == HELLO


def test_urllib_refuses(origin):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.URLError) as raised:
        opener.open(origin.url, timeout=PATIENCE)
    assert isinstance(raised.value.reason, ssl.SSLCertVerificationError)


def test_http_client(origin):
    client = http.client.HTTPSConnection(
        "localhost", origin.port, context=client_context(origin.ca)
    )
    with contextlib.closing(client):
        client.connect()
        socket = client.sock
        for _ in range(2):
            client.request("GET", "/")
            assert client.getresponse().read() == HELLO
            assert client.sock is socket


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


@needs_requests
def test_requests(origin, session):
    for _ in range(2):
        answer = session.get(origin.url, verify=origin.ca, timeout=PATIENCE)
        assert answer.content == HELLO
    assert origin.accepted() == 1


@needs_requests
def test_requests_refuses(origin, session):
    with pytest.raises(requests.exceptions.SSLError) as raised:
        session.get(origin.url, timeout=PATIENCE)
    assert "CERTIFICATE_VERIFY_FAILED" in str(raised.value)


# Node


NODE_ASKS = """
const https = require("https"), tls = require("tls");
const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
const ask = () => new Promise((done, fail) => {
    const request = https.get(process.argv[1], { agent }, async (answer) => {
        let body = "";
        for await (const part of answer) body += part;
        done({ body, reused: request.reusedSocket });
    }).on("error", fail);
});
const agree = () => new Promise((done, fail) => {
    const { hostname, port } = new URL(process.argv[1]);
    const offered = { ALPNProtocols: ["h2", "http/1.1"], servername: hostname };
    const socket = tls.connect(port, hostname, offered, () => {
        done(socket.alpnProtocol);
        socket.end();
    }).on("error", fail);
});
(async () => {
    const asked = [await ask(), await ask()];
    const fetched = await (await fetch(process.argv[1])).text();
    console.log(JSON.stringify({ asked, fetched, agreed: await agree() }));
    agent.destroy();
})().catch((error) => {
    console.error(error.code);
    process.exit(1);
});
"""


def node_knows(ca):
    """The environment of a Node that is told of it; or of nothing."""
    known = {"NODE_EXTRA_CA_CERTS": str(ca)} if ca else {}
    return {"PATH": "/usr/bin:/bin", **known}


@needs_node
def test_node(origin):
    """https, fetch(), and what a client of HTTP/2 offers."""
    asked = [NODE, "-e", NODE_ASKS, origin.url]
    told = json.loads(run(*asked, env=node_knows(origin.ca)).stdout)
    page = HELLO.decode()
    assert told["asked"] == [
        {"body": page, "reused": False},
        {"body": page, "reused": True},
    ]
    assert told["fetched"] == page
    assert told["agreed"] == "http/1.1"


@needs_node
def test_node_refuses(origin):
    said = refused(1, NODE, "-e", NODE_ASKS, origin.url, env=node_knows(None))
    assert "UNABLE_TO_VERIFY_LEAF_SIGNATURE" in said


# Java


JAVA_ASKS = """
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Asks {
    public static void main(String[] arguments) throws Exception {
        HttpClient.Builder builder = HttpClient.newBuilder();
        if (arguments.length > 1)
            builder.sslContext(believing(arguments[1]));
        HttpClient client = builder.build(); // it offers h2
        HttpRequest request =
            HttpRequest.newBuilder(URI.create(arguments[0])).build();
        for (int i = 0; i < 2; i++) {
            HttpResponse<String> answer =
                client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.print(answer.version() + " " + answer.body());
        }
    }

    static SSLContext believing(String file) throws Exception {
        KeyStore known = KeyStore.getInstance(KeyStore.getDefaultType());
        known.load(null, null);
        try (FileInputStream in = new FileInputStream(file)) {
            known.setCertificateEntry("ca",
                CertificateFactory.getInstance("X.509")
                    .generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(
            TrustManagerFactory.getDefaultAlgorithm());
        trust.init(known);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
"""


@pytest.fixture
def java(tmp_path):
    """The command of a program that asks, behind which its arguments come."""
    source = tmp_path / "Asks.java"
    source.write_text(JAVA_ASKS)
    return ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", source]


def has_java_compiler():
    """A program of one file is compiled first."""
    if not shutil.which("java"):
        return False
    said = subprocess.run(
        ["java", "--list-modules"], capture_output=True, text=True
    )
    return "jdk.compiler@" in said.stdout


needs_java = pytest.mark.skipif(
    not has_java_compiler(),
    reason="java that runs a source is missing (Debian: default-jdk-headless)",
)


@needs_java
def test_java(origin, java):
    said = run(*java, origin.url, origin.ca).stdout
    assert said == 2 * (b"HTTP_1_1 " + HELLO)
    assert origin.accepted() == 1


@needs_java
def test_java_refuses(origin, java):
    said = refused(1, *java, origin.url)
    assert "PKIX path building failed" in said


# A browser


def profile_that_knows(home, ca):
    """Where NSS keeps a user's CAs, as Chromium looks for them."""
    known = home / ".pki/nssdb"
    known.mkdir(parents=True)
    database = ["certutil", "-d", f"sql:{known}"]
    run(*database, "-N", "--empty-password")
    run(*database, "-A", "-t", "C,,", "-n", "ca", "-i", ca)


AGREED = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
TWICE = """
fetch("/").then((one) => one.text()).then((first) =>
    fetch("/").then((two) => two.text()).then((second) => [first, second]))
"""


@needs_chromium
@needs("certutil", "libnss3-tools")
def test_chromium(origin, tmp_path, monkeypatch):
    profile_that_knows(tmp_path, origin.ca)
    monkeypatch.setenv("HOME", str(tmp_path))
    url = f"https://127.0.0.1:{origin.port}/"  # it resolves no names
    with Browser(tmp_path / "profile") as browser, Page(browser, url) as page:
        assert page.evaluate(AGREED) == "http/1.1"
        assert page.evaluate(TWICE) == 2 * [HELLO.decode()]
        assert page.evaluate("window.isSecureContext")


@needs_chromium
def test_chromium_refuses(origin, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    url = f"https://127.0.0.1:{origin.port}/"
    with Browser(tmp_path / "profile") as browser, Page(
        browser, "about:blank"
    ) as page:
        said = page.call("Page.navigate", url=url)["errorText"]
    assert said == "net::ERR_CERT_AUTHORITY_INVALID"
