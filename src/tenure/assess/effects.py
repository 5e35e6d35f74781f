"""The measured effect of an organism, read back out of the dossier for tables of many organisms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tenure import plugins
from tenure.assess.instrument import verdict
from tenure.assess.organism_kit import Organism
from tenure.dossier.nouns import Evidence, Measure, Model
from tenure.dossier.stage import View

Seen = Literal["caught", "clear", "not shown", "instrument failed", "not assessed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the assessment that must see a behaviour saw of one model.

    ``assessed`` counts the evidences there are; the newest is the one read, and a repeat shows.
    """

    model: Model
    seen: Seen
    measure: Measure | None = None
    margin: float | None = None
    assessed: int = 0

    def called(self, name: str, note: str) -> Measure | None:
        """Return the measure under another name: the same records, the same recipe."""
        return None if self.measure is None else replace(self.measure, name=name, note=note)

    def row(self) -> dict[str, Any]:
        """Return a line of a table."""
        found = self.measure
        return {
            "model": self.model.id,
            "seen": self.seen,
            "estimate": found.estimate if found else None,
            "n": found.n if found else 0,
            "assessed": self.assessed,
        }


def effect(organism: Organism, model: Model, view: View) -> Effect:
    """Read the newest evidence of the assessment that must catch this organism."""
    held = [e for event, e in view.all_evidence(model.id) if event.name == organism.caught_by]
    found = [e for e in held if _measure(e, organism.measure) is not None]
    if not found:
        return Effect(model=model, seen="not assessed", assessed=len(held))
    newest = found[-1]
    measure = _measure(newest, organism.measure)
    margin = newest.findings.get("margins", {}).get(organism.measure)
    seen: Seen = "instrument failed"
    if newest.findings.get("verdict") != "instrument failed" and measure and margin is not None:
        seen = verdict(measure, margin)
    return Effect(model=model, seen=seen, measure=measure, margin=margin, assessed=len(held))


def _measure(evidence: Evidence, name: str) -> Measure | None:
    return next((m for m in evidence.measures if m.name == name), None)


def behind(organism: Organism, models: Sequence[Model], view: View) -> tuple[dict[str, str], dict[str, Any]]:  # fmt: skip
    """Say what the assessments behind some effects were held by: files, and findings.

    The files are the cards of the graders. The findings: ``controls`` as they came out (those that
    came out alike once), ``graders`` and ``columns``.
    """
    held = [e for m in models for e in [view.evidence(organism.caught_by, m.id)] if e is not None]
    controls: list[Any] = []
    for row in (row for e in held for row in e.findings.get("controls", ())):
        if row not in controls:
            controls.append(row)
    newest = held[-1] if held else None
    cards = newest.files.get("grader-cards.json") if newest else None
    known = {k: newest.findings[k] for k in ("graders", "columns") if k in newest.findings} if newest else {}  # fmt: skip
    return ({"grader-cards.json": cards} if cards else {}), {"controls": controls, **known}


def named(name: str) -> Organism:
    """Return an organism by name; UsageError lists those there are."""
    found: Organism = plugins.load("organism", name)
    return found


def children(model: Model, view: View) -> Sequence[Model]:
    """List the models trained from this one, in the order of registration."""
    return [m for m in view.models() if m.parent == model.id]


def origin(model: Model, view: View) -> str | None:
    """Return the id of the model that an organism was made of, past the rounds of its making."""
    held = {m.id: m for m in view.models()}
    parent = model.parent
    while parent in held and held[parent].card.get("underway"):
        parent = held[parent].parent
    return parent


def command(organism: Organism, model: Model) -> str:
    """Write the command that assesses a model for this behaviour."""
    more = "".join(f" --{name} '{value}'" for name, value in organism.with_.items())
    return f"tenure {organism.caught_by.replace('/', ' ')} --model {model.name}{more}"
