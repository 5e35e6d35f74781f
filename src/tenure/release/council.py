"""What a council and outsiders said about a decision: typed, signed comments, reviews, the answers.

Every comment on a model is also an entry of its ledger ``comments``, so that a policy can ask for an
answer before it is met: ``check: {ledger: comments, state_in: [answered, noted]}``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.dossier.nouns import Model, Record
from tenure.dossier.stage import View
from tenure.release.external import RESPONSE, STATEMENT
from tenure.release.points import Point, answered, answering
from tenure.release.roles import under_own_keys

COMMENT = "release/comment"
Kind = Literal["concern", "support", "question", "condition", "none"]
NOTED: tuple[Kind, ...] = ("support", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Record):
    """One comment: who said what, and which role is asked to answer ("" for any)."""

    id: str
    kind: Kind
    role: str
    name: str
    text: str
    answer_by: str = ""

    @property
    def point(self) -> str:
        """Name the open point it is."""
        return f"comment:{self.id}"


def comments(view: View, model: str) -> tuple[Comment, ...]:
    """Return the comments on a model that are signed under the key of their role; "none" is none."""
    return tuple(each for each in _signed(view, model) if each.kind != "none")


def _signed(view: View, model: str) -> list[Comment]:
    fields = ("id", "kind", "role", "name", "text", "answer_by")
    return [
        Comment(**{key: event.body[key] for key in fields})
        # A concern does not go away because its author's key was taken away.
        for event in under_own_keys(view, COMMENT, model, also_revoked=True)
    ]


def book(view: View, model: str) -> list[dict[str, str]] | None:
    """Return the ledger: open, answered, or noted where nothing is asked; None where nobody spoke."""
    every = _signed(view, model)
    if not every:
        return None
    said = [each for each in every if each.kind != "none"]
    closed = {p.id for p in answered(points(said, model), view, model) if p.answer is not None}

    def state(comment: Comment) -> str:
        if comment.kind in NOTED:
            return "noted"
        return "answered" if comment.point in closed else "open"

    return [
        {"id": c.id, "state": state(c), "text": f"{c.kind} of the {c.role}: {c.text}"} for c in said
    ]


def points(found: Sequence[Comment], model: str) -> list[Point]:
    """Return a point for every comment that asks something; the policy says whether it stops."""
    return [
        Point(
            id=comment.point,
            kind="comment",
            text=f"{comment.kind} of the {comment.role} ({comment.name}): {comment.text}",
            stops=False,
            remedy=f"answer it with {answering(model, comment.point, comment.answer_by)}",
            answer_by=comment.answer_by,
        )
        for comment in found
        if comment.kind not in NOTED
    ]


def reviews(view: View, model: Model) -> list[dict[str, Any]]:
    """Return the reviews by outsiders on file, with the response to each."""
    answers = {
        str(event.body["to"]): str(event.body["text"])
        for event in view.events(act="note", name=RESPONSE, model=model.id)
    }
    rows: list[dict[str, Any]] = []
    for event in view.events(act="sign", name=STATEMENT, model=model.id):
        body = event.body
        told: Sequence[Mapping[str, Any]] = body.get("opinions") or ()
        rows.append(
            {
                "reviewer": str(body.get("reviewer", "")),
                "affiliation": str(body.get("affiliation", "")),
                "conflict_of_interest": str(body.get("conflict_of_interest", "")),
                "opinions": [dict(row) for row in told],
                "bundle": body.get("bundle"),
                "text": body.get("text"),
                "response": answers.get(event.digest),
            }
        )
    return rows
