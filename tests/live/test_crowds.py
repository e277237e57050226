"""What `make faults` does, in small: many clients at once."""

import pytest
from promises import assert_kept

CROWDS = ["sleepers", "idle", "slow", "tables", "memory", "soak", "words"]


@pytest.mark.parametrize("name", CROWDS)
def test_promise(name):
    assert_kept(name)
