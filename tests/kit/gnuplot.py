"""Pictures by gnuplot(1), for people and for pages."""

import shutil
import subprocess

KINDS = ["svg", "png"]


def draw(stem, size, lines):
    """Returns the names of the pictures; none where there is no gnuplot."""
    if not shutil.which("gnuplot"):
        print("\nNo picture: gnuplot is missing (Debian: gnuplot-nox)")
        return []
    made = [f"{stem}.{kind}" for kind in KINDS]
    each = [
        [f"set terminal {kind} size {size}", f'set output "{name}"', *lines]
        for kind, name in zip(KINDS, made)
    ]
    subprocess.run(
        ["gnuplot"], input="\n".join(sum(each, [])), text=True, check=True
    )
    return made


def tell(made):
    print(f"\nSaved as {', '.join(made)}.")
