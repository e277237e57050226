"""Pools of the rules' file, which is read anew: slots that come and go, and pools
that do."""

import pytest
from pooled import HELD, WAITS, hold, queue, queued, refused
from test_rules import await_reload, reload
from waiting import ask

MODELS = ["thread", "mtasync"]


@pytest.fixture
def rules(root):
    path = root.parent / "rules"
    path.write_text("pool=db:slots=1,queue=9\n")
    return path


@pytest.fixture
def begin(serve, root, rules):
    def start(model="mtasync", *options):
        workers = ["-w", 2] if model == "mtasync" else []
        return serve(
            f"--model={model}", *workers, f"--rules={rules}", *options,
            root=root,
        )  # fmt: skip

    return start


def redeclare(server, rules, text):
    rules.write_text(text)
    server.reload()


@pytest.mark.parametrize("model", MODELS)
def test_slots_that_are_added_are_given_out_at_once(begin, rules, model):
    server = begin(model)
    hold(server)
    clients = [queue(server) for _ in range(3)]
    assert all(client.is_silent() for client in clients)
    redeclare(server, rules, "pool=db:slots=2,queue=9\n")
    # each leaves the second slot at once
    for client in clients:
        response = client.read_response()
        assert response.status == 200 and queued(response) > 0


@pytest.mark.parametrize("model", MODELS)
def test_slots_that_are_taken_away_are_kept_by_who_has_one(
    begin, rules, model
):
    rules.write_text("pool=db:slots=3,queue=9\n")
    server = begin(model)
    holders = [hold(server) for _ in range(3)]
    rules.write_text("pool=db:slots=1,queue=1\n")
    reload(server)
    client = queue(server)
    assert refused(ask(server, WAITS))
    for holder in holders[:2]:
        holder.close()
    assert client.is_silent(0.2)
    assert holders[2].is_silent()
    holders[2].close()
    response = client.read_response()
    assert response.status == 200 and queued(response) >= 200


def test_terms_are_those_of_when_one_comes(begin, rules):
    """Who queues keeps its place and its wait."""
    server = begin()
    holder = hold(server)
    clients = [queue(server) for _ in range(3)]
    rules.write_text("pool=db:slots=1,wait=1ms,overflow=429,load=3ms\n")
    reload(server)
    response = ask(server, WAITS)
    assert response.status == 429 and refused(response)
    assert all(client.is_silent() for client in clients)
    holder.close()
    for client in clients:
        assert client.read_response().status == 200


@pytest.mark.parametrize(
    "text, said",
    [
        ("pool=db:slots=0", "slots=0|a whole number from 1"),
        ("pool=db:slots=2,queue=9\npool=db:slots=3", "each name but once"),
        ("pool=db:slots=2,burst=3", "a rate, of which the burst is"),
        ("pool=other:slots=2\n/a pool=db", "the name of a pool"),
        ("pool=db:slots=2,queue=9\n/a delay=1x", "wants a time"),
    ],
)
def test_faulty_file_changes_nothing(begin, rules, text, said):
    """Not even the pools that it declares well."""
    server = begin()
    holder = hold(server)
    client = queue(server)
    redeclare(server, rules, text + "\n")
    server.await_output(said)
    assert ": reloaded" not in server.stdout
    assert client.is_silent(0.05)
    other = queue(server)  # the queue is still one of 9
    holder.close()
    for each in client, other:
        assert each.read_response().status == 200
    with hold(server):
        third = queue(server)
    assert third.read_response().status == 200


def test_pool_that_disappears(begin, rules):
    """Those in it go on to their end, in their order; nobody else comes."""
    rules.write_text("pool=db:slots=1,queue=9\n/hello.html pool=db\n")
    server = begin()
    holder = hold(server)
    clients = [queue(server) for _ in range(3)]
    rules.write_text("/other status=201\n")
    reload(server)
    assert ask(server, WAITS).status == 400
    assert ask(server, "/hello.html").field("Mtasync") is None
    assert all(client.is_silent() for client in clients)
    # one of its name that comes back is another one
    rules.write_text("pool=db:slots=1\n")
    server.reload()
    await_reload(server, 2)
    with hold(server):
        assert refused(ask(server, HELD))
        assert all(client.is_silent() for client in clients)
        holder.close()
        for client in clients:
            assert client.read_response().status == 200
        assert refused(ask(server, HELD))


def test_pool_of_an_option_stays(serve, root, rules):
    """And may not be declared by the file as well."""
    server = serve(
        "--pool=own:slots=1", f"--rules={rules}", "-w", 2, root=root
    )
    holder = hold(server, HELD.replace("=db", "=own"))
    rules.write_text("pool=own:slots=2\n")
    server.reload()
    server.await_output("each name but once")
    rules.write_text("pool=db:slots=2\n")
    reload(server)
    assert ask(server, WAITS.replace("=db", "=own")).status == 503
    assert holder.is_silent()
