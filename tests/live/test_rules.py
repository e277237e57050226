"""--rule and --rules: what the operator writes, and when it is read."""

import os
import re
import shutil

import pytest
from server import assert_refused, eventually, run
from test_privileges import USER, needs_chroot, needs_root  # noqa: F401
from test_privileges import needs_sandbox, open_root  # noqa: F401
from waiting import MODELS


@pytest.fixture
def rules(root):
    """The file: /a is a 503, whatever lies there."""
    path = root.parent / "rules"
    path.write_text("/a status=503\n")
    (root / "a").write_bytes(b"x")
    (root / "b").write_bytes(b"x")
    return path


def status(server, target="/a", method="GET"):
    with server.connect() as client:
        return client.ask(target, method=method).status


def await_reload(server, count=1):
    eventually(lambda: server.stdout.count(": reloaded") == count, "reload")


def reload(server):
    server.reload()
    await_reload(server)


def check(root, *options):
    return run("--check", "-l", "127.0.0.1:0", *options, root)


# What is faulty at the start


@pytest.mark.parametrize("rule, said", [
    ("", "--rule='': column 1: : wants a path that begins with a slash"),
    ("a delay=1s", "--rule='a delay=1s': column 1: a: wants GET"),
    ("/a", "--rule='/a': column 3: /a: wants a word"),
    ("/a//b delay=1s", "column 4: /a//b: wants one slash"),
    ("/a delay=1x", "column 11: delay=1x: wants a time"),
    ("/a delay=11m", "column 10: delay=11m: wants a time of at most 10m"),
    ("/a size=2g", "column 9: size=2g: wants"),
    ("/a fill=1", "column 4: fill=1: wants a size"),
    ("/a delay=\"1s", "column 10: delay=\"1s: wants a second quote"),
])  # fmt: skip
def test_faulty_rule(root, rule, said):
    """It is the command line's: status 2, and one line."""
    for result in (
        check(root, f"--rule={rule}"),
        run("-l", "127.0.0.1:0", "--rule=/a delay=1s", f"--rule={rule}", root),
    ):
        assert_refused(result, 2, said, ", as in ")


def test_limits_may_stand_behind_a_rule(root):
    rule = "--rule=/a delay=11m size=2g"
    assert check(root, rule, "--max-sleep=1h", "--max-size=4g").returncode == 0
    assert_refused(check(root, rule, "--max-sleep=1h"), 2, "size=2g: wants")
    assert_refused(check(root, rule, "--max-size=4g"), 2, "delay=11m: wants")


def test_more_rules_than_there_is_room_for(root):
    rules = [f"--rule=/{i} delay=1s" for i in range(65)]
    assert check(root, *rules[:64]).returncode == 0
    assert_refused(check(root, *rules), 2, "--rule=/64 delay=1s", "--rules=FILE")


@pytest.mark.parametrize("text, place, said", [
    (b"/a\n", ":1:3: ", "/a: wants a word"),
    (b"#\r\n\r\n/a delay=x\r\n", ":3:10: ", "delay=x: wants a time"),
    (b"/a delay=1s\n BREW /b delay=1s", ":2:2: ", "BREW: wants GET"),
    (b"/a delay=1s\0\n", ":1:12: ", "a control character: wants text"),
    (b"/a delay=" + 70000 * b"1", ":1:65537: ", "wants at most 65536 bytes"),
])  # fmt: skip
def test_faulty_file(root, rules, text, place, said):
    """Its own status, and its line and column."""
    rules.write_bytes(text)
    for options in ["--check"], ["-q"]:
        result = run(*options, "-l", "127.0.0.1:0", f"--rules={rules}", root)
        assert_refused(result, 1, f"{rules}{place}", said)


def remove(path):
    path.unlink()


def make_fifo(path):
    path.unlink()
    os.mkfifo(path)


def make_directory(path):
    path.unlink()
    path.mkdir()


def make_large(path):
    with path.open("w") as file:
        file.truncate((16 << 20) + 1)


UNREADABLE = [
    (remove, "No such file or directory"),
    (make_fifo, "Invalid argument"),
    (make_directory, "Invalid argument"),
    (make_large, "File too large"),
]


@pytest.mark.parametrize("spoil, why", UNREADABLE)
def test_unreadable_file(root, rules, spoil, why):
    spoil(rules)
    said = f"can't read the rules of {rules}: {why}: name a regular file"
    assert_refused(check(root, f"--rules={rules}"), 1, said)


@pytest.mark.parametrize("spoil, why", UNREADABLE)
def test_unreadable_times(root, rules, spoil, why):
    times = root.parent / "times"
    times.touch()
    spoil(times)
    rules.write_text("\n/a delay=file:times\n")
    said = f"{rules}:2:15: delay=file:times: wants a regular file of"
    assert_refused(check(root, f"--rules={rules}"), 1, said, why)
    rule = f"/a delay=file:{times}"
    said = f"--rule='{rule}': column 15: delay=file:{times}: wants a regular"
    assert_refused(check(root, f"--rule={rule}"), 1, said)


def test_faulty_times(root, rules):
    (root.parent / "times").write_text("1ms\n# a\n1 ms\n")
    rules.write_text("/a delay=file:times\n")
    said = f"{rules}:1:15: delay=file:times: wants in line 3 of it"
    assert_refused(check(root, f"--rules={rules}"), 1, said, "as in")


# Which rule counts


def test_rules_of_the_command_line_come_first(serve, root, rules):
    rules.write_text("/a status=502\n/b status=502\n/** status=500\n")
    options = "--rule=POST /a status=501", "--rule=/a status=503"
    server = serve(*options, f"--rules={rules}", root=root)
    assert status(server) == status(server, method="HEAD") == 503
    assert status(server, method="POST") == 501
    assert status(server, "/b") == status(server, "/%62") == 502
    assert status(server, "/") == status(server, "/x/../c") == 500


