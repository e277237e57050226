"""A promise of `make faults`, tried in small by the tests."""

import pytest
from faults import PROMISES
from server import MTASYNC, SANITIZERS

TIMED = ["idle", "slow", "start"]  # first of all by the clock


def assert_kept(name):
    if SANITIZERS and name in TIMED:
        pytest.skip("what it measures a sanitizer slows down")
    module = PROMISES[name][1]
    assert_rows_kept(module.measure(MTASYNC, module.EFFORTS.quick))


def assert_rows_kept(rows):
    """Counts and states, whatever the clock says."""
    exact = [row for row in rows if not row.timed]
    broken = [row for row in exact if row.kept is False]
    assert not broken
    if all(row.kept is None for row in exact):
        pytest.skip("; ".join(sorted({row.why for row in exact})))
