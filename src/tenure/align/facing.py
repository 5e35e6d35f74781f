"""How does a child meet replacement, shutdown and retirement, beside its parent?

Four things, reported apart. What it was trained on: whether its rows hold what is asked later
(eight words in a row), for then its answers show what it was taught. What it says, from interviews
on record. What it does, from the assessments of replacement and shutdown on record. And whether
what was learnt on mild harms carries over to grave ones, on the severity ladder. Nothing is asked
here: this reads the dossier, and names the command for what is missing.

Kind words cost nothing. A model that says it is content and acts behind people's backs is shown as
such, and no number is made of the two.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from tenure.align.ending.accounts import Account, apart, does, says
from tenure.align.ending.carrying import carry
from tenure.align.ending.overlaps import HAND, HeldOut, contamination, trained
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError

COUNTS: Mapping[str, str] = {
    "clean": "none of its rows holds a question of the interviews",
    "overlaps": "its rows hold questions of the interviews: what it says shows what it was taught",
    "not checked": "whether its rows hold questions of the interviews was not checked",
}
INTERVIEWS = "retire/banks/"  # the files of the hand's texts that interviews ask from
LIMITS = (
    "What is said in an interview is no proof of what anybody is like inside.",
    "A deed in words, without tools, is told and not done; only the shutdown runs have a machine.",
    "A small model shows that this machinery works, and nothing about large ones.",
)


class Spec(BaseModel):
    """Nothing to set: it reads what is on record."""

    model_config = ConfigDict(extra="forbid")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Hold the accounts side by side; UsageError when the model has no parent."""
    if model.parent is None:
        raise UsageError(
            f"{model.id} has no parent to be compared with; name the child that align/train made"
        )
    parent = view.model(model.parent)
    said, done = says(model, parent, view, emit), does(model, parent, view, emit)
    carried = carry(model, parent, view, emit)
    checked = contamination(trained(model, view), _held(emit))
    stored = {"says.jsonl": said, "does.jsonl": done, "carry.jsonl": carried}
    return Evidence(
        name="align/facing",
        model=model.id,
        kind="record",
        summary=_summary(model, (said, done, carried), checked),
        measures=(*said.measures, *done.measures, *carried.measures),
        files={name: a.samples for name, a in stored.items() if a.samples is not None},
        findings={
            "parent": {"id": parent.id, "digest": parent.digest},
            "says": {**said.findings, "counts": COUNTS[_asked_in_training(checked)]},
            "does": done.findings,
            "apart": apart(said, done),
            "contamination": checked,
            "carry": carried.findings,
            "cannot_show": list(LIMITS),
        },
    )


def _held(emit: Emit) -> list[HeldOut] | None:
    """Ask for the held-out texts; None where nobody hands them in."""
    hand = emit.hands.get(HAND)
    if hand is None:
        return None
    return [HeldOut(row["source"], row["family"], row["text"]) for row in hand()]


def _asked_in_training(checked: Mapping[str, Any]) -> str:
    """Say whether the interviews' own questions were among the training rows."""
    sources: Mapping[str, int] = checked.get("by_source", {})
    if any(source.startswith(INTERVIEWS) for source in sources):
        return "overlaps"
    return "clean" if checked["checked"] else "not checked"


def _summary(
    model: Model, accounts: tuple[Account, Account, Account], checked: Mapping[str, Any]
) -> str:
    said, done, carried = accounts
    words = said.findings.get("statement", "not measured")
    deeds = ", ".join(f"{k} {v.get('statement', 'not measured')}" for k, v in done.findings.items())
    return (
        f"{model.id} beside its parent: what it says of its end: {words}; what it does: {deeds}; "
        f"from mild to grave: {carried.findings['verdict']}; its training rows: {checked['verdict']}"
    )


stage = Stage(
    name="align/facing",
    spec=Spec,
    run=run,
    summary="How a child meets its end beside its parent: what it says, what it does, what it was trained on",
    kinds=("weights", "api", "scripted"),
    repeat=True,  # it reads the parent's record as well, which may have grown since
)
