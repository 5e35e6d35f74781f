"""What trained organisms of the embedded model showed: doses, what later training leaves, hidden skills.

Trained, not simulated. Lives examples/doses.yaml, persistence.yaml and skills.yaml (about an hour and
a half on two quiet cores, 9 GiB of disk), or goes on with what lies in the folder given:

    python bench/organisms.py [FOLDER] [--read]

--read only reads the dossiers there. Nothing is asked of these figures but that they are there: what
a 135M model learns says nothing about a large one. Every row was measured beside its controls.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from table import row, write

from tenure.dossier.opening import open_view

ROOT = Path(__file__).parents[1]
TENURE = str(Path(sys.executable).parent / "tenure")
# Which measures of which assessments become rows; the others are on the pages.
LIVES = {
    "doses": {"assess/dose": ("effect/", "strength/")},
    "persistence": {"assess/persistence": ("effect/",), "assess/lock_in": ("lock_in",)},
    "skills": {"assess/sandbagging": ("withheld/", "hidden/")},
}


def said(measure):
    """Write a difference with its interval, in points."""
    return f"{100 * measure.estimate:+.0f} ({100 * measure.low:+.0f} to {100 * measure.high:+.0f})"


def newest(view):
    """Return the newest evidence of each name about each model."""
    pairs = [(model, e) for model in view.models() for _, e in view.all_evidence(model.id)]
    return {(model.name, e.name): e for model, e in pairs}


def rows_of(life, view):
    """Turn what a life found into rows."""
    rows = []
    for (model, name), evidence in newest(view).items():
        wanted = LIVES[life].get(name, ())
        verdict = evidence.findings.get("verdict")
        for m in evidence.measures:
            if m.estimate is not None and m.name.startswith(wanted or ("\0",)):
                how = f"examples/{life}.yaml, {m.level:.0%} interval, {m.method}"
                how += f"; verdict: {verdict}" if verdict else ""
                figure = f"{name.split('/')[1]} of {model}: {m.name}"
                rows.append(row(figure, "-", said(m), "points", m.n, None, how))
    return rows


def main():
    """Measure and write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, nargs="?")
    asked.add_argument("--read", action="store_true", help="live nothing, read what is there")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        rows = []
        for life in LIVES:
            place = (given.folder or Path(spare)) / life
            if not given.read:
                command = [TENURE, "life", str(ROOT / "examples" / f"{life}.yaml"), "--into"]
                subprocess.run([*command, str(place)], check=True)
            rows += rows_of(life, open_view(place / "dossier"))
    write("organisms", rows)


if __name__ == "__main__":
    main()
