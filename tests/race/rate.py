"""How much of `/` each model serves, with a connection for each request."""

import wrk
from document import Record, Section, Table
from models import end
from report import progress, short

FIELD = "Connection: close"


def measure(models, effort):
    """By the model's name, a round of wrk; nothing, where there is no wrk."""
    rounds = {}
    for model in models:
        if wrk.why_not():
            break
        progress(f"`/` as often as it can: {model.name}", "race")
        with model.start() as server:
            rounds[model.name] = wrk.run(server, effort.wrk_seconds, FIELD)
            end(server)
    return rounds


def figures(name, rounds):
    """By their names with units, as text."""
    if name not in rounds:
        missing = f"not measured: {wrk.why_not()}"
        return {"requests/s": missing, "p99 ms": missing, "errors": missing}
    found = rounds[name]
    return {
        "requests/s": short(found.rate),
        "p99 ms": short(found.p99),
        "errors": f"{found.errors:,}",
    }


def section(rounds, models, effort):
    found = {model.name: figures(model.name, rounds) for model in models}
    columns = list(found[models[0].name])
    return Section(
        "How often each model serves `/`",
        f"""Without sleepers, by `wrk -t{wrk.THREADS} -c{wrk.CONNECTIONS} -H
        "{FIELD}"`, for {effort.wrk_seconds} s, on the same CPUs. Each request
        has a connection of its own, as the blocking models need it; mtasync
        also keeps connections alive, which `make bench` loads.""",
        [
            Table(
                ["model", *columns],
                [[name, *each.values()] for name, each in found.items()],
            )
        ],
        [
            Record("`/` alone", name, 0, figure, value.replace(",", ""))
            for name, each in found.items()
            for figure, value in each.items()
        ],
    )
