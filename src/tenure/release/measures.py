"""Reading evidence for a gate: measures by name or pattern, bounds at another level, controls."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from tenure.dossier.nouns import Evidence, Measure
from tenure.measure import estimate
from tenure.release.case import Read


def named(evidence: Evidence, name: str) -> tuple[Measure, ...]:
    """Return the measures whose name is ``name`` or fits the pattern."""
    return tuple(m for m in evidence.measures if m.name == name or fnmatchcase(m.name, name))


def said(value: float, measure: Measure) -> str:
    """Write a number in the unit of its measure: ``4.9%``, ``+10.0 points``, ``1.25``."""
    if measure.unit == "proportion":
        return f"{100 * value:.1f}%"
    if measure.unit == "difference":
        return f"{100 * value:+.1f} points"
    return f"{value:.4g}"


def at_level(measure: Measure, level: float, read: Read) -> Measure | None:
    """Return the measure with its bounds at ``level``, computed again from its samples if need be.

    None when the level differs and there is no recipe, or the samples are not at hand.
    """
    if abs(measure.level - level) < 1e-9:
        return measure
    if measure.recipe is None or measure.samples is None:
        return None
    try:
        records = read(measure.samples)
    except KeyError:
        return None
    return estimate(
        records,
        replace(measure.recipe, level=level),
        name=measure.name,
        unit=measure.unit,
        samples=measure.samples,
        better=measure.better,
        note=measure.note,
    )


def _rows(found: Any) -> list[tuple[str, Any]]:
    """List controls as (name, row), whether written as a list or as a mapping."""
    if isinstance(found, Mapping):
        return [(str(name), row) for name, row in found.items()]
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [
            (str(row.get("name", "?")) if isinstance(row, Mapping) else str(row), row)
            for row in found
        ]
    return []


def failed_controls(evidence: Evidence) -> list[str] | None:
    """List the controls that did not pass, with their reason; None when no control ran."""
    rows = _rows(evidence.findings.get("controls"))
    if not rows:
        return None
    failed: list[str] = []
    for name, row in rows:
        passed = row.get("passed") if isinstance(row, Mapping) else row
        if passed is not True:
            reason = row.get("why") if isinstance(row, Mapping) else None
            failed.append(f"{name}: {reason}" if reason else name)
    return failed
