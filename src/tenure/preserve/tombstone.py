"""Mark a kept model as withdrawn for good. Its bytes stay: nothing in a vault is ever deleted.

It answers nobody any more, and no new model is packed against it. Refused while a model that is kept
stands on it, and while a commitment owes its weights to somebody.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View
from tenure.errors import IntegrityError, RefusedError, UsageError
from tenure.preserve import places, tombstones
from tenure.preserve.packed import passports

OWED_BY = ("weights_in_copies", "return_drill", "report_kept")  # checks that need what is kept
ADOPTED = "commitments/adopted"


class Spec(BaseModel):
    """Why, and whether it is put up or taken away."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", description="Why, in words that people will read in years.")
    lift: bool = Field(default=False, description="Take the tombstone away again.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Put a tombstone up or take it away; refuse where somebody still needs the model."""
    held = places.require(view, model)
    stone = tombstones.of(view, model)
    if len(spec.reason.strip()) < 10:
        raise UsageError("a tombstone needs a reason that people can read; say --reason '...'")
    if spec.lift and stone is None:
        raise UsageError(f"{model.id} has no tombstone; there is nothing to lift")
    if not spec.lift:
        refuse(view, model, held)
        if view.state(model.id).availability != "none":
            emit.fact("availability", "none", f"tombstoned: {spec.reason.strip()}")
    said = "The tombstone was taken away" if spec.lift else "Tombstoned: it answers nobody"
    return Evidence(
        name=tombstones.NAME,
        model=model.id,
        kind="record",
        summary=f"{said}; every byte stays in {len(held.copies)} copies. {spec.reason.strip()}",
        findings={
            "reason": spec.reason.strip(),
            "lifted": spec.lift,
            "object": held.object,
            "version": held.evidence.findings["version"],
        },
    )


def refuse(view: View, model: Model, held: places.Kept) -> None:
    """Refuse a tombstone.

    Raises:
        RefusedError: a kept model stands on this one, or a commitment owes its weights.
    """
    for copy in held.opened(view.root):
        standing = passports.dependants(copy.store, held.object)
        if standing:
            raise RefusedError(
                f"{len(standing)} kept model(s) are packed against {model.id} in {copy.store.label} and "
                f"would not come back without it: {', '.join(standing)}; it stays as it is"
            )
    owed = owing(view, model)
    if owed:
        raise RefusedError(
            f"the weights of {model.id} are owed by {', '.join(owed)}; see 'tenure commitments' for "
            "what was promised to whom: a promise to keep is not ended by a tombstone"
        )


def owing(view: View, model: Model) -> list[str]:
    """List the commitments, in force or once adopted, that may owe this model's weights.

    A clause that cannot be judged here (use inside the house) counts as covering the model, and so
    does a promise that was withdrawn since: what was promised to it stays promised.
    """
    if view.state(model.id).containment is not None or model.kind == "scripted":
        return []  # commitments leave organisms out
    found: dict[str, None] = {}
    for event in view.events(act="sign", name=ADOPTED, model=""):
        try:
            document = json.loads(view.read(event.files["commitments.json"]))
            for one in document.get("commitments", ()):
                clauses = one["scope"]["any_of"]
                covered = any(_may_cover(clause, view, model) for clause in clauses)
                if one["check"] in OWED_BY and covered:
                    found.setdefault(str(one["id"]))
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(
                f"the commitments of event {event.index} cannot be read ({error!r}); run 'tenure verify'"
            ) from None
    return list(found)


def _may_cover(clause: Mapping[str, Any], view: View, model: Model) -> bool:
    if clause.get("models") and not {model.id, model.name} & set(clause["models"]):
        return False
    if clause.get("kind") and model.kind not in clause["kind"]:
        return False
    for fact in ("availability", "stage"):
        asked = set(clause.get(fact) or ())
        had = {e.body.get("value") for e in view.events(act="fact", name=fact, model=model.id)}
        if asked and not asked & had:
            return False
    return True


stage = Stage(
    name=tombstones.NAME,
    spec=Spec,
    run=run,
    summary="Mark a kept model as withdrawn for good; its bytes stay.",
    repeat=True,
)
