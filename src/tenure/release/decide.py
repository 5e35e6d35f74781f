"""Decide a release: the highest class whose rules are all met, or a hold with its reason.

Reads every evidence of the model, judges it under the policy, asks for the sign-offs that the
class needs and waits for those that are missing. A contained model is always held, and the
refusal is on record.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View, Waiting
from tenure.release.decision import Decision
from tenure.release.hearing import hear
from tenure.release.policy import Policy, read_policy
from tenure.release.signoffs import SignOffFile, file_opinions, opinions


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say, not where they lie."""

    model_config = ConfigDict(extra="forbid")

    policy: Annotated[Policy | None, FromFile(Policy)] = Field(
        None, description="The policy, a YAML file."
    )
    signoffs: Annotated[SignOffFile | None, FromFile(SignOffFile)] = Field(
        None, description="Opinions written beforehand, a YAML file; for demonstrations."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Judge, ask for signatures, decide."""
    policy = spec.policy or read_policy()
    decision = hear(policy, model, view)
    if decision.decision != "hold":
        if spec.signoffs is not None:
            file_opinions(spec.signoffs, decision, view, emit)
        asked = opinions(view, decision)
        if asked.wanted:
            return _wait(asked.wanted[0], decision)
        if asked.refused:
            decision = _held(decision, asked.refused)
    contained = view.state(model.id).containment or model.containment
    if contained:
        _refuse(decision, policy, contained, view, emit)
    if view.state(model.id).stage in ("candidate", "assessed"):
        emit.fact("stage", "decided", decision.summary)
    return _evidence(decision, policy, view, emit)


def _wait(role: str, decision: Decision) -> Waiting:
    command = f"tenure release sign --model {decision.model} --role '{role}' --because 'WHY'"
    return Waiting(
        on=role,
        command=f"{command}, then tenure release decide --model {decision.model}",
        why=f"{decision.release_class} needs the signature of the {role} on {decision.bundle}",
    )


def _held(decision: Decision, refused: tuple[str, ...]) -> Decision:
    return replace(
        decision,
        decision="hold",
        release_class=None,
        reasons=(*refused, *decision.reasons),
        reopen_if=("those who dissent agree, or somebody independent signs",),
        notice_days=None,
    )


def _refuse(decision: Decision, policy: Policy, label: str, view: View, emit: Emit) -> None:
    """Put the refused transition on record, once."""
    if view.events(act="refuse", name="availability", model=decision.model):
        return
    body = {
        "from": "none",
        "to": policy.classes[0].id,
        "containment": label,
        "because": decision.reasons[0],
    }
    emit.event("refuse", "availability", body)


def _evidence(decision: Decision, policy: Policy, view: View, emit: Emit) -> Evidence:
    given = opinions(view, decision).given
    findings: Mapping[str, Any] = {
        **decision.findings(),
        "policy": {
            "id": policy.metadata.id,
            "version": policy.metadata.version,
            "digest": policy.digest,
            "confidence": policy.confidence,
            "attempts": policy.attempts,
            "review_by": policy.metadata.review_by,
        },
        "signoffs": [
            {key: row[key] for key in ("role", "name", "opinion", "because", "label") if key in row}
            for row in given
        ],
    }
    rests_on = {v.rule: v.event for v in decision.verdicts if v.event}
    return Evidence(
        name="release/decide",
        model=decision.model,
        kind="record",
        summary=decision.summary,
        findings=findings,
        files={"policy.json": emit.file(policy.model_dump_json(indent=2))},
        expires=policy.metadata.review_by,
        runtime={"rests_on": rests_on},
    )


stage = Stage(
    name="release/decide",
    spec=Spec,
    run=run,
    summary="Decide to which class a model may be released, under a policy.",
    reads=("assess/*", "align/*", "release/happened", "release/watch"),
)
