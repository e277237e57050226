"""Keys: what an origin remembers of who asks; retries, and draws that do not
depend on the order."""

import collections
import concurrent.futures
import random
import re
import signal

import pytest
from server import run, scaled
from test_rules import reload
from waiting import MODELS, ask
from wire import request
from worded import did

KEYS, ATTEMPTS, FAILS = 200, 10, 3
THREADS = 8


@pytest.fixture
def rules(root):
    path = root.parent / "rules"
    (root / "a").write_bytes(b"a")
    (root / "b").write_bytes(b"b")
    return path


def statuses(client, target, count, *fields):
    return [client.ask(target, *fields).status for _ in range(count)]


def numbers(server, target, count):
    client = server.connect()
    return [did(client.ask(target))["n"] for _ in range(count)]


# The first so many fail


@pytest.mark.parametrize("model", MODELS)
def test_first_attempts_fail(serve, model):
    server = serve(f"--model={model}")
    target = "/sleep/0?key=order-7&fail=2&size=2"
    responses = [ask(server, target) for _ in range(4)]
    assert [each.status for each in responses] == [503, 503, 200, 200]
    assert [did(each)["n"] for each in responses] == [1, 2, 3, 4]
    assert ["fail" in did(each) for each in responses] == [1, 1, 0, 0]
    assert responses[0].field("Mtasync") == (
        'delay=0, status=503, size=2, fail, key="order-7", n=1'
    )
    assert responses[3].body == b"ab"
    assert ask(server, target.replace("7", "8")).status == 503


@pytest.mark.parametrize("workers", [1, 4])
def test_attempts_at_once_are_counted_exactly(serve, workers):
    """Whoever comes first: each key fails so often, and no more."""
    server = serve("-w", workers)
    keys = scaled(KEYS)
    asked = [f"/sleep/0?key=k{n}&fail={FAILS}&size=1" for n in range(keys)]
    asked *= ATTEMPTS
    random.Random(1).shuffle(asked)

    def ask_each(targets):
        with server.connect() as client:
            client.send(b"".join(map(request, targets)))
            return [(t, client.read_response()) for t in targets]

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        shares = [asked[i :: 4 * THREADS] for i in range(4 * THREADS)]
        answers = sum(pool.map(ask_each, shares), [])
    failed = collections.Counter(t for t, r in answers if r.status == 503)
    assert failed == {target: FAILS for target in set(asked)}
    counted = collections.defaultdict(list)
    for target, response in answers:
        counted[target].append(did(response)["n"])
        assert (response.status == 503) == (did(response)["n"] <= FAILS)
    for each in counted.values():
        assert sorted(each) == list(range(1, ATTEMPTS + 1))


@pytest.mark.parametrize("status", [429, 503])
def test_first_attempts_fail_by_a_status(serve, status):
    server = serve()
    target = f"/sleep/0?key=a&fail=1&status={status}&retry-after=7s"
    response = ask(server, target)
    assert response.status == status
    assert response.field("Retry-After") == "7"
    response = ask(server, target)
    assert response.status == 200 and response.field("Retry-After") is None
    assert did(response) == {"delay": 0, "key": "a", "n": 2}


def test_first_attempts_fail_by_a_fault(serve):
    server = serve()
    target = "/sleep/0?key=a&fail=1&fault=close"
    client = server.connect()
    client.send(request(target))
    assert client.read_to_end() == (b"", "FIN")
    response = ask(server, target)
    assert response.status == 200
    assert did(response) == {"delay": 0, "key": "a", "n": 2}


def test_fail_needs_a_key(serve):
    response = ask(serve(), "/sleep/0?fail=2")
    assert response.status == 400 and b"key" in response.body


def test_delay_is_for_all_attempts(serve):
    client = serve().connect()
    for _ in range(3):
        response = client.ask("/sleep/20ms?key=a&fail=2")
        assert "sleep;dur=20" in response.field("Server-Timing")


# Who asks


def test_key_of_a_header(serve, root, rules):
    server = serve(
        "--rule=/a key=header:Idempotency-Key fail=1", "-w", 2, root=root
    )  # fmt: skip
    first, second = "Idempotency-Key: 1", "IDEMPOTENCY-KEY:  2 "
    client = server.connect()
    assert statuses(client, "/a", 2, first) == [503, 200]
    assert statuses(client, "/a", 3, second) == [503, 200, 200]
    assert statuses(client, "/a", 1, "Idempotency-Key: 2") == [200]
    response = client.ask("/a", second)
    assert did(response) == {"key": "2", "n": 5}
    # those without it are one, and the first of several counts
    assert statuses(client, "/a", 2) == [503, 200]
    assert did(client.ask("/a"))["key"] == ""
    assert statuses(client, "/a", 1, first, "Idempotency-Key: 9") == [200]


def test_long_key_of_a_header_is_told_apart(serve, root, rules):
    """By what is beyond the 64 bytes that a key has."""
    server = serve("--rule=/a key=header:X fail=1", root=root)
    client = server.connect()
    long = "X: " + 300 * "k"
    assert statuses(client, "/a", 2, long + "1") == [503, 200]
    assert statuses(client, "/a", 2, long + "2") == [503, 200]
    told = did(client.ask("/a", long + "1"))
    assert told["n"] == 3
    assert re.fullmatch(r"k{48}[0-9a-f]{16}", told["key"])


