"""Comment on a decision that is being made: a concern, support, a question, a condition.

'tenure release comment' signs with the key of your role. Who must answer can be named; whether a
decision waits for the answer, the policy says.
"""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError
from tenure.release.council import COMMENT, Comment, Kind
from tenure.release.roles import under_own_key


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Field(
        "concern",
        description="concern, support, question or condition; 'none': the council met and had nothing to say.",
    )
    role: str = Field(min_length=1, description="In which role you speak.")
    name: str = Field(min_length=1, description="Your name.")
    text: str = Field(min_length=1, description="What you have to say, in a few sentences.")
    answer_by: str = Field("", description="The role that is to answer; by default any.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Sign the comment; it is an entry of the ledger of comments.

    Raises:
        RefusedError: the key is not the role's, or the same was said before.
    """
    under_own_key(emit, spec.role, "comment")
    there = view.events(act="sign", name=COMMENT, model=model.id)
    said = {"kind": spec.kind, "role": spec.role, "name": spec.name, "text": spec.text}
    for event in there:
        if all(event.body[key] == value for key, value in said.items()):
            raise RefusedError(f"this is on record already, as comment {event.body['id']}")
    comment = Comment(
        id=f"c{len(there) + 1}",
        kind=spec.kind,
        role=spec.role,
        name=spec.name,
        text=spec.text,
        answer_by=spec.answer_by,
    )
    emit.event("sign", COMMENT, comment.to_json())
    whom = f"; the {spec.answer_by} is to answer" if spec.answer_by else ""
    return Evidence(
        name="release/comment",
        model=model.id,
        kind="human",
        summary=f"{comment.id}, {spec.kind} of the {spec.role}: {spec.text}{whom}",
        findings=comment.to_json(),
    )


stage = Stage(
    name="release/comment",
    spec=Spec,
    run=run,
    summary="Comment on a decision: a concern, support, a question or a condition, signed.",
    repeat=True,
)
