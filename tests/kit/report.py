"""How figures are printed: the table on stdout, the progress on stderr."""

import math
import statistics
import sys
from typing import NamedTuple


def progress(text, who="bench"):
    print(f"{who}: {text}", file=sys.stderr, flush=True)


def short(number):
    """Three digits that count, without an exponent."""
    if number == 0:
        return "0"
    decimals = 2 - math.floor(math.log10(abs(number)))
    return f"{round(number, decimals):,.{max(0, decimals)}f}"


class Figure(NamedTuple):
    """What was measured, for the table, the CSV and the picture."""

    name: str  # with its unit
    load: str
    server: str
    values: list  # of the rounds


def sure_range(numbers):
    """
    Where the median lies, with 95 % certainty: that a number lies below it is
    as the toss of a coin. With less than 6 numbers, their whole range.
    """
    numbers = sorted(numbers)
    count = len(numbers)
    tail, left_out = 1, 0
    while tail / 2**count <= 0.025:
        left_out += 1
        tail += math.comb(count, left_out)
    left_out = max(0, left_out - 1)
    return numbers[left_out], numbers[count - 1 - left_out]


def hides(numbers):
    """Whether noise hides on which side of 1 these ratios are."""
    if len(numbers) == 1:
        return True
    low, high = sure_range(numbers)
    return low <= 1 <= high


def spread(numbers):
    """The median, and how far the rounds lie apart."""
    middle = short(statistics.median(numbers))
    if len(numbers) == 1:
        return middle
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
