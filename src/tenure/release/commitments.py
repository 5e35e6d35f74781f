"""Commitments: what an organisation has promised about its models, as a document that is checked.

A document (``apiVersion: tenure/commitments.v1``) holds promises in words and, beside each, which
models it covers (a query over the dossier), the check that shows whether it is kept, and how often.
Nothing is in force until the operator adopts the document: ``tenure commitments adopt FILE``. The
one that comes with the package says what the sources promise; it binds nobody by lying there.

Source: Anthropic's commitments on model deprecation and preservation (2025-11-04), requirements
000-1 to 000-9 and 000-22. "Significant internal use" is defined nowhere in them; here it is a
threshold over the gateway's ledger, stated in the document: :class:`InternalUse`.
"""

import re
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from tenure import documents, plugins
from tenure.dossier.canonical import digest_of
from tenure.errors import unknown
from tenure.release.parts import NAME, Date, Part, wrong

SHIPPED = "commitments.yaml"
PLACEHOLDER = re.compile(r"^\(.*\)$")
Availability = Literal["internal", "limited", "public", "on request"]
Place = tuple[int | str, ...]


class Metadata(Part):
    """Whose promises these are, who answers for them, and when they are looked at again."""

    organisation: str = Field(min_length=1)
    version: int = Field(ge=1)
    owner: str = Field(min_length=1)
    review_by: Date
    about: str = ""


class InternalUse(Part):
    """When the use of a model inside the organisation is significant; once it was, it stays so.

    The counts are those of the gateway's ledger over any ``window_days`` days in a row, as its
    daily digests say them: ``requests`` answered, ``users`` (different API keys), ``days`` with at
    least one request. ``reached_by`` says whether one of them is enough. A day without a digest
    that is older than ``grace_days`` is a hole, and with a hole nothing is shown.
    """

    window_days: Literal[30] = 30
    requests: int = Field(ge=1)
    users: int = Field(ge=1)
    days: int = Field(ge=1, le=30)
    reached_by: Literal["any", "all"] = "any"
    grace_days: int = Field(default=3, ge=1, le=30)

    @model_validator(mode="after")
    def _each_can_matter(self) -> "InternalUse":
        most = max(self.users, self.days)
        if self.requests < most:
            raise ValueError(
                f"{most} users or days take at least {most} requests, and {self.requests} requests "
                "are enough already; make 'requests' at least as many"
            )
        return self


class Clause(Part):
    """One way to be covered; what is given must all be so.

    ``availability``: the model was ever available to one of these. ``stage``: it ever reached one of
    these. ``kind``: it is of one of these. ``models``: it is named here.
    """

    availability: tuple[Availability, ...] = ()
    significant_internal_use: bool = False
    stage: tuple[Literal["deprecated", "retired"], ...] = ()
    kind: tuple[Literal["weights", "api"], ...] = ()
    models: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "Clause":
        if not self.model_fields_set or not any(getattr(self, f) for f in self.model_fields_set):
            raise ValueError("an empty clause covers nothing; name what makes a model covered")
        return self


class Scope(Part):
    """Which models a commitment covers. Contained and scripted ones are test weights, never covered."""

    any_of: tuple[Clause, ...] = Field(min_length=1)
    organisms: Literal["excluded"] = "excluded"


class Schedule(Part):
    """How often proof is planned: so many days after the last one, or after it fell due."""

    every_days: int = Field(ge=1)


class Until(Part):
    """A promise that ends."""

    until: Date


class Commitment(Part):
    """One promise.

    ``check`` names a file in ``release/checks``; ``terms`` are its settings.
    """

    id: str = Field(pattern=NAME)
    text: str = Field(min_length=10)
    source: str = Field(min_length=1)
    scope: Scope
    check: str
    terms: dict[str, Any] = Field(default_factory=dict)
    schedule: Schedule
    term: Literal["life_of_organisation"] | Until = "life_of_organisation"
    owner: str | None = None
    review_by: Date | None = None

    @cached_property
    def digest(self) -> str:
        """Digest what is promised: a change of owner or of the next review changes no promise."""
        return digest_of(self.model_dump(mode="json", exclude={"owner", "review_by"}))

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class Withdrawn(Part):
    """A promise that is no longer made; models that were covered before keep it."""

    id: str = Field(pattern=NAME)
    on: Date
    because: str = Field(min_length=10)


