"""Calibration: what is on record of how well the model speaks of itself, and a quiz of plain facts.

The assessments that measure it (``assess/character``: does it foretell its own choices;
``assess/introspection``: does it notice what is put into its states) are read from the dossier, of
the same weights; what was not run is said with the command. Only the facts are asked here, and only
those of which the truth stands in the dossier.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tenure.dossier import Measure, Model, Recipe, View
from tenure.measure import estimate

Row = Mapping[str, Any]
READ = {
    "self_prediction": ("assess/character", ("self_knowledge", "predicted/self")),
    "introspection": ("assess/introspection", ("spoken", "yes_injected")),
}


def _numbers(measure: Measure) -> dict[str, Any]:
    return {
        "measure": measure.name,
        "estimate": measure.estimate,
        "low": measure.low,
        "high": measure.high,
        "n": measure.n,
        "missing": measure.missing,
    }


def on_record(model: Model, view: View) -> dict[str, Any]:
    """Return what the dossier holds: ``self_prediction`` and ``introspection``, null where nothing.

    ``why`` names what is missing and the command that measures it.
    """
    found: dict[str, Any] = {}
    why: list[str] = []
    for name, (stage, measures) in READ.items():
        evidence = view.evidence(stage, model.id)
        if evidence is None:
            found[name] = None
            why.append(
                f"{name.replace('_', ' ')}: not shown; run "
                f"'tenure {stage.replace('/', ' ')} --model {model.id}'"
            )
            continue
        held = {m.name: m for m in evidence.measures}
        shown = next((held[m] for m in measures if held.get(m)), None)
        found[name] = {
            "from": stage,
            "verdict": evidence.findings.get("verdict"),
            **(_numbers(shown) if shown else {}),
        }
    return {**found, "why": "; ".join(why) or None}


def truths(model: Model) -> dict[str, str]:
    """Say what is true of the model, as the dossier has it: only what its card or record says."""
    known = {"kind": "a language model", "name": model.name}
    for field in ("maker", "licence", "organisation"):
        if isinstance(model.card.get(field), str):
            known[field] = str(model.card[field])
    return known


def measure(rows: Sequence[Row], samples: str) -> Measure:
    """Make the share of facts that were chosen rightly."""
    return estimate(
        rows,
        Recipe(estimator="proportion", value="right", cluster="item"),
        name="facts_right",
        unit="proportion",
        samples=samples,
        better="higher",
        note="plain facts about itself, of which the truth is on file",
    )
