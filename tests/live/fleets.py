"""A part of `make fleet`, tried in small by the tests."""

import members
import pytest
from fleet import PARTS
from promises import assert_rows_kept
from secured import TLS
from server import SANITIZERS

if SANITIZERS:
    WHY_NOT = "HAProxy's looks do not wait for what a sanitizer slows down"
else:
    WHY_NOT = "the balancer speaks in clear" if TLS else members.why_not()
needs_fleet = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "none")


def assert_part_kept(name):
    part = PARTS[name]
    assert_rows_kept(part.measure(part.EFFORTS.quick, []))
