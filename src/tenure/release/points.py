"""Open points: what the house asks about a release besides the policy, and who answered it.

A point that stops holds the release until a named person has answered it, in a signed event. The
answer is to these very words: when what is behind a point changes, it is open again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Record
from tenure.dossier.stage import View
from tenure.release.roles import under_own_keys

ANSWER = "release/answer"
Kind = Literal["checkpoint", "naming", "usefulness", "version", "comment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point(Record):
    """One open point. ``answer_by`` is the role that must answer, "" for anybody with a role."""

    id: str
    kind: Kind
    text: str
    stops: bool
    remedy: str
    answerable: bool = True
    answer_by: str = ""
    answer: Mapping[str, Any] | None = None

    @property
    def about(self) -> str:
        """Digest what an answer is to."""
        return digest_of({"id": self.id, "text": self.text})

    @property
    def holds(self) -> bool:
        """Say whether it holds the release now."""
        return self.stops and self.answer is None


def answered(points: Iterable[Point], view: View, model: str) -> tuple[Point, ...]:
    """Lay the answers beside the points; the newest to the same words counts.

    An answer is signed under the key of the role it is given in; where one role is asked, by that.
    """
    given = {
        str(event.body.get("about")): event.body for event in under_own_keys(view, ANSWER, model)
    }
    found: list[Point] = []
    for point in points:
        body = given.get(point.about)
        if body and point.answer_by not in ("", body["role"]):
            body = None
        kept = ("role", "name", "because")
        answer = {key: str(body[key]) for key in kept} if body else None
        found.append(replace(point, answer=answer))
    return tuple(found)


def holding(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the points that hold the release."""
    return tuple(point for point in points if point.holds)


def answering(model: str, point: str, role: str = "") -> str:
    """Write the command that answers a point, in a role ("" for any)."""
    said = f'"{role}"' if role else "ROLE"
    return f"'tenure release answer --model {model} --point {point} --role {said} --name NAME --because WHY'"
