"""Certificates: which is shown, which are refused, and how they are read anew."""

import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile

import pytest
from secured import client_context
from server import HTDOCS, assert_refused, run
from shaken import TLS_ADDRESS, believed, der, https  # noqa: F401
from shaken import make_certificate, needs_openssl, needs_tls
from shaken import plain, shake, shown
from test_privileges import USER, needs_chroot, needs_root
from test_privileges import open_root  # noqa: F401
from wire import PATIENCE
from worded import HELLO

pytestmark = [needs_tls, needs_openssl]


def reload(server, text="mtasync: reloaded"):
    """And waits for what it says of that, which it returns."""
    before = len(server.stdout), len(server.stderr)

    def said():
        return server.stdout[before[0] :] + server.stderr[before[1] :]

    server.reload()
    server.eventually(lambda: text in said(), f"the line {text}")
    return said()


# Our own


@pytest.mark.parametrize("name", [
    "localhost", "a.localhost", "a.b.localhost", "127.0.0.1", "example.com"
])  # fmt: skip
def test_own_certificate_is_believed(believed, name):
    """By whoever knows the CA, for any name."""
    server, context = believed("-w", "1")
    assert shake(server, name, context=context).ask("/").body == HELLO


def test_own_certificate_is_believed_after_a_reload(believed):
    server, context = believed("-w", "1")
    reload(server)
    assert shake(server, "a.localhost", context=context).ask("/").body == HELLO


def test_ca_of_another_server_is_not_believed(believed, https):
    _, context = believed("-w", "1")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(https("-w", "1"), context=context)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is missing")
def test_curl_believes_it(https, tmp_path):
    server = https("-w", "1", f"--write-ca={tmp_path / 'ca'}")
    url = "https://localhost:{}/".format(server.address[1])
    got = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--cacert", tmp_path / "ca", url],
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (got.stdout, got.stderr) == (HELLO, b"")


def test_ca_that_can_not_be_written(tmp_path):
    where = tmp_path / "nowhere" / "ca"
    result = run(f"--write-ca={where}", "-l", TLS_ADDRESS, HTDOCS)
    assert_refused(result, 1, where, "No such file")


# From files


@pytest.fixture
def two(tmp_path):
    """The certificates of two names, the second of a wildcard, too."""
    return [
        make_certificate(tmp_path, "a", "DNS:a.test"),
        make_certificate(tmp_path, "b", "DNS:b.test", "DNS:*.b.test"),
    ]


def test_name_tells_which_is_shown(https, two):
    first, second = two
    server = https("-w", "1", *[f"--cert={file}" for file in two])
    for name, file in [
        ("a.test", first), ("www.a.test", first), ("b.test", second),
        ("B.TEST", second), ("www.b.test", second), ("c.test", first),
        ("1.www.b.test", first), ("WWW.B.Test", second),
        ("127.0.0.1", first), (None, first),
    ]:  # fmt: skip
        client = shake(server, name)
        assert shown(client) == der(file), name
        assert client.ask("/").body == HELLO


def test_words_have_the_certificate_behind_them(https, two):
    server = https("-w", "1", *[f"--cert={file}" for file in two])
    client = shake(server, "tls12.b.test")
    assert client.socket.tls.version() == "TLSv1.2"
    assert shown(client) == der(two[1])


def test_key_in_a_file_of_its_own(https, tmp_path):
    file = make_certificate(tmp_path, "a", "DNS:a.test")
    alone = tmp_path / "alone"
    alone.write_text(file.read_text().partition("-----BEGIN PRIVATE")[0])
    server = https("-w", "1", f"--cert={alone},{file}.key")
    assert shown(shake(server)) == der(file)


