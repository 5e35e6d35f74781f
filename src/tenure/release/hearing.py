"""Asking a dossier what a policy asks, and deriving the decision."""

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.release.case import Standing
from tenure.release.decision import Decision, derive
from tenure.release.dockets import CRITERIA, criteria_index, docket_of
from tenure.release.levels import danger
from tenure.release.policy import Policy
from tenure.release.verdict import verdicts

__all__ = ["CRITERIA", "criteria_index", "hear"]


def hear(policy: Policy, model: Model, view: View, at: str | None = None) -> Decision:
    """Judge a model under a policy on everything the dossier holds of it, at a time."""
    docket = docket_of(view, policy, model, at)
    standing = Standing(policy=policy, model=model, state=view.state(model.id))
    found = verdicts(policy, docket)
    return derive(standing, found, docket.now[:10], danger(policy, docket))
