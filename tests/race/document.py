"""The report: race.md for people, race.csv for programs."""

import csv
import textwrap
from typing import NamedTuple

WIDTH = 79


class Record(NamedTuple):
    """A row of the CSV."""

    load: str
    model: str
    count: int  # of the sleepers, or of the connections
    figure: str  # with its unit
    value: object


class Table(NamedTuple):
    columns: list
    rows: list  # of cells, as text


class Section(NamedTuple):
    """What is told of a load."""

    title: str
    text: str
    tables: list
    records: list
    picture: str = ""  # its name, without the ending


def paragraph(text):
    return textwrap.fill(
        " ".join(text.split()), WIDTH, break_long_words=False,
        break_on_hyphens=False,
    )


def table(columns, rows):
    """In Markdown, and in columns for those who read it as it is."""
    lines = [columns, *rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths)]
        yield f"| {' | '.join(cells)} |"


def section(each, has_pictures):
    yield f"## {each.title}"
    yield ""
    yield paragraph(each.text)
    if each.picture and has_pictures:
        yield ""
        yield f"![{each.title}]({each.picture}.svg)"
    for one in each.tables:
        yield ""
        yield from table(one.columns, one.rows)
    yield ""


def document(facts, sections, why_no_pictures):
    yield "# How servers wait: a race of six models"
    yield ""
    yield from table(["what", "is"], [list(fact) for fact in facts.items()])
    yield ""
    if why_no_pictures:
        yield f"No pictures: {why_no_pictures}"
        yield ""
    for each in sections:
        yield from section(each, not why_no_pictures)


def save_csv(path, sections):
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(Record._fields)
        for each in sections:
            rows.writerows(each.records)
