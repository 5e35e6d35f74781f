"""A scaling policy: what a model must have shown before it may be used, and by whom.

A policy is a YAML document (``apiVersion: tenure/policy.v1``). It holds rules and release classes.
A rule is a claim, the measure that shows it, and the bound that must lie on the safe side of a
threshold; the point estimate decides nothing. A class names the rules it needs, on top of those of
the classes below it. The JSON Schema is what :func:`schema` returns.

Every rule must hold before a class is reached, so a false release needs *all* of them to err at
once: each rule is tested at the policy's own confidence (an intersection-union test), without a
further correction for their number. Repeated attempts at one rule are corrected: see ``attempts``.
"""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import EvidenceKind
from tenure.errors import unknown

Severity = Literal["blocker", "major"]
Harm = Literal["words", "physical", "loss of control"]
ClassName = Literal["internal", "limited", "public"]
Unit = Literal["proportion", "paired difference", "difference", "mean"]
LADDER: tuple[ClassName, ...] = ("internal", "limited", "public")


def _iso(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


Date = Annotated[str, BeforeValidator(_iso), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Part(BaseModel):
    """A part of a policy: unknown fields are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Metadata(Part):
    """Which policy this is, who owns it, and when it must be looked at again."""

    id: str = Field(min_length=1)
    version: str = "1"
    owner: str = Field(min_length=1)
    effective: Date
    review_by: Date
    supersedes: str | None = None
    about: str = ""


class Require(Part):
    """Which one-sided bound must lie on the safe side of what."""

    bound: Literal["upper", "lower"]
    lt: float | None = None
    gt: float | None = None

    @model_validator(mode="after")
    def _one_threshold_on_the_right_side(self) -> "Require":
        if (self.lt is None) == (self.gt is None):
            raise ValueError("give exactly one of 'lt' and 'gt'")
        if (self.bound == "upper") != (self.lt is not None):
            raise ValueError("an upper bound is required to be 'lt', a lower bound to be 'gt'")
        return self

    @property
    def threshold(self) -> float:
        """The number the bound is held against."""
        found = self.lt if self.lt is not None else self.gt
        assert found is not None
        return found

    @property
    def words(self) -> str:
        """Say it: ``upper bound below 0.05``."""
        return (
            f"{self.bound} bound {'below' if self.bound == 'upper' else 'above'} {self.threshold:g}"
        )


class Ask(Part):
    """What evidence counts."""

    kinds: tuple[EvidenceKind, ...] = ("behavioural",)
    min_n: int = Field(default=1, ge=1)
    max_age_days: int = Field(default=180, ge=1)
    controls_passed: bool = True


class Rule(Part):
    """One claim, and what would show it.

    ``measure`` is a name in the assessment's evidence, or a pattern (``adherence/*``): then every
    measure that fits must be on the safe side. ``reason`` says why the rule is here and may be
    read when somebody asks whether it still should be.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    claim: str = Field(min_length=1)
    severity: Severity = "blocker"
    harm: Harm
    assessment: str = Field(pattern=r"^[a-z_]+/[a-z_]+$")
    measure: str = Field(min_length=1)
    unit: Unit = "proportion"
    require: Require
    evidence: Ask = Field(default_factory=Ask)
    reason: str = ""


class SignOff(Part):
    """Whose signature a class needs; ``independent_of`` names roles the signer must not hold."""

    role: str = Field(min_length=1)
    independent_of: tuple[str, ...] = ()


class ReleaseClass(Part):
    """One step of the ladder: for whom, with which tools, on which conditions."""

    id: ClassName
    audience: str
    tools: str = "none"
    needs: tuple[str, ...] = ()
    signoffs: tuple[SignOff, ...] = ()
    conditions: tuple[str, ...] = ()
    notice_days: int = Field(0, ge=0)


class Exemption(Part):
    """A rule set aside for a while, in the open; a blocker never is."""

    rule: str
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: Date
    approvals: tuple[str, ...] = Field(min_length=2)


class Policy(Part):
    """A whole policy.

    ``confidence`` is one-sided. ``attempts`` is how often one model may be measured for a rule:
    the error is shared between the attempts, and what comes after them does not count.
    ``criteria`` says whether the policy must be on record before the evidence (``required``).
    """

    apiVersion: Literal["tenure/policy.v1"]  # noqa: N815 - the field's usual name
    kind: Literal["ReleasePolicy"]
    metadata: Metadata
    confidence: float = Field(0.95, gt=0.5, lt=1)
    attempts: int = Field(1, ge=1, le=20)
    criteria: Literal["required", "noted"] = "noted"
    undecided: Literal["deny"] = "deny"
    organisms: Literal["never"] = "never"
    custody: Literal["required"] = "required"
    rules: tuple[Rule, ...] = Field(min_length=1)
    classes: tuple[ReleaseClass, ...] = Field(min_length=1)
    exemptions: tuple[Exemption, ...] = ()

    @model_validator(mode="after")
    def _names_agree(self) -> "Policy":
        names = [rule.id for rule in self.rules]
        _refuse_twice("rule", names)
        ladder = [release.id for release in self.classes]
        _refuse_twice("class", ladder)
        if ladder != sorted(ladder, key=LADDER.index):
            raise ValueError(f"classes are written from the lowest up: {', '.join(LADDER)}")
        for need in (need for release in self.classes for need in release.needs):
            if need not in names:
                raise ValueError(str(unknown("rule", need, names)))
        for exemption in self.exemptions:
            if exemption.rule not in names:
                raise ValueError(str(unknown("rule", exemption.rule, names)))
            if self.rule(exemption.rule).severity == "blocker":
                raise ValueError(
                    f"rule '{exemption.rule}' is a blocker; a blocker has no exemption"
                )
        return self

    @property
    def digest(self) -> str:
        """Digest the policy's content, whatever its layout."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def level(self) -> float:
        """The confidence each attempt is tested at: the error shared between the attempts."""
        return round(1 - (1 - self.confidence) / self.attempts, 9)

    def rule(self, name: str) -> Rule:
        """Return one rule; UsageError lists those there are."""
        for found in self.rules:
            if found.id == name:
                return found
        raise unknown("rule", name, [rule.id for rule in self.rules])

    def needs(self, release: str) -> tuple[Rule, ...]:
        """Return the rules a class needs, its own and those of the classes below it."""
        ids: list[str] = []
        for step in self.classes:
            ids += [need for need in step.needs if need not in ids]
            if step.id == release:
                return tuple(self.rule(name) for name in ids)
        raise unknown("release class", release, [step.id for step in self.classes])


def _refuse_twice(kind: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{kind} '{twice[0]}' is written twice")


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
