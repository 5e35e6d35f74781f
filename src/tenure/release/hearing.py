"""Asking a dossier everything a decision rests on: the policy's verdicts, and what the house asks.

Besides the policy the house asks: was a rule not met at a checkpoint? Does the name confuse? Is the
model on the frontier of usefulness and cost? What did the council say? Which version is it?
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.release import checkpoints, council, naming
from tenure.release.case import Docket, Standing
from tenure.release.council import Comment
from tenure.release.decision import Decision, derive
from tenure.release.dockets import CRITERIA, criteria_index, docket_of
from tenure.release.levels import danger
from tenure.release.points import Point, answered, answering
from tenure.release.policy import Policy
from tenure.release.surprises import Surprise, surprises
from tenure.release.usefulness import Usefulness, usefulness
from tenure.release.verdict import verdicts
from tenure.release.versioning import Versioned, decide_version

__all__ = ["CRITERIA", "Hearing", "criteria_index", "hear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Everything that was heard about a model, and the decision that follows."""

    policy: Policy
    model: Model
    docket: Docket
    decision: Decision
    version: Versioned
    names: tuple[naming.Finding, ...]
    use: Usefulness
    surprises: dict[str, Surprise] | None
    comments: tuple[Comment, ...]
    points: tuple[Point, ...]
    supersedes: tuple[dict[str, Any], ...]
    reviews: tuple[dict[str, Any], ...]


def hear(policy: Policy, model: Model, view: View, at: str | None = None) -> Hearing:
    """Judge a model under a policy on everything the dossier holds of it, at a time."""
    docket = docket_of(view, policy, model, at)
    standing = Standing(policy=policy, model=model, state=view.state(model.id))
    version = decide_version(model, view, policy.versions.major)
    names, use = naming.check(naming.named(model, view)), usefulness(policy, model, view)
    said = council.comments(view, model.id)
    points = [
        *checkpoints.stops(policy, model, view, docket.now),
        *_of_names(names, model),
        *_of_use(use, model),
        *_of_version(version, model),
        *council.points(said, model.id),
    ]
    known = answered(points, view, model.id)
    found = verdicts(policy, docket)
    decision = derive(standing, found, docket.now[:10], danger(policy, docket), known)
    heard = Hearing(
        policy=policy,
        model=model,
        docket=docket,
        decision=decision,
        version=version,
        names=names,
        use=use,
        surprises=surprises(view, model),
        comments=said,
        points=known,
        supersedes=_superseded(view, model),
        reviews=tuple(council.reviews(view, model)),
    )
    return replace(heard, decision=replace(decision, bundle=_bundle(heard)))


def _bundle(heard: Hearing) -> str:
    """Digest all that a signature is given on: what was judged, and what else was on the table.

    Of usefulness only what is about this model, so that no signature ends because another model was
    measured.
    """
    book, use = heard.surprises or {}, heard.use.to_json()
    return digest_of(
        {
            "judged": heard.decision.bundle,
            "version": heard.version.to_json(),
            "naming": [each.to_json() for each in heard.names],
            "usefulness": {k: use[k] for k in ("standing", "spot", "dominated_by", "refusals")},
            "surprises": [each.to_json() for each in book.values()],
            "points": [each.to_json() for each in heard.points],
            "supersedes": list(heard.supersedes),
            "reviews": list(heard.reviews),
        }
    )


def _of_names(found: Sequence[naming.Finding], model: Model) -> list[Point]:
    points: list[Point] = []
    for number, each in enumerate(found):
        named = f"naming:{each.check}" + (f"-{number}" if number else "")
        again = each.check == "reused"  # the one a person can know more about than we do
        points.append(
            Point(
                id=named,
                kind="naming",
                text=each.text,
                stops=each.grade == "refuse",
                remedy=f"{each.remedy}, or {answering(model.id, named)}" if again else each.remedy,
                answerable=again or each.grade == "warn",
            )
        )
    return points


def _of_use(use: Usefulness, model: Model) -> list[Point]:
    if use.standing != "dominated":
        return []
    named = "usefulness:dominated"
    return [
        Point(
            id=named,
            kind="usefulness",
            text=f"{model.id} is dominated: {use.why}",
            stops=True,
            remedy=f"release the other, or give the reason with {answering(model.id, named)}",
        )
    ]


def _of_version(version: Versioned, model: Model) -> list[Point]:
    """Warn where the version that was typed says less than what was measured."""
    if version.number is None or version.against is None or version.kind == "not shown":
        return []
    if model.name != version.against.rsplit("@", 1)[0] or model.version == version.number:
        return []
    return [
        Point(
            id="version:typed",
            kind="version",
            text=f"{model.id} was registered as a version of its own; measured against {version.against} "
            f"it is {version.kind}, {version.number}: {version.because}",
            stops=False,
            remedy=f"register these files as --version {version.number}",
        )
    ]


def _superseded(view: View, model: Model) -> tuple[dict[str, Any], ...]:
    """Return the claims that were shown: whom it supersedes, by the digest of the comparison."""
    shown: dict[str, dict[str, Any]] = {}
    for _, evidence in view.all_evidence(model.id):
        if evidence.name == "release/supersede":
            old = str(evidence.findings["supersedes"])
            shown[old] = {
                "model": old,
                "margin": evidence.findings.get("margin"),
                "areas": [str(row["area"]) for row in evidence.findings["areas"]],
                "diff": str(evidence.findings["diff"]),
            }
    return tuple(shown.values())
