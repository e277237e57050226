"""The text's experiment: one long sleep, and right behind it five `/`."""

from typing import NamedTuple

import asker
from document import Record, Section, Table
from models import end
from report import progress, short
from server import Failed

BEHIND = 5
STEP = 0.02  # seconds between two requests
PATIENCE = 30  # seconds
LOAD = "a sleep and five `/`"


class Bar(NamedTuple):
    """A request from when it was due to its answer, in seconds."""

    model: str
    number: int  # 0 is the sleep
    begin: float
    end: float

    @property
    def name(self):
        return f"`/` {self.number}" if self.number else "the sleep"


def measure_model(model, effort):
    sleep = asker.Question(0, f"/sleep/{effort.nap}s")
    others = [asker.Question(n * STEP) for n in range(1, BEHIND + 1)]
    with model.start() as server:
        endings = asker.ask(server.address, [sleep, *others], PATIENCE)
        end(server)
    faults = asker.tell_faults(endings)
    if faults:
        raise Failed(f"{model.name}, {LOAD}: {faults}")
    endings.sort(key=lambda each: each.question.at)
    return [
        Bar(model.name, number, each.question.at, each.ended)
        for number, each in enumerate(endings)
    ]


def measure(models, effort):
    bars = []
    for model in models:
        progress(f"{LOAD}: {model.name}", "race")
        bars += measure_model(model, effort)
    return bars


def of_model(bars, model):
    return [bar for bar in bars if bar.model == model.name]


def section(bars, models, effort):
    names = [bar.name for bar in of_model(bars, models[0])]
    return Section(
        f"One sleep of {effort.nap} s, and five `/` right behind it",
        f"""Each on a connection of its own, {1e3 * STEP:.0f} ms apart, without
        any other load. Who waits for the sleep without having asked for it?
        The bars of the picture are from the request to the end of its answer;
        the table has their lengths.""",
        [
            Table(
                ["ms until answered", *names],
                [
                    [
                        model.name,
                        *(
                            short(1e3 * (bar.end - bar.begin))
                            for bar in of_model(bars, model)
                        ),
                    ]
                    for model in models
                ],
            )
        ],
        [
            Record(
                LOAD,
                bar.model,
                bar.number,
                "ms until answered",
                f"{1e3 * (bar.end - bar.begin):.3f}",
            )
            for bar in bars
        ],
        "race-order",
    )
