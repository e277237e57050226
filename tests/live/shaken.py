"""What the tests of TLS share: handshakes, records, certificates."""

import shutil
import ssl
import subprocess

import pytest
from secured import READ_SIZE, SecureSocket, client_context
from server import HTDOCS, run
from wire import PATIENCE, Client

TLS_ADDRESS = "127.0.0.1:0,tls"
HANDSHAKE, ALERT, DATA = 22, 21, 23
GONE = (ConnectionError, ssl.SSLError)  # an end that has no close_notify

NOT_BUILT = "OpenSSL" in run("--check", "-l", TLS_ADDRESS, HTDOCS).stderr
needs_tls = pytest.mark.skipif(NOT_BUILT, reason="a build without OpenSSL")
needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl"),
    reason="openssl is missing (Debian: apt-get install openssl)",
)


@pytest.fixture
def https(serve):
    """Starts servers that listen by TLS, and by what is behind that word."""

    def start(*options, words="", **how):
        listen = [TLS_ADDRESS + (words and f",handshake={words}")]
        return serve(*options, listen=listen, **how)

    return start


@pytest.fixture
def believed(https, tmp_path):
    """
    The same, with a context of clients that believe the server's own CA, and it
    alone.
    """

    def start(*options, **how):
        ca = tmp_path / "ca.pem"
        server = https(f"--write-ca={ca}", *options, **how)
        return server, client_context(str(ca))

    return start


def shake(server, name="localhost", which=0, **how):
    """A client that has made its handshake; `how` is for its SecureSocket."""
    client = server.connect(which, tls={"name": name, "shake": 0, **how})
    assert client.socket.shake(PATIENCE)
    return client


def hello(name="localhost", context=None):
    """The bytes of a ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = (context or client_context()).wrap_bio(
        incoming, outgoing, server_hostname=name
    )
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def take_records(data):
    """The type and the content of each, and what is left behind them."""
    records = []
    while len(data) >= 5:
        size = 5 + int.from_bytes(data[3:5], "big")
        if len(data) < size:
            break
        records.append((data[0], bytes(data[5:size])))
        data = data[size:]
    return records, data


def alert(number, level=2):
    """As it is on the wire, in clear."""
    return bytes([ALERT, 3, 3, 0, 2, level, number])


class Tapped(SecureSocket):
    """One that keeps what has come, as it came."""

    def __init__(self, raw, **how):
        self.wire = bytearray()
        super().__init__(raw, **how)

    def _take(self, data):
        self.wire += data
        super()._take(data)


class Dribbling:
    """A socket that sends a few bytes at a time."""

    def __init__(self, raw, size):
        self.raw = raw
        self.size = size

    def __getattr__(self, name):
        return getattr(self.raw, name)

    def sendall(self, data):
        for at in range(0, len(data), self.size):
            self.raw.sendall(data[at : at + self.size])


def wrapped(server, make, **how):
    """A client whose socket is what `make` makes of a plain one."""
    client = server.connect()
    client.socket = make(client.socket, **how)
    return client


def session_of(server, **how):
    """
    One that can be resumed, by its ticket; and the context that it needs. Its
    connection is gone.
    """
    context = how.pop("context", None) or client_context()
    client = shake(server, context=context, **how)
    client.ask("/")
    session = client.socket.tls.session
    client.close()
    return {"session": session, "context": context}


def is_resumed(server, session, **how):
    """Whether a handshake resumes it; returns that, and the next session."""
    client = shake(server, **session, **how)
    assert client.ask("/").status == 200
    resumed = client.socket.tls.session_reused
    session = {**session, "session": client.socket.tls.session}
    client.close()
    return resumed, session


# Certificates


def openssl(*arguments):
    """Runs it, which has to go well."""
    made = subprocess.run(
        ["openssl", *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
    )
    assert made.returncode == 0, made.stderr


def make_certificate(directory, name, *names, kind="EC", days=90):
    """
    A file with a certificate for these names, and its key; it ended yesterday
    where days are -1.
    """
    file = directory / name
    curve = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC" else []
    openssl(
        *["req", "-x509", "-nodes", "-newkey"],
        *["rsa:2048" if kind == "RSA" else "ec", *curve],
        *["-days", str(abs(days)), "-subj", f"/CN={name}"],
        *["-addext", "subjectAltName=" + ",".join(names)],
        *["-keyout", f"{file}.key", "-out", file],
    )
    if days < 0:
        openssl(
            *["x509", "-in", file, "-signkey", f"{file}.key"],
            *["-days", str(days), "-out", file],
        )
    with open(file, "ab") as whole:
        whole.write(file.with_name(name + ".key").read_bytes())
    return file


def shown(client):
    """The certificate that it has been shown, as DER."""
    return client.socket.tls.getpeercert(True)


def der(file):
    """Of the first certificate in a PEM file."""
    end = "-----END CERTIFICATE-----\n"
    return ssl.PEM_cert_to_DER_cert(file.read_text().partition(end)[0] + end)


def read_raw(client):
    """All that comes in clear until the end, and which end it is."""
    assert not isinstance(client.socket, SecureSocket)
    return client.read_to_end()


def await_bytes(client, size):
    """As many as that, in clear."""
    data = b""
    while len(data) < size:
        more = client.socket.recv(READ_SIZE)
        assert more, f"an end after {data!r}"
        data += more
    return data


def plain(server, which=0):
    """A client in clear, wherever it comes in."""
    return Client(server.addresses[which])
