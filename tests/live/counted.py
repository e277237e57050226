"""What counted_calls.c counts in a server, and makes fail."""

import mmap
import os
import pathlib
import struct

from server import PROGRAM

PRELOADED = pathlib.Path(PROGRAM).parent / "tests/live/counted_calls.so"
SIZE = 32


class Counted:
    """What is told to it, and what it tells, by a file that both map."""

    def __init__(self, path):
        path.write_bytes(bytes(SIZE))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), SIZE)
        self.environment = {
            **os.environ,
            "COUNTED_CALLS": str(path),
            "LD_PRELOAD": str(PRELOADED),
        }

    @property
    def allocations(self):
        return struct.unpack_from("Q", self.map)[0]

    @property
    def locks(self):
        return struct.unpack_from("Q", self.map, 24)[0]

    def fail(self, first, count=1):
        """Allocations, by their number from 1 on."""
        struct.pack_into("QQ", self.map, 8, first, count)
