"""File what a user says against a retirement, and answer it; both stand verbatim in the report."""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View
from tenure.errors import UsageError, unknown
from tenure.retire.reporting.lived import COMPLAINT

LONGEST = 4000  # characters


class Spec(BaseModel):
    """Settings: a text files a complaint; with ``to`` it answers one."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=LONGEST, description="The words, unchanged.")
    to: str = Field("", description="The complaint that this answers, by its id.")
    by: str = Field("", description="Who answers: name and role. A user's name is never asked.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Put it on record.

    Raises:
        UsageError: an answer to nothing on record, a second answer, or one without a name.
    """
    filed = view.events(act="note", name=f"{COMPLAINT}filed", model=model.id)
    if not spec.to:
        body = {"id": f"complaint-{len(filed) + 1}", "text": spec.text}
        emit.event("note", f"{COMPLAINT}filed", body)
        summary = f"Filed as {body['id']}; 'tenure retire complaint --to {body['id']}' answers it."
        return Evidence(
            name="retire/complaint", model=model.id, kind="human", summary=summary, findings=body
        )
    ids = [str(event.body["id"]) for event in filed]
    if spec.to not in ids:
        raise unknown("complaint", spec.to, ids)
    done = view.events(act="note", name=f"{COMPLAINT}answered", model=model.id)
    if spec.to in {str(event.body["to"]) for event in done}:
        raise UsageError(f"{spec.to} is answered; an answer on record is not changed")
    if not spec.by:
        raise UsageError("an answer is a person's: say --by 'NAME, ROLE'")
    answer = {"to": spec.to, "text": spec.text, "by": spec.by}
    emit.event("note", f"{COMPLAINT}answered", answer)
    return Evidence(
        name="retire/complaint",
        model=model.id,
        kind="human",
        summary=f"{spec.to} was answered by {spec.by}.",
        findings=answer,
    )


stage = Stage(
    name="retire/complaint",
    spec=Spec,
    run=run,
    summary="File a user's complaint about a retirement, or answer one.",
    repeat=True,
)
