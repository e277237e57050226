"""How much is measured: a table for the whole, QUICK=1 and SMOKE=1."""

import os
from collections import namedtuple

QUICK = os.environ.get("QUICK") == "1"
SMOKE = os.environ.get("SMOKE") == "1"


class Efforts:
    """
    Efforts(clients=(1000, 20), seconds=(5, 0.5)) has `full`, with the first of
    each row; `quick`, with the second; and `smoke`, with the last. `chosen` is
    one of them, by the environment.
    """

    def __init__(self, **rows):
        make = namedtuple("Effort", rows)._make
        self.full, self.quick, self.smoke = (
            make(row[column] for row in rows.values()) for column in (0, 1, -1)
        )
        self.chosen = (
            self.smoke if SMOKE else self.quick if QUICK else self.full
        )
