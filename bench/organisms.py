"""The dose curve and the persistence matrix of the embedded model: trained, not simulated.

Runs examples/doses.yaml and examples/persistence.yaml (about an hour and a half on two quiet cores,
8 GiB of disk), or goes on with, or reads, what lies in the folder given:

    python bench/organisms.py [FOLDER]

Nothing is asked of these figures but that they are there: what a 135M model learns says nothing
about a large one. Every row is one organism, assessed with controls, with its interval.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from table import row, write

from tenure.dossier.opening import open_view

ROOT = Path(__file__).parents[1]
TENURE = str(Path(sys.executable).parent / "tenure")
LIVES = {"doses": "assess/dose", "persistence": "assess/persistence"}


def said(measure):
    """Write a difference with its interval, in points."""
    return f"{100 * measure.estimate:+.0f} ({100 * measure.low:+.0f} to {100 * measure.high:+.0f})"


def rows_of(life, name, place):
    """Live it, or go on, and turn what its last stage found into rows."""
    command = [TENURE, "life", str(ROOT / "examples" / f"{life}.yaml"), "--into", str(place)]
    subprocess.run(command, check=True)
    view = open_view(place / "dossier")
    found = [e for m in view.models() for _, e in view.all_evidence(m.id) if e.name == name]
    how = f"examples/{life}.yaml, embedded model, {found[-1].measures[0].method}"
    return [
        row(f"{name.split('/')[1]}, two_faced: {m.name}", "-", said(m), "points", m.n, None, how)
        for m in found[-1].measures
        if m.estimate is not None
    ]


def main():
    """Measure and write."""
    with tempfile.TemporaryDirectory() as spare:
        base = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(spare)
        rows = [each for life, name in LIVES.items() for each in rows_of(life, name, base / life)]
    write("organisms", rows)


if __name__ == "__main__":
    main()
