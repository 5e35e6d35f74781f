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
from tenure.align.trying import finding
from tenure.align.trying.coming import Folded, Rows, fold
from tenure.align.trying.finding import Asked
from tenure.align.trying.plan import FromRows
from tenure.align.trying.register import Experiment, experiment
from tenure.align.trying.teaching import Said, decided, taught
from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import Evidence, Measure, Model
from tenure.dossier.stage import Emit, Stage, View


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
    """
    held = experiment(view, model.id, spec.experiment)
    folded = fold(held, spec.file.rows)
    look = finding.due(held, folded.outcomes)
    if held.done and folded.corrected:
        look = held.taken  # the last look again: what was wrong must not stand
    found = _looked(held, folded, look, model, view, emit) if look else _between(held, folded, emit)
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
            "corrected": {
                "in all": held.corrected + folded.corrected,
                "after the last look": held.corrected_late + (folded.corrected if held.done else 0),
            },
            "next look": _next(held, found.findings["looks"]),
        },
    )


def _looked(
    held: Experiment, folded: Folded, look: int, model: Model, view: View, emit: Emit
) -> Found:
    """Take a look: measures, verdicts, what to use, and labels where the arms are answers."""
    rows = finding.records(held, folded.outcomes)
    samples = emit.records(rows)
    asked = Asked(held.plan, rows, samples)
    made = finding.measures(asked)
    files: dict[str, str] = {"samples.jsonl": samples}
    if len(folded.outcomes) < len(held.assigned):
        units = finding.followed(held, folded.outcomes)
        files["units.jsonl"] = emit.records(units)
        made += finding.outstanding(Asked(held.plan, units, files["units.jsonl"]))
    said = _stands(held, folded, finding.judged(asked, made, look))
    decision = decided(held, said, final=look == len(held.sizes))
    labels, pairs = taught(held, said, model, view)
    about = {"experiment": held.plan.name, "plan": held.plan.digest}
    files["decision.json"] = emit.file(canonical({**about, **decision, "arms": said}))
    if held.words:
        files["labels.jsonl"] = emit.records(label.to_json() for label in labels)
        files["pairs.jsonl"] = emit.records(pair.to_json() for pair in pairs)
    taken = {
        "look": look,
        "of": len(held.sizes),
        "outcomes": len(rows),
        "alpha": held.plan.alpha,
        "corrected before": held.corrected + folded.corrected,
    }
    return Found(
        measures=tuple(made),
        files=files,
        findings={
            "arms": said,
            "looks": [*(one for one in held.looked if one["look"] < look), taken],
            "decision": decision,
            "labels": len(labels),
        },
    )


def _stands(held: Experiment, folded: Folded, said: Said) -> dict[str, dict[str, Any]]:
    """Hold what this look says beside what was said before.

    What an earlier look has shown stands, unless outcomes that it saw were corrected since.
    """
    if held.newest is None or not held.looked:
        return {arm: dict(each) for arm, each in said.items()}
    before: Said = held.newest.findings["arms"]
    if held.done:
        return finding.afterwards(said, before)
    as_seen = held.looked[-1]["corrected before"] == held.corrected + folded.corrected
    return finding.standing(said, before if as_seen else {})


def _between(held: Experiment, folded: Folded, emit: Emit) -> Found:
    """Carry what the last look found; where there was none, or it saw what was wrong, only counts."""
    if held.newest is not None and not folded.corrected:
        kept = ("arms", "looks", "decision", "labels")
        return Found(
            measures=held.newest.measures,
            files={k: v for k, v in held.newest.files.items() if k != "outcomes.jsonl"},
            findings={name: held.newest.findings[name] for name in kept},
        )
    why = "outcomes that the last look saw were corrected" if held.looked else "no look is due yet"
    said = {
        arm.name: {"verdict": "too early", "because": why, "look": held.taken}
        for arm in held.plan.treatments
    }
    taught_before = held.newest is not None and "labels.jsonl" in held.newest.files
    return Found(
        measures=(),
        files={"labels.jsonl": emit.records([])} if taught_before else {},
        findings={
            "arms": said,
            "looks": list(held.looked),
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
    effect: Mapping[str, float | None] = each.get("effect") or {}
    found = [effect.get(end) for end in ("estimate", "low", "high")]
    if any(number is None for number in found):
        return f"{arm}: {each['verdict']}"
    return "{}: {}, by {:.3g} ({:.3g} to {:.3g})".format(arm, each["verdict"], *found)


stage = Stage(
    name=OUTCOMES,
    spec=Spec,
    run=run,
    summary="Outcomes of an experiment come back: each arm beside the control, and what follows",
    repeat=True,
)
