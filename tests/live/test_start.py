"""Starting: what is said, what is refused, and with which exit status."""

import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess

import pytest
from server import HTDOCS, PROGRAM, SOURCE, assert_refused, eventually
from server import needs_strace, obey_modes, run, without_capabilities
from shaken import NOT_BUILT
from wire import Client

HELLO = (HTDOCS / "hello.html").read_bytes()
CAP_NET_BIND_SERVICE = 10
OPTIONS = """
    listen freebind take-over workers backlog max-conns max-sleepers
    header-timeout body-timeout idle-timeout write-timeout max-sleep max-body
    drain-timeout index error-page log log-file user chroot sandbox quiet verbose
    check version help rule rules seed max-size pid-file
""".split()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback")


# The service manager's unit


def test_unit_is_whole():
    """What the build knows has taken the place of each @name@."""
    unit = pathlib.Path(PROGRAM).parent / "systemd" / "mtasync.service"
    if not unit.exists():
        pytest.skip("a program that is not where it was built")
    text = unit.read_text()
    assert not re.search(r"@\w+@", text)
    assert re.search(r"^ExecStart=/\S+/mtasync$", text, re.M)
    assert re.search(r"^Type=(notify|exec)$", text, re.M)


def setting(text, name):
    """A unit's setting, and the section that it is in."""
    section = None
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        if line.startswith(f"{name}="):
            return section, line.partition("=")[2]
    return None


def test_unit_is_started_again_without_an_end():
    """An address may be there only a while after boot."""
    text = (SOURCE / "systemd" / "mtasync.service.in").read_text()
    assert setting(text, "StartLimitIntervalSec") == ("[Unit]", "0")
    assert setting(text, "Restart") == ("[Service]", "on-failure")
    assert setting(text, "RestartSec") == ("[Service]", "1")


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is missing"
)
def test_units_as_systemd_reads_them(tmp_path):
    names = {"@bindir@/mtasync": PROGRAM, "@type@": "notify"}
    text = (SOURCE / "systemd" / "mtasync.service.in").read_text()
    for name, value in names.items():
        text = text.replace(name, value)
    (tmp_path / "mtasync.service").write_text(text)
    shutil.copy(SOURCE / "systemd" / "mtasync.socket", tmp_path)
    units = [tmp_path / f"mtasync.{kind}" for kind in ("service", "socket")]
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0 and said.stderr == ""


# What is said


def test_start_line_says_what_where_and_how_many(serve, root):
    server = serve("-w", "3", root=root)
    assert server.stdout == server.start_line
    assert str(root) in server.start_line
    assert re.search(r"\b3 workers\b", server.start_line)
    assert server.addresses[0][1] > 0


def test_workers_are_threads(serve):
    server = serve("--workers=3")
    assert len(os.listdir(f"/proc/{server.pid}/task")) >= 1 + 3


