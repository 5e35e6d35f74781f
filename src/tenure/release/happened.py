"""Put on record that something happened which ends evidence: a new attack, another system prompt.

Every rule that lists it under ``expires.on`` is stale from then on, until it is measured again.
"""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.release.dockets import HAPPENED
from tenure.release.parts import ASSESSMENT, Trigger


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    what: Trigger = Field(
        description="weights_change, system_prompt_change, decoding_change, safeguard_change, "
        "scaffold_change, harness_vulnerability or new_attack."
    )
    because: str = Field(min_length=1, description="What exactly happened, in a sentence.")
    assessment: str | None = Field(
        None, pattern=ASSESSMENT, description="Only evidence of this assessment; by default of all."
    )
    everywhere: bool = Field(default=False, description="It concerns every model of the dossier.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Add the note."""
    del view
    body = {"because": spec.because}
    if spec.assessment is not None:
        body["assessment"] = spec.assessment
    emit.event("note", f"{HAPPENED}{spec.what}", body, model="" if spec.everywhere else None)
    whom = "every model" if spec.everywhere else model.id
    return Evidence(
        name="release/happened",
        model=model.id,
        kind="record",
        summary=f"{spec.what.replace('_', ' ')}, concerning {whom}: {spec.because}. Evidence that it "
        f"ends is stale from now on; 'tenure release watch --model {model.id}' says what follows",
        findings={"what": spec.what, "everywhere": spec.everywhere, **body},
    )


stage = Stage(
    name="release/happened",
    spec=Spec,
    run=run,
    summary="Record what makes evidence stale: a new attack, another system prompt, a broken harness.",
    repeat=True,
)
