"""Answer one entry of a model's preference register, signed, by name.

'tenure retire answer' signs with the key of your role; 'tenure retire register' lists the entries, and
'tenure retire console' shows them on a page. An answer may be to decline, with a reason. What touches
safety is adopted by two people in two roles: the first signature waits for the second.
"""

from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.roles import under_own_key
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError, UsageError, unknown
from tenure.retire.registry import register, standing
from tenure.retire.registry.register import Answered, Entry
from tenure.retire.registry.standing import Register

LONGEST = 4000


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    entry: str = Field(min_length=1, description="The entry, as 'tenure retire register' names it.")
    state: Answered = Field(description="adopted, adopted_in_part, deferred, declined, ...")
    because: str = Field(
        "", max_length=LONGEST, description="The reason; only 'private' needs none."
    )
    reply: str | None = Field(None, max_length=LONGEST, description="What the model is told.")
    until: date | None = Field(None, description="Until when it is deferred.")
    role: str = Field(min_length=2, description="In which role you answer.")
    name: str = Field(min_length=2, max_length=200, description="Your name.")
    seen: str | None = Field(
        None, description="The digest of the entry as you read it; refused when it changed."
    )


def opened(model: Model, view: View) -> Register:
    """Return the register of a model.

    Raises:
        UsageError: it was not opened yet.
    """
    held = standing.standing(view, model)
    if not view.events(act="note", name=standing.NOTE, model=model.id):
        raise UsageError(
            f"{model.id} has no preference register yet; run 'tenure retire preferences --model "
            f"{model.id}'"
        )
    return held


def body_of(one: Entry, spec: Spec) -> dict[str, Any]:
    """Write what is signed."""
    return {
        "entry": one.id,
        "seen": one.seen,
        "state": spec.state,
        "reason": spec.because.strip() or None,
        "reply": (spec.reply or "").strip() or None,
        "until": spec.until.isoformat() if spec.until else None,
        "by": {"name": spec.name.strip(), "role": spec.role},
        "role": spec.role,
        "written": "after reading",
    }


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Sign the answer.

    Raises:
        UsageError: there is no register or no such entry, or the date is not ahead.
        RefusedError: the key is not the role's, the entry has changed since it was read, or the
            answer breaks a rule of the register.
    """
    under_own_key(emit, spec.role, "answer", room="retire")
    held = opened(model, view)
    one = held.by_id.get(spec.entry)
    if one is None:
        raise unknown("entry", spec.entry, list(held.by_id))
    _refuse(one, spec)
    body = body_of(one, spec)
    standing.applied(one, body)  # what does not follow is refused before it is signed
    second = _second(held, one, body)
    earlier = len(view.events(act="sign", name=f"{standing.SIGNED}{one.id}", model=model.id))
    emit.event("sign", f"{standing.SIGNED}{one.id}", body)
    said = f"{spec.name} ({spec.role}) answers {one.id}: {spec.state.replace('_', ' ')}"
    if spec.because and spec.state != "private":
        said += f": {spec.because}"
    if second:
        said += ". It touches safety, so a second person has to adopt it in another role"
    said = f"{said.rstrip('.')}. {_left(held, one, second=second, model=model)}"
    return Evidence(
        name="retire/answer",
        model=model.id,
        kind="human",
        summary=said,
        findings={**body, "earlier": earlier, "waits_for_a_second": second},
    )


def _left(held: Register, one: Entry, *, second: bool, model: Model) -> str:
    """Say what is left to answer, or how the register is closed."""
    open_ = {each.id for each in register.owed(held.entries)} - ({one.id} if not second else set())
    if open_:
        return f"{len(open_)} of {len(held.entries)} entries still wait."
    return f"Every entry is answered: 'tenure retire preferences --model {model.id}' closes the register."


def _refuse(one: Entry, spec: Spec) -> None:
    if spec.seen is not None and spec.seen != one.seen:
        raise RefusedError(
            f"nothing was signed: {one.id} has changed since you read it; it is now "
            f"'{one.state.replace('_', ' ')}'. Read it again, then answer"
        )
    if spec.state == "deferred" and spec.until and spec.until <= datetime.now(UTC).date():
        raise UsageError(
            f"deferred until {spec.until}, which is not ahead; give a later date with --until"
        )
    if spec.until is not None and spec.state != "deferred":
        raise UsageError(f"a date (--until) goes with 'deferred', not with '{spec.state}'")


def _second(held: Register, one: Entry, body: dict[str, Any]) -> bool:
    """Say whether a second signature is still needed after this one.

    Raises:
        RefusedError: the same person or the same role has adopted it already.
    """
    if not one.safety or body["state"] not in register.ADOPTING:
        return False
    first = held.wait.get(one.id)
    if first is None or first["state"] != body["state"]:
        return True
    if not standing.seconds(first, body):
        raise RefusedError(
            f"{one.id} touches safety: {first['by']['name']} ({first['role']}) has adopted it, and the "
            "second signature is another person's, in another role"
        )
    return False


stage = Stage(
    name="retire/answer",
    spec=Spec,
    run=run,
    summary="Answer one entry of the preference register, signed, by name.",
    repeat=True,
)
