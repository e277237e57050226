"""
make compare-http: a second opinion on HTTP.

Sends the inputs of inputs_*.py to mtasync and to its peers, and prints where
they differ. Ends with status 1 where mtasync does not do what a row says, or
where a peer differs and the row gives no reason.
"""

import contextlib
import pathlib
import sys
import tempfile

import inputs_files
import inputs_heads
import inputs_messages
import peer
import tree
from probe import MARKER, answers, exchange, outcome
from server import MTASYNC, run

INPUTS = inputs_heads.INPUTS + inputs_messages.INPUTS + inputs_files.INPUTS
HERE = pathlib.Path(__file__).resolve().parent
PEERS = ("nginx", "h2o")  # names of program, Debian package and *.conf


def present_peers():
    """The peers that are here; says which are not."""
    for name in PEERS:
        if peer.is_here(name):
            print(peer.version(name))
            yield name
        else:
            print(f"{name} is not here (Debian: apt-get install {name})")


def start_all(peers, stack):
    """A dictionary of addresses by name, mtasync first."""
    top = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
    top.chmod(0o755)  # h2o gives up being root
    root = top / "root"
    root.mkdir()
    tree.plant(root)
    targets = [MTASYNC, *(peer.find(name, configs=HERE) for name in peers)]
    addresses = {}
    for target in targets:
        server = target.start("--index=index.html", root=root)
        addresses[target.name] = stack.enter_context(server).address
    return addresses


def own_etag(address):
    """The entity tag that this server gives /ten.txt."""
    data = MARKER.replace(b"marker", b"ten")
    first = next(answers(exchange(address, data, b"")[0], False))
    return first.fields["etag"].encode()


def ask_all(addresses):
    """For each input, what became of it, by the server's name."""
    etags = {name: own_etag(at) for name, at in addresses.items()}
    return [
        {
            name: outcome(address, row, etags[name])
            for name, address in addresses.items()
        }
        for row in INPUTS
    ]


def verdict(row, seen):
    """One of the keys of summary()."""
    if seen["mtasync"] != row.ours:
        return "wrong"
    if len(set(seen.values())) == 1:
        return "agree"
    return "meant" if row.why else "unexplained"


def print_row(row, seen, judged):
    """What the peers do, and under it why we do not."""
    ours = seen["mtasync"]
    cells = [ours] + ["=" if s == ours else s for s in list(seen.values())[1:]]
    print(f"{row.section:12} {row.name:34}", end="")
    print("".join(f" {cell:24}" for cell in cells).rstrip())
    if judged == "wrong":
        print(f"{'':12} WRONG: is to be {row.ours}")
    elif judged == "unexplained":
        print(f"{'':12} NO REASON is given")
    else:
        print(f"{'':12} {row.why}")


def main():
    print(run("--version").stdout.partition("\n")[0])
    with contextlib.ExitStack() as stack:
        addresses = start_all(list(present_peers()), stack)
        outcomes = ask_all(addresses)
    titles = "".join(f" {name:24}" for name in addresses).rstrip()
    print(f"\n{'RFC':12} {'input':34}{titles}")
    count = dict.fromkeys(["agree", "meant", "unexplained", "wrong"], 0)
    for row, seen in zip(INPUTS, outcomes):
        judged = verdict(row, seen)
        count[judged] += 1
        if judged != "agree":
            print_row(row, seen, judged)
    print(
        f"\n{len(INPUTS)} inputs: {count['agree']} agree, "
        f"{count['meant']} differ as meant, "
        f"{count['unexplained']} differ without a reason; "
        f"mtasync is wrong on {count['wrong']}"
    )
    return 1 if count["unexplained"] or count["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
