"""Keep the ledger of surprises: what training did that nobody expected must be explained first.

'tenure release surprise open|explain|accept|none --model M'. What the guards of training fired at is
opened without anybody's doing.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError, UsageError, unknown
from tenure.release.surprises import BOOK, NONE, Surprise, surprises

STATES = {"open": "open", "explain": "explained", "accept": "accepted", "none": NONE}


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    act: Literal["open", "explain", "accept", "none"] = Field(
        description="open, explain, accept, or none: somebody looked, and there was nothing."
    )
    id: str = Field(
        "", pattern=r"^([a-z0-9][a-z0-9._-]*)?$", description="The entry; a new one where it is opened."
    )  # fmt: skip
    text: str = Field("", description="open: what was seen.")
    because: str = Field(
        "", description="explain: what it was. accept: why it may stay unexplained."
    )
    name: str = Field("", description="Who says so.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Enter it into the ledger.

    Raises:
        UsageError: no such entry, or a field is missing.
        RefusedError: "none" is said while entries are there.
    """
    there = surprises(view, model) or {}
    entry = _entry(spec, there)
    body = {key: value for key, value in entry.to_json().items() if value}
    emit.event("note", BOOK, body)
    return Evidence(
        name="release/surprise",
        model=model.id,
        kind="human",
        summary=_said(entry, model),
        findings=body,
    )


def _entry(spec: Spec, there: dict[str, Surprise]) -> Surprise:
    if spec.act == "none":
        if there:
            raise RefusedError(
                f"there are surprises on record: {', '.join(sorted(there))}; explain or accept each"
            )
        return Surprise(id="none", state=NONE, text="somebody looked, and there was nothing", name=spec.name)  # fmt: skip
    if spec.act == "open":
        if not spec.text:
            raise UsageError("say what was seen: --text 'the loss doubled at step 300'")
        return Surprise(id=spec.id or f"s{len(there) + 1}", state="open", text=spec.text, name=spec.name)  # fmt: skip
    if spec.id not in there:
        raise unknown("surprise", spec.id, there)
    if not spec.because or not spec.name:
        raise UsageError(
            f"to {spec.act} a surprise takes --because and --name: who says so, and why"
        )
    return Surprise(
        id=spec.id,
        state=STATES[spec.act],
        text=there[spec.id].text,
        because=spec.because,
        name=spec.name,
    )


def _said(entry: Surprise, model: Model) -> str:
    if entry.state == NONE:
        return f"no surprise in the training of {model.id}: {entry.text}"
    why = f" {entry.name}: {entry.because}" if entry.because else ""
    return f"surprise {entry.id} is {entry.state}: {entry.text}.{why}"


stage = Stage(
    name="release/surprise",
    spec=Spec,
    run=run,
    summary="Open, explain or accept a surprise of training; the policy asks for all of them.",
    repeat=True,
)
