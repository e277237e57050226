"""
Those who look for what is weak in a server's TLS find nothing, but what a
certificate is like that it has made itself, for a day.
"""

import json
import subprocess
import xml.etree.ElementTree

import pytest
from shaken import https, make_certificate  # noqa: F401
from shaken import needs_openssl, needs_tls
from test_clients import needs, run

pytestmark = needs_tls

MOST = 240  # seconds for testssl.sh, which takes 40 on two idle CPUs
FOUND = {"LOW", "MEDIUM", "HIGH", "CRITICAL"}

# What testssl.sh complains of, and why that is as it should be.
EXPLAINED = {
    "cert_expirationStatus": "our own certificate is good for a day",
    "cert_notAfter": "as above",
    "cert_revocation": "our own CA ends with the server, and revokes nothing",
    "HSTS": "by it, browsers would ask all ports of localhost by https",
}
# What it can't look at, or not each time.
UNSEEN = {
    "engine_problem": "Debian's OpenSSL has no GOST",
    "sessionresumption_ticket": "its client leaves before a ticket comes, maybe",
}
# What it is to have looked at.
SEEN = set(
    """
    SSLv2 SSLv3 TLS1 TLS1_1 TLS1_2 TLS1_3 ALPN cipherlist_NULL cipherlist_aNULL
    cipherlist_EXPORT cipherlist_LOW cipherlist_3DES_IDEA cipherlist_STRONG
    cipher_order cert_trust cert_chain_of_trust heartbleed CCS ticketbleed ROBOT
    secure_renego secure_client_renego CRIME_TLS BREACH POODLE_SSL SWEET32 FREAK
    DROWN LOGJAM BEAST LUCKY13 RC4 scanTime
    """.split()
)


@needs("testssl", "testssl.sh")
def test_testssl(https, tmp_path):  # noqa: F811
    """But for its imitations of clients, and their ciphers one by one."""
    ca, told = tmp_path / "ca.pem", tmp_path / "told.json"
    server = https(f"--write-ca={ca}")
    scan = subprocess.run(
        [
            *["testssl", "--quiet", "--color=0", "--warnings=off"],
            *["--nodns=none", "--ip=127.0.0.1", f"--add-ca={ca}"],
            *["-p", "-s", "-f", "-P", "-S", "-h", "-U", f"--jsonfile={told}"],
            f"localhost:{server.address[1]}",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=MOST,
    )
    rows = json.loads(told.read_text())
    assert SEEN <= {row["id"] for row in rows}, scan.stdout
    assert [
        row
        for row in rows
        if (row["severity"] in FOUND and row["id"] not in EXPLAINED)
        or (row["severity"] == "WARN" and row["id"] not in UNSEEN)
    ] == []


CIPHERS = {
    ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
    ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    ("TLSv1.2", "ECDHE-{}-AES128-GCM-SHA256"),
    ("TLSv1.2", "ECDHE-{}-AES256-GCM-SHA384"),
    ("TLSv1.2", "ECDHE-{}-CHACHA20-POLY1305"),
}


@needs("sslscan")
@needs_openssl
@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_sslscan(https, tmp_path, kind):  # noqa: F811
    """By certificates of each kind: no more than what there is to be."""
    file = make_certificate(tmp_path, "a", "DNS:localhost", kind=kind)
    server = https(f"--cert={file}")
    said = run("sslscan", "--xml=-", f"localhost:{server.address[1]}").stdout
    scan = xml.etree.ElementTree.fromstring(said).find("ssltest")
    versions = {
        row.get("type") + row.get("version")
        for row in scan.iter("protocol")
        if row.get("enabled") != "0"
    }
    assert versions == {"tls1.2", "tls1.3"}
    algorithm = {"EC": "ECDSA", "RSA": "RSA"}[kind]
    assert {
        (row.get("sslversion"), row.get("cipher"))
        for row in scan.iter("cipher")
    } == {(version, name.format(algorithm)) for version, name in CIPHERS}
    assert {row.get("strength") for row in scan.iter("cipher")} <= {
        *("strong", "acceptable")
    }
    assert scan.find("renegotiation").attrib["supported"] == "0"
    assert [row.get("vulnerable") for row in scan.iter("heartbleed")] == [
        *("0", "0")
    ]
    # a build of it that can't look at it has no such row
    assert all(row.get("supported") == "0" for row in scan.iter("compression"))
