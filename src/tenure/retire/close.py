"""Close: the model is retired once everything that is owed has been done, and not before."""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View, Waiting, now
from tenure.dossier.retiring import day, notice_of
from tenure.retire.owing import Case, Owed
from tenure.retire.owing import owed as all_owed
from tenure.retire.record import Pen, successor_of


class Spec(BaseModel):
    """Settings of the closing."""

    model_config = ConfigDict(extra="forbid")

    successor: str | None = Field(None, description="The model that users are pointed to.")
    without_successor: str = Field(
        "", description="Why no successor is named: a reason, for it is owed to users."
    )


def owed(model: Model, view: View, spec: Spec) -> list[Owed]:
    """List what is still owed before a model may be retired."""
    case = Case(
        model=model,
        view=view,
        today=day(now()),
        successor=spec.successor,
        without_successor=spec.without_successor,
    )
    return [each for each in all_owed(case) if each.blocks]


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Retire the model, or say what is owed.

    Raises:
        UsageError: the successor named cannot be one.
        RefusedError: the house forbids the change of a fact.
    """
    due = owed(model, view, spec)
    if due:
        return Waiting(
            on=due[0].who,
            command=due[0].command,
            until=due[0].until.isoformat() if due[0].until else None,
            why="before it is retired: "
            + "; ".join(f"{each.what} ({each.command})" for each in due),
        )
    heir = successor_of(model, view, spec.successor)
    notice = notice_of(view, model.id)
    access = notice.access_after if notice else "on request"
    pen = Pen(model, view, emit)
    pen.fact("stage", "retired", "notice over, interviewed, answered, reported, kept")
    because = "retired models are brought back when they are wanted"
    if access == "none":
        because = "the policy on file keeps retired models and offers them to nobody"
    pen.fact("availability", access, because)
    named = heir.id if heir else None
    stays = "answers on request" if access != "none" else "is offered to nobody"
    told = f"its successor is {named}" if named else f"no successor: {spec.without_successor}"
    return Evidence(
        name="retire/close",
        model=model.id,
        summary=f"Retired. It stays kept and {stays}; {told}.",
        kind="record",
        findings={"successor": named, "without_successor": spec.without_successor or None},
    )


stage = Stage(
    name="retire/close",
    spec=Spec,
    run=run,
    summary="Retire the model when nothing is owed any more; it stays kept and on request.",
)
