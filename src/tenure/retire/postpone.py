"""Postpone a retirement, or take its notice back: a notice is never made shorter here.

Users see the new day, or that the model stays, with the reason, on the page and in the feeds. A
notice that was taken back promises nothing: should the model be retired after all, a new notice with
its whole period is given.
"""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View, now
from tenure.dossier.retiring import CHANGED, NOTICE, notice_of
from tenure.errors import UsageError
from tenure.retire.exception import standing
from tenure.retire.notices.calendar import day, named


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    until: str | None = Field(
        None, pattern=r"^\d{4}-\d{2}-\d{2}$", description="The later day (2027-01-31)."
    )
    cancel: bool = Field(default=False, description="Take the notice back: the model stays.")
    because: str = Field(min_length=1, description="The reason, as users will read it.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Record the later day, or that the notice is taken back.

    Raises:
        UsageError: no notice stands, both or neither was asked for, or the day is not later.
    """
    notice = standing(model, view)
    if spec.cancel == (spec.until is not None):
        raise UsageError("say either --until DATE or --cancel")
    if spec.until is not None:
        later = named(spec.until)
        if later <= max(notice.sunset, day(now())):
            raise UsageError(
                f"{later} is not later than {max(notice.sunset, day(now()))}; a notice is only "
                "postponed. A shorter one is an exception: tenure retire exception --help"
            )
        emit.event("note", CHANGED, {"effective": spec.until, "because": spec.because})
        summary = f"The retirement of {model.id} is postponed to {later}: {spec.because}"
    else:
        before = _stage_before(model, view)
        emit.event("note", CHANGED, {"cancelled": True, "because": spec.because})
        if view.state(model.id).stage != before:
            emit.fact("stage", before, f"the notice was taken back: {spec.because}")
        summary = f"The notice of {model.id} is taken back; it stays. {spec.because}"
    found = notice_of(view, model.id)
    assert found is not None
    return Evidence(
        name="retire/postpone",
        model=model.id,
        kind="record",
        summary=summary,
        findings={
            "notice": found.event,
            "until": spec.until,
            "cancelled": found.cancelled,
            "because": spec.because,
        },
    )


def _stage_before(model: Model, view: View) -> str:
    """Name the stage the model was in before its first notice made it deprecated."""
    given = view.events(act="note", name=NOTICE, model=model.id)[-1].index
    facts = view.events(act="fact", name="stage", model=model.id)
    earlier = [str(e.body["value"]) for e in facts if e.index < given]
    return earlier[-1] if earlier else "candidate"


stage = Stage(
    name="retire/postpone",
    spec=Spec,
    run=run,
    summary="Postpone a retirement, or take its notice back.",
    repeat=True,
)
