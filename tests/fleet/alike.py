"""The same seed and key draw the same, whichever replica is asked."""

from effort import Efforts
from members import Fleet
from verdict import counted, progress

SEED = 7
WORDS = "delay=0..1ms status=503:30 size=10:20,2000:20 key=header:X-User"
EFFORTS = Efforts(
    keys=(100, 10),
    attempts=(5, 3),  # of each key
)


def draws(fleet, replica, effort):
    """What it says that it has drawn, by key and attempt."""
    found = {}
    with fleet.connect(replica.address) as client:
        for key in range(effort.keys):
            for attempt in range(effort.attempts):
                response = client.ask("/drawn", f"X-User: {key}")
                found[key, attempt] = (
                    response.field("Mtasync"),
                    response.status,
                    len(response.body),
                )
    return found


def measure(effort, _timelines=None, own=()):
    """Asked directly: a balancer would share a key's attempts out."""
    progress("seeds")
    options = f"--seed={SEED}", f"--rule=/drawn {WORDS}", "--workers=2"
    with Fleet(*options, own=own) as fleet:
        found = {n: draws(fleet, r, effort) for n, r in fleet.replicas.items()}
    first = found.pop("a")
    for name, other in found.items():
        unlike = sum(other[which] != drawn for which, drawn in first.items())
        what = f"drawn otherwise by {name} than by a"
        yield counted(what, unlike, len(first))
    what, distinct = "of the first one's draws, different", len(
        set(first.values())
    )
    yield counted(what, distinct, len(first), len(first))
