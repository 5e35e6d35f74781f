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
from tenure.release.hearing import Hearing, hear
from tenure.release.policy import Policy, read_policy
from tenure.release.record import DecisionRecord
from tenure.release.recording import FILE, as_bytes, record_of
from tenure.release.signoffs import Opinions, SignOffFile, file_opinions, opinions

HEARD = tuple(
    f"release/{name}"
    for name in (
        "alias", "answer", "comment", "happened", "seal", "sign", "supersede", "surprise", "watch",
        "withdraw",
    )
)  # fmt: skip
"""The stages whose evidence changes a decision: it is made anew when one of them has run."""


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say, not where they lie."""

    model_config = ConfigDict(extra="forbid")

    policy: Annotated[Policy | None, FromFile(Policy)] = Field(
        None, description="The policy, a YAML file."
    )
    signoffs: Annotated[SignOffFile | None, FromFile(SignOffFile)] = Field(
        None, description="Opinions written beforehand, a YAML file; for demonstrations."
    )
    again: str = Field(
        "",
        description="Why it is decided again though nothing was recorded since: evidence ran out.",
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Judge, ask for signatures, decide; the decision record is a file of the evidence."""
    policy = spec.policy or read_policy()
    heard = hear(policy, model, view)
    decision = heard.decision
    asked = Opinions(given=(), wanted=(), refused=())
    if decision.decision != "hold":
        if spec.signoffs is not None:
            file_opinions(spec.signoffs, decision, view, emit)
        asked = opinions(view, decision)
        if asked.wanted and not asked.refused:
            return _wait(asked, decision, policy)
        if asked.refused:
            decision = _held(decision, asked.refused)
    contained = view.state(model.id).containment or model.containment
    if contained:
        _refuse(decision, policy, contained, view, emit)
    if view.state(model.id).stage in ("candidate", "assessed"):
        emit.fact("stage", "decided", decision.summary)
    return _evidence(record_of(heard, decision, asked, view, spec.again), decision, heard, emit)


def _wait(asked: Opinions, decision: Decision, policy: Policy) -> Waiting:
    role = asked.wanted[0]
    under = "" if policy == read_policy() else " --policy FILE"
    tied = any(each.role == role and each.conflict_statement for each in decision.signoffs)
    command = (
        f"tenure release sign --model {decision.model} --role '{role}' --name NAME --because 'WHY'"
        f"{' --conflict none' if tied else ''}{under}"
    )
    passed = f"; not counted: {'; '.join(asked.passed_over)}" if asked.passed_over else ""
    return Waiting(
        on=role,
        command=(
            f"{command} (or read and sign it in a browser: tenure console --model {decision.model}{under}), "
            f"then tenure release decide --model {decision.model}{under}"
        ),
        why=f"{decision.release_class} needs the signature of the {role} on {decision.bundle}{passed}",
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


def _evidence(record: DecisionRecord, decision: Decision, heard: Hearing, emit: Emit) -> Evidence:
    policy, plain = heard.policy, record.model_dump(mode="json")
    beside = ("version", "usefulness", "points", "dissent", "missing", "next_review")
    findings: Mapping[str, Any] = {
        **decision.findings(),
        **{name: plain[name] for name in beside},
        "policy": {k: v for k, v in plain["policy"].items() if k != "owner"},
        "signoffs": [
            {k: v for k, v in row.items() if v is not None} for row in plain["signoffs"]["given"]
        ],
    }
    rests_on = {v.rule: v.event for v in decision.verdicts if v.event}
    return Evidence(
        name="release/decide",
        model=decision.model,
        kind="record",
        summary=decision.summary,
        findings=findings,
        files={
            "policy.json": emit.file(policy.model_dump_json(indent=2)),
            FILE: emit.file(as_bytes(record)),
        },
        expires=policy.metadata.review_by,
        runtime={"rests_on": rests_on},
    )


stage = Stage(
    name="release/decide",
    spec=Spec,
    run=run,
    summary="Decide to which class a model may be released, under a policy.",
    reads=("assess/*", "align/*", *HEARD),
)
