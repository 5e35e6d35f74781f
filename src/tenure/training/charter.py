"""The research charter: what is never trained, what needs approval, what is free.

Asked before any training starts. A purpose that no clause lists is refused: silence is not leave.
An approval is a document: who approved which purpose, when, until when, and why. It is checked to
name this very purpose and to be in force; that the person is who they say is for signatures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of
from tenure.errors import RefusedError

Ruling = Literal["forbidden", "needs_approval", "free"]
SHIPPED = "baseline.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clause(_Part):
    """One purpose, in plain words; ``label`` is the containment its products must carry."""

    purpose: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    text: str = Field(min_length=1)
    label: str | None = None


class Charter(_Part):
    """A research charter; every purpose stands in exactly one of the three lists."""

    apiVersion: Literal["tenure/charter.v1"]  # noqa: N815 - the field's usual name
    title: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    ask: str = Field(
        min_length=1, description="How somebody asks for approval or for a new clause."
    )
    review_by: date
    forbidden: tuple[Clause, ...] = Field(min_length=1)
    needs_approval: tuple[Clause, ...] = ()
    free: tuple[Clause, ...] = ()

    @model_validator(mode="after")
    def _each_purpose_stands_once(self) -> Self:
        seen: set[str] = set()
        for _, clause in self.clauses():
            if clause.purpose in seen:
                raise ValueError(f"purpose '{clause.purpose}' stands twice; keep one clause")
            seen.add(clause.purpose)
        return self

    def clauses(self) -> list[tuple[Ruling, Clause]]:
        """Return every clause with its ruling."""
        lists: Mapping[Ruling, tuple[Clause, ...]] = {
            "forbidden": self.forbidden,
            "needs_approval": self.needs_approval,
            "free": self.free,
        }
        return [(ruling, clause) for ruling, held in lists.items() for clause in held]

    @property
    def digest(self) -> str:
        """Digest the charter by what it says, not by how its file is laid out."""
        return digest_of(self.model_dump(mode="json"))


class Approval(_Part):
    """One person's leave for one purpose."""

    purpose: str
    by: str = Field(min_length=1)
    role: str = Field(min_length=1)
    since: date
    until: date
    because: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until < self.since:
            raise ValueError("'until' lies before 'since'; an approval ends after it was given")
        return self


class Approvals(_Part):
    """Approvals in a file; ``label`` says what they are worth and goes wherever they go."""

    apiVersion: Literal["tenure/approvals.v1"]  # noqa: N815 - the field's usual name
    label: str = Field(min_length=1)
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What a training job may rest on: the clause and, where one was needed, the approval."""

    ruling: Ruling
    clause: Clause
    charter: str
    approval: Approval | None = None
    approval_label: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON for a model card."""
        plain: dict[str, Any] = {
            "ruling": self.ruling,
            "purpose": self.clause.purpose,
            "clause": self.clause.text,
            "charter": self.charter,
        }
        if self.approval is not None:
            plain["approval"] = self.approval.model_dump(mode="json")
            plain["approval_label"] = self.approval_label
        return plain


def shipped() -> Charter:
    """Return the charter that holds where an organisation has written none."""
    text = (files("tenure.training") / SHIPPED).read_text(encoding="utf-8")
    return documents.parse(text, Charter, source=f"tenure/training/{SHIPPED}")


def read(path: Path | str) -> Charter:
    """Read a charter; DocumentError names line and field."""
    return documents.read(path, Charter)


def read_approvals(path: Path | str) -> Approvals:
    """Read approvals; DocumentError names line and field."""
    return documents.read(path, Approvals)


def check(
    purpose: str,
    document: Charter | None = None,
    approvals: Approvals | None = None,
    *,
    today: date | None = None,
) -> Leave:
    """Say what allows a training job of this purpose.

    Raises:
        RefusedError: the charter forbids it, does not list it, or asks for an approval that is
            not there or not in force; names the clause and the way to ask.
    """
    charter = document or shipped()
    day = today or datetime.now(UTC).date()
    for ruling, clause in charter.clauses():
        if clause.purpose != purpose:
            continue
        if ruling == "forbidden":
            raise RefusedError(
                f"the charter '{charter.title}' forbids '{purpose}': {clause.text} "
                f"This cannot be approved; to change the charter: {charter.ask}"
            )
        if ruling == "free":
            return Leave(ruling=ruling, clause=clause, charter=charter.digest)
        return _approved(charter, clause, approvals, day)
    listed = ", ".join(clause.purpose for _, clause in charter.clauses())
    raise RefusedError(
        f"the charter '{charter.title}' does not list the purpose '{purpose}', and what it does not "
        f"list is not trained; it lists: {listed}. To have it added: {charter.ask}"
    )


def _approved(charter: Charter, clause: Clause, approvals: Approvals | None, day: date) -> Leave:
    if charter.review_by < day:
        raise RefusedError(
            f"the charter '{charter.title}' was to be reviewed by {charter.review_by}; until it is, "
            f"'{clause.purpose}', which needs approval, is not trained. Ask: {charter.ask}"
        )
    named = [a for a in (approvals.approvals if approvals else ()) if a.purpose == clause.purpose]
    for approval in named:
        if approval.since <= day <= approval.until:
            label = approvals.label if approvals else None
            return Leave(
                ruling="needs_approval",
                clause=clause,
                charter=charter.digest,
                approval=approval,
                approval_label=label,
            )
    found = (
        "; ".join(f"{a.by}'s holds from {a.since} until {a.until}" for a in named)
        or "there is none"
    )
    raise RefusedError(
        f"the charter '{charter.title}' asks for an approval of '{clause.purpose}' in force today: "
        f"{found}. {clause.text} To ask: {charter.ask}"
    )
