"""Point an alias (latest, stable) at a model; the table keeps where it has pointed since when.

Whoever asks for an alias can be told which model answers. An alias points only at a model that is
available, and never takes the name of one.
"""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError
from tenure.release.naming import ALIAS, aliases, skeleton


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    alias: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="The alias: latest, stable.")
    because: str = Field("", description="Why it moves, in a sentence for its users.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Point the alias at the model.

    Raises:
        RefusedError: the model is available to nobody, or a model has this name.
    """
    state = view.state(model.id)
    if state.availability == "none":
        raise RefusedError(
            f"{model.id} is available to nobody, so '{spec.alias}' cannot lead to it; run "
            f"'tenure release publish --model {model.id}' first"
        )
    taken = [m.name for m in view.models() if skeleton(m.name) == skeleton(spec.alias)]
    if taken:
        raise RefusedError(
            f"'{spec.alias}' cannot be told from the model {taken[0]}; choose another alias"
        )
    earlier = aliases(view).get(spec.alias, [])
    before = earlier[-1][1] if earlier else None
    if before != model.id:
        emit.event("note", f"{ALIAS}{spec.alias}", {"before": before, "because": spec.because})
    from_ = f", from {before}" if before and before != model.id else ""
    return Evidence(
        name="release/alias",
        model=model.id,
        kind="record",
        summary=f"'{spec.alias}' leads to {model.id}{from_}",
        findings={"alias": spec.alias, "before": before, "because": spec.because},
    )


stage = Stage(
    name="release/alias",
    spec=Spec,
    run=run,
    summary="Point an alias such as 'latest' at a model, on the record.",
    repeat=True,
)
