"""--watch-rules: what HUP reads again is read once it has changed."""

import contextlib
import os
import pathlib
import re
import shutil
import signal

import load
import pytest
from server import clear_only
from shaken import TLS_ADDRESS, der, make_certificate, needs_openssl
from shaken import needs_tls, shake, shown
from test_drain import STUCK, TERM, lets_in, needs_stuck_calls
from test_privileges import USER, needs_chroot, needs_root  # noqa: F401
from test_privileges import needs_sandbox, open_root  # noqa: F401
from test_rules import rules, status  # noqa: F401
from waiting import MODELS
from wire import request

LOOKS = "--watch-rules=20ms"


class Mount:
    """A ConfigMap or Secret as Kubernetes mounts it, and as it changes it."""

    def __init__(self, path):
        self.path = path
        self.turns = 0
        path.mkdir()

    def put(self, **texts):
        """Turns the link ..data to a new folder, and removes the old one."""
        old = os.path.realpath(self.path / "..data")
        self.turns += 1
        new = self.path / f"..{self.turns}"
        new.mkdir(mode=0o755)
        for name, text in texts.items():
            (new / name).write_text(text)
        (self.path / "..data_tmp").symlink_to(new.name)
        (self.path / "..data_tmp").rename(self.path / "..data")
        for name in texts:
            if not os.path.lexists(self.path / name):
                (self.path / name).symlink_to(f"..data/{name}")
        if self.turns > 1:
            shutil.rmtree(old)


@pytest.fixture
def mount(tmp_path):
    return Mount(tmp_path / "mount")


def put(path, text):
    """Replaces a file in one step: no look finds it half written."""
    new = path.with_name("new")
    new.write_text(text)
    new.rename(path)


def await_reload(server, path, count=1):
    """Its line says what has changed, ROOT before others."""
    line = rf"^mtasync: reloaded, .* \(--watch-rules: {path} has changed\)"
    server.eventually(
        lambda: len(re.findall(line, server.stdout, re.M)) == count,
        f"reload {count} by {path}",
    )


def waits(server):
    """How often the main thread has begun to wait."""
    told = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/status")
    return int(re.search(r"^voluntary\D+(\d+)", told.read_text(), re.M)[1])


def await_looks(server, count=10):
    """So many more looks: the main thread does nothing else meanwhile."""
    wanted = waits(server) + count
    server.eventually(lambda: waits(server) >= wanted, "looks")


# What is watched


@pytest.mark.parametrize("model", MODELS)
def test_rules(serve, root, rules, model):
    server = serve(f"--model={model}", LOOKS, f"--rules={rules}", root=root)
    assert status(server) == 503
    rules.write_text("/a status=502\n")
    server.eventually(lambda: status(server) == 502, "the other rules")
    server.await_output(rf"reloaded, .*: {rules} has changed\)")
    assert server.stderr == ""


def test_rules_of_a_config_map(serve, root, mount):
    mount.put(rules="/b status=500\n")
    path = mount.path / "rules"
    server = serve("-w", "2", LOOKS, f"--rules={path}", root=root)
    for turn in range(1, 6):
        mount.put(rules=f"/b status={500 + turn}\n")
        await_reload(server, path, turn)
        assert status(server, "/b") == 500 + turn
    assert server.stderr == ""


def test_root_by_links(serve, mount):
    """It is another directory; its content is served as it is, in any case."""
    mount.put(page="1")
    path = mount.path / "..data"
    server = serve("-w", "2", LOOKS, root=path)
    for turn in range(2, 6):
        mount.put(page=str(turn))
        await_reload(server, path, turn - 1)
        with server.connect() as client:
            assert client.ask("/page").body == b"%d" % turn
    (path / "other").write_text("x")
    await_looks(server)
    assert server.stdout.count("reloaded") == 4


def test_types(serve, root, tmp_path):
    path = tmp_path / "types"
    path.write_text("text/x-one one\n")
    (root / "a.one").write_text("x")
    server = serve(LOOKS, f"--mime-types={path}", root=root)
    put(path, "text/x-two one\n")
    await_reload(server, path)
    with server.connect() as client:
        kind = client.ask("/a.one").field("Content-Type")
    assert kind.startswith("text/x-two")


