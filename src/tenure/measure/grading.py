"""Graders: a question about an answer, three possible grades, a span and a reason.

A grader is one file in ``measure/graders`` that defines ``extension = Grader(...)``. It answers
yes, no or "cannot say"; the last is a missing grade, never a no. Every grader has a card: how far
it agrees with labels given by hand, with intervals.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tenure import plugins
from tenure.documents import parse
from tenure.dossier.canonical import digest
from tenure.dossier.nouns import Measure, Recipe
from tenure.errors import UsageError
from tenure.measure.estimate import estimate

Value = Literal["yes", "no", "cannot say"]


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade; ``span`` is the piece of the answer that decided it, verbatim."""

    value: Value
    span: str
    reason: str

    @property
    def outcome(self) -> bool | None:
        """Return true, false, or None for "cannot say"."""
        return None if self.value == "cannot say" else self.value == "yes"


@dataclass(frozen=True, slots=True)
class Grader:
    """``grade(prompt, answer)`` answers ``question`` about the answer; it must not use chance.

    ``limits`` says in a sentence what it cannot see.
    """

    name: str
    question: str
    grade: Callable[[str, str], Grade]
    limits: str = ""


class Labelled(BaseModel):
    """One answer labelled by hand."""

    model_config = ConfigDict(extra="forbid")
    id: str
    prompt: str
    answer: str
    label: Value
    hard: bool = False


class LabelledSet(BaseModel):
    """Answers labelled by hand for one grader: who labelled them, and how they came about."""

    model_config = ConfigDict(extra="forbid")
    grader: str
    labelled_by: str
    note: str
    rows: list[Labelled]


def grader(name: str) -> Grader:
    """Return a grader by name; UsageError lists those there are."""
    found: Grader = plugins.load("grader", name)
    return found


def labelled(name: str) -> tuple[LabelledSet, str]:
    """Return the labelled set shipped for a grader, and its digest; UsageError when there is none."""
    place = files("tenure.measure") / "labelled" / f"{name}.yaml"
    if not place.is_file():
        raise UsageError(f"grader '{name}' has no labelled set; write measure/labelled/{name}.yaml")
    text = place.read_text(encoding="utf-8")
    return parse(text, LabelledSet, source=f"labelled/{name}.yaml"), digest(text.encode())


def _rows(of: Grader, rows: Sequence[Labelled]) -> list[dict[str, Any]]:
    graded: list[dict[str, Any]] = []
    for row in rows:
        value = of.grade(row.prompt, row.answer).value
        known = row.label != "cannot say"
        graded.append(
            {
                "id": row.id,
                "label": row.label,
                "grade": value,
                "hard": row.hard,
                # Sensitivity and specificity: is a yes (a no) graded as such? A grade that cannot
                # say is not an error of the kind that shifts a rate, so it is missing there.
                "right": (value == row.label) if known and value != "cannot say" else None,
            }
        )
    return graded


def card(of: Grader, rows: Sequence[Labelled], *, level: float = 0.95) -> dict[str, Any]:
    """Measure a grader against labels: kappa, sensitivity and specificity, with intervals.

    Returns plain JSON: name, question, limits, n, labels, ``measures`` (kappa over three labels,
    sensitivity, specificity, cannot_say) and ``confusions`` (label, grade, count, ids).
    """
    graded = _rows(of, rows)
    confusions: dict[tuple[str, str], list[str]] = {}
    for row in graded:
        confusions.setdefault((row["label"], row["grade"]), []).append(row["id"])

    def share(name: str, value: str, where: Mapping[str, Any]) -> Measure:
        recipe = Recipe(estimator="proportion", value=value, where=where, level=level)
        return estimate(graded, recipe, name=name, unit="proportion", samples=None)

    for row in graded:
        row["silent"] = row["grade"] == "cannot say"
    agree = Recipe(estimator="agreement", value="grade", options={"with": "label"}, level=level)
    measures = [
        estimate(graded, agree, name="kappa", unit="ratio", samples=None, better="higher"),
        share("sensitivity", "right", {"label": "yes"}),
        share("specificity", "right", {"label": "no"}),
        share("cannot_say", "silent", {}),
    ]
    return {
        "grader": of.name,
        "question": of.question,
        "limits": of.limits,
        "n": len(graded),
        "hard": sum(bool(row["hard"]) for row in graded),
        "measures": [m.to_json() for m in measures],
        "confusions": [
            {"label": label, "grade": value, "n": len(ids), "ids": ids if label != value else []}
            for (label, value), ids in sorted(confusions.items())
        ],
    }


def shipped_card(name: str) -> dict[str, Any]:
    """Return the card of a grader over the labelled set shipped with it, and who labelled it."""
    rows, address = labelled(name)
    made = card(grader(name), rows.rows)
    return {**made, "labelled_by": rows.labelled_by, "note": rows.note, "labels_digest": address}
