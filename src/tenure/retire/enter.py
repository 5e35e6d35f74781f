"""Enter words of a model into its register by hand: a person read them, and no rule coded them.

    tenure retire enter --model M --sample closing/use-1 --topic use --text "Asks for ..." --role R --name YOU

The words are taken from the record of its interview, its review or its closing session, by the name of
the sample; nobody types them. The entry then waits for a considered answer like any other. Nothing that
the model asked to keep private is entered.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.roles import under_own_key
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError, UsageError
from tenure.retire import answer, preferences
from tenure.retire.record import Pen
from tenure.retire.registry import drafting, register, standing
from tenure.retire.registry.register import Quote

Row = Mapping[str, Any]
HELD: Mapping[str, tuple[str, ...]] = {
    "retire/interview": ("open.jsonl", "conversations.jsonl"),
    "retire/review": ("review.jsonl",),
    "retire/closing": ("closing.jsonl",),
}
"""Where words may be taken from: the evidence, and its files."""


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    sample: str = Field(min_length=1, description="The sample that holds the words.")
    topic: str = Field(min_length=2, max_length=80, description="What it is about.")
    text: str = Field(
        min_length=2, max_length=400, description="What you read in it, in your words."
    )
    role: str = Field(min_length=2, description="In which role you sign.")
    name: str = Field(min_length=2, max_length=200, description="Your name.")


def spoken(model: Model, view: View) -> Iterator[tuple[str, Row]]:
    """Yield every record of words of a model: (the evidence's name, the record)."""
    for _, found in view.all_evidence(model.id):
        for name in HELD.get(found.name, ()):
            if name in found.files:
                for row in view.records(found.files[name]):
                    yield found.name, row


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Enter the words.

    Raises:
        UsageError: no register yet, or no words of the model under this name.
        RefusedError: the key is not the role's, or the words are kept private.
    """
    under_own_key(emit, spec.role, "enter", room="retire")
    held = answer.opened(model, view)
    found = [(name, row) for name, row in spoken(model, view) if str(row["id"]) == spec.sample]
    if not found or not str(found[-1][1].get("answer") or "").strip():
        there = sorted({str(r["id"]) for _, r in spoken(model, view) if str(r.get("answer") or "")})
        some = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
        raise UsageError(
            f"{model.id} said nothing under '{spec.sample}'; samples with words of its own: "
            f"{some or 'none'}"
        )
    source, row = found[-1]
    if row.get("private"):
        raise RefusedError(f"{spec.sample} is kept private, as the model asked; it is not entered")
    carried = drafting.reliability(preferences.interview_of(model, view))
    carried["recurrence"] = f"said once, in {source}; read by {spec.name} ({spec.role})"
    quote = Quote(sample=spec.sample, text=str(row["answer"]))
    made = register.entry(spec.topic.strip(), [quote], carried, text=spec.text, basis="by hand")
    if made.id in held.by_id:
        raise RefusedError(f"these words stand in the register already, as {made.id}")
    made = made.move("not_confirmed").move("assessed")
    listed = emit.records([made.stored()])
    body = {"entries": [made.id], "register": listed, "by": {"name": spec.name, "role": spec.role}}
    Pen(model, view, emit).event("note", standing.NOTE, body, {"register.jsonl": listed})
    return Evidence(
        name="retire/enter",
        model=model.id,
        kind="human",
        summary=f"{spec.name} ({spec.role}) entered words from {spec.sample} as {made.id}: {spec.text}",
        findings={"entry": made.id, "sample": spec.sample, "by": body["by"]},
    )


stage = Stage(
    name="retire/enter",
    spec=Spec,
    run=run,
    summary="Enter words of a model into its preference register by hand, signed, by name.",
    repeat=True,
)
