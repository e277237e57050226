"""--plan: a page for this machine, and servers that hold what it says."""

import os
import re
import resource
from functools import partial

import pytest
from server import HTDOCS, SOURCE, assert_refused, run
from shaken import needs_tls
from wire import request

MILLION = "--plan=1000000,50000"
HELD = re.compile(
    r"This machine holds ([\d,]+) sleepers; the first limit is (.+)\."
)


def allow(descriptors, soft=None):
    """For a process that is about to be mtasync."""
    limits = soft or descriptors, descriptors
    return partial(resource.setrlimit, resource.RLIMIT_NOFILE, limits)


def plan(*arguments, **how):
    """The page, as lines."""
    result = run(*arguments, **how)
    assert result.returncode == 0 and result.stderr == "", result
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    return lines


def number(text):
    return int(text.replace(",", ""))


def held(lines):
    """How many sleepers it holds, and what the first limit is."""
    found = HELD.fullmatch(lines[0])
    return number(found[1]), found[2]


def row(lines, name):
    """What is needed, here, and enough for."""
    found = [each for each in lines if each.startswith(f"  {name}  ")]
    return found[0].removeprefix(f"  {name}").split()


def test_page_of_this_machine():
    lines = plan(MILLION)
    assert held(lines)[0] > 0
    assert lines[1].startswith("It serves about ")
    assert lines[2].startswith("1,000,000 asleep and 50,000 a second")
    assert len(lines) <= 45
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY:
        assert row(lines, "RLIMIT_NOFILE")[1] == f"{hard:,}"


def test_page_of_the_most_that_can_be_asked_for():
    """On which nothing is enough."""
    most = ["--max-conns=7", "--max-sleepers=7", "--backlog=3"]
    lines = plan("--plan=100000000,100000000", *most)
    assert held(lines) == (7, "--max-conns (7)")
    for name in "--max-conns", "--max-sleepers":
        assert row(lines, name) == ["100,000,000", "7", "7"]
    assert "  --max-conns            --max-conns=100000000" in lines
    assert "  --max-sleepers         --max-sleepers=100000000" in lines


def test_page_of_nothing():
    lines = plan("--plan=0,0")
    assert lines[2] == "0 asleep and 0 a second are no more than that."
    assert "To raise what is not enough:" not in lines


def test_page_by_the_environment():
    result = run(env={**os.environ, "MTASYNC_PLAN": "7,8"})
    assert "\n7 asleep and 8 a second " in result.stdout


@pytest.mark.parametrize(
    "text",
    ["", "5", "5,", ",5", "a,b", "1,2,3", "-1,2", "1e6,5", "100000001,0"],
)
def test_plan_refused(text):
    assert_refused(run(f"--plan={text}"), 2, f"--plan={text}: must be two ")


@pytest.mark.parametrize("model", ["serial", "thread", "pool", "fork_join"])
def test_plan_refused_where_threads_wait(model):
    assert_refused(run(f"--model={model}", "--plan=1,1"), 2, model)


def test_cores_are_those_of_the_affinity():
    cpu = min(os.sched_getaffinity(0))
    pin = partial(os.sched_setaffinity, 0, {cpu})
    lines = plan(MILLION, preexec_fn=pin)
    assert lines[1].endswith("the first limit is its cores (1.0).")


def test_workers_bound_the_cores():
    lines = plan("--workers=1", "--plan=10,100000000")
    assert lines[1].endswith("the first limit is its cores (1.0).")
    if len(os.sched_getaffinity(0)) > 1:
        count = len(os.sched_getaffinity(0))
        assert f"  cores                  --workers={count}" in lines


@needs_tls
def test_tls_takes_more():
    clear = row(plan(MILLION), "memory")[0:2]
    sealed = row(plan("--listen=0,tls", MILLION), "memory")[0:2]
    assert clear[1] == sealed[1] == "GB"
    assert float(sealed[0]) > 2 * float(clear[0])


def test_soft_limit_is_told_and_counts_for_nothing():
    lines = plan(MILLION, preexec_fn=allow(300, soft=100))
    assert held(lines)[1] == "RLIMIT_NOFILE (300)"
    assert row(lines, "  soft, which it raises") == ["100"]


# What it says is so


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--workers=1"],
        ["--workers=4", "--listing"],
        ["--admin=0"],
        ["--max-conns=120"],
        ["--max-conns=240"],
        ["--model=async"],
    ],
    ids=" ".join,
)
def test_server_holds_what_the_page_says(serve, options):
    """No fewer, and no more: one waits until another leaves."""
    how = {"preexec_fn": allow(300)}
    count, limit = held(plan(*options, MILLION, **how))
    assert 50 < count < 300
    assert ("--max-conns" in limit) == ("--max-conns=120" in options)
    server = serve(*options, **how)
    sleepers = put_to_sleep(server, count)
    late = server.connect(shake=0)
    late.send(request("/"))
    assert late.is_silent(0.1)
    sleepers.pop().close()
    assert late.read_response().status == 200


def put_to_sleep(server, count):
    """So many clients, who are all answered, and stay."""
    sleepers = [server.connect() for _ in range(count)]
    for sleeper in sleepers:
        sleeper.send(request("/sleep/300ms"))
    for sleeper in sleepers:
        assert sleeper.read_response().status == 200
    return sleepers


@pytest.mark.parametrize(
    "options", [[], ["--max-conns=250"], ["--workers=3"]], ids=" ".join
)
def test_server_holds_what_was_asked_for(serve, options):
    """By the limit that the page asks for."""
    lines = plan(*options, "--plan=250,1", preexec_fn=allow(100))
    needed = number(row(lines, "RLIMIT_NOFILE")[0])
    put_to_sleep(serve(*options, preexec_fn=allow(needed)), 250)


@pytest.mark.parametrize("sleepers", [1, 200, 1000, 12345])
@pytest.mark.parametrize("options", [[], ["--workers=3"]], ids=" ".join)
def test_limit_that_the_page_asks_for_is_enough(options, sleepers):
    """And one less is not."""
    asked = [*options, f"--plan={sleepers},1"]
    needed = number(row(plan(*asked), "RLIMIT_NOFILE")[0])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"no {needed} descriptors here")
    assert held(plan(*asked, preexec_fn=allow(needed)))[0] >= sleepers
    assert held(plan(*asked, preexec_fn=allow(needed - 1)))[0] < sleepers


def test_limit_that_is_raised_is_told_by_each_word():
    lines = plan("--plan=1000,1", preexec_fn=allow(300))
    needed = number(row(lines, "RLIMIT_NOFILE")[0])
    text = "\n".join(lines)
    for word in (
        f"ulimit -Hn {needed};",
        f"LimitNOFILE={needed}",
        f"--ulimit nofile={needed}:{needed}",
    ):
        assert word in text


# What is written elsewhere


def test_readme_shows_a_page():
    """Of another machine, but by the same costs."""
    text = (SOURCE / "README.md").read_text()
    shown = text.split(f"$ ./mtasync {MILLION}\n")[1].split("```")[0]
    lines = plan(MILLION)
    assert HELD.fullmatch(shown.splitlines()[0])
    assert shown.splitlines()[-3:] == lines[-3:]


def test_plan_where_a_server_runs(serve):
    """--plan opens nothing: a server may run there."""
    server = serve()
    port = server.address[1]
    assert plan("-l", f"127.0.0.1:{port}", MILLION, HTDOCS)
