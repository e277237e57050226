"""Who is compared over TLS, with which certificate, and a client of theirs."""

import ssl
import subprocess

import peer
from contenders import ONE_CPU, running
from server import MTASYNC, Failed
from wire import Client

CONFIGS = peer.HERE / "peers" / "tls"
# What openssl-req(1) makes of each kind of key.
KEYS = {
    "EC": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "RSA": ["rsa:2048"],
}


def make_certificates(directory):
    """
    Leaves a file of a key and its certificate for each of KEYS; returns their
    paths. Whoever a server becomes may read it: it is worth nothing.
    """
    paths = {}
    for kind, key in KEYS.items():
        key_path, path = directory / f"{kind}.key", directory / f"{kind}.pem"
        command = ["openssl", "req", "-x509", "-nodes", "-newkey", *key]
        command += ["-subj", "/CN=localhost", "-days", "2"]
        command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        command += ["-keyout", key_path, "-out", path]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise Failed(f"openssl req: {run.stderr}")
        path.write_text(key_path.read_text() + path.read_text())
        path.chmod(0o644)
        paths[kind] = path
    return paths


def find():
    """Returns the targets, and the names of peers that are not here."""
    found, missing = [MTASYNC._replace(scheme="https")], []
    for name in peer.PEERS:
        if peer.is_here(name):
            found.append(peer.find(name, CONFIGS, scheme="https"))
        else:
            missing.append(name)
    return found, missing


def serving(target, root, certificate):
    """The server with one worker, on the CPU that it shares with its client."""
    options, how = [], {"root": root, "cpus": ONE_CPU}
    if target.own:
        options = ["--workers=1", f"--cert={certificate}"]
        how["listen"] = ["127.0.0.1:0,tls"]
    config = target.config.replace("@CERT@", str(certificate))
    return running(target._replace(config=config), *options, **how)


class SealedClient(Client):
    """One that speaks TLS, and believes what it is shown."""

    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    CONTEXT.check_hostname = False
    CONTEXT.verify_mode = ssl.CERT_NONE

    def __init__(self, address):
        super().__init__(address)
        self.socket = self.CONTEXT.wrap_socket(self.socket)
