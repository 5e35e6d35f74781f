"""Make a model available to the class that was decided, once it is kept; refuse otherwise."""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.canonical import now
from tenure.dossier.nouns import Event, Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError
from tenure.release.case import Standing
from tenure.release.hearing import hear
from tenure.release.policy import Policy
from tenure.release.signoffs import opinions
from tenure.release.verdict import gates
from tenure.release.watch import taken_down


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    to: str | None = Field(
        None, description="A class below the one decided; by default the one decided."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Set the availability.

    Raises:
        UsageError: the policy has no such class; lists those it has.
        RefusedError: there is no decision, it is a hold, newer evidence was not judged, it was
            withdrawn or taken down since, the class no longer holds, or is above the one decided,
            the model is contained or not kept. Each says what to run, and is on record.
    """
    event, decided = _decision(model, view)
    granted = str(decided.findings["class"])
    wanted = spec.to or granted
    policy = Policy.model_validate_json(view.read(decided.files["policy.json"]))
    _check_fresh(event, policy, model, view)
    release, ids = policy.release(wanted), [step.id for step in policy.classes]
    if ids.index(wanted) > ids.index(granted):
        raise RefusedError(
            f"{model.id} was released to {granted}; {wanted} lies above it. Run "
            f"'tenure release publish --model {model.id} --to {granted}'"
        )
    _check_still(wanted, decided, policy, model, view)
    standing = Standing(policy=policy, model=model, state=view.state(model.id))
    for gate in gates("model", "door"):
        answer = gate.check(standing)
        if answer.status != "met":
            raise RefusedError(answer.why)
    before = standing.state.availability
    if before != release.available:
        emit.fact("availability", release.available, decided.summary)
    return Evidence(
        name="release/publish",
        model=model.id,
        kind="record",
        summary=f"{model.id} is available: {wanted} ({release.audience}; tools: {release.tools})",
        findings={
            "class": wanted,
            "audience": release.audience,
            "tools": release.tools,
            "conditions": decided.findings.get("conditions", []),
            "notice_days": release.notice_days,
            "bundle": decided.findings["bundle"],
        },
    )


def _decision(model: Model, view: View) -> tuple[Event, Evidence]:
    held = [pair for pair in view.all_evidence(model.id) if pair[1].name == "release/decide"]
    remedy = f"run 'tenure release decide --model {model.id}'"
    if not held:
        raise RefusedError(f"{model.id}: no release decision on record; {remedy}")
    event, decided = held[-1]
    if decided.findings.get("decision") == "hold":
        reason = (decided.findings.get("reasons") or ["no reason given"])[0]
        raise RefusedError(f"{model.id} is held: {reason}. When that has changed, {remedy}")
    return event, decided


def _check_fresh(decided: Event, policy: Policy, model: Model, view: View) -> None:
    """Refuse when the policy has run out, or an assessment that it reads came after the decision."""
    if policy.metadata.review_by <= now()[:10]:
        raise RefusedError(
            f"the policy {policy.metadata.id} was to be looked at again by {policy.metadata.review_by}; "
            f"run 'tenure release decide --model {model.id} --policy FILE' with one that is in force"
        )
    read = policy.assessments | {"release/sign"}
    for event, evidence in view.all_evidence(model.id):
        if event.index > decided.index and evidence.name == "release/withdraw":
            raise RefusedError(
                f"{evidence.summary}. When that is mended, run 'tenure release decide --model {model.id}'"
            )
        if event.index > decided.index and taken_down(evidence):
            raise RefusedError(
                f"{model.id} was taken down after the decision: {evidence.findings['because'][0]}; "
                f"when that is mended, run 'tenure release decide --model {model.id}'"
            )
        if evidence.name in read and event.index > decided.index:
            raise RefusedError(
                f"{evidence.name} was recorded after the decision on {model.id} and not judged; "
                f"run 'tenure release decide --model {model.id}'"
            )


def _check_still(wanted: str, decided: Evidence, policy: Policy, model: Model, view: View) -> None:
    """Refuse when the class no longer holds today, or a signature it was decided on no longer counts."""
    decision = hear(policy, model, view).decision
    ids = [step.id for step in policy.classes]
    reached = ids.index(decision.release_class) if decision.release_class else -1
    if wanted in ids and ids.index(wanted) > reached and not view.state(model.id).containment:
        raise RefusedError(
            f"{model.id} no longer stands where it was decided: {decision.reasons[0]}; run "
            f"'tenure release decide --model {model.id} --again WHY'"
        )
    signed = replace(decision, bundle=str(decided.findings["bundle"]))
    ended = opinions(view, signed).ended
    if ended:
        raise RefusedError(
            f"a signature that {model.id} was decided on no longer counts: {'; '.join(ended)}. Then run "
            f"'tenure release decide --model {model.id} --again WHY'"
        )


stage = Stage(
    name="release/publish",
    spec=Spec,
    run=run,
    summary="Make a model available to the class that was decided, once it is kept.",
    reads=("release/decide", "release/watch", "release/withdraw"),
)
