"""What a council and outsiders said about a decision: typed, signed comments, reviews, the answers.

Every comment is also an entry of the ledger ``comments``, so that a policy can ask for an answer
before it is met: ``check: {ledger: comments, state_in: [answered, noted]}``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.dossier.nouns import Event, Model, Record
from tenure.dossier.stage import Emit, View
from tenure.release.external import RESPONSE, STATEMENT
from tenure.release.points import Point, answering
from tenure.release.surprises import LEDGER, NONE

COMMENT = "release/comment"
BOOK = f"{LEDGER}comments"
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
    """Return the comments on a model, in log order; "none" is no comment."""
    found: list[Comment] = []
    for event in view.events(act="sign", name=COMMENT, model=model):
        if event.body["kind"] != "none":
            fields = ("id", "kind", "role", "name", "text", "answer_by")
            found.append(Comment(**{key: event.body[key] for key in fields}))
    return tuple(found)


def file_comment(comment: Comment, emit: Emit) -> Event:
    """Sign a comment, and enter it into the ledger."""
    event = emit.event("sign", COMMENT, comment.to_json())
    state = "noted" if comment.kind in NOTED else "open"
    entered(comment, NONE if comment.kind == "none" else state, emit)
    return event


def entered(comment: Comment, state: str, emit: Emit) -> None:
    """Enter the state of a comment into the ledger."""
    text = f"{comment.kind} of the {comment.role}: {comment.text}"
    emit.event("note", BOOK, {"id": comment.id, "state": state, "text": text})


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
