"""How sleeps keep time, on a server that does nothing else."""

import sleeps
from report import progress, table
from server import Failed


def measure(server, count):
    progress(f"{count:,} sleeps")
    receipts, observed = sleeps.measure(server.address, count)

    def row(name, values):
        points = [len(values) // 2, len(values) * 99 // 100, -1]
        return [name, *(f"{values[at]:.3f}" for at in [0, *points])]

    table(
        f"{count:,} sleeps of 1 to {sleeps.LONGEST} ms",
        ["least ms late", "p50", "p99", "max"],
        [
            row("by the receipts", receipts),
            row("by the client's clock", observed),
        ],
    )
    if observed[0] < 0:
        raise Failed(f"a sleep was early by {-observed[0]:.3f} ms")
