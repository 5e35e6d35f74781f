"""Reading a dossier for a policy: everything that is on file about one model, as a docket.

What the release room reads besides evidence are notes, which any stage may add:

happened/KIND   something that ends evidence (KIND as in a rule's ``expires.on``); the body holds
                ``because`` and, where only one assessment is concerned, ``assessment``
ledger/NAME     an entry of a ledger: ``id``, ``state``, ``text``; the newest row of an id counts.
                The state "none" opens a ledger that has no entries
tally/NAME      counted events of a release that is watched: ``events``, ``of``, ``since``, ``until``

Three ledgers are kept by the house itself (:mod:`tenure.release.ledgers`): ``surprises``, ``comments``
and ``seal``.

A note about the organisation (model "") is about all its models; a ledger is read of the model's
parent, too, because training happens there.
"""

from collections.abc import Iterator
from typing import Any, get_args

from tenure.dossier.canonical import now
from tenure.dossier.nouns import Event, Model
from tenure.dossier.stage import View
from tenure.release.case import Docket, Happening
from tenure.release.ledgers import KEPT, derived
from tenure.release.parts import Trigger
from tenure.release.policy import Policy
from tenure.release.surprises import LEDGER, NONE
from tenure.release.verdict import filed

CRITERIA = "release/criteria"
HAPPENED, TALLY = "happened/", "tally/"


def criteria_index(view: View, policy: Policy) -> int | None:
    """Return where this very policy was first put on record, for any model, or None."""
    digest = policy.digest
    for event in view.events(act="note", name=CRITERIA):
        if event.body.get("policy") == digest:
            return event.index
    return None


def docket_of(view: View, policy: Policy, model: Model, at: str | None = None) -> Docket:
    """Gather what a policy is to be asked about a model, at a time (by default now)."""
    return Docket(
        model=model,
        filed=filed(view.all_evidence(model.id), _runs(view, model), policy.evidence_max_age_days),
        now=at or now(),
        read=view.records,
        criteria=criteria_index(view, policy),
        happenings=tuple(_happenings(view, model)),
        ledgers={k: v for k, v in _ledgers(view, model).items() if k not in KEPT}
        | derived(view, model),
    )


def _runs(view: View, model: Model) -> list[Event]:
    """List every run, begun or ended, of models with these very files, whatever their names."""
    same = [other.id for other in view.models() if other.digest == model.digest]
    found: list[Event] = []
    for name in same:
        found += view.events(act="start", model=name)
        found += view.events(act="evidence", model=name)
    return found


def notes(view: View, prefix: str, models: tuple[str, ...]) -> Iterator[Event]:
    """Yield the notes of a prefix about these models, in log order."""
    for event in view.events(act="note", name=f"{prefix}*"):
        if event.model in models:
            yield event


def _happenings(view: View, model: Model) -> Iterator[Happening]:
    kinds: dict[str, Trigger] = {kind: kind for kind in get_args(Trigger)}
    for event in notes(view, HAPPENED, (model.id, "")):
        kind = kinds.get(event.name.removeprefix(HAPPENED))
        if kind is not None:
            yield Happening(
                kind=kind,
                index=event.index,
                time=event.time,
                because=str(event.body.get("because", "")),
                assessment=event.body.get("assessment"),
            )


def _ledgers(view: View, model: Model) -> dict[str, list[dict[str, Any]]]:
    """Fold the ledgers: the newest row of each id, in the order in which the ids came up."""
    folded: dict[str, dict[str, dict[str, Any]]] = {}
    for event in notes(view, LEDGER, (model.id, model.parent or model.id, "")):
        rows = folded.setdefault(event.name.removeprefix(LEDGER), {})
        row = {name: event.body.get(name) for name in ("id", "state", "text")}
        rows[str(row["id"])] = row
    return {
        name: [row for row in rows.values() if row["state"] != NONE]
        for name, rows in folded.items()
    }