def test_workers_default_to_the_affinity_mask(serve):
    cpu = min(os.sched_getaffinity(0))
    server = serve(preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    assert re.search(r"\b1 worker\b", server.start_line)


def test_summary_line(serve):
    server = serve()
    client = server.connect()
    for _ in range(7):
        assert client.ask().status == 200
    client.close()
    server.signal(signal.SIGTERM)
    server.join()
    start, summary = server.stdout.splitlines()
    assert re.search(r"\b7\b", summary)
    assert "served" in summary and "cut" in summary
    assert server.stderr == ""


def test_quiet_says_nothing():
    """On an address of its own, so that the free port stays free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        address = probe.getsockname()

    def answers():
        try:
            with Client(address) as client:
                return client.ask().status == 200
        except ConnectionRefusedError:
            return False

    listen = f"{address[0]}:{address[1]}"
    with subprocess.Popen(
        [PROGRAM, "-q", "-l", listen, HTDOCS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            eventually(answers, "the server")
            process.terminate()
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert output == b""


def test_verbose_tells_of_faults_of_peers(serve):
    """On stderr, and only with -v."""
    loud, still = serve("-v"), serve()
    for server in loud, still:
        client = server.connect()
        client.send(b"GET\r\n\r\n")
        assert client.read_response().status == 400
        client.read_eof()
        server.signal(signal.SIGTERM)
        server.join()
    assert loud.stderr.startswith("mtasync: ")
    assert still.stderr == ""


def test_help_lists_every_option():
    result = run("--help")
    assert result.returncode == 0 and result.stderr == ""
    for name in OPTIONS:
        assert f"--{name}" in result.stdout, name
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_tells_the_defaults():
    text = run("--help").stdout
    for default in "7878", "10m", "10s", "30s", "hello.html", "404.html":
        assert default in text, default


def test_readme_shows_the_help_as_it_is():
    shown = (SOURCE / "README.md").read_text()
    assert f"$ ./mtasync --help\n{run('--help').stdout}```" in shown


def test_version_names_libevent_and_backend():
    result = run("--version")
    assert result.returncode == 0 and result.stderr == ""
    assert re.match(r"mtasync \d+\.\d+", result.stdout)
    assert re.search(r"libevent 2\.\d+\.\d+", result.stdout)
    assert "epoll" in result.stdout


def test_version_names_openssl():
    """The one that it runs with, and the one that it was built with; or none."""
    line = run("--version").stdout.splitlines()[2]
    if NOT_BUILT:
        assert line == "OpenSSL none"
    else:
        version = r"[3-9]\.\d+\.\d+\S*"
        told = rf"OpenSSL {version} \(built with {version}\)"
        assert re.fullmatch(told, line)


# What is served, and where


@pytest.mark.parametrize(
    "option", ["--help", "--version", "--check", "--plan=1,1"]
)
def test_output_that_cannot_be_written(option):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [PROGRAM, option, "-l", "0", HTDOCS],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert result.returncode == 1
    assert re.fullmatch(r"mtasync: [^\n]+\n", result.stderr), result.stderr


def test_default_root_is_htdocs_here(serve, root):
    root.rename(root.parent / "htdocs")
    server = serve(root=None, cwd=root.parent)
    assert server.connect().ask().body == b"<p>hello</p>\n"


def test_root_argument(serve, root):
    assert serve(root=root).connect().ask().body == b"<p>hello</p>\n"


def test_options_after_the_root(serve, root):
    """`mtasync ROOT -w 2` means the same as `mtasync -w 2 ROOT`."""
    server = serve(str(root), "-w", "2", root=None)
    assert server.connect().ask().body == b"<p>hello</p>\n"


def test_port_alone_is_on_the_ipv4_loopback(serve):
    server = serve(listen=["0"])
    assert server.addresses[0][0] == "127.0.0.1"
    assert server.connect().ask().status == 200


def test_several_listeners(serve):
    server = serve(listen=["127.0.0.1:0", "127.0.0.1:0", "127.0.0.3:0"])
    assert len(set(server.addresses)) == 3
    for which in range(3):
        assert server.connect(which).ask().body == HELLO


@needs_ipv6
def test_ipv6(serve):
    server = serve(listen=["[::1]:0"])
    assert server.addresses[0][0] == "::1"
    assert server.connect().ask().body == HELLO


@needs_ipv6
def test_ipv6_leaves_ipv4_alone(serve):
    """A V6ONLY socket gets the port that an IPv4 socket holds."""
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        serve(listen=[f"[::]:{other.getsockname()[1]}"])


def test_descriptor_limit_is_raised_to_the_hard_one(serve):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, 512))

    server = serve(preexec_fn=limit)
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    assert limits == (512, 512)


def test_descriptors_have_room_from_the_start(serve):
    """Where threads share their table, all of them wait while it grows."""

    def size(conns):
        server = serve("--max-conns", conns)
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        return int(re.search(r"^FDSize:\s+(\d+)", status, re.M)[1])

    assert size(3000) >= 3000
    assert size(100) < 3000


@pytest.mark.parametrize("options", [["-w", "20"], []])
def test_descriptor_limit_is_raised_before_all_is_bound(options):
    """More sockets than the soft limit allows, on one worker a CPU or 20."""

    def limit():
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, hard))

    listen = 16 * ["-l", "127.0.0.1:0"]
    result = run("--check", *options, *listen, HTDOCS, preexec_fn=limit)
    assert result.returncode == 0, result
    assert result.stderr == ""


def test_more_sockets_than_descriptors():
    """What can be done about it is told, which is no other address."""

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

    listen = 4 * ["-l", "127.0.0.1:0"]
    result = run("--check", "-w", "20", *listen, HTDOCS, preexec_fn=limit)
    assert_refused(result, 1, "127.0.0.1", "ulimit -Hn")


# Signals that come while it starts wait until it serves


def sent_at_start(number, tmp_path, path="/dev/null"):
    """strace(1), which sends it when this file is opened; or at first."""
    name = signal.Signals(number).name
    trace = ["strace", "-D", "-f", "-o", tmp_path / "trace", "-P", path]
    return [*trace, "-e", f"inject=?open,openat:signal={name}:when=1"]


@needs_strace
def test_reload_is_asked_for_while_it_starts(serve, tmp_path):
    server = serve(wrapper=sent_at_start(signal.SIGHUP, tmp_path))
    eventually(lambda: "reloaded" in server.stdout, "the reload")
    assert server.connect().ask().status == 200


@needs_strace
def test_new_log_is_asked_for_while_it_starts(serve, tmp_path):
    server = serve(wrapper=sent_at_start(signal.SIGUSR1, tmp_path))
    assert server.connect().ask().status == 200


@needs_strace
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_is_asked_for_while_it_starts(number, tmp_path):
    """It drains at once: whoever waits for its start line gets it."""
    wrapper = sent_at_start(number, tmp_path, HTDOCS)
    result = run("-l", "127.0.0.1:0", HTDOCS, wrapper=wrapper)
    assert result.returncode == 0, result
    start, summary = result.stdout.splitlines()
    assert ": serving " in start and ": served 0 " in summary
    assert result.stderr == ""


@needs_strace
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_is_asked_for_before_anything_is_open(number, tmp_path):
    """It ends before it looks any name up, which may take long."""
    wrapper = sent_at_start(number, tmp_path)
    result = run("-l", "127.0.0.1:0", HTDOCS, wrapper=wrapper)
    assert result.returncode == 0, result
    assert result.stdout == result.stderr == ""


def test_closed_standard_descriptors_are_not_reused(serve):
    """Or a message would be written to whoever gets the number."""

    def close():
        os.close(0)
        os.close(2)

    server = serve("-v", preexec_fn=close)
    for number in (0, 2):
        assert os.readlink(f"/proc/{server.pid}/fd/{number}") == "/dev/null"


# What cannot start: status 1


def test_port_taken_by_another_program():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        listen = "127.0.0.1:%d" % other.getsockname()[1]
        assert_refused(run("-l", listen, HTDOCS), 1, listen)


def test_port_taken_by_another_program_that_shares():
    """SO_REUSEPORT of the same user must not let us in beside it."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        listen = "127.0.0.1:%d" % other.getsockname()[1]
        assert_refused(run("-l", listen, HTDOCS), 1, listen)


@pytest.mark.parametrize("log", ["off", "combined"])
def test_port_taken_by_another_mtasync(serve, log):
    server = serve()
    listen = "127.0.0.1:%d" % server.addresses[0][1]
    assert_refused(run("-l", listen, f"--log={log}", HTDOCS), 1, listen)
    assert server.connect().ask().status == 200


def test_port_is_free_again_at_once(serve):
    """Connections in TIME_WAIT do not hold up the next start."""
    server = serve()
    client = server.connect()
    client.ask("/", "Connection: close")
    client.read_eof()
    server.signal(signal.SIGTERM)
    server.join()
    serve(listen=["127.0.0.1:%d" % server.addresses[0][1]])


def test_one_of_several_listeners_taken(serve):
    taken = "127.0.0.1:%d" % serve().addresses[0][1]
    assert_refused(run("-l", "127.0.0.1:0", "-l", taken, HTDOCS), 1, taken)


def test_address_of_another_machine():
    listen = "192.0.2.1:8080"
    assert_refused(run("-l", listen, HTDOCS), 1, listen)


def test_port_without_permission():
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as setting:
        if int(setting.read()) <= 80:
            pytest.skip("this system lets everybody have port 80")
    drop = without_capabilities(CAP_NET_BIND_SERVICE)
    result = run("-l", "127.0.0.1:80", HTDOCS, preexec_fn=drop)
    assert_refused(result, 1, "127.0.0.1:80")


def test_root_missing(tmp_path):
    missing = tmp_path / "missing"
    assert_refused(run("-l", "127.0.0.1:0", missing), 1, missing)


def test_root_is_a_file():
    page = HTDOCS / "hello.html"
    assert_refused(run("-l", "127.0.0.1:0", page), 1, page)


def test_root_without_permission(root):
    root.chmod(0)
    result = run("-l", "127.0.0.1:0", root, preexec_fn=obey_modes)
    root.chmod(0o700)
    assert_refused(result, 1, root)


def test_log_file_that_cannot_be_opened(tmp_path):
    path = tmp_path / "missing" / "access.log"
    result = run(
        "-l", "127.0.0.1:0", "--log=combined", f"--log-file={path}", HTDOCS
    )
    assert_refused(result, 1, path)


# Bad usage: status 2

BAD_VALUES = """
    --workers=0 --workers=-1 --workers=1000000 --workers=abc --workers=2x
    --workers= --listen=70000 --listen=127.0.0.1:70000 --listen=127.0.0.1:
    --listen=-1 --listen=[::1 --listen=[::1]x80 --listen=
    --backlog=abc --backlog=-1 --max-conns=0 --max-conns=many
    --max-sleepers=0
    --header-timeout=abc --body-timeout=-1 --idle-timeout=5parsecs
    --write-timeout= --max-sleep=1e3 --drain-timeout=1.
    --max-sleep=99999999999999999999 --max-body=abc --max-body=-1
    --max-size=abc --max-size=-1 --seed=abc --seed=-1 --rule=x --rules=
    --log=fancy --user= --user=:bin --user=daemon: --user=daemon:bin:sys
    --chroot= --sandbox=on --pid-file=
""".split()


@pytest.mark.parametrize("option", BAD_VALUES)
def test_bad_option_value(option):
    """The line names the option and the value that it got."""
    name, _, value = option.partition("=")
    result = run("-l", "127.0.0.1:0", option, HTDOCS)
    assert_refused(result, 2, name, value)


@pytest.mark.parametrize(
    "arguments, name",
    [
        (["--no-such-option"], "no-such-option"),
        (["-Z"], "Z"),
        (["--workers"], "workers"),
        (["-l"], "l"),
        ([HTDOCS, "another"], "another"),
    ],
    ids=["unknown", "unknown-letter", "no-value", "no-value-letter", "roots"],
)
def test_bad_usage(arguments, name):
    assert_refused(run(*arguments), 2, name)
