"""
What the benches of slow answers do, in small: that what is drawn is as asked,
and that their reports say what does not depend on the clock.
"""

import csv
import math
import shlex
import sys

import command
import contenders
import drawn
import origins
import pytest
import scale
import sealed
import slots
import slow_origins
from server import MTASYNC, SANITIZERS, Failed, Target

pytestmark = pytest.mark.skipif(
    bool(SANITIZERS), reason="what it measures a sanitizer slows down"
)

KINDS = {kind.name: kind for kind in drawn.KINDS}
DRAWS = 1000
SMALL = origins.EFFORTS.smoke._replace(counts=(1, 5), bound=25)


# Times that are drawn


@pytest.mark.parametrize(
    "name, percent, ms",
    [
        ("even", 25, 200),
        ("around", 25, 250),
        ("normal", 50, 400),
        ("lognormal", 50, 200),
        ("lognormal", 99, 900),
        ("exp", 50, 200 * math.log(2)),
        ("pct", 25, 75),
        ("pct", 50, 100),
        ("pct", 70, 250),
        ("pct", 99.95, 950),
        ("list", 69.9, 100),
        ("list", 70.1, 300),
        ("list", 95.1, 900),
    ],
)
def test_what_is_asked_of_a_kind(name, percent, ms):
    assert KINDS[name].quantile(percent / 100) == pytest.approx(ms)


def exact(kind):
    """As many times as are drawn, each where it is to be."""
    return [kind.quantile((at + 0.5) / DRAWS) for at in range(DRAWS)]


@pytest.mark.parametrize("name", KINDS)
def test_verdict_on_quantiles(name):
    kind = KINDS[name]
    times = exact(kind)
    assert drawn.broken(kind, times) == []
    assert drawn.verdict(kind, times) == "kept"
    assert 25 in drawn.broken(kind, [1.4 * time for time in times])
    assert 25 in drawn.broken(kind, [0.6 * time for time in times])
    assert "p25" in drawn.verdict(kind, [0.6 * time for time in times])


@pytest.mark.parametrize("name", KINDS)
def test_what_is_drawn_is_as_asked(name):
    """The same each time, by the seed."""
    case = drawn.measure_kind(KINDS[name], DRAWS)
    assert len(case.drawn) == len(case.came) == len(case.seen) == DRAWS
    assert drawn.broken(case.kind, case.drawn) == []
    assert all(came >= due for came, due in zip(case.came, case.drawn))
    drawn.check([case])


def test_who_is_early_fails():
    case = drawn.Case(KINDS["even"], [], [], [], -0.5)
    with pytest.raises(Failed, match="early by 0.5 ms"):
        drawn.check([case])


def test_files_of_what_was_drawn(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(drawn, "KINDS", [KINDS["exp"]])
    made = drawn.measure(20)
    assert all((tmp_path / name).stat().st_size for name in made)
    rows = read(tmp_path / "bench-timers-drawn.csv")
    assert [float(row["percent"]) for row in rows] == drawn.PERCENTS
    for row in rows:
        assert row["when"] == "exp:200ms"
        assert float(row["drawn ms"]) <= float(row["seen ms"])
    assert "exp, asked" in capsys.readouterr().out


# Slow origins


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def without(name, *_, **__):
    raise slow_origins.Missing(f"{name} is nowhere")


def own(seconds=SMALL.seconds):
    return slow_origins.mtasync(seconds)


def fake(name, slow):
    """An origin that does not sleep: it serves a directory, or nothing."""
    python = shlex.quote(sys.executable)
    server = f"{python} -m http.server --bind 127.0.0.1 {{port}}"
    return slow_origins.Origin(name, Target(name, server), "0", "", slow)


def test_missing_origins_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for look in "in_path", "in_modules":
        monkeypatch.setattr(slow_origins, look, without)
    made = origins.run(SMALL)
    assert all((tmp_path / name).stat().st_size for name in made)
    out = capsys.readouterr().out
    rows = read(tmp_path / "bench-origins.csv")
    for name in slow_origins.PEERS:
        assert [r["figure"] for r in rows if r["origin"] == name] == [
            "missing"
        ]
        assert any(
            line.split()[: len(name.split()) + 1] == [*name.split(), "missing"]
            for line in out.splitlines()
        )
    ours = [row for row in rows if row["origin"] == "mtasync"]
    for figure, wanted in {"in time %": 100, "early %": 0}.items():
        values = [r["value"] for r in ours if r["figure"] == figure]
        assert list(map(float, values)) == [wanted] * len(SMALL.counts)


def test_modules_are_looked_for_in_all_folders(tmp_path, monkeypatch):
    package = tmp_path / "b" / "some-origin"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "1.2"}')
    (package / "it.js").touch()
    monkeypatch.setenv("NODE_PATH", f"{tmp_path}/a:{tmp_path}/b")
    found = slow_origins.in_modules("some-origin", "*.js")
    assert found == (str(package / "it.js"), "1.2")
    with pytest.raises(slow_origins.Missing, match="npm: another"):
        slow_origins.in_modules("another", "*.js")


