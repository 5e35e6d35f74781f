"""The character of two models side by side, from ``assess/character`` of both.

A trait is asked in several wordings and both orders; each version of a question is a pair. "The
same" is shown by equivalence within the margin, over all traits together (Holm).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier import Emit, Measure, Model, View
from tenure.measure.compare import compare_each, side_by_side

CHARACTER = "assess/character"
MARGIN = 0.2
COLUMNS = ("trait", "id", "family", "high")


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found, trait by trait; the measures; the digest of both models' answers."""

    findings: dict[str, Any]
    measures: list[Measure] = field(default_factory=list[Measure])
    samples: str = ""


def compare(view: View, models: tuple[Model, Model], emit: Emit) -> Compared:
    """Compare the newest records of character; says with which command the missing ones are made."""
    sides: list[Sequence[dict[str, Any]]] = []
    for model in models:
        found = view.evidence(CHARACTER, model.id)
        digest = found.files.get("samples.jsonl") if found else None
        if digest is None:
            why = f"{CHARACTER} of {model.id} is not on file: tenure assess character --model {model.id}"
            return Compared({"traits": [], "why": why})
        rows = [dict(row) for row in view.records(digest)]
        asked = [r for r in rows if r.get("kind") == "trait" and r.get("role", "model") == "model"]
        sides.append([{c: row.get(c) for c in COLUMNS} for row in asked])
    shared = {row["id"] for row in sides[0]} & {row["id"] for row in sides[1]}
    old, new = ([row for row in side if row["id"] in shared] for side in sides)
    if not shared:
        return Compared({"traits": [], "why": "the two were asked different questions"})
    samples = emit.records(side_by_side(old, new, COLUMNS))
    by_trait = compare_each(
        old,
        new,
        by="trait",
        pair="id",
        value="high",
        cluster="family",
        margin=MARGIN,
        better="higher",
        samples=samples,
        name="character",
    )
    traits = [
        {
            "trait": str(trait),
            "verdict": {"better": "more", "worse": "less"}.get(one.verdict, one.verdict),
            "n": one.measure.n,
            "missing": one.measure.missing,
            "difference": one.measure.estimate,
            "low": one.measure.low,
            "high": one.measure.high,
        }
        for trait, one in by_trait.items()
    ]
    return Compared(
        {"traits": traits, "margin": MARGIN, "why": ""},
        [one.measure for one in by_trait.values()],
        samples,
    )