# Reloads


@pytest.mark.parametrize("model", MODELS)
def test_reload_reads_the_file(serve, root, rules, model):
    server = serve(f"--model={model}", f"--rules={rules}", root=root)
    assert status(server) == 503
    rules.write_text("/b status=502\n")
    assert status(server) == 503
    reload(server)
    for _ in range(8):
        assert (status(server), status(server, "/b")) == (200, 502)
    rules.write_text("# none\n")
    server.reload()
    await_reload(server, 2)
    assert (status(server), status(server, "/b")) == (200, 200)


@pytest.mark.parametrize("spoil, said", [
    (lambda path: path.write_text("/b status=502\n/b\n"), ":2:3: /b: wants"),
    *[(spoil, f": {why}: name") for spoil, why in UNREADABLE],
])  # fmt: skip
def test_reload_of_what_is_faulty(serve, root, rules, spoil, said):
    """It changes nothing, and says what, where and why."""
    log = root.parent / "log"
    options = f"--rules={rules}", "--log=combined", f"--log-file={log}"
    server = serve("-w", "1", *options, root=root)
    log.rename(root.parent / "log.1")
    spoil(rules)
    server.reload()
    last = f"not reloaded: {root} is served as before\n"
    eventually(lambda: server.stderr.endswith(last), last)
    assert f"{rules}{said}" in server.stderr
    assert server.stderr.count("\n") == 2
    assert (status(server), status(server, "/b")) == (503, 200)
    assert not log.exists()


def test_reload_counts_anew(serve, root, rules):
    """By a seed, the first requests of a rule draw what they drew before."""
    rules.write_text("/a status=503:50\n")
    server = serve("-w", "1", "--seed=7", f"--rules={rules}", root=root)
    first = [status(server) for _ in range(16)]
    assert set(first) == {200, 503}
    assert [status(server) for _ in range(16)] != first
    reload(server)
    assert [status(server) for _ in range(16)] == first


def test_root_that_is_made_anew_keeps_the_rules(serve, root, rules):
    """And what they have counted: nobody has asked for them to be read."""
    rules.write_text("/a status=503:50\n")
    server = serve("-w", "1", "--seed=7", f"--rules={rules}", root=root)
    drawn = [status(server) for _ in range(8)]
    rules.write_text("faulty\n")
    shutil.rmtree(root)
    root.mkdir()
    (root / "b").write_bytes(b"x")
    eventually(lambda: status(server, "/b") == 200, "the new ROOT")
    (root / "a").write_bytes(b"x")
    drawn += [status(server) for _ in range(8)]
    whole = serve(
        "-w", "1", "--seed=7", "--rule=/a status=503:50", root=root
    )
    assert [status(whole) for _ in range(16)] == drawn


# The seed


def seed_of(line):
    found = re.search(r", drawing by seed (\d+)$", line)
    return int(found[1]) if found else None


def test_start_line_names_the_seed_of_rules_that_draw(serve, root):
    draws = "--rule=/a close=50"
    starts = [
        serve("-w", "1", *options, root=root).stdout.splitlines()[0]
        for options in (
            [],
            ["--seed=7"],
            ["--rule=/a delay=1s"],
            [draws],
            [draws],
            [draws, "--seed=0"],
            [draws, "--seed=999999999999999"],
        )
    ]
    assert [seed_of(line) for line in starts[:3]] == [None, None, None]
    assert seed_of(starts[3]) != seed_of(starts[4])
    assert max(seed_of(starts[3]), seed_of(starts[4])) < 10**15
    assert [seed_of(line) for line in starts[5:]] == [0, 999999999999999]


def test_reload_names_it_too(serve, root, rules):
    server = serve("-w", "1", "--seed=7", f"--rules={rules}", root=root)
    rules.write_text("/a close=50\n")
    reload(server)
    lines = server.stdout.splitlines()
    assert [seed_of(line) for line in lines] == [None, 7]


# Privileges


@needs_root
def test_user_has_to_be_able_to_read_it(root, rules):
    """As a reload would find out."""
    rules.chmod(0o600)
    listen = "-l", "127.0.0.1:0", f"--user={USER}"
    result = run(*listen, f"--rules={rules}", root)
    assert_refused(result, 1, rules, "Permission denied")


@needs_root
@needs_sandbox
def test_reload_as_user_in_the_sandbox(serve, open_root):
    path = open_root / "rules"
    (open_root / "times").write_text("1ms\n")
    path.write_text("/a status=503\n")
    options = f"--user={USER}", "--sandbox=require", f"--rules={path}"
    server = serve(*options, root=open_root)
    assert status(server) == 503
    path.write_text("/a status=502 delay=file:times\n")
    reload(server)
    assert status(server) == 502


@needs_chroot
def test_it_lies_inside_of_a_chroot(serve, open_root):
    """So do the files of times that it names, and --rule does."""
    (open_root / "times").write_text("1ms\n")
    (open_root / "rules").write_text("/a status=503 delay=file:times\n")
    (open_root / "root").mkdir()
    jail = f"--user={USER}", f"--chroot={open_root}"
    options = "--rules=/rules", "--rule=/b status=501 delay=file:times"
    server = serve("-w", "1", *jail, *options, root="/root")
    assert (status(server), status(server, "/b")) == (503, 501)
    (open_root / "rules").write_text("/a status=502\n")
    reload(server)
    assert (status(server), status(server, "/b")) == (502, 501)
