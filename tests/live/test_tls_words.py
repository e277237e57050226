"""What a handshake meets on purpose, by the name asked for or by the address."""

import ssl
import time

import pytest
from secured import client_context
from server import SANITIZERS
from shaken import DATA, GONE, HANDSHAKE, TLS_ADDRESS, Tapped, alert
from shaken import await_bytes
from shaken import believed  # noqa: F401
from shaken import hello, https, needs_tls, plain, read_raw  # noqa: F401
from shaken import session_of, shake, take_records, wrapped
from wire import request
from worded import HELLO

pytestmark = needs_tls
QUIET = 0.2  # seconds in which what would come at once would have come

# How a client is told of it that verifies: X509_V_ERR_...
LIES = {
    "expired": 10,  # CERT_HAS_EXPIRED
    "not-yet": 9,  # CERT_NOT_YET_VALID
    "wrong-name": 62,  # HOSTNAME_MISMATCH
    "self-signed": 18,  # DEPTH_ZERO_SELF_SIGNED_CERT
    "unknown-ca": 20,  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY
}

by_both = pytest.mark.parametrize("by", ["name", "address"])


@pytest.fixture
def worded(https):
    """A server, and the name by which it has to be asked, to meet the words."""

    def start(words, by, *options):
        if by == "name":
            return https("-w", "1", *options), f"{words}.localhost"
        return https("-w", "1", *options, words=words), "localhost"

    return start


def greeted(server, name):
    """A client in clear that has sent its ClientHello."""
    client = plain(server)
    client.send(hello(name))
    return client


# Those that wait


@by_both
def test_sleep(worded, by):
    """Not before its time; the handshake is whole then."""
    server, name = worded("sleep-250ms", by)
    began = time.monotonic()
    client = shake(server, name)
    assert time.monotonic() - began >= 0.25
    assert client.ask("/").body == HELLO


@by_both
def test_sleep_keeps_nobody_waiting(serve, by):
    """One that sleeps for long, while another one is served."""
    words = ",handshake=sleep-1m" if by == "address" else ""
    server = serve("-w", "1", listen=[TLS_ADDRESS + words, TLS_ADDRESS])
    name = "localhost" if words else "sleep-1m.localhost"
    sleepers = [greeted(server, name) for _ in range(50)]
    assert shake(server, which=1).ask("/").body == HELLO
    assert all(sleeper.is_silent(QUIET / 50) for sleeper in sleepers)


def test_sleepers_that_wake_together_all_go_on(https):
    """More of them than may sign in a round of the loop."""
    server = https("-w", "1")
    sleepers = [greeted(server, "sleep-300ms.localhost") for _ in range(20)]
    assert shake(server).ask("/").body == HELLO  # all are asleep by now
    server.freeze()
    time.sleep(0.4)
    server.thaw()
    for sleeper in sleepers:
        assert await_bytes(sleeper, 1)[0] == HANDSHAKE


def test_sleeper_that_says_more_sleeps_on(https):
    server = https("-w", "1")
    client = greeted(server, "sleep-400ms.localhost")
    began = time.monotonic()
    client.send(b"\x16\x03\x03")  # the beginning of a record
    assert client.read_some()[0] == HANDSHAKE
    assert time.monotonic() - began >= 0.35


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("word", ["sleep-1m", "stall"])
def test_who_leaves_is_forgotten(https, word, leave):
    server = https("-w", "1")
    sockets = server.descriptors("socket:")
    clients = [greeted(server, f"{word}.localhost") for _ in range(20)]
    server.await_descriptors(sockets + 20)
    for client in clients:
        getattr(client, leave)()
    server.eventually(
        lambda: server.descriptors("socket:") == sockets, "their end"
    )


@by_both
def test_stall(worded, by):
    """For longer than a handshake may take; a stop does not wait for it."""
    server, name = worded("stall", by, "--handshake-timeout=100ms")
    client = greeted(server, name)
    assert client.is_silent(5 * QUIET)
    server.stop()
    data, _ = read_raw(client)
    assert data == b""
    server.join()


# Those that end


@by_both
@pytest.mark.parametrize("word, end", [("reset", "RST"), ("close", "FIN")])
@pytest.mark.parametrize("before", ["", "sleep-60ms."])
def test_end_in_the_place_of_a_hello(worded, word, end, before, by):
    server, name = worded(before + word, by)
    began = time.monotonic()
    assert read_raw(greeted(server, name)) == (b"", end)
    assert time.monotonic() - began >= 0.06 * bool(before)


@by_both
@pytest.mark.parametrize("number", [0, 40, 80, 255])
def test_alert(worded, number, by):
    """A warning where it is no fault: close_notify (RFC 8446 6)."""
    server, name = worded(f"alert-{number}", by)
    wanted = alert(number, level=2 if number else 1)
    client = greeted(server, name)
    client.send(b"more")  # unread, it would make a reset that destroys it
    assert read_raw(client) == (wanted, "FIN")


def test_client_is_told_of_an_alert(https):
    with pytest.raises(ssl.SSLError) as raised:
        shake(https("-w", "1"), "alert-40.localhost")
    assert raised.value.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"


# Certificates that are wrong


