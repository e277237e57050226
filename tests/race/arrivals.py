"""A crowd comes at once: who is served, who is refused, and who breaks."""

from collections import Counter
from typing import NamedTuple

import asker
from document import Record, Section, Table
from report import progress, short

SHORT_SLEEP = "/sleep/100ms"
TARGETS = ("/", SHORT_SLEEP)
REFUSALS = (asker.REFUSED, "503")


class Crowd(NamedTuple):
    model: str
    target: str
    kinds: Counter  # of how they ended
    last: float  # seconds until the last of those served was

    size = property(lambda self: self.kinds.total())
    served = property(lambda self: self.kinds[asker.SERVED])
    refused = property(lambda self: sum(self.kinds[k] for k in REFUSALS))
    waiting = property(lambda self: self.kinds[asker.IN_VAIN])

    @property
    def broken(self):
        """A counter of what went wrong."""
        good = {asker.SERVED, asker.IN_VAIN, *REFUSALS}
        return Counter({k: n for k, n in self.kinds.items() if k not in good})


def measure_one(model, target, effort):
    questions = effort.crowd * [asker.Question(0, target)]
    with model.start() as server:
        endings = asker.ask(server.address, questions, effort.patience)
    return Crowd(
        model.name,
        target,
        Counter(each.kind for each in endings),
        max((each.ended for each in endings if each.served), default=0),
    )


def measure(models, effort):
    crowds = []
    for target in TARGETS:
        for model in models:
            progress(f"a crowd for {target}: {model.name}", "race")
            crowds.append(measure_one(model, target, effort))
    return crowds


def tell_broken(crowd):
    kinds = crowd.broken.most_common()
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds) or "0"


def tell_time(crowd, effort):
    if crowd.served == crowd.size:
        return f"{short(crowd.last)} s"
    return f"never: {crowd.served:,} after {effort.patience} s"


COLUMNS = [
    "model",
    "served",
    "refused",
    "broken",
    "still waiting",
    "all were served after",
]


def row(crowd, effort):
    return [
        crowd.model,
        f"{crowd.served:,}",
        f"{crowd.refused:,}",
        tell_broken(crowd),
        f"{crowd.waiting:,}",
        tell_time(crowd, effort),
    ]


def records(crowd, effort):
    cells = row(crowd, effort)[1:]
    key = f"a crowd for {crowd.target}", crowd.model, crowd.size
    for name, cell in zip(COLUMNS[1:], cells):
        yield Record(*key, name, cell.replace(",", ""))


def section(crowds, effort):
    tables = []
    for target in TARGETS:
        rows = [row(c, effort) for c in crowds if c.target == target]
        columns = [f"{COLUMNS[0]}: `{target}`", *COLUMNS[1:]]
        tables.append(Table(columns, rows))
    return Section(
        f"A crowd of {effort.crowd:,} at once",
        f"""So many connections are opened as fast as one client can, with a
        request each: for `/`, and for `{SHORT_SLEEP}`. Served is who gets the
        whole answer; refused, who gets a 503 or no connection; broken, whose
        connection is reset, or ends within or without an answer. After
        {effort.patience} s the client gives up on who is still waiting.""",
        tables,
        [record for crowd in crowds for record in records(crowd, effort)],
    )
