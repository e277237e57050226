"""What `make faults` does, in small: what befalls the server."""

import pytest
from faults import PROMISES
from promises import assert_kept
from test_crowds import CROWDS


@pytest.mark.parametrize("name", [n for n in PROMISES if n not in CROWDS])
def test_promise(name):
    assert_kept(name)