def test_times_that_rules_name(serve, root, rules):
    """Those that are read now; no more those that were, but for --rule's."""
    first, second, third = (rules.parent / f"times{i}" for i in range(3))
    for each in first, second, third:
        each.write_text("1ms\n")
    rules.write_text("/a delay=file:times0 status=501\n")
    rule = f"--rule=/b delay=file:{third}"
    server = serve(LOOKS, rule, f"--rules={rules}", root=root)
    put(first, "2ms\n")
    await_reload(server, first)
    put(rules, "/a delay=file:times1 status=502\n")
    await_reload(server, rules)
    put(second, "2ms\n")
    await_reload(server, second)
    put(third, "2ms\n")
    await_reload(server, third)
    put(first, "faulty\n")
    await_looks(server)
    assert server.stdout.count("reloaded") == 4
    assert (status(server), server.stderr) == (502, "")


@needs_tls
@needs_openssl
@clear_only("it listens by TLS itself")
def test_certificate_of_a_secret(serve, mount, tmp_path):
    files = [
        make_certificate(tmp_path, name, "DNS:a.test") for name in ("a", "b")
    ]
    texts = [
        {"crt": f.read_text().partition("-----BEGIN PRIVATE")[0],
         "key": pathlib.Path(f"{f}.key").read_text()} for f in files
    ]  # fmt: skip
    mount.put(**texts[0], secret=32 * "a")
    crt, key = mount.path / "crt", mount.path / "key"
    options = f"--cert={crt},{key}", f"--ticket-secret={mount.path}/secret"
    server = serve("-w", "1", LOOKS, *options, listen=[TLS_ADDRESS])
    assert shown(shake(server)) == der(files[0])
    mount.put(**texts[1], secret=32 * "a")
    await_reload(server, crt)
    assert shown(shake(server)) == der(files[1])
    secret = mount.path / "secret"
    put(secret, 32 * "b")
    await_reload(server, secret)
    assert server.stderr == ""


def test_log_is_opened_anew_by_hup_alone(serve, root, rules, tmp_path):
    log = tmp_path / "log"
    options = "--log=combined", f"--log-file={log}", f"--rules={rules}"
    server = serve(LOOKS, *options, root=root)
    log.rename(tmp_path / "log.1")
    await_looks(server)
    assert not log.exists()
    put(rules, "/a status=502\n")
    await_reload(server, rules)
    assert not log.exists()
    server.reload()
    server.eventually(log.exists, "the log")


