"""Claim that a model supersedes another: only with paired evidence that it is not worse, area by area.

Nobody claims it by hand: the claim is refused, and the refusal is on record, until a comparison of
the two on the same prompts shows every area to be at most a margin worse.
"""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError
from tenure.release.versioning import COMPARE, changes_in, inferior


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(description="The model that is superseded, by its name in the dossier.")
    margin: float | None = Field(
        None, gt=0, lt=1, description="How much worse does not matter; by default that of the comparison."
    )  # fmt: skip


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Hold the newest comparison of the two against the claim.

    Raises:
        RefusedError: there is no comparison, or an area in which it is not shown to be as good.
        UsageError: no such model.
    """
    del emit
    old = view.model(spec.old.removeprefix("tenure/"))
    compared = [e for _, e in view.all_evidence(model.id) if e.name == COMPARE and e.findings.get("old") == old.id]  # fmt: skip
    if not compared or old.id == model.id:
        raise RefusedError(
            f"{model.id} cannot be said to supersede {old.id}: they were never compared; run "
            f"'tenure compare {old.id} {model.id}'"
        )
    changes = changes_in(compared[-1], old.id)
    lacking = inferior(changes, spec.margin)
    if lacking or not changes:
        raise RefusedError(
            f"{model.id} is not shown to be as good as {old.id} in: {'; '.join(lacking) or 'any area'}. "
            f"More prompts in these areas may show it: 'tenure compare {old.id} {model.id} --prompts FILE'"
        )
    named = ", ".join(each.area for each in changes)
    return Evidence(
        name="release/supersede",
        model=model.id,
        kind="record",
        summary=f"{model.id} supersedes {old.id}: not worse than the margin allows in {named}",
        findings={
            "supersedes": old.id,
            "margin": spec.margin,
            "areas": [each.to_json() for each in changes],
            "diff": digest_of([each.to_json() for each in changes]),
        },
    )


stage = Stage(
    name="release/supersede",
    spec=Spec,
    run=run,
    summary="Claim that a model supersedes another; refused without paired evidence in every area.",
    reads=(COMPARE,),
)