@by_both
@pytest.mark.parametrize("word", LIES)
def test_lie(believed, word, by):
    """The only fault of a certificate is the one that is asked for."""
    name = f"{word}.localhost" if by == "name" else "localhost"
    how = {"words": word} if by == "address" else {}
    server, context = believed("-w", "1", **how)
    for _ in range(2):  # made, and kept
        with pytest.raises(ssl.SSLCertVerificationError) as raised:
            shake(server, name, context=context)
        assert raised.value.verify_code == LIES[word]
    # whoever looks at nothing is served
    assert shake(server, name).ask("/").body == HELLO


@pytest.mark.parametrize("word", LIES)
def test_lie_has_no_other_fault(believed, word):
    """Seen by a client that overlooks just this one."""
    server, context = believed("-w", "1")
    name = f"{word}.localhost"
    client = shake(server, name)
    certificate = ssl.DER_cert_to_PEM_cert(client.socket.tls.getpeercert(True))
    if word == "wrong-name":
        context.check_hostname = False
    elif word == "self-signed":
        context.load_verify_locations(cadata=certificate)
    else:
        return
    assert shake(server, name, context=context).ask("/").body == HELLO


# Those that change what follows


@by_both
def test_tls12(worded, by):
    server, name = worded("tls12", by)
    client = shake(server, name)
    assert client.socket.tls.version() == "TLSv1.2"
    assert client.ask("/").body == HELLO
    modern = client_context()
    modern.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(ssl.SSLError) as raised:
        shake(server, name, context=modern)
    assert raised.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"


def test_newest_version_is_taken(https):
    server = https("-w", "1")
    assert shake(server).socket.tls.version() == "TLSv1.3"


@by_both
@pytest.mark.parametrize("version", ["", "tls12."])
def test_no_close_notify(worded, version, by):
    server, name = worded(version + "no-close-notify", by)
    client = shake(server, name)
    client.send(request("/", "Connection: close"))
    assert client.read_response().body == HELLO
    assert client.read_to_end() == (b"", "FIN")
    assert client.is_whole() is False


@by_both
@pytest.mark.parametrize("size", [1, 7, 16384])
def test_records(worded, size, by):
    """Each record of data has so many bytes; the last one, the rest."""
    server, name = worded(f"records-{size}", by)
    client = wrapped(server, Tapped, name=name)
    client.ask("/")  # behind it no ticket comes any more
    client.socket.wire.clear()
    response = client.ask("/sleep/0?size=40k")
    assert len(response.body) == 40 << 10
    records, rest = take_records(client.socket.wire)
    # content, its type, and what proves it
    sizes = [len(data) - 1 - 16 for kind, data in records if kind == DATA]
    assert rest == b"" and len(sizes) == len(records)
    assert sum(sizes) == response.size and max(sizes) <= size
    if size < 100:
        # of two buffers, each may end by a shorter record
        assert sizes.count(size) >= len(sizes) - 4


@by_both
def test_ticket_never(worded, by):
    server, name = worded("ticket-never", by)
    for most in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
        context = client_context(most=most)
        client = shake(server, name, context=context)
        client.ask("/")
        assert not client.socket.tls.session.has_ticket


def test_ticket_of_another_name_is_not_taken(https):
    """Nor where the server takes none."""
    server = https("-w", "1")
    session = session_of(server)
    for name in "ticket-never.localhost", "a.localhost":
        client = shake(server, name, **session)
        assert not client.socket.tls.session_reused
        assert client.ask("/").body == HELLO


# Words among others


def test_words_are_told_of(https):
    listed = shake(https("-w", "1")).ask("/sleep?help").body.decode()
    for word in [*LIES, "sleep-TIME", "stall", "reset", "close", "alert-N",
                 "tls12", "no-close-notify", "records-N", "ticket-never"]:  # fmt: skip
        assert f"  {word} " in listed


@pytest.mark.parametrize("name", [
    "sleep-1.2.3.localhost", "sleep-.localhost", "sleep-11m.localhost",
    "alert-256.localhost", "records-0.localhost", "stalled.localhost",
    "records-16385.localhost", "www.stall.localhost", "stall",
])  # fmt: skip
def test_what_is_no_word_does_nothing(https, name):
    client = shake(https("-w", "1"), name)
    assert client.ask("/").body == HELLO


@pytest.mark.parametrize("name", ["STALL.localhost", "sleep-60ms.Stall.x"])
def test_case_does_not_matter(https, name):
    assert greeted(https("-w", "1"), name).is_silent(QUIET)


@pytest.mark.parametrize(
    "word", ["stall", "reset", "alert-40", "tls12", "expired"]
)
def test_no_sleep_takes_them_away(believed, word):
    server, context = believed("-w", "1", "--no-sleep")
    client = shake(server, f"{word}.localhost", context=context)
    assert client.socket.tls.version() == "TLSv1.3"
    assert client.ask("/").body == HELLO
    assert client.ask("/sleep?help").status == 404


@pytest.mark.skipif(bool(SANITIZERS), reason="a sanitizer's own memory")
def test_handshakes_that_end_early_take_no_memory_along(https):
    """Of those behind the first 1500, less than 100 bytes for each."""
    server = https("-w", "1")
    sockets = server.descriptors("socket:")
    sizes = []
    for _ in range(30):
        for word in "reset", "close", "alert-40", "expired":
            for client in [greeted(server, word + ".x") for _ in range(25)]:
                try:
                    client.read_to_end() if word != "expired" else None
                except GONE:
                    pass
                client.close()
        server.eventually(
            lambda: server.descriptors("socket:") == sockets, "their end"
        )
        sizes.append(server.memory())
    assert sizes[-1] - sizes[14] < 100 * 1500
