"""Take a model back: nobody may use it any more; what was found and kept stays."""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    because: str = Field(min_length=1, description="Why, in a sentence for its users.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Set the availability to none.

    Raises:
        UsageError: the model is not available to anybody.
    """
    before = view.state(model.id).availability
    if before == "none":
        raise UsageError(
            f"{model.id} is not available to anybody; 'tenure status {model.id}' shows how it stands"
        )
    emit.fact("availability", "none", spec.because)
    return Evidence(
        name="release/withdraw",
        model=model.id,
        kind="record",
        summary=f"{model.id} was withdrawn from {before}: {spec.because}",
        findings={"from": before, "because": spec.because},
    )


stage = Stage(
    name="release/withdraw",
    spec=Spec,
    run=run,
    summary="Withdraw a model that is available; nothing of its record is lost.",
    repeat=True,
)
