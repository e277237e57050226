"""
What a client sends that says nothing: alerts and empty records without an end,
and half a record where something else is waited for.
"""

import _ssl
import ctypes
import hashlib
import hmac
import re
import ssl
import struct
import time

import pytest
from secured import client_context
from shaken import ALERT, DATA, HANDSHAKE, await_bytes, https  # noqa: F401
from shaken import hello, needs_tls, plain, read_raw, shake, take_records
from wire import request
from worded import HELLO

pytestmark = needs_tls

COUNT = 100  # of what comes again and again
WARNING = b"\x01\x5a"  # user_canceled, which ends nothing (RFC 8446 6.1)
CLOSE_NOTIFY = b"\x01\x00"
LIMIT = 0.6  # seconds of the limit that a test is about
LIBCRYPTO = ctypes.CDLL(_ssl.__file__)  # what Python's ssl is linked with


def expand(secret, label, size):
    """HKDF-Expand-Label (RFC 8446 7.1), of no more than a hash."""
    label = b"tls13 " + label
    info = struct.pack(">HB", size, len(label)) + label + b"\0\1"
    return hmac.new(secret, info, hashlib.sha256).digest()[:size]


def seal(key, nonce, head, data):
    """By AES-128-GCM (RFC 8446 5.2)."""
    crypto, out = LIBCRYPTO, ctypes.create_string_buffer(len(data) + 16)
    for function in "EVP_CIPHER_CTX_new", "EVP_aes_128_gcm":
        getattr(crypto, function).restype = ctypes.c_void_p
    size = ctypes.c_int()
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    cipher = ctypes.c_void_p(crypto.EVP_aes_128_gcm())
    parts = (None, head), (out, data)
    ok = crypto.EVP_EncryptInit_ex(context, cipher, None, key, nonce)
    for into, part in parts:
        ok &= crypto.EVP_EncryptUpdate(
            context, into, ctypes.byref(size), part, len(part)
        )
    ok &= crypto.EVP_EncryptFinal_ex(context, None, ctypes.byref(size))
    tag = ctypes.byref(out, len(data))
    ok &= crypto.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag)  # ..._GET_TAG
    crypto.EVP_CIPHER_CTX_free(context)
    assert ok == 1
    return out.raw


class Sealer:
    """A client whose records may be of any type and content; of TLS 1.3."""

    def __init__(self, server, directory):
        context = client_context()
        context.keylog_filename = directory / "keys"
        self.client = shake(server, context=context)
        assert self.client.socket.tls.cipher()[0] == "TLS_AES_128_GCM_SHA256"
        keys = (directory / "keys").read_text()
        found = re.search(r"^CLIENT_TRAFFIC_SECRET_0 \S+ (\S+)$", keys, re.M)
        secret = bytes.fromhex(found[1])
        self.key = expand(secret, b"key", 16)
        self.iv = int.from_bytes(expand(secret, b"iv", 12), "big")
        self.count = 0

    def send(self, kind, data):
        head = struct.pack(">BHH", DATA, 0x303, len(data) + 1 + 16)
        nonce = (self.iv ^ self.count).to_bytes(12, "big")
        self.count += 1
        body = seal(self.key, nonce, head, data + bytes([kind]))
        self.client.socket.raw.sendall(head + body)


def test_records_of_our_own_are_understood(https, tmp_path):  # noqa: F811
    """Also behind some empty ones, and warnings."""
    sealer = Sealer(https("-w", "1"), tmp_path)
    for _ in range(3):
        sealer.send(ALERT, WARNING)
        sealer.send(DATA, b"")
    for number in range(2):
        sealer.send(DATA, request("/"))
        assert sealer.client.read_response().body == HELLO


@pytest.mark.parametrize(
    "kind, data",
    [(ALERT, WARNING), (ALERT, b""), (DATA, b""), (HANDSHAKE, b"")],
)
def test_flood_is_cut(https, tmp_path, kind, data):  # noqa: F811
    """By an alert, which comes though more is sent than is looked at."""
    server = https("-w", "1", "--idle-timeout=1m")
    sockets = server.descriptors("socket:")
    sealer = Sealer(server, tmp_path)
    for _ in range(COUNT):
        sealer.send(kind, data)
    with pytest.raises(ssl.SSLError) as raised:
        sealer.client.read_all()
    assert raised.value.reason == "SSLV3_ALERT_UNEXPECTED_MESSAGE"
    sealer.client.close()
    server.eventually(
        lambda: server.descriptors("socket:") == sockets, "its end"
    )


SEALED_ALERT = 2 + 1 + 16  # with its type, and what proves it


@pytest.mark.parametrize(
    "most, is_alert",
    [
        (ssl.TLSVersion.TLSv1_2, lambda kind, data: data == b"\x02\x0a"),
        (ssl.TLSVersion.TLSv1_3, lambda kind, data: len(data) == SEALED_ALERT),
    ],
)
@pytest.mark.parametrize("alerts", [COUNT * [WARNING], [CLOSE_NOTIFY]])
def test_alerts_end_a_handshake(https, most, is_alert, alerts):  # noqa: F811
    """
    Behind a ServerHello, where they may be in clear: a flood is answered by
    unexpected_message, and who says that it leaves, by a FIN.
    """
    server = https("-w", "1", "--handshake-timeout=1m")
    with plain(server) as client:
        client.send(hello(context=client_context(most=most)))
        before = await_bytes(client, 1)
        for alert in alerts:
            client.send(b"\x15\x03\x03\0\2" + alert)
        data, end = read_raw(client)
    records, rest = take_records(before + data)
    assert end == "FIN" and rest == b""
    assert is_alert(*records[-1]) == (len(alerts) > 1)


# Half a record


def half_record(client):
    client.socket.tls.write(500 * b"x")
    return client.socket._out.read()[:300]


def test_sleeper_sleeps_on(https):  # noqa: F811
    """And what is not whole then has as long as any request."""
    server = https("-w", "1", f"--idle-timeout={LIMIT}s")
    client = shake(server)
    client.send(request("/sleep/1s"))
    begin = time.monotonic()
    client.socket.raw.sendall(half_record(client))
    assert client.read_response().body == HELLO
    slept = time.monotonic()
    assert slept - begin >= 1
    client.read_eof()
    assert client.is_whole()
    assert time.monotonic() - slept >= LIMIT - 0.1


@pytest.mark.parametrize("asked", [False, True])
def test_stop_does_not_wait_for_it(https, asked):  # noqa: F811
    """Neither of one who is idle, nor behind an answer that says close."""
    server = https("-w", "1", "--idle-timeout=1m", "--drain-timeout=1m")
    client = shake(server)
    client.ask("/")
    if asked:
        client.send(request("/sleep/500ms"))
    client.socket.raw.sendall(half_record(client))
    server.await_sleep()
    server.stop()
    if asked:
        assert client.read_response().body == HELLO
    client.read_eof()
    assert client.is_whole()
    server.join()