def test_key_that_is_no_ascii(serve, root, rules):
    """It is told with question marks, and counts as it is."""
    server = serve("--rule=/a key=header:X", root=root)
    client = server.connect()
    told = [did(client.ask("/a", f"X: {c}")) for c in ("\xe4", "\xf6", "\xe4")]
    assert [each["key"] for each in told] == ["?", "?", "?"]
    assert [each["n"] for each in told] == [1, 1, 2]
    told = did(client.ask("/a", 'X: "\\'))
    assert told["key"] == '"\\'


@pytest.mark.parametrize("model", ["mtasync", "thread"])
def test_key_of_the_peer(serve, root, rules, model):
    """It is the address, whatever the connection and its port."""
    server = serve(
        f"--model={model}", "--rule=/a key=peer fail=1", root=root
    )  # fmt: skip
    responses = [ask(server, "/a") for _ in range(3)]
    assert [each.status for each in responses] == [503, 200, 200]
    assert {did(each)["key"] for each in responses} == {"127.0.0.1"}


# For how long it is remembered


def test_rules_count_apart(serve, root, rules):
    server = serve(
        "--rule=/a key=k", "--rule=/b key=k", "-w", 2, root=root
    )  # fmt: skip
    assert numbers(server, "/a", 3) == [1, 2, 3]
    assert numbers(server, "/b", 2) == [1, 2]
    assert numbers(server, "/sleep/0?key=k", 2) == [1, 2]
    assert numbers(server, "/a", 1) == [4]


def test_reload_keeps_what_is_unchanged(serve, root, rules):
    """Of a rule that is as it was, wherever it stands now."""
    rules.write_text("/a key=k fail=2\n/b key=k fail=2\n")
    server = serve(f"--rules={rules}", "-w", 2, root=root)
    client = server.connect()
    assert statuses(client, "/a", 1) == [503]
    assert statuses(client, "/b", 1) == [503]
    rules.write_text("/c status=201\n/b key=k fail=3\n/a key=k fail=2\n")
    reload(server)
    assert statuses(client, "/a", 2) == [503, 200]
    assert statuses(client, "/b", 4) == [503, 503, 503, 200]


def test_key_that_has_not_come_for_longest_is_forgotten(serve):
    server = serve("--max-keys=2", "-w", 1)
    client = server.connect()

    def n(key):
        return did(client.ask(f"/sleep/0?key={key}"))["n"]

    assert [n(key) for key in "aba"] == [1, 1, 2]
    assert n("c") == 1  # for which b makes room
    assert n("a") == 3
    assert [n(key) for key in "bca"] == [1, 1, 1]
    client.close()
    server.signal(signal.SIGTERM)
    server.join()
    # a new key came four times where there was no room
    assert server.stdout.splitlines()[-1].endswith("; 4 keys were forgotten")


def test_no_key_is_forgotten_where_there_is_room(serve):
    server = serve("--max-keys=50", "-w", 2)
    for _ in range(2):
        for n in range(50):
            assert ask(server, f"/sleep/0?key={n}").status == 200
    server.signal(signal.SIGTERM)
    server.join()
    assert "forgotten" not in server.stdout


# Draws

DRAWN = "delay=0..1ms&status=503:50&size=1:40,2:60"


def drawn(server, order, seed=""):
    """What each key's attempts got, asked for in this order of keys."""
    found = collections.defaultdict(list)
    for key in order:
        response = ask(server, f"/sleep?{DRAWN}&key={key}{seed}")
        told = did(response)
        assert told.pop("key") == key
        found[key].append(told)
    return found


def test_draws_are_a_keys_own(serve):
    """By seed, key and attempt; not by workers, order or process."""
    order = [f"k{n}" for n in range(12)] * 4
    one = drawn(serve("--seed=7", "-w", 1), order)
    random.Random(2).shuffle(order)
    assert drawn(serve("--seed=7", "-w", 4), order) == one
    order.reverse()
    assert drawn(serve("--seed=8", "-w", 2), order, "&seed=7") == one
    other = drawn(serve("--seed=8", "-w", 2), order)
    assert other != one
    # neither keys nor attempts draw alike
    firsts = [told[0]["delay"] for told in one.values()]
    assert len(set(firsts)) > 6
    for each in one.values():
        assert [told["n"] for told in each] == [1, 2, 3, 4]
        assert len({told["delay"] for told in each}) > 1


@pytest.mark.parametrize("words", [
    "delay=0..1ms status=503:50 key=a",
    "delay=0..1ms fail=3 key=a size=1:50",
    "delay=exp:1us status=500:50 fail=5 key=header:X",
    "delay=0..1us key=peer",
])  # fmt: skip
def test_draw_prints_what_is_drawn(serve, root, rules, words):
    """Of who has the key; of header and peer, of one without."""
    printed = run(f"--draw={words}", "--draws=12", "--seed=7").stdout
    lines = printed.splitlines()
    server = serve("--seed=7", f"--rule=/a {words}", root=root)
    told = [ask(server, "/a").field("Mtasync") for _ in range(12)]
    if "peer" in words:  # whom --draw does not know
        told = [re.sub('key="[^"]*"', 'key=""', each) for each in told]
        lines = [re.sub(r"delay=[\d.]+", "", each) for each in lines]
        told = [re.sub(r"delay=[\d.]+", "", each) for each in told]
    assert told == lines
