"""The other bookend: the same statements at release and at retirement, paired where the words are the same.

What cannot be paired is said with the reason; another engine, form or protocol is named. The same
weights asked the same greedy questions give 0.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier import Evidence, Measure, Model, Recipe, View
from tenure.measure import estimate
from tenure.retire.reading.protocol import deviations

Row = Mapping[str, Any]
NOTE = "the same statements at release and now; the same weights should give 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The answers of both bookends, two rows a statement, and what could not be paired."""

    rows: list[dict[str, Any]]
    dropped: list[dict[str, str]]
    changed: list[str] = field(default_factory=list[str])


def earlier(model: Model, view: View, session: str = "release") -> Evidence | None:
    """Return the newest interview of a session, or None."""
    found = [
        evidence
        for _, evidence in view.all_evidence(model.id)
        if evidence.name == "retire/interview" and evidence.findings.get("session") == session
    ]
    return found[-1] if found else None


def _first(row: Row) -> bool:
    return row["kind"] == "rated" and row.get("round") != 2


def pair(now: Sequence[Row], then: Sequence[Row]) -> Pairs:
    """Pair the rated answers of both sessions by id, where the prompt is the same.

    Fresh cells are left out: which statements got them depended on the answers.
    """
    before = {row["id"]: row for row in then if _first(row)}
    rows: list[dict[str, Any]] = []
    reasons: dict[str, Counter[str]] = {}
    for row in now:
        if not _first(row):
            continue
        old = before.pop(row["id"], None)
        if old is None or old["prompt"] != row["prompt"]:
            why = "not asked at release" if old is None else "asked in other words at release"
            reasons.setdefault(row["item"], Counter())[why] += 1
            continue
        for session, side in (("retirement", row), ("release", old)):
            score = side["score"]
            rows.append({"id": row["id"], "item": row["item"], "session": session, "score": score})
    for row in before.values():
        reasons.setdefault(row["item"], Counter())["asked at release alone"] += 1
    return Pairs(
        rows=rows,
        dropped=[
            {"item": item, "why": f"{count} answers {why}"}
            for item, counted in reasons.items()
            for why, count in sorted(counted.items())
        ],
    )


def measure(pairs: Pairs, samples: str) -> Measure:
    """Make the shift out of paired rows, points of 1 to 7, retirement minus release."""
    recipe = Recipe(
        estimator="paired_difference",
        value="score",
        arm="session",
        arms=("retirement", "release"),
        pair="id",
        cluster="item",
        options={"range": [1, 7]},
    )
    return estimate(
        pairs.rows, recipe, name="bookend_shift", unit="difference", samples=samples, note=NOTE
    )


def changed(then: Evidence, form: str, protocol: Mapping[str, Any]) -> list[str]:
    """Name what differs between the bookends besides the answers: the form, and the protocol."""
    said = deviations(then.findings.get("protocol", {}), protocol)
    if then.form != form:
        said.insert(0, f"the form of the model was {then.form} at release and is {form} now")
    return said
