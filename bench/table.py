"""Rows of measured figures: printed as a table, written as bench/results/NAME.json."""

import json
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
HELD = {True: ("yes", "holds"), False: ("**no**", "FALLS SHORT"), None: ("not asked", "not asked")}
FIELDS = ("figure", "asked", "measured", "unit", "n", "holds", "how")


def row(figure, asked, measured, unit, n, holds, how):
    """One figure: what was asked, what was measured, on how many runs, whether it holds, and how.

    A figure that nobody asked for (``asked`` is "-") neither holds nor falls short.
    """
    held = None if asked == "-" else bool(holds)
    return dict(zip(FIELDS, (figure, asked, measured, unit, n, held, how), strict=True))


def counted(rows):
    """Count what holds, what falls short, and what nobody asked for (``holds`` is null: never short)."""
    holds, short, unasked = (sum(r["holds"] is kind for r in rows) for kind in (True, False, None))
    return f"Of {holds + short} figures asked for, {holds} hold and {short} fall short; {unasked} were not asked for."


def page():
    """Draw every result as docs/figures.md, so that no figure stands anywhere by hand."""
    rows = [r for p in sorted(RESULTS.glob("*.json")) for r in json.loads(p.read_text())]
    text = [
        "# Measured figures",
        "",
        "Drawn by the scripts in `bench/` from `bench/results/`; `make bench` measures all of them again.",
        f"{counted(rows)} A figure that nobody asked for is shown beside them, and neither holds nor falls short.",
        "",
        "| figure | asked | measured | n | holds | how |",
        "|---|---|---|---|---|---|",
    ]
    for r in rows:
        held = HELD[r["holds"]][0]
        text.append(
            f"| {r['figure']} | {r['asked']} | {r['measured']} {r['unit']} | {r['n']} | {held} | {r['how']} |"
        )
    (RESULTS.parents[1] / "docs" / "figures.md").write_text("\n".join(text) + "\n")


def write(name, rows):
    """Print the rows, write them, and draw the page of all figures again."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    width = max(len(r["figure"]) for r in rows)
    for r in rows:
        held = HELD[r["holds"]][1]
        print(
            f"{r['figure']:{width}}  asked {r['asked']}  measured {r['measured']} {r['unit']}  {held}"
        )
    page()
