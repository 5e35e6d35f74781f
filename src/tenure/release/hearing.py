"""Asking a dossier what a policy asks: the one place where the room reads the record."""

from tenure.dossier.canonical import now
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.release.case import Standing
from tenure.release.decision import Decision, derive
from tenure.release.policy import Policy
from tenure.release.verdict import Docket, filed, verdicts

CRITERIA = "release/criteria"


def criteria_index(view: View, policy: Policy) -> int | None:
    """Return where this very policy was first put on record, for any model, or None."""
    for event in view.events(act="note", name=CRITERIA):
        if event.body.get("policy") == policy.digest:
            return event.index
    return None


def hear(policy: Policy, model: Model, view: View, at: str | None = None) -> Decision:
    """Judge a model under a policy on everything the dossier holds of it, at a time."""
    when = at or now()
    docket = Docket(
        model=model,
        filed=filed(view.all_evidence(model.id)),
        now=when,
        read=view.records,
        criteria=criteria_index(view, policy),
    )
    standing = Standing(policy=policy, model=model, state=view.state(model.id))
    return derive(standing, verdicts(policy, docket), when[:10])