def test_origins_that_fail_are_left_out():
    asked = [own(), fake("fails", "/nowhere"), fake("hasty", "/")]
    cases, failed = origins.measure_all(asked, SMALL)
    assert list(failed) == ["fails"], failed
    assert "sleeps were answered" in failed["fails"]
    assert [case.name for case in cases] == 2 * ["mtasync", "hasty"]
    for case in cases:
        early = 100 if case.name == "hasty" else 0
        assert origins.figures(case)["early %"] == early
        assert origins.figures(case)["in time %"] == 100
        assert len(case.fast) == SMALL.rate * SMALL.seconds
    origins.check(cases)


@pytest.mark.parametrize(
    "late, early, says",
    [([1, 1], [], None), ([1, -1], [1], "early"), ([1], [], "1 of 2")],
)
def test_verdict_on_mtasync(late, early, says):
    case = origins.Case(own(), 2, late, early, [], 0, 0)
    if not says:
        origins.check([case])
        return
    with pytest.raises(Failed, match=says):
        origins.check([case])


def test_lateness_of_answers():
    """From the opening to whom is late, and from the sending to the early."""
    effort = SMALL._replace(seconds=1, bound=2)
    asked = [[10] * 5, [10.5, 10, 10, 10, 0], [11.2, 10.9, 13.5, 11.2, 0]]
    late, early = origins.lateness([*asked, [200, 200, 200, 503, 0]], effort)
    assert late == pytest.approx([-100, 200])
    assert early == pytest.approx([100, 300])


@pytest.mark.parametrize("case", slots.CASES, ids=lambda case: case.name)
def test_what_a_slot_costs_is_asked_as_told(case):
    with contenders.running(MTASYNC, *slots.OPTIONS) as server:
        slots.check(server, case)
        with pytest.raises(Failed, match="a wrong answer"):
            slots.check(server, case._replace(told="pool=other"))


def test_verdict_on_slots():
    case = slots.CASES[2]
    costs = {"none": [3, 4, 5], case.name: [6, 6.5, 9]}
    assert slots.row(case, costs)[-1] == "kept"
    costs[case.name] = [6.1, 7.1, 8]
    assert slots.row(case, costs)[-1] == "BROKEN"


def test_what_a_plan_counts_with_is_measured():
    """By the same names as in the document, but for two that it leaves out."""
    measured = scale.rows(scale.EFFORTS.smoke, {"EC": None, "RSA": None})
    left_out = measured.keys() - scale.counted_with().keys()
    assert left_out == {"the same by a key of RSA", "the same, resumed"}
    assert len(measured) == len(scale.counted_with()) + 2


def test_what_a_bench_needs(capsys):
    assert command.run(lambda: None, needs=()) == 0
    assert command.run(lambda: None, needs=["no-such-program"]) == 1
    assert "no-such-program is missing" in capsys.readouterr().err


# Marks over TLS


@pytest.mark.parametrize(
    "mark, rounds, verdict",
    [
        ((2, 1), {"mtasync": [0.5]}, "kept, and the better one"),
        ((2, 1), {"mtasync": [1.5]}, "kept"),
        ((2, 1), {"mtasync": [2.5]}, "BROKEN"),
        ((2, 1), {"mtasync": [2.5, 1.5, 2.5]}, "BROKEN ~"),
        ((1, 0.9, "h2o"), {"mtasync": [4, 8], "h2o": [5, 10]}, "0.800 kept, "),
        ((1, 0.9, "h2o"), {"mtasync": [9, 21], "h2o": [8, 20]}, "1.09 BROKEN"),
        ((1, 0.9, "h2o"), {"mtasync": [4], "nginx": [5]}, "h2o is not here"),
    ],
)
def test_verdict_on_a_mark(mark, rounds, verdict):
    assert sealed.Mark(*mark).judge(rounds).startswith(verdict)
