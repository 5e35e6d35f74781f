"""Outcomes of an experiment come back: kept, held against the control, and fed back.

Every unit counts under the arm it was assigned to, whatever it got. One of which nothing will come is a
row with the value null: it is missing, and never a zero. Effects are computed at planned looks alone.
What is shown says which arm to use; where the arms are answers that a model proposed, it becomes a label
that ``align/prefer`` and ``align/dpo`` learn from, of the source ``world:EXPERIMENT``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.align.comparing.labels import OUTCOMES
from tenure.align.trying.coming import Folded, Rows, fold
from tenure.align.trying.finding import Asked, due, judged, measures, records, standing
from tenure.align.trying.plan import FromRows
from tenure.align.trying.register import Experiment, experiment
from tenure.align.trying.teaching import decided, taught
from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import Evidence, Measure, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    experiment: str = Field(description="The experiment's name.")
    file: Annotated[Rows, FromRows(Rows)] = Field(
        description="JSON Lines: unit, arm, value, source; if you like when, note, corrects."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stands after these outcomes: of this look, or of the one before."""

    measures: tuple[Measure, ...]
    files: Mapping[str, str]
    findings: Mapping[str, Any]


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Keep the outcomes, and look where a look is due.

    Raises:
        UsageError: no such experiment, or a row that does not fit it; nothing is kept then.
        RefusedError: the last look was taken, and a row would change what it saw.
    """
    held = experiment(view, model.id, spec.experiment)
    folded = fold(held, spec.file.rows)
    if held.done and (folded.new or folded.corrected):
        raise RefusedError(
            f"the last look of '{held.plan.name}' was taken, and what it saw is not changed afterwards; "
            "measure again under a new plan: tenure align experiment --model "
            f"{model.id} --plan another.yaml"
        )
    look = due(held, folded.outcomes)
    found = _looked(held, folded, look, model, view, emit) if look else _between(held, folded)
    return Evidence(
        name=OUTCOMES,
        model=model.id,
        kind="empirical",
        summary=_summary(held, folded, found.findings),
        measures=found.measures,
        files={
            **found.files,
            "outcomes.jsonl": emit.records(
                one.to_json() for _, one in sorted(folded.outcomes.items())
            ),
        },
        findings={
            "experiment": held.plan.name,
            "question": held.plan.question,
            "plan": held.plan.digest,
            **found.findings,
            "units": held.counts(folded.outcomes),
            "this file": {
                "new": folded.new,
                "there already": folded.again,
                "corrected": folded.corrected,
                "sources": sorted({row.source for row in spec.file.rows}),
            },
            "next look": _next(held, found.findings["looks"]),
        },
    )


def _looked(
    held: Experiment, folded: Folded, look: int, model: Model, view: View, emit: Emit
) -> Found:
    """Take a look: measures, verdicts, what to use, and labels where the arms are answers."""
    rows = records(held, folded.outcomes)
    samples = emit.records(rows)
    asked = Asked(held.plan, rows, samples)
    made = measures(asked)
    before: Mapping[str, Any] = held.newest.findings["arms"] if held.newest else {}
    said = standing(judged(asked, made, look), before)
    decision = decided(held, said, final=look == len(held.sizes))
    labels, pairs = taught(held, said, model, view)
    files = {
        "samples.jsonl": samples,
        "decision.json": emit.file(
            canonical({"experiment": held.plan.name, "plan": held.plan.digest, **decision, "arms": said})
        ),
    }  # fmt: skip
    if held.words:
        files["labels.jsonl"] = emit.records(label.to_json() for label in labels)
        files["pairs.jsonl"] = emit.records(pair.to_json() for pair in pairs)
    taken = {"look": look, "of": len(held.sizes), "outcomes": len(rows), "alpha": held.plan.alpha}
    return Found(
        measures=tuple(made),
        files=files,
        findings={
            "arms": said,
            "looks": [*held.looked, taken],
            "decision": decision,
            "labels": len(labels),
        },
    )


def _between(held: Experiment, folded: Folded) -> Found:
    """Carry what the last look found; before the first there is nothing but counts."""
    if held.newest is not None:
        kept = ("arms", "looks", "decision", "labels")
        return Found(
            measures=held.newest.measures,
            files={k: v for k, v in held.newest.files.items() if k != "outcomes.jsonl"},
            findings={name: held.newest.findings[name] for name in kept},
        )
    said: dict[str, dict[str, Any]] = {
        arm.name: {"verdict": "too early", "because": "no planned look is due yet"}
        for arm in held.plan.treatments
    }
    return Found(
        measures=(),
        files={},
        findings={
            "arms": said,
            "looks": [],
            "decision": decided(held, said, final=False),
            "labels": 0,
        },
    )


def _next(held: Experiment, looks: Sequence[Mapping[str, Any]]) -> str:
    """Say when results are looked at next."""
    taken = looks[-1]["look"] if looks else 0
    if taken >= len(held.sizes):
        return "none: the last was taken"
    if taken + 1 == len(held.sizes):
        return (
            f"when {held.sizes[-1]} units an arm, and all that were assigned, are known of; one of which "
            "nothing will come is a row with the value null"
        )
    return f"when {held.sizes[taken]} units an arm are known of"


def _summary(held: Experiment, folded: Folded, findings: Mapping[str, Any]) -> str:
    of = max(len(held.assigned), held.plan.planned * len(held.plan.arms))
    said = "; ".join(_said(arm, each) for arm, each in findings["arms"].items())
    use = findings["decision"]["use"]
    end = f"; use '{use}'" if use else f"; next look {_next(held, findings['looks'])}"
    return f"{held.plan.name}: {len(folded.outcomes)} of {of} units known of; {said}{end}"


def _said(arm: str, each: Mapping[str, Any]) -> str:
    if each.get("effect") is None or each.get("low") is None:
        return f"{arm}: {each['verdict']}"
    return f"{arm}: {each['verdict']}, by {each['effect']:.3g} ({each['low']:.3g} to {each['high']:.3g})"


stage = Stage(
    name=OUTCOMES,
    spec=Spec,
    run=run,
    summary="Outcomes of an experiment come back: each arm beside the control, and what follows",
    repeat=True,
)
