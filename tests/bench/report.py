"""How figures are printed: the table on stdout, the progress on stderr."""

import math
import statistics
import sys


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def short(number):
    """Three digits that count, without an exponent."""
    if number == 0:
        return "0"
    decimals = 2 - math.floor(math.log10(abs(number)))
    return f"{round(number, decimals):,.{max(0, decimals)}f}"


def spread(numbers):
    """The median, and how far the rounds lie apart."""
    middle = short(statistics.median(numbers))
    return f"{middle}  {short(min(numbers))}..{short(max(numbers))}"


def table(title, columns, rows):
    """A row is its name and a cell for each column."""
    lines = [(title, *columns), *rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    print()
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths)]
        print("   ".join(cells).rstrip())
    sys.stdout.flush()
