"""Put a policy on record before anything is measured, so that nobody can fit it to the numbers."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.release.decide import policy_of
from tenure.release.hearing import CRITERIA, criteria_index
from tenure.release.planning import plan
from tenure.release.policy import Policy, read_policy


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    policy: Path | Policy | None = Field(None, description="The policy, a YAML file.")

    @field_validator("policy", mode="after")
    @classmethod
    def _read_policy(cls, given: Path | Policy | None) -> Policy | None:
        return read_policy(given) if isinstance(given, Path) else given


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Log the policy's digest, with what it can decide at all."""
    policy = policy_of(spec.policy)
    stored = emit.file(policy.model_dump_json(indent=2))
    if criteria_index(view, policy) is None:
        body = {
            "policy": policy.digest,
            "id": policy.metadata.id,
            "version": policy.metadata.version,
        }
        emit.event("note", CRITERIA, body, files={"policy.json": stored})
    rows = plan(policy)
    able = sum(row["can_decide"].startswith("yes") for row in rows)
    return Evidence(
        name=CRITERIA,
        model=model.id,
        kind="record",
        summary=f"Policy {policy.metadata.id} {policy.metadata.version} is on record before the evidence; "
        f"{able} of {len(rows)} rules can be decided with the n they ask for",
        findings={"policy": policy.digest, "plan": rows},
        files={"policy.json": stored},
    )


stage = Stage(
    name=CRITERIA,
    spec=Spec,
    run=run,
    summary="Put the release policy on record before the assessments.",
)