def test_two_kinds_of_one_name(https, tmp_path):
    """Each client gets the one that it can use; without a warning."""
    made = {
        kind: make_certificate(tmp_path, kind, "DNS:a.test", kind=kind)
        for kind in ("RSA", "EC")
    }
    server = https("-w", "1", *[f"--cert={file}" for file in made.values()])
    for ciphers, kind in [
        ("ECDHE+aRSA", "RSA"),
        ("ECDHE+ECDSA", "EC"),
        ("ECDHE", "EC"),
    ]:
        context = client_context(most=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(ciphers)
        client = shake(server, "a.test", context=context)
        assert shown(client) == der(made[kind])
        assert client.ask("/").body == HELLO
    assert shown(shake(server, "a.test")) == der(made["EC"])
    assert server.stderr == ""


def test_rsa_alone_is_warned_of(https, tmp_path):
    file = make_certificate(tmp_path, "a", "DNS:a.test", kind="RSA")
    server = https("-w", "1", f"--cert={file}")
    assert shown(shake(server)) == der(file)
    server.await_output(f"{file}: the certificate of a.test has an RSA key")


@pytest.mark.parametrize("days, warned", [(5, True), (13, True), (15, False)])
def test_end_that_is_near_is_warned_of(https, tmp_path, days, warned):
    file = make_certificate(tmp_path, "a", "DNS:a.test", days=days)
    server = https("-w", "1", f"--cert={file}")
    line = f"mtasync: {file}: the certificate of a.test ends on 2"
    if warned:  # another thread writes it
        server.eventually(lambda: line in server.stderr, "the warning")
    assert (line in server.stderr) == warned
    assert "error" not in server.start_line
    assert shake(server, "a.test").ask("/").body == HELLO


def test_end_that_has_been_is_in_the_start_line(https, tmp_path):
    """As an error; also in that of a reload, until it is mended."""
    file = make_certificate(tmp_path, "a", "DNS:a.test", days=-1)
    said = (
        rf"{file}: the certificate of a\.test has ended on \d{{4}}-\d\d-\d\d"
    )
    server = https("-w", "1", f"--cert={file}")
    assert re.search(rf"; error: {said}$", server.start_line)
    assert re.fullmatch(rf"mtasync: {said}\n", server.stderr)
    assert shake(server, "a.test").ask("/").body == HELLO
    assert re.search(rf"mtasync: reloaded.*; error: {said}\n", reload(server))
    make_certificate(tmp_path, "a", "DNS:a.test")
    assert "error" not in reload(server)


# Faulty ones


def break_key(file):
    """The key is of another one."""
    other = make_certificate(file.parent, "other", "DNS:a.test")
    key = "-----BEGIN PRIVATE"
    start = file.read_text().partition(key)[0]
    file.write_text(start + key + other.read_text().partition(key)[2])


FAULTS = {
    "missing": lambda file: file.unlink(),
    "empty": lambda file: file.write_text(""),
    "garbage": lambda file: file.write_bytes(os.urandom(5000)),
    "another's key": break_key,
    "no key": lambda file: file.write_text(
        file.read_text().partition("-----BEGIN PRIVATE")[0]
    ),
    "no certificate": lambda file: file.write_bytes(
        file.with_name(file.name + ".key").read_bytes()
    ),
    "directory": lambda file: (file.unlink(), file.mkdir()),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:300]),
}


@pytest.mark.parametrize("check", [[], ["--check"]])
@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_file_is_refused(tmp_path, fault, check):
    file = make_certificate(tmp_path, "a", "DNS:a.test")
    FAULTS[fault](file)
    result = run(f"--cert={file}", *check, "-l", TLS_ADDRESS, HTDOCS)
    assert_refused(result, 1, file)


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_key_file_is_refused(tmp_path, fault):
    file = make_certificate(tmp_path, "a", "DNS:a.test")
    key = tmp_path / "key"
    shutil.copy(file, key)
    shutil.copy(f"{file}.key", tmp_path / "key.key")
    if fault == "no certificate":
        return  # that is as a key should be
    FAULTS[fault](key)
    result = run(f"--cert={file},{key}", "-l", TLS_ADDRESS, HTDOCS)
    assert_refused(result, 1, key)


@pytest.mark.parametrize("size", [0, 31])
def test_short_secret_is_refused(tmp_path, size):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(size))
    result = run(f"--ticket-secret={secret}", "-l", TLS_ADDRESS, HTDOCS)
    assert_refused(result, 1, secret)


def test_good_files_pass_a_check(two):
    result = run("--check", f"--cert={two[0]}", "-l", TLS_ADDRESS, HTDOCS)
    assert result.returncode == 0 and result.stderr == ""


# Reloads


def test_reload_shows_another_one(https, two):
    """To those who come then; the others go on."""
    file, other = two
    server = https("-w", "2", f"--cert={file}")
    before = der(file)
    old = [shake(server) for _ in range(8)]
    shutil.copy(other, file)
    reload(server)
    for client in old:
        assert client.ask("/").body == HELLO
        assert shown(client) == before
    for _ in range(16):
        client = shake(server)
        assert shown(client) == der(other)
        assert client.ask("/").body == HELLO


@pytest.mark.parametrize("fault", FAULTS)
def test_reload_of_a_faulty_one_changes_nothing(https, two, fault):
    file, other = two
    before = der(file)
    server = https("-w", "2", f"--cert={file}", f"--cert={other}")
    old = shake(server)
    FAULTS[fault](file)
    said = reload(server, "not reloaded")
    assert re.search(rf"^mtasync: {file}: \w[^\n]+\n", said)  # and the reason
    assert old.ask("/").body == HELLO
    for _ in range(8):
        client = shake(server)
        assert shown(client) == before
        assert client.ask("/").body == HELLO
    assert "mtasync: reloaded" not in server.stdout


def test_faulty_one_can_be_mended(https, two):
    file, other = two
    server = https("-w", "1", f"--cert={file}")
    file.write_text("")
    reload(server, "not reloaded")
    shutil.copy(other, file)
    reload(server)
    assert shown(shake(server)) == der(other)