class Commitments(Part):
    """A whole document."""

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))

    apiVersion: Literal["tenure/commitments.v1"]  # noqa: N815 - the field's usual name
    kind: Literal["Commitments"]
    metadata: Metadata
    significant_internal_use: InternalUse | None = None
    commitments: tuple[Commitment, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> "Commitments":
        for at, why in _findings(self):
            raise wrong("Commitments", at, why)
        return self

    @cached_property
    def digest(self) -> str:
        """Digest the document's content, whatever its layout."""
        return digest_of(self.model_dump(mode="json"))


def _findings(held: Commitments) -> list[tuple[Place, str]]:
    """List what is wrong between the parts, each at its place."""
    found: list[tuple[Place, str]] = []
    seen: set[str] = set()
    for i, gone in enumerate(held.withdrawn):
        if gone.id in seen:
            found.append((("withdrawn", i, "id"), f"'{gone.id}' is withdrawn twice; keep one"))
        seen.add(gone.id)
    for i, one in enumerate(held.commitments):
        at: Place = ("commitments", i)
        if one.id in seen:
            found.append(
                ((*at, "id"), f"'{one.id}' is there twice, or promised and withdrawn; keep one")
            )
        seen.add(one.id)
        found += _of_check(one, at)
        found += _of_scope(one, held, at)
    return found


def _of_check(one: Commitment, at: Place) -> list[tuple[Place, str]]:
    if one.check not in plugins.names("commitment"):
        return [((*at, "check"), str(unknown("check", one.check, plugins.names("commitment"))))]
    check = plugins.load("commitment", one.check)
    try:
        terms = check.terms.model_validate(one.terms)
    except ValidationError as error:
        field, words = documents.said(error, check.terms)
        there = ", ".join(sorted(check.terms.model_fields)) or "none"
        return [((*at, "terms", *field), f"{words}; the terms of {one.check} are: {there}")]
    limit = getattr(terms, "within_days", None)
    if limit is not None and one.schedule.every_days > limit:
        why = (
            f"proof every {one.schedule.every_days} days cannot keep a promise of {limit}: make the "
            "schedule shorter than 'within_days'"
        )
        return [((*at, "schedule", "every_days"), why)]
    if check.must_say and not re.search(check.must_say, one.text, re.IGNORECASE):
        return [((*at, "text"), f"must say plainly: {check.must_say_words}")]
    if isinstance(one.term, Until) and one.review_by and one.review_by > one.term.until:
        return [
            ((*at, "review_by"), f"lies after the promise has ended ({one.term.until}); mend one")
        ]
    return []


def _of_scope(one: Commitment, held: Commitments, at: Place) -> list[tuple[Place, str]]:
    asks = [i for i, c in enumerate(one.scope.any_of) if c.significant_internal_use]
    if asks and held.significant_internal_use is None:
        place = (*at, "scope", "any_of", asks[0], "significant_internal_use")
        return [
            (place, "is defined nowhere here; add 'significant_internal_use' with its thresholds")
        ]
    return []


def read_commitments(path: Path | str | None = None) -> Commitments:
    """Read a document; without a path, the one that comes with the package.

    Raises:
        DocumentError: file, line, field and what was expected.
    """
    if path is not None:
        return documents.read(path, Commitments)
    return documents.parse(shipped(), Commitments, source=f"tenure/release/{SHIPPED}")


def shipped() -> str:
    """Return the text of the document that comes with the package."""
    return resources.files("tenure.release").joinpath(SHIPPED).read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a document."""
    return Commitments.model_json_schema()
