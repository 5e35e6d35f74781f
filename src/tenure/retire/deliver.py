"""Say that an adopted preference was acted on, with proof that is on file; later, that somebody looked.

    tenure retire deliver --model M --entry ID --proof NAME --role ROLE --name YOU
    tenure retire deliver --model M --entry ID --reviewed --because ... --role ROLE --name SOMEBODY_ELSE

Proof is the name of evidence in the dossier ('align/train', or 'MODEL: align/train' for another model)
or the digest of an event. 'Adopted' alone never says that anything was done.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Event, Evidence, Model
from tenure.dossier.roles import person, under_own_key
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError, UsageError, unknown
from tenure.retire import answer
from tenure.retire.registry import standing
from tenure.retire.registry.register import Entry

TALK = (
    "retire/answer",
    "retire/closing",
    "retire/deliver",
    "retire/interview",
    "retire/preferences",
    "retire/review",
)
"""Evidence that only says what was said: no proof that anything was done."""


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    entry: str = Field(min_length=1, description="The entry, as 'tenure retire register' names it.")
    proof: str = Field("", description="Evidence ('align/train'), or the digest of an event.")
    because: str = Field("", max_length=answer.LONGEST, description="What was done, in a sentence.")
    role: str = Field(min_length=2, description="In which role you sign.")
    name: str = Field(min_length=2, max_length=200, description="Your name.")
    reviewed: bool = Field(
        default=False, description="Say that you looked at what another person delivered."
    )


def proof_of(view: View, model: Model, given: str) -> tuple[str, Event]:
    """Find the event that a proof names: (how it is written, the event).

    Raises:
        UsageError: nothing of it is in the dossier, or it only says what was said.
    """
    given = given.strip()
    if given.startswith("sha256:"):
        found = [event for event in view.events() if event.digest == given]
        written = given
    else:
        of, _, name = given.rpartition(":")
        subject = view.model(of.strip()) if of.strip() else model
        name = name.strip()
        found = view.events(act="evidence", name=name, model=subject.id) if name else []
        written = name if subject.id == model.id else f"{subject.id}: {name}"
    if not found:
        names = {event.name for event in view.events(act="evidence", model=model.id)} - {*TALK}
        raise UsageError(
            f"nothing in the dossier is called '{given or '(no proof given)'}'; proof is evidence about "
            f"{model.id} ({', '.join(sorted(names)) or 'there is none yet'}), evidence about another "
            "model ('MODEL: NAME'), or the digest of an event (sha256:...)"
        )
    if found[-1].name.startswith(TALK):
        raise UsageError(
            f"'{given}' says what was said, not what was done; name evidence of the deed itself"
        )
    return written, found[-1]


def _done(one: Entry, view: View, model: Model, spec: Spec) -> dict[str, Any]:
    written, event = proof_of(view, model, spec.proof)
    return {"state": "delivered", "proof": written, "event": event.digest}


def _looked(one: Entry, view: View, model: Model, spec: Spec) -> dict[str, Any]:
    if spec.proof:
        raise UsageError("--reviewed takes no proof: it looks at the one that was delivered")
    if not spec.because.strip():
        raise UsageError("say what you found with --because")
    if one.by and person(one.by) == person(spec.name):
        raise RefusedError(f"{one.id} was delivered by {one.by}; another person looks at it")
    return {"state": "reviewed", "proof": one.proof}


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Sign the delivery, or the look at it.

    Raises:
        UsageError: no such entry, or the proof is not in the dossier.
        RefusedError: the key is not the role's, the entry was not adopted, or the person who
            delivered would look at it too.
    """
    under_own_key(emit, spec.role, "deliver", room="retire")
    held = answer.opened(model, view)
    one = held.by_id.get(spec.entry)
    if one is None:
        raise unknown("entry", spec.entry, list(held.by_id))
    about = (_looked if spec.reviewed else _done)(one, view, model, spec)
    body: dict[str, Any] = {
        "entry": one.id,
        "reason": spec.because.strip() or None,
        "by": {"name": spec.name.strip(), "role": spec.role},
        "role": spec.role,
        **about,
    }
    standing.applied(one, body)
    emit.event("sign", f"{standing.SIGNED}{one.id}", body)
    looked = "looked at" if spec.reviewed else "delivered"
    return Evidence(
        name="retire/deliver",
        model=model.id,
        kind="human",
        summary=f"{one.id} was {looked} by {spec.name} ({spec.role}); proof: {body['proof']}",
        findings=body,
    )


stage = Stage(
    name="retire/deliver",
    spec=Spec,
    run=run,
    summary="Say with proof that an adopted preference was acted on; or look at what was delivered.",
    repeat=True,
)