# Whoever may read them


@pytest.fixture
def open_directory():
    """To which everybody finds the way, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield pathlib.Path(directory)


@needs_root
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_key_is_read_before_root_is_given_up(
    https, open_root, open_directory, mode
):
    """A reload needs to be allowed to read it, else it changes nothing."""
    file = make_certificate(open_directory, "a", "DNS:a.test")
    os.chmod(file, mode)
    before = der(file)
    server = https(
        "-w", "1", f"--user={USER}", f"--cert={file}", root=open_root
    )
    assert shown(shake(server)) == before
    make_certificate(open_directory, "a", "DNS:a.test")
    os.chmod(file, mode)
    if mode == 0o644:
        reload(server)
    else:
        said = reload(server, "not reloaded")
        assert str(file) in said and "Permission denied" in said
    assert (shown(shake(server)) == before) == (mode == 0o600)


@needs_root
@needs_chroot
def test_files_are_looked_for_below_a_chroot(serve, open_directory):
    """Where else they were to be found after it."""
    shutil.copytree(HTDOCS, open_directory / "site")
    file = make_certificate(open_directory, "a", "DNS:a.test")
    (open_directory / "open").mkdir()
    os.chmod(open_directory / "open", 0o777)  # it is USER who writes there
    server = serve(
        *("-w", "1", f"--chroot={open_directory}", f"--user={USER}"),
        *("--cert=/a", "--write-ca=/open/ca"),
        root="/site",
        listen=[TLS_ADDRESS],
    )
    assert shown(shake(server)) == der(file)
    os.chmod(file, 0o644)
    reload(server)
    assert (open_directory / "open/ca").read_text().startswith("-----BEGIN")


# Addresses


def test_unix_socket(serve, tmp_path):
    server = serve("-w", "1", listen=[f"unix:{tmp_path / 's'},tls"])
    client = shake(server)
    assert client.ask("/").body == HELLO
    mode = serve("-w", "1", listen=[f"unix:{tmp_path / 't'},mode=0600,tls"])
    assert shake(mode).ask("/").body == HELLO
    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o600


def test_clear_and_tls_side_by_side(serve):
    server = serve("-w", "2", listen=["127.0.0.1:0", TLS_ADDRESS])
    for _ in range(4):
        assert plain(server, 0).ask("/").body == HELLO
        assert shake(server, which=1).ask("/").body == HELLO


def test_start_line_tells_of_https(https):
    server = https("-w", "1")
    host, port = server.address
    assert f" https://{host}:{port}/ " in server.start_line


@pytest.mark.parametrize("model", ["serial", "thread", "pool", "fork_join"])
def test_blocking_models_have_none(model):
    result = run(f"--model={model}", "-l", TLS_ADDRESS, HTDOCS)
    assert_refused(result, 2, "TLS", "--model=mtasync")


@pytest.mark.parametrize("behind", [
    "tls,handshake=", "tls,handshake=later", "tls,handshake=sleep-1d",
    "tls,handshake=sleep-11m", "tls,handshake=alert-256", "tls,hand", "tls,",
    "tlsx", "tls,handshake=stall,mode=0600", "tls,handshake=stall.",
    "tls,handshake=sleep-1.5s",
])  # fmt: skip
def test_what_else_is_behind_an_address_is_refused(behind):
    result = run("-l", f"127.0.0.1:0,{behind}", HTDOCS)
    assert_refused(result, 2, behind)


@pytest.mark.parametrize("option", ["cert", "write-ca", "ticket-secret"])
def test_said_in_vain(option):
    """Where nobody speaks TLS."""
    result = run(f"--{option}=/x", "-l", "127.0.0.1:0", HTDOCS)
    assert_refused(result, 2, f"--{option}", ",tls")


@pytest.mark.parametrize("options, said", [
    (["--no-sleep", "-l", f"{TLS_ADDRESS},handshake=stall"], "--no-sleep"),
    (["-l", f"{TLS_ADDRESS},handshake=stall", "--no-sleep"], "--no-sleep"),
    (["-l", TLS_ADDRESS, "--cert="], "--cert="),
    (["-l", TLS_ADDRESS, "--cert=,k"], "--cert=,k"),
    (["-l", TLS_ADDRESS, "--cert=c,"], "--cert=c,"),
    (["-l", TLS_ADDRESS, "--cert=c", "--write-ca=a", "--no-sleep"],
     "--write-ca"),
])  # fmt: skip
def test_what_has_no_sense_is_refused(options, said):
    assert_refused(run(*options, HTDOCS), 2, said)


def test_ca_is_written_to_no_fifo_that_nobody_reads(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    result = run("-l", TLS_ADDRESS, f"--write-ca={fifo}", HTDOCS)
    assert_refused(result, 1, f"--write-ca={fifo}")
