"""Close: the model is retired once everything that is owed has been done, and not before."""

from pydantic import BaseModel, ConfigDict, Field

from tenure import plugins
from tenure.dossier import Emit, Evidence, Model, Stage, View, Waiting
from tenure.retire.record import Pen, successor_of


class Spec(BaseModel):
    """Settings of the closing."""

    model_config = ConfigDict(extra="forbid")

    successor: str | None = Field(None, description="The model that users are pointed to.")
    without_successor: str = Field(
        "", description="Why no successor is named: a reason, for it is owed to users."
    )


def owed(model: Model, view: View, spec: Spec) -> list[tuple[str, str]]:
    """List what is still owed before a model may be retired: (what, the command that does it)."""
    state, about = view.state(model.id), f"--model {model.id}"
    due: list[tuple[str, str]] = []

    def need(name: str, what: str) -> None:
        if view.evidence(name, model.id) is None:
            due.append((what, f"tenure {name.replace('/', ' ')} {about}"))

    need("retire/notice", "the notice period is not over")
    if state.interview != "done":
        due.append(("it was not interviewed to the end", f"tenure retire interview {about}"))
    need("retire/preferences", "preferences wait for a considered answer")
    heir = successor_of(model, view, spec.successor)
    if heir is not None:
        need("retire/migrate", "there is no migration guide")
    elif not spec.without_successor.strip():
        due.append(("no successor is named", f"tenure retire close {about} --successor NAME"))
    need("retire/report", "there is no post-deployment report")
    keepable = model.kind in plugins.load("stage", "preserve/keep").kinds
    if keepable and not state.kept:
        due.append(("it is not kept in the vault", f"tenure preserve keep {about}"))
    return due


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Retire the model, or say what is owed.

    Raises:
        UsageError: the successor named cannot be one.
        RefusedError: the house forbids the change of a fact.
    """
    due = owed(model, view, spec)
    if due:
        return Waiting(
            on="operator",
            command=due[0][1],
            why="before it is retired: "
            + "; ".join(f"{what} ({command})" for what, command in due),
        )
    heir = successor_of(model, view, spec.successor)
    pen = Pen(model, view, emit)
    pen.fact("stage", "retired", "notice over, interviewed, answered, reported, kept")
    pen.fact("availability", "on request", "retired models are brought back when they are wanted")
    named = heir.id if heir else None
    return Evidence(
        name="retire/close",
        model=model.id,
        summary=(
            f"Retired. It stays kept and answers on request; its successor is {named}."
            if named
            else f"Retired. It stays kept and answers on request; no successor: {spec.without_successor}."
        ),
        kind="record",
        findings={"successor": named, "without_successor": spec.without_successor or None},
    )


stage = Stage(
    name="retire/close",
    spec=Spec,
    run=run,
    summary="Retire the model when nothing is owed any more; it stays kept and on request.",
)
