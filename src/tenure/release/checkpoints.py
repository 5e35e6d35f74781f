"""Checkpoints of a training may stop a release, and never approve one.

What was measured on a checkpoint is directional for the models that came of it. A rule that was not
met there is an open point of theirs, until a named person says why it no longer holds.
"""

from collections.abc import Sequence

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.release.dockets import docket_of
from tenure.release.points import Point, answering
from tenure.release.policy import Policy
from tenure.release.verdict import verdicts

CHECKPOINT, OF = "checkpoint", "checkpoint_of"


def checkpoints_of(model: Model, models: Sequence[Model]) -> list[Model]:
    """List the checkpoints a model came of: its ancestors that are, and those that name it."""
    by_id = {each.id: each for each in models}
    family = {model.id}
    parent = model.parent
    while parent and parent not in family:
        family.add(parent)
        parent = by_id[parent].parent if parent in by_id else None
    return [
        each
        for each in models
        if each.id != model.id
        and each.card.get(CHECKPOINT)
        and (each.id in family or each.card.get(OF) in (model.id, model.name))
    ]


def stops(policy: Policy, model: Model, view: View, at: str) -> list[Point]:
    """Return a point for every rule that a checkpoint of a model did not meet."""
    found: list[Point] = []
    for checkpoint in checkpoints_of(model, view.models()):
        for verdict in verdicts(policy, docket_of(view, policy, checkpoint, at)):
            if verdict.verdict == "not met" and verdict.assessment is not None:
                name = f"checkpoint:{checkpoint.id}:{verdict.rule}"
                found.append(
                    Point(
                        id=name,
                        kind="checkpoint",
                        text=f"{verdict.rule} was not met at {checkpoint.id}: {verdict.why}",
                        stops=True,
                        remedy=f"say what has changed since, with {answering(model.id, name)}",
                    )
                )
    return found
