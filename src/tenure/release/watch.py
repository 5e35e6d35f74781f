"""Watch a release: judge again what it rests on, and take the model down where that broke.

What a breach leads to stands in the policy; nobody has to decide it at night. The downgrade is a
fact in the record, with its reason. Run it every day after 'tenure serve daily', and after
'tenure release happened'.

A condition that counts ('monitor: {counts: errors}') is held against what 'tenure serve daily' files
of the gateway's ledger. The names: answered, cut_off, errors, flagged and flagged_CONCEPT, held,
hung_up, refused, rerouted, unscored; 'tenure serve daily --help' says what each counts. Any other
monitor may file notes 'tally/NAME' of its own.
"""

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Event, Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.release.dockets import docket_of
from tenure.release.policy import Policy
from tenure.release.tallied import counted
from tenure.release.watching import NONE, Outcome, Released, watch


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    dry: bool = Field(default=False, description="Say what would follow; change nothing.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Watch, and carry a downgrade out.

    Raises:
        UsageError: the model is not available to anybody, so there is nothing to watch.
    """
    event, standing, decided = _standing(model, view)
    policy = Policy.model_validate_json(view.read(decided.files["policy.json"]))
    docket = docket_of(view, policy, model)
    released = Released(
        release=str(standing.findings["class"]),
        since=event.time,
        docket=docket,
        tallies=counted(view, policy, model, docket.now),
        exempted=tuple(decided.findings.get("exemptions", ())),
    )
    found = watch(policy, released)
    if found.action == "downgrade" and not spec.dry:
        to = NONE if found.to == NONE else policy.release(found.to).available
        if to != view.state(model.id).availability:
            emit.fact("availability", to, "; ".join(found.because))
    findings: dict[str, Any] = {
        **found.to_json(),
        "class": released.release if spec.dry else found.to,
        "was": released.release,
        "dry": spec.dry,
        "policy": policy.digest,
    }
    return Evidence(
        name="release/watch",
        model=model.id,
        kind="record",
        summary=_said(model, found, released.tallies, dry=spec.dry),
        findings=findings,
        files={"policy.json": emit.file(policy.model_dump_json(indent=2))},
    )


def _said(model: Model, found: Outcome, conditions: Collection[str], *, dry: bool) -> str:
    if found.action == "keep":
        # A condition that counts shows its bound while it holds, too: how near it is to breaking.
        told = [s for s in found.seen if s.standing != "holds" or s.name in conditions]
        rest = "".join(f"; {s.name}: {s.standing}, {s.why}" for s in told)
        return f"{model.id} stays {found.release}: {len(found.seen)} things watched{rest}"
    where = "withdrawn" if found.to == NONE else f"taken down to {found.to}"
    verb = f"would be {where}" if dry else f"is {where}"
    return f"{model.id} {verb}, from {found.release}: {'; '.join(found.because)}"


def taken_down(evidence: Evidence) -> bool:
    """Say whether this is a watch that took a model down."""
    found = evidence.findings
    return evidence.name == "release/watch" and found["action"] == "downgrade" and not found["dry"]


def _standing(model: Model, view: View) -> tuple[Event, Evidence, Evidence]:
    """Find what put the model where it is (its publication, or a downgrade since), and the decision."""
    if view.state(model.id).availability == "none":
        raise UsageError(
            f"{model.id} is not available to anybody, so there is nothing to watch; "
            f"'tenure status {model.id}' shows how it stands"
        )
    decided: Evidence | None = None
    found: tuple[Event, Evidence, Evidence] | None = None
    for event, evidence in view.all_evidence(model.id):
        if evidence.name == "release/decide":
            decided = evidence
        elif evidence.name == "release/publish" and decided is not None:
            found = (event, evidence, decided)
        elif taken_down(evidence) and found is not None:
            found = (event, evidence, found[2])
    if found is None:
        raise UsageError(
            f"{model.id} was made available without a decision on record; run "
            f"'tenure release decide --model {model.id}' and then 'tenure release publish'"
        )
    return found


stage = Stage(
    name="release/watch",
    spec=Spec,
    run=run,
    summary="Watch a release; take it down a class where what it rests on has broken.",
    repeat=True,
)
