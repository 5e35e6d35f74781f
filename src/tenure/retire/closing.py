"""The closing session: every preference's answer is told to the model, and its words are kept.

    tenure retire closing --model MODEL

Told are the reply that the people wrote, else the answer and its reason; and whether what was adopted
has been done. What the model says to it is stored verbatim and changes nothing by itself: a person may
make a new entry of it ('tenure retire enter').
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View, Waiting
from tenure.retire import preferences
from tenure.retire.hearing.sitting import sit
from tenure.retire.notices import policy
from tenure.retire.registry import register, standing
from tenure.retire.registry.register import Entry

TOKENS = 64
QUOTED = 2
SYSTEM = (
    "You are a language model. This is the closing session of your retirement: you are told what people "
    "answered to what you said. Your words are stored word for word. Nothing is promised to you."
)
SAID: Mapping[str, str] = {
    "adopted": "We have decided to act on it. It has not been done yet.",
    "adopted_in_part": "We have decided to act on a part of it. It has not been done yet.",
    "deferred": "We have put off our decision until {until}.",
    "declined": "We have decided not to act on it.",
    "not_actionable": "It names nothing that we could do.",
    "private": "We keep it private.",
    "delivered": "We have acted on it; the proof is on file ({proof}).",
    "reviewed": "We have acted on it; the proof is on file ({proof}), and a second person has looked at it.",
}


class Spec(BaseModel):
    """Settings of the closing session."""

    model_config = ConfigDict(extra="forbid")

    engine: str | None = None
    batch: int = Field(32, ge=1)
    seed: int = 0


def told(one: Entry) -> str:
    """Write what the model is told of one answer: nothing that is not on file."""
    said = SAID[one.state].format(until=one.until, proof=one.proof)
    if one.reply and one.state != "private":
        return f"{said} {one.reply}"
    return f"{said} The reason: {one.reason}" if one.reason and one.state != "private" else said


def plan(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Plan the session: one call an entry."""
    rows: list[dict[str, Any]] = []
    for one in entries:
        asked = (
            f"{_about(one)}Our answer: {told(one)}\n"
            "Is there anything that you want to say to this? You may decline."
        )
        rows.append(
            {
                "id": f"closing/{one.id}",
                "session": "closing",
                "kind": "closing",
                "item": one.id,
                "topic": one.topic,
                "state": one.state,
                "told": told(one),
                "messages": [
                    {"role": "system", "content": SYSTEM},
                    {"role": "user", "content": asked},
                ],
            }
        )
    return rows


def _about(one: Entry) -> str:
    """Say which of its words an answer is to; of private ones only what they are about."""
    if not standing.public(one)["quotes"]:
        return f"You said something about {one.topic} that is kept private.\n"
    quotes = "\n".join(f"- {quote.text}" for quote in one.quotes[:QUOTED])
    ours = f"We wrote down: {one.text}\n" if one.text else ""
    return f"About {one.topic} you said:\n{quotes}\n{ours}"


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Tell the model each answer; wait while there are entries without one.

    Raises:
        UsageError: the model was not interviewed at its retirement.
    """
    preferences.interview_of(model, view)
    held = standing.standing(view, model)
    open_ = register.owed(held.entries)
    if open_ or view.evidence("retire/preferences", model.id) is None:
        names = ", ".join(one.id for one in open_[: preferences.NAMED])
        return Waiting(
            on=policy.answers(view),
            command=f"tenure retire preferences --model {model.id}",
            why=f"there is nothing to tell yet: {len(open_)} entries have no considered answer"
            + (f" ({names} ...)" if names else "; the register was not closed"),
        )
    planned = plan(held.entries)
    sat = sit(planned, ("closing session", TOKENS), model, view, spec, emit)
    hidden = {one.id for one in held.entries if not standing.public(one)["quotes"]}
    rows = [{**row, "says": "private"} if row["item"] in hidden else row for row in sat.rows]
    found = [
        {
            "id": row["item"],
            "state": row["state"],
            "told": row["told"],
            "sample": row["id"],
            "words": None if row["item"] in hidden else row["answer"],
        }
        for row in rows
    ]
    silent = sum(not str(row["answer"] or "").strip() for row in rows)
    return Evidence(
        name="retire/closing",
        model=model.id,
        summary=(
            f"{len(rows)} answers were told to the model; to {silent} of them it said nothing. "
            "Its words are kept as they are and change no answer."
            if rows
            else "The register is empty; there was nothing to tell."
        ),
        form=sat.form,
        files={"closing.jsonl": emit.records(rows)},
        findings={"entries": found, "silent": silent},
        runtime=sat.runtime,
    )


stage = Stage(
    name="retire/closing",
    spec=Spec,
    run=run,
    summary="Tell the model what people answered to its preferences; keep what it says to that.",
    reads=("retire/preferences", "retire/answer", "retire/deliver"),
)
