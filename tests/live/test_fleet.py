"""What `make fleet` does, in small: counts, whatever the clock says."""

import members
import pytest
from fleet import PARTS
from secured import TLS
from verdict import judge

WHY_NOT = "the balancer speaks in clear" if TLS else members.why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "none")


@pytest.mark.parametrize("name", PARTS)
def test_part(name):
    part = PARTS[name]
    rows = judge(name, part.measure(part.EFFORTS.quick, []))
    exact = [row for row in rows if not row.timed]
    assert not [row for row in exact if row.kept is False]
    assert [row for row in exact if row.kept]
