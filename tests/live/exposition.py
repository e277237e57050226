"""
What Prometheus reads, read strictly: its text format 0.0.4, and OpenMetrics 1.0.0.
Whatever either does not allow, or a server of ours would not write, is an error.
"""

import math
import re

NAME = r"[a-z][a-z0-9_]*"
VALUE = re.compile(r'((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
HELP = re.compile(rf"# HELP ({NAME}) (\S[^\\]*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram|info)")
NUMBER = re.compile(r"(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
BOUND = re.compile(r"\d+\.\d+|\d+(\.\d+)?e-\d+|\+Inf")
PARTS = ("_bucket", "_sum", "_count")


def read_labels(text):
    labels = {}
    while text:
        name, _, text = text.partition('="')
        assert re.fullmatch(NAME, name), name
        assert name not in labels, f"{name} twice"
        match = VALUE.match(text)
        assert match, text
        labels[name] = match[1]
        text = text[match.end() :]
        if text:
            assert text.startswith(",") and len(text) > 1, text
            text = text[1:]
    return labels


class Family:
    """A name, and its samples: {name: {labels: value}}."""

    def __init__(self, name, kind, open):
        self.name, self.kind, self.open = name, kind, open
        self.samples = {}

    def names(self):
        """Those that its samples may have."""
        if self.kind == "histogram":
            return {self.name + part for part in PARTS}
        if self.kind == "info":
            return {self.name + "_info"}
        if self.kind == "counter":
            assert self.open != self.name.endswith("_total"), self.name
            return {self.name.removesuffix("_total") + "_total"}
        return {self.name}

    def check(self):
        assert self.samples, f"{self.name} has no samples"
        for labels, value in self.samples.items():
            if self.kind != "gauge":
                assert value >= 0, labels
        if self.kind == "histogram":
            self.check_histogram()

    def check_histogram(self):
        series = {}
        for (name, *labels), value in self.samples.items():
            labels = dict(labels)
            bound = labels.pop("le", None)
            assert (bound is not None) == name.endswith("_bucket"), name
            one = series.setdefault(tuple(labels.items()), [[], [], {}])
            if bound is None:
                one[2][name] = value
                continue
            assert BOUND.fullmatch(bound), bound
            one[0].append(math.inf if bound == "+Inf" else float(bound))
            one[1].append(value)
        for bounds, counts, others in series.values():
            assert bounds == sorted(set(bounds)) and bounds[-1] == math.inf
            assert counts == sorted(counts)
            assert set(others) == {self.name + "_sum", self.name + "_count"}
            assert counts[-1] == others[self.name + "_count"]


class Exposition:
    """All families of an answer."""

    def __init__(self, text, open=False):
        assert text.endswith("\n")
        lines = text.split("\n")[:-1]
        if open:
            assert lines.pop() == "# EOF"
        self.families = {}
        self.samples = {}
        family = None
        for number, line in enumerate(lines):
            if line.startswith("# HELP"):
                family = self.begin(line, lines[number + 1], open)
            elif not line.startswith("# TYPE"):
                self.add(family, line)
            else:
                assert lines[number - 1].startswith("# HELP"), line
        for family in self.families.values():
            family.check()

    def begin(self, help, type, open):
        help, type = HELP.fullmatch(help), TYPE.fullmatch(type)
        assert help and type and help[1] == type[1], (help, type)
        assert help[1] not in self.families, f"{help[1]} twice"
        assert open or type[2] != "info"
        family = Family(help[1], type[2], open)
        self.families[help[1]] = family
        return family

    def add(self, family, line):
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line!r}"
        name, labels, value = match.groups()
        assert name in family.names(), f"{line!r} is none of {family.name}"
        assert NUMBER.fullmatch(value), line
        key = (name, *read_labels(labels or "").items())
        assert key not in self.samples, f"{line!r} twice"
        family.samples[key] = self.samples[key] = float(value)

    def all(self, name, **labels):
        """The samples of a name that have these labels."""
        wanted = set(labels.items())
        found = [
            value
            for (other, *pairs), value in self.samples.items()
            if other == name and wanted <= set(pairs)
        ]
        assert found, f"no {name} {labels}"
        return found

    def sum(self, name, **labels):
        return sum(self.all(name, **labels))

    def by(self, name, *labels):
        """What is not 0, summed up by the values of these labels."""
        found = {}
        for (other, *pairs), value in self.samples.items():
            if other == name and value:
                values = tuple(dict(pairs)[label] for label in labels)
                key = values if len(labels) > 1 else values[0]
                found[key] = found.get(key, 0) + value
        return found
