"""What `make fleet` does, in small; but for what befalls one of three."""

import pytest
from fleet import PARTS
from fleets import assert_part_kept, needs_fleet
from test_fleet_failing import FAILING

pytestmark = needs_fleet


@pytest.mark.parametrize("name", [n for n in PARTS if n != FAILING])
def test_part(name):
    assert_part_kept(name)
