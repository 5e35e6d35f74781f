"""Reading evidence for a gate: bounds at another level, controls, judges, what a policy rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from tenure.dossier.nouns import Evidence, Measure, Model
from tenure.measure import estimate
from tenure.release.case import Case, Filed, Read
from tenure.release.shapes import findings_of, mapping, ordered, unreadable


def said(value: float, measure: Measure) -> str:
    """Write a number in the unit of its measure: ``4.9%``, ``+10.0 points``, ``1.25``."""
    if measure.unit == "proportion":
        return f"{100 * value:.1f}%"
    if measure.unit == "difference":
        return f"{100 * value:+.1f} points"
    return f"{value:.4g}"


def _paired_so(measure: Measure, paired: str) -> bool:
    """Say whether a measure has the bounds of pairs that are asked for; the score's is the least."""
    recipe = measure.recipe
    if recipe is None or recipe.estimator != "paired_difference":
        return True
    return paired == "score" or recipe.options.get("bounds") == paired


def at_level(measure: Measure, level: float, read: Read, paired: str = "score") -> Measure | None:
    """Return the measure with its bounds at ``level``, computed again from its samples if need be.

    ``paired`` is the policy's ``paired_bounds``. None when something differs and there is no
    recipe, or the samples are not at hand.
    """
    as_asked = _paired_so(measure, paired)
    if abs(measure.level - level) < 1e-9 and as_asked:
        return measure
    if measure.recipe is None or measure.samples is None:
        return None
    try:
        records = read(measure.samples)
    except KeyError:
        return None
    recipe = replace(measure.recipe, level=level)
    if not as_asked:
        recipe = replace(recipe, options={**recipe.options, "bounds": paired})
    return estimate(
        records,
        recipe,
        name=measure.name,
        unit=measure.unit,
        samples=measure.samples,
        better=measure.better,
        note=measure.note,
    )


def _rows(found: Any) -> list[tuple[str, Any]]:
    """List controls as (name, row), whether written as a list or as a mapping."""
    if isinstance(found, Mapping):
        return ordered(cast("Mapping[str, Any]", found))
    if isinstance(found, Sequence) and not isinstance(found, str):
        rows = cast("Sequence[Any]", found)
        return [
            (str(cast("Any", row).get("name", "?")) if isinstance(row, Mapping) else str(row), row)
            for row in rows
        ]
    return []


def controls_of(findings: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """List the controls of an evidence as (name, row)."""
    return _rows(findings.get("controls"))


def failed_controls(evidence: Evidence) -> list[str] | None:
    """List the controls that did not pass, with their reason; None when no control ran."""
    rows = controls_of(findings_of(evidence))
    if not rows:
        return None
    failed: list[str] = []
    for name, row in rows:
        passed = row.get("passed") if isinstance(row, Mapping) else row
        if passed is not True:
            reason = row.get("why") if isinstance(row, Mapping) else None
            failed.append(f"{name}: {reason}" if reason else name)
    return failed


def directional(evidence: Evidence, model: Model) -> bool:
    """Say whether evidence is about an unfinished model: it says so, or the model's card does.

    Evidence whose findings are no mapping says nothing of the kind, and is taken so.
    """
    told = findings_of(evidence).get("evidence_type") == "directional"
    return told or unreadable(evidence) or bool(model.card.get("checkpoint"))


def judges(evidence: Evidence) -> list[tuple[str, Mapping[str, Any] | None]]:
    """List the graders of an evidence that are models, with their cards; None: not to be read.

    All of them where the evidence is of the kind "judge"; one nameless judge without a card where
    it is and names none. What cannot be read may be a judge, and is listed.
    """
    given = findings_of(evidence).get("graders")
    graders = mapping(given)
    if graders is None and given:
        return [("?", None)]
    alone = evidence.kind == "judge"
    rows = [(name, mapping(card)) for name, card in ordered(graders or {})]
    found = [
        (name, card)
        for name, card in rows
        if alone or card is None or card.get("scorer") == "model"
    ]
    return found or ([("judge", {})] if alone else [])


def rested_on(case: Case) -> list[Filed]:
    """Return the evidence that the policy's rules rest on, each once, by name."""
    asked = {name for rule in case.policy.rules for name in rule.assessments}
    newest = case.docket.newest
    return [newest[name] for name in sorted(asked & newest.keys())]
