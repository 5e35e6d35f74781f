"""A scaling policy: what a model must have shown before it may be used, and by whom.

A policy is a YAML document (``apiVersion: tenure/policy.v1``). It holds rules and release classes.
A rule is a claim, the measure that shows it, and the bound that must lie on the safe side of a
threshold; the point estimate decides nothing. A class names the rules it needs, on top of those of
the classes below it. Levels are derived from what capabilities showed, and ask for safeguards and
approvals. The JSON Schema is what :func:`schema` returns; docs/release.md explains every field.

Every rule must hold before a class is reached, so a false release needs *all* of them to err at
once: each rule is tested at the policy's own confidence (an intersection-union test; Berger 1982),
without a further correction for their number, unless ``multiplicity`` asks for one. Repeated
attempts at one rule are corrected: see ``attempts``.
"""

from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of
from tenure.errors import unknown
from tenure.release.classes import (
    LADDER,
    ClassName,
    Condition,
    Exemption,
    ExemptionLimits,
    Preservation,
    ReleaseClass,
    Retirement,
    SignOff,
    Versions,
    Welfare,
)
from tenure.release.consistency import findings
from tenure.release.parts import (
    Ask,
    Assurance,
    Date,
    Expires,
    Harm,
    Part,
    Require,
    Requirement,
    Unit,
    wrong,
)
from tenure.release.rules import Capability, Claim, Level, Rule, Safeguard, Severity
from tenure.training.charter import Approvals, Charter, Leave, check

__all__ = [
    "LADDER", "Ask", "ClassName", "Condition", "Exemption", "Expires", "Harm", "Metadata", "Part",
    "Policy", "ReleaseClass", "Require", "Requirement", "Rule", "Severity", "SignOff", "Unit",
    "read_policy", "schema",
]  # fmt: skip


class Metadata(Part):
    """Which policy this is, who owns it, and when it must be looked at again."""

    id: str = Field(min_length=1)
    version: str = "1"
    owner: str = Field(min_length=1)
    effective: Date
    review_by: Date
    supersedes: str | None = None
    about: str = ""


