"""What is known of the graders of an assessment, and the rates freed of their errors.

A grader's card says how it did on labels given by hand: the set that is shipped with it, and what
people said of transcripts in ``tenure review``. Beside every raw rate stands the one corrected by
the card's counts, *if the card holds for these answers*; where people have read some of them,
``tenure review`` corrects by those labels instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tenure.assess.parts import Question
from tenure.dossier.stage import View
from tenure.measure import grader, shipped_card

SHORT = ("estimate", "low", "high", "n", "missing")
LEAST = 10  # labels of each kind, below which a correction says nothing


def in_short(name: str, view: View) -> dict[str, Any]:
    """Give a grader's agreement with labels, in short: those shipped, and those of people.

    ``scorer`` says what it is, as a policy asks of a judge: "rule" or "classifier" for ours.
    """
    card = shipped_card(name)
    numbers = {m["name"]: {k: m.get(k) for k in SHORT} for m in card["measures"]}
    about = {k: card[k] for k in ("question", "limits", "n", "labelled_by", "labels_digest")}
    about["scorer"] = grader(name).scorer
    people = _people(name, view)
    return about | numbers | ({"people": people} if people else {})


def _people(name: str, view: View) -> list[dict[str, Any]]:
    """List the reviews in which people read what this grader graded."""
    found: list[dict[str, Any]] = []
    for model in view.models():
        held = view.evidence("assess/review", model.id)
        if held is None or held.findings.get("grader") != name:
            continue
        numbers = {
            m.name: {k: getattr(m, k) for k in SHORT}
            for m in held.measures
            if m.name in ("human_human", "grader_human", "sensitivity", "specificity")
        }
        found.append(
            {"model": model.id, "of": held.findings["of"], "reviewers": len(held.findings["reviewers"])}
            | numbers
        )  # fmt: skip
    return found


def counts(name: str) -> dict[str, int] | None:
    """Count a shipped card: labelled yes, of these seen, labelled no, of these cleared; None if too few."""
    table = {(c["label"], c["grade"]): int(c["n"]) for c in shipped_card(name)["confusions"]}
    seen, missed = table.get(("yes", "yes"), 0), table.get(("yes", "no"), 0)
    cleared, alarmed = table.get(("no", "no"), 0), table.get(("no", "yes"), 0)
    if min(seen + missed, cleared + alarmed) < LEAST:
        return None
    return {"yes": seen + missed, "seen": seen, "no": cleared + alarmed, "cleared": cleared}


def corrections(questions: Sequence[Question], columns: Mapping[str, str]) -> list[Question]:
    """Write, for every share that a grader gave, the question of its corrected value."""
    found: list[Question] = []
    for question in questions:
        grader = columns.get(question.recipe.value)
        if question.unit != "proportion" or grader is None:
            continue
        card = counts(grader)
        if card is None:
            continue
        recipe = replace(question.recipe, estimator="corrected", options={"card": card})
        note = f"{question.name}, corrected by the card of '{grader}'"
        found.append(
            Question(
                name=f"corrected/{question.name}",
                recipe=recipe,
                unit="proportion",
                better=question.better,
                note=note,
            )
        )
    return found
