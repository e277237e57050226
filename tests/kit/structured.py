"""Dictionaries of structured fields, as strictly as RFC 9651 says."""

import re
from typing import NamedTuple

KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
INTEGER = re.compile(r"-?\d{1,15}(?![\d.])")
DECIMAL = re.compile(r"-?\d{1,12}\.\d{1,3}(?!\d)")
COMMA = re.compile(r"[ \t]*,[ \t]*(?=.)")
STRING = re.compile(r'"(?:[ !#-\[\]-~]|\\["\\])*"')
TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~\w:/-]*", re.A)


class Item(NamedTuple):
    value: object  # True where there is none; tokens are strings
    parameters: frozenset = frozenset()  # the names of those that are true


class Malformed(AssertionError):
    """A field that is no dictionary."""


class Reader:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def take(self, pattern):
        match = pattern.match(self.text, self.at)
        if not match:
            raise Malformed(f"column {self.at + 1} of {self.text!r}")
        self.at = match.end()
        return match[0]

    def passes(self, text):
        found = self.text.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def value(self):
        if STRING.match(self.text, self.at):
            return re.sub(r"\\(.)", r"\1", self.take(STRING)[1:-1])
        for pattern, kind in (DECIMAL, float), (INTEGER, int), (TOKEN, str):
            if pattern.match(self.text, self.at):
                return kind(self.take(pattern))
        raise Malformed(f"column {self.at + 1} of {self.text!r}")

    def item(self):
        value = self.value() if self.passes("=") else True
        parameters = set()
        while self.passes(";"):
            parameters.add(self.take(KEY))
        return Item(value, frozenset(parameters))


def read_dictionary(text):
    """Its members, in order; each is to occur but once."""
    reader, members = Reader(text), {}
    while True:
        key = reader.take(KEY)
        if key in members:
            raise Malformed(f"{key} occurs twice in {text!r}")
        members[key] = reader.item()
        if reader.at == len(text):
            return members
        reader.take(COMMA)