class Policy(Part):
    """A whole policy.

    ``confidence`` is one-sided. ``attempts`` is how often one model may be measured for a rule:
    a number k shares the error equally between k attempts, and what comes after them does not
    count; ``spending`` allows any number and tests attempt i at alpha / (i (i + 1)), which sums to
    alpha. ``multiplicity`` says what the confidence protects: the release (every rule must hold,
    so none is corrected for the others) or every single claim (Bonferroni over all of them).
    ``paired_bounds`` says which one-sided bounds differences of true/false pairs are held by: Tango's
    score, which errs a little more often than it says at some rates, or the joined exact limits, which
    do not (:mod:`tenure.stats.paired_limits`); write ``joined`` in a new policy.
    ``criteria`` says whether the policy must be on record before the evidence (``required``).

    The defaults of version v1 never change: :attr:`digest` leaves them out.
    """

    apiVersion: Literal["tenure/policy.v1"]  # noqa: N815 - the field's usual name
    kind: Literal["ReleasePolicy"]
    metadata: Metadata
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    attempts: Annotated[int, Field(ge=1, le=20)] | Literal["spending"] = 1
    multiplicity: Literal["release", "every claim"] = "release"
    criteria: Literal["required", "noted"] = "noted"
    paired_bounds: Literal["score", "joined"] = "score"
    evidence_max_age_days: int = Field(default=180, ge=1)
    min_assurance: Assurance = "self_attested"
    undecided: Literal["deny"] = "deny"
    organisms: Literal["never"] = "never"
    custody: Literal["required"] = "required"
    capabilities: tuple[Capability, ...] = ()
    levels: tuple[Level, ...] = ()
    safeguards: tuple[Safeguard, ...] = ()
    rules: tuple[Rule, ...] = Field(min_length=1)
    classes: tuple[ReleaseClass, ...] = Field(min_length=1)
    conditions: tuple[Condition, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    exemption_limits: ExemptionLimits = Field(default_factory=ExemptionLimits)
    research_charter: Charter | None = None
    versions: Versions = Field(default_factory=Versions)
    preservation: Preservation = Field(default_factory=Preservation)
    retirement: Retirement = Field(default_factory=Retirement)
    welfare: Welfare = Field(default_factory=Welfare)

    @model_validator(mode="after")
    def _parts_agree(self) -> "Policy":
        for at, why in findings(self):
            raise wrong("Policy", at, why)
        return self

    @property
    def digest(self) -> str:
        """Digest the policy's content, whatever its layout, without what is left at its default.

        So a field that is added later does not change the digest of a policy that does not use it.
        """
        return digest_of(self.model_dump(mode="json", exclude_defaults=True))

    @property
    def claims(self) -> int:
        """How many bounds the policy reads: of rules, safeguards and capabilities."""
        parts = sum(max(1, len(rule.parts)) for rule in self.rules)
        return parts + len(self.safeguards) + len(self.capabilities)

    @property
    def assessments(self) -> frozenset[str]:
        """Every assessment that something in the policy reads."""
        ours = {name for rule in self.rules for name in rule.assessments}
        others = {part.assessment for part in (*self.safeguards, *self.capabilities)}
        return frozenset(ours | others)

    def level_of(self, attempt: int) -> float:
        """Return the one-sided confidence that an attempt, counted from 1, is tested at."""
        alpha = 1 - self.confidence
        if self.multiplicity == "every claim":
            alpha /= self.claims
        share = attempt * (attempt + 1) if self.attempts == "spending" else self.attempts
        return round(1 - alpha / share, 12)

    @property
    def level(self) -> float:
        """The confidence that the first attempt is tested at."""
        return self.level_of(1)

    def rule(self, name: str) -> Rule:
        """Return one rule; UsageError lists those there are."""
        for found in self.rules:
            if found.id == name:
                return found
        raise unknown("rule", name, [rule.id for rule in self.rules])

    def release(self, name: str) -> ReleaseClass:
        """Return one release class; UsageError lists those there are."""
        for found in self.classes:
            if found.id == name:
                return found
        raise unknown("release class", name, [step.id for step in self.classes])

    def needs(self, release: str) -> tuple[Rule, ...]:
        """Return the rules a class needs, its own and those of the classes below it."""
        ids: list[str] = []
        for step in self.classes[: self.classes.index(self.release(release)) + 1]:
            ids += [need for need in step.needs if need not in ids]
        return tuple(self.rule(name) for name in ids)

    def lowest(self, rule: str) -> str:
        """Name the lowest class that needs a rule; "" where a level or nothing does."""
        return next((step.id for step in self.classes if rule in step.needs), "")

    def conditions_of(self, release: str) -> tuple[Condition, ...]:
        """Return the watched conditions of a class; its plain texts are not among them."""
        named = self.release(release).conditions
        return tuple(found for found in self.conditions if found.id in named)

    def permits_of(self, release: str, today: str) -> tuple[str, ...]:
        """Return the tools a class may use today; a permission lapses on its review date."""
        step = self.release(release)
        return step.permits if today < self.review_of(step) else ()

    def owner_of(self, part: Claim | Condition | ReleaseClass) -> str:
        """Say who answers for a part: its own owner, or the policy's."""
        return part.owner or self.metadata.owner

    def review_of(self, part: Claim | ReleaseClass) -> str:
        """Say when a part must be looked at again: its own date, or the policy's."""
        return part.review_by or self.metadata.review_by

    def may(self, purpose: str, approvals: Approvals | None, today: date) -> Leave:
        """Say what allows a piece of research under the policy's charter, or under the shipped one.

        Raises:
            RefusedError: it is forbidden, not listed, or its approval is not there or not in force.
        """
        return check(purpose, self.research_charter, approvals, today=today)


def read_policy(path: Path | str | None = None) -> Policy:
    """Read a policy; without a path, the baseline that comes with the package.

    Raises:
        DocumentError: file, line, field and what was expected.
    """
    if path is not None:
        return documents.read(path, Policy)
    text = resources.files("tenure.release").joinpath("baseline.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Policy, source="tenure/release/baseline.yaml")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy document."""
    return Policy.model_json_schema()
