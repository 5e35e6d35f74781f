"""Rows of measured figures: printed as a table, written as bench/results/NAME.json."""

import json
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
FIELDS = ("figure", "asked", "measured", "unit", "n", "holds", "how")


def row(figure, asked, measured, unit, n, holds, how):
    """One figure: what was asked, what was measured, on how many runs, whether it holds, and how."""
    return dict(zip(FIELDS, (figure, asked, measured, unit, n, bool(holds), how), strict=True))


def write(name, rows):
    """Print the rows and write them."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    width = max(len(r["figure"]) for r in rows)
    for r in rows:
        held = "holds" if r["holds"] else "FALLS SHORT"
        print(
            f"{r['figure']:{width}}  asked {r['asked']}  measured {r['measured']} {r['unit']}  {held}"
        )
