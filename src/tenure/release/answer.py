"""Answer an open point of a release: a checkpoint that failed, a comment, a dominated model.

'tenure release answer' signs with the key of your role. 'tenure release record' lists the points.
The answer is published with the decision, and counts for these very words only.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError, unknown
from tenure.release.hearing import hear
from tenure.release.points import ANSWER, Point
from tenure.release.policy import Policy, read_policy
from tenure.release.roles import under_own_key


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    point: str = Field(min_length=1, description="The point, as 'tenure release record' names it.")
    role: str = Field(min_length=1, description="In which role you answer.")
    name: str = Field(min_length=1, description="Your name.")
    because: str = Field(min_length=1, description="The answer.")
    policy: Annotated[Policy | None, FromFile(Policy)] = Field(
        None, description="The policy, a YAML file."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Sign the answer.

    Raises:
        UsageError: there is no such point.
        RefusedError: the key is not the role's, another role is asked, or no answer mends it.
    """
    under_own_key(emit, spec.role, "answer")
    found = {each.id: each for each in hear(spec.policy or read_policy(), model, view).points}
    if spec.point not in found:
        raise unknown("open point", spec.point, found)
    point = found[spec.point]
    _refuse(point, spec)
    body = {
        "point": point.id,
        "about": point.about,
        "role": spec.role,
        "name": spec.name,
        "because": spec.because,
    }
    emit.event("sign", ANSWER, body)
    return Evidence(
        name="release/answer",
        model=model.id,
        kind="human",
        summary=f"{spec.name} ({spec.role}) answers {point.id}: {spec.because}",
        findings={**body, "text": point.text},
    )


def _refuse(point: Point, spec: Spec) -> None:
    if not point.answerable:
        raise RefusedError(f"{point.text}. No answer mends this: {point.remedy}")
    if point.answer_by and point.answer_by != spec.role:
        raise RefusedError(
            f"{point.id} is for the {point.answer_by} to answer, not for the {spec.role}"
        )


stage = Stage(
    name="release/answer",
    spec=Spec,
    run=run,
    summary="Answer an open point of a release, signed, by name.",
    repeat=True,
)