def test_log_that_is_gone_keeps_no_change_away(serve, root, rules, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    options = "--log=combined", f"--log-file={logs / 'log'}"
    server = serve(LOOKS, *options, f"--rules={rules}", root=root)
    shutil.rmtree(logs)
    put(rules, "/a status=502\n")
    await_reload(server, rules)
    assert server.connect().ask("/a").status == 502


def test_looks_without_end_leave_time_for_a_stop(serve, tmp_path):
    """They take as long as the time between them: 3,000 files each millisecond."""
    names = [f"times{number}" for number in range(3000)]
    for name in names:
        (tmp_path / name).write_text("1ms\n")
    rules = tmp_path / "rules"
    rules.write_text("".join(f"/{name} delay=file:{name}\n" for name in names))
    server = serve(
        "--watch-rules=1ms", "--drain-delay=200ms", f"--rules={rules}"
    )
    server.stop()
    server.join()


# What is faulty, or gone


def test_faulty_file_is_told_once(serve, root, rules):
    """It changes nothing; nor does what is still faulty, which is told."""
    server = serve(LOOKS, f"--rules={rules}", root=root)
    for turn in range(1, 4):
        put(rules, "/b status=501\n" + turn * " " + "/a\n")
        line = (
            f"mtasync: not reloaded: {root} is served as before"
            f" (--watch-rules: {rules} has changed)\n"
        )
        server.eventually(lambda: server.stderr.count(line) == turn, line)
        await_looks(server)
        assert server.stderr.count("\n") == 2 * turn
        assert f"{rules}:2:{3 + turn}: /a: wants a word" in server.stderr
        assert (status(server), status(server, "/b")) == (503, 200)
    put(rules, "/b status=501\n")
    await_reload(server, rules)
    assert (status(server), status(server, "/b")) == (200, 501)
    await_looks(server)
    assert server.stdout.count("reloaded") == 1


def test_removed_and_back(serve, root, rules):
    server = serve(LOOKS, f"--rules={rules}", root=root)
    text = rules.read_text()
    rules.unlink()
    server.eventually(lambda: server.stderr.count("\n") == 2, "both lines")
    assert f"can't read the rules of {rules}: No such file" in server.stderr
    await_looks(server)
    assert server.stderr.count("\n") == 2
    assert status(server) == 503
    put(rules, text)
    await_reload(server, rules)
    assert status(server) == 503


def test_root_removed_and_another_put(serve, root, rules):
    """While the rules are faulty, too."""
    server = serve(LOOKS, f"--rules={rules}", root=root)
    put(rules, "/a\n")
    server.eventually(lambda: server.stderr.count("\n") == 2, "two lines")
    away = root.with_name("away")
    root.rename(away)
    server.eventually(lambda: server.stderr.count("\n") == 4, "four lines")
    assert f"--watch-rules: {root} has changed" in server.stderr
    assert status(server, "/b") == 200
    put(rules, "/a status=502\n")
    said = f"not reloaded: can't serve {root}: No such file"
    server.eventually(lambda: said in server.stderr, said)
    assert status(server) == 503
    root.mkdir()
    (root / "c").touch()
    await_reload(server, root)
    assert [status(server, f"/{n}") for n in "abc"] == [502, 404, 200]


def test_gone_for_a_moment(serve, root, rules):
    """The look in that moment tells nothing."""
    server = serve("--watch-rules=1s", f"--rules={rules}", root=root)
    away = rules.with_name("away")
    before = waits(server)
    rules.rename(away)
    server.eventually(lambda: waits(server) > before, "a look")
    away.rename(rules)
    await_reload(server, rules)
    assert server.stderr == ""


# Beside a signal, and the operator's side


def test_hup_takes_it_anew(serve, root, rules):
    """What it has read is no change for the looks behind it."""
    server = serve(LOOKS, f"--rules={rules}", root=root)
    server.freeze()
    rules.write_text("/a status=502\n")
    server.reload()
    server.thaw()
    server.await_output(f"^mtasync: reloaded, serving {root} as it is now$")
    await_looks(server)
    assert server.stdout.count("reloaded") == 1
    put(rules, "/a status=501\n")
    await_reload(server, rules)
    assert status(server) == 501
    server.reload()
    server.eventually(lambda: server.stdout.count("reloaded") == 3, "HUP")
    assert server.stdout.count("--watch-rules") == 1


def test_rules_that_were_put_give_way(start, rules):
    """As they do to HUP."""
    server, admin = start(LOOKS, f"--rules={rules}")
    assert admin.change("/rules", b"/a status=410\n").status == 204
    await_looks(server)
    assert status(server) == 410
    put(rules, "/a status=502\n")
    await_reload(server, rules)
    assert status(server) == 502


# Under load, and with fewer rights


@clear_only("the clients of the load speak in clear")
def test_nothing_is_lost(serve, tmp_path, mount):
    """Of a ROOT that is a link, and stays until it is not served any more."""
    mount.put(rules="/x status=500\n")
    pages = tuple(b"page %d" % n for n in range(20))
    site = tmp_path / "site"
    for number, page in enumerate(pages):
        (tmp_path / str(number)).mkdir()
        (tmp_path / f"{number}/page").write_bytes(page)
    site.symlink_to("0")

    def asked(server):
        with server.connect() as client:
            return client.ask("/x").status, client.ask("/page").body

    options = "-w", "2", LOOKS, f"--rules={mount.path / 'rules'}"
    server = serve(*options, root=site)
    with contextlib.ExitStack() as stack:
        loads = load.begin_pair(
            stack, server.address, pages, (8, 4), target="/page"
        )
        for turn in range(1, len(pages)):
            mount.put(rules=f"/x status={500 + turn}\n")
            (tmp_path / "next").symlink_to(str(turn))
            (tmp_path / "next").rename(site)
            server.eventually(
                lambda: asked(server) == (500 + turn, pages[turn]), "both"
            )
        outcomes = [each.stop() for each in loads]
    for outcome in outcomes:
        assert outcome.answered > 0
        assert (outcome.lost, outcome.wrong) == ({}, {})
        assert outcome.refused == 0
    assert server.stderr == ""


@needs_root
@needs_sandbox
def test_as_user_in_the_sandbox(serve, open_root):
    mount = Mount(open_root / "mount")
    mount.put(rules="/b status=500\n", page="1")
    path, site = mount.path / "rules", mount.path / "..data"
    options = f"--user={USER}", "--sandbox=require", f"--rules={path}"
    server = serve("-w", "1", LOOKS, *options, root=site)
    mount.put(rules="/b status=502\n", page="2")
    await_reload(server, site)
    with server.connect() as client:
        assert client.ask("/page").body == b"2"
        assert client.ask("/b").status == 502
    assert server.stderr == ""


@needs_chroot
def test_inside_of_a_chroot(serve, open_root):
    mount = Mount(open_root / "mount")
    mount.put(rules="/b status=500\n", page="1")
    jail = f"--user={USER}", f"--chroot={open_root}"
    options = LOOKS, "--rules=/mount/rules"
    server = serve("-w", "1", *jail, *options, root="/mount/..data")
    mount.put(rules="/b status=502\n", page="2")
    await_reload(server, "/mount/..data")
    with server.connect() as client:
        assert client.ask("/page").body == b"2"
        assert client.ask("/b").status == 502


@needs_root
@needs_tls
@needs_openssl
@clear_only("it listens by TLS itself")
def test_what_the_user_may_not_see_is_no_change(serve, open_root):
    """Root has read the key at the start."""
    secret = open_root / "secret"
    secret.mkdir(mode=0o700)
    cert = make_certificate(secret, "a", "DNS:a.test")
    options = f"--user={USER}", f"--cert={cert}"
    server = serve(LOOKS, *options, root=open_root, listen=[TLS_ADDRESS])
    await_looks(server)
    cert.touch()
    await_looks(server)
    assert server.stdout.count("\n") == 1
    assert server.stderr == ""


# Its wake-ups, and its end


def waits_without_end(server):
    """Whether the main thread is in poll(2) or ppoll(2) without a time."""
    told = pathlib.Path(f"/proc/{server.pid}/syscall").read_text().split()
    return len(told) > 3 and int(told[3], 16) & 0xFFFFFFFF in (0xFFFFFFFF, 0)


@clear_only("with TLS, there is work for it each hour")
@pytest.mark.parametrize("options, ever", [
    ([], False), ([LOOKS], True), (["--watch-rules=24h"], True)
])  # fmt: skip
def test_main_wakes_up_only_where_it_is_asked(serve, root, options, ever):
    server = serve(*options, root=root, listen=["127.0.0.1:0"])
    server.await_sleep()
    server.eventually(
        lambda: waits_without_end(server) != ever, "the main thread's wait"
    )


def test_off_by_default(serve, root, rules):
    server = serve(f"--rules={rules}", root=root)
    rules.write_text("/a status=502\n")
    for _ in range(10):
        with server.connect() as client:
            client.ask("/sleep/20ms")
    assert status(server) == 503
    assert "reloaded" not in server.stdout


def test_a_stop_ends_the_looks(serve, root, rules):
    server = serve("-w", "1", LOOKS, f"--rules={rules}", root=root)
    with server.connect() as client:
        client.send(request("/sleep/500ms"))
        assert client.is_silent()
        server.stop()
        server.eventually(server.refuses, "the drain")
        rules.write_text("/a status=502\n")
        assert client.read_response().status == 200
    server.join()
    assert "reloaded" not in server.stdout


def test_looks_go_on_before_the_drain(serve, root, rules):
    """As HUP is obeyed in a --drain-delay."""
    server = serve(LOOKS, "--drain-delay=1m", f"--rules={rules}", root=root)
    server.stop()
    put(rules, "/a status=502\n")
    await_reload(server, rules)
    server.stop()
    server.join()


def test_successor_looks_itself(serve, root, rules):
    options = "-w", "2", LOOKS, f"--rules={rules}"
    old = serve(*options, root=root)
    new = serve(*options, "--take-over", root=root, port=old.address[1])
    old.stop()
    old.join()
    put(rules, "/a status=502\n")
    await_reload(new, rules)
    assert status(new) == 502
    assert "reloaded" not in old.stdout


@needs_stuck_calls
@pytest.mark.parametrize("number", [TERM, signal.SIGINT])
def test_stop_while_its_reload_is_stuck(serve, root, number):
    stuck = STUCK.with_name("stuck_opens.so")
    environment = {**os.environ, "LD_PRELOAD": str(stuck)}
    server = serve(LOOKS, root=root, env=environment)
    root.rename(root.with_name("away"))
    root.mkdir()
    server.eventually(lambda: lets_in(server, TERM), "a stuck reload")
    server.signal(number)
    server.join()
    assert "Interrupted" in server.stderr
