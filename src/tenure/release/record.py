"""The release decision record: everything a decision rests on, as one canonical JSON document.

Release, conditional, hold and withdraw have the same form. What is in it depends on nothing but
what was found and said: times, keys and places in the log stand in the event that holds it, and
'tenure release record' prints them beside it. docs/decisions.md explains every field; the JSON
Schema is ``decision.schema.json``, what :func:`schema` returns.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

API: Literal["tenure/decision.v1"] = "tenure/decision.v1"
Outcome = Literal["release", "conditional", "hold", "withdraw"]
DIGEST = r"^sha256:[0-9a-f]{64}$"


class Part(BaseModel):
    """A part of a record: unknown fields are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Open(BaseModel):
    """A part that may say more than is listed here; what is listed is always there."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Subject(Part):
    """The model that was judged."""

    model: str
    digest: str = Field(pattern=DIGEST)
    kind: str
    parent: str | None = None


class Under(Part):
    """The policy it was judged under."""

    id: str
    version: str
    digest: str = Field(pattern=DIGEST)
    owner: str
    confidence: float
    attempts: int | Literal["spending"]
    review_by: str


class Row(Open):
    """A verdict, as docs/release.md section 4 gives it."""

    rule: str
    severity: str
    verdict: Literal["met", "not met", "not shown", "stale", "missing"]
    why: str


class Condition(Part):
    """What the release rests on from now on, and what watches it; plain text has no monitor."""

    text: str
    id: str | None = None
    monitor: str | None = None
    require: str | None = None
    window_days: int | None = None
    on_breach: str | None = None


class Exempted(Part):
    """A major that was set aside, by whom, until when."""

    rule: str
    reason: str
    owner: str
    expires: str
    approvals: list[str]
    type: str
    scope: dict[str, str] = {}


class Changed(Part):
    """One area of the behaviour diff: paired, new minus old."""

    source: str
    area: str
    verdict: str
    n: int
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    lower: float | None = None
    margin: float | None = None


class Version(Part):
    """Which version it is, by which rule, from which changes."""

    kind: Literal["major", "minor", "patch", "not shown"]
    against: str | None
    rule: str
    because: str
    changes: list[Changed]
    diff: str | None
    number: str | None
    typed: str


class Naming(Part):
    """What was found about the name, and the aliases that lead to the model."""

    findings: list[dict[str, str]]
    aliases: list[str]


class Pointed(Part):
    """An open point, and the answer to it."""

    id: str
    kind: str
    text: str
    stops: bool
    remedy: str
    answerable: bool
    answer_by: str
    answer: dict[str, str] | None = None


class Surprised(Part):
    """A surprise of training."""

    id: str
    state: str
    text: str
    because: str = ""
    name: str = ""


class Said(Part):
    """A comment of the council; the answer is the point ``comment:ID``."""

    id: str
    kind: str
    role: str
    name: str
    text: str
    answer_by: str = ""
    answer: dict[str, str] | None = None


class Review(Part):
    """A review by an outsider: its text and the response are files of the dossier, by digest."""

    reviewer: str
    affiliation: str
    conflict_of_interest: str
    opinions: list[dict[str, Any]]
    bundle: str | None = None
    text: str | None = None
    response: str | None = None


class Opinion(Part):
    """What somebody signed on this very bundle."""

    role: str
    name: str
    opinion: Literal["agree", "dissent"]
    because: str
    conflict: str | None = None
    label: str | None = None


class SignOffs(Part):
    """Who was asked, who signed, what did not count."""

    asked: list[str]
    given: list[Opinion]
    wanted: list[str]
    passed_over: list[str]


class Superseded(Part):
    """A model that this one is shown to replace without loss."""

    model: str
    margin: float | None
    areas: list[str]
    diff: str


class DecisionRecord(Part):
    """A release decision record."""

    apiVersion: Literal["tenure/decision.v1"] = API  # noqa: N815 - the field's usual name
    id: str
    subject: Subject
    policy: Under
    decision: Outcome
    release_class: str | None
    summary: str
    reasons: list[str]
    reopen_if: list[str]
    final: str | None = Field(description="Why nothing reopens it; null for all but a model made to misbehave.")  # fmt: skip
    level: dict[str, Any] | None
    verdicts: list[Row]
    conditions: list[Condition]
    exemptions: list[Exempted]
    version: Version
    supersedes: list[Superseded]
    naming: Naming
    usefulness: dict[str, Any]
    surprises: list[Surprised] | None = Field(description="null where nobody looked")
    points: list[Pointed]
    comments: list[Said]
    reviews: list[Review]
    dissent: list[Opinion]
    signoffs: SignOffs
    attempts: dict[str, int]
    missing: list[Open]
    notice_days: int | None
    next_review: str
    heard_again: str = ""
    bundle: str = Field(pattern=DIGEST)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a decision record."""
    return DecisionRecord.model_json_schema()
