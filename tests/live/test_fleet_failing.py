"""What befalls one of three in `make fleet`, in small: the longest part."""

from fleets import assert_part_kept, needs_fleet

FAILING = "failing"
pytestmark = needs_fleet


def test_failing():
    assert_part_kept(FAILING)
