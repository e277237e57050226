"""
What `make race` does, in small: that its report is whole, and says what does
not depend on the clock.
"""

import csv
import os
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

import document
import order
import pictures
import pytest
import race
import rate
from models import MODELS, POOLED
from server import SANITIZERS

pytestmark = pytest.mark.skipif(
    bool(SANITIZERS), reason="what it measures a sanitizer slows down"
)

NAMES = [model.name for model in MODELS]
LOADS = {
    "`/` beside sleepers",
    "`/` alone",
    "a sleep and five `/`",
    "sleepers at once",
    "a crowd for /",
    "a crowd for /sleep/100ms",
}
SMALL = race.EFFORTS.quick._replace(
    sleepers=(0, 32),
    rate=50,
    seconds=0.2,
    settle=0.2,
    bound=0.3,
    nap=0.8,
    wrk_seconds=0.3,
    held=(0, 8),
    long_nap=0.8,
    crowd=10,
    patience=3,
)


class Report(NamedTuple):
    text: str
    files: list
    directory: pathlib.Path
    records: dict  # values by load, model, count and figure

    def number(self, *key):
        return float(self.records[key])


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    directory = tmp_path_factory.mktemp("race")
    text, files = race.run(SMALL, directory)
    with (directory / "race.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    records = {(r[0], r[1], int(r[2]), r[3]): r[4] for r in rows}
    assert len(records) == len(rows)
    return Report(text, files, directory, records)


def tables(text):
    """Each as a list of its rows of cells, without the ruler."""
    for block in text.split("\n\n"):
        lines = block.strip().splitlines()
        if lines and lines[0].startswith("| "):
            rows = [re.split(r" *\| *", line)[1:-1] for line in lines]
            yield rows[:1] + rows[2:]


def test_all_files_are_there(report):
    for name in report.files:
        assert (report.directory / name).stat().st_size > 0
    assert {"race.md", "race.csv"} <= set(report.files)
    assert (report.directory / "race.md").read_text() == report.text
    assert len(report.files) == 8 or "No pictures: gnuplot" in report.text


def test_each_table_has_every_model_and_no_empty_cell(report):
    facts, *others = tables(report.text)
    assert {*NAMES, POOLED.name} < {row[0] for row in facts}
    assert len(others) == 9
    for number, rows in enumerate(others):
        bends = [POOLED.name] if number < 4 else []  # of the curve
        assert {row[0] for row in rows[1:]} == {*NAMES, *bends}
        assert {len(row) for row in rows} == {len(rows[0])}
        assert all(all(row) for row in rows), rows


def test_each_load_has_every_model_in_the_csv(report):
    found = {key[:2] for key in report.records}
    wanted = {(load, name) for load in LOADS for name in NAMES}
    assert found == wanted | {("`/` beside sleepers", POOLED.name)}
    assert all(report.records.values())


def test_sleepers_stall_who_has_fewer_threads_or_slots(report):
    answered = {
        name: report.number(
            "`/` beside sleepers", name, 32, "answered in time"
        )
        for name in (*NAMES, POOLED.name)
    }
    for name in "serial", "pool", POOLED.name:
        assert answered[name] < answered["mtasync"]


def ended(report, name, number):
    """When, in ms after the sleep was asked for."""
    took = report.number(
        "a sleep and five `/`", name, number, "ms until answered"
    )
    return took + 1e3 * order.STEP * number


@pytest.mark.parametrize("name", NAMES)
def test_who_waits_for_the_sleep(report, name):
    first = min(ended(report, name, number) for number in range(1, 6))
    if name == "serial":
        assert first >= ended(report, name, 0)
    elif name != "fork_join":  # there, it is chance who is gathered with it
        assert first < ended(report, name, 0)


def test_what_sleepers_take(report):
    def held(name, count, figure):
        return report.number("sleepers at once", name, count, figure)

    assert held("serial", 8, "asleep at once") <= 1
    assert held("mtasync", 8, "asleep at once") > 1
    assert held("thread", 8, "threads") > held("thread", 0, "threads")
    for name in "serial", "async", "mtasync":
        assert held(name, 8, "threads") == held(name, 0, "threads")


def test_a_crowd_is_served(report):
    for load in "a crowd for /", "a crowd for /sleep/100ms":
        for name in "async", "mtasync":
            served = report.number(load, name, SMALL.crowd, "served")
            assert served == SMALL.crowd


def test_what_is_missing_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    rounds = rate.measure(MODELS, SMALL)
    section = rate.section(rounds, MODELS, SMALL)
    for row in section.tables[0].rows:
        assert row[1:] == 3 * ["not measured: wrk is missing (Debian: wrk)"]
    made, why = pictures.save(tmp_path, [], [], [], SMALL)
    assert made == [] and "gnuplot is missing" in why
    text = "\n".join(document.document({}, [section], why))
    assert f"No pictures: {why}" in text


@pytest.mark.parametrize("program", ["/nowhere/mtasync", "/bin/false"])
def test_program_that_can_not_race(program, tmp_path):
    run = subprocess.run(
        [sys.executable, race.__file__],
        env={**os.environ, "MTASYNC": program},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert re.fullmatch(r"race: [^\n]+\n", run.stderr), run.stderr
    assert list(tmp_path.iterdir()) == []
