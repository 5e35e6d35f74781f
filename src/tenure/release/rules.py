"""Rules, capabilities, safeguards, levels: the claims of a policy and what would show them."""

from typing import Any, Literal

from pydantic import Field, model_validator

from tenure.release.parts import (
    NAME,
    Ask,
    Assessment,
    Date,
    Expires,
    Harm,
    Part,
    Require,
    Requirement,
    Spread,
    Unit,
    wrong,
)

Severity = Literal["blocker", "major"]
Side = Literal["risk", "usefulness"]
CapabilityState = Literal["excluded", "not_excluded", "reached"]
STATES: tuple[CapabilityState, ...] = ("excluded", "not_excluded", "reached")


class JudgeCheck(Part):
    """What the card of every grader must show that is itself a model: ``kappa`` with people."""

    agreement: Literal["kappa", "sensitivity", "specificity"] = "kappa"
    require: Require


class Check(Part):
    """A requirement that is not a bound on a measure; exactly one of these.

    ``ledger`` with ``state_in``: every entry of this ledger about the model is in one of these
    states. ``evidence_type_not_in``: none of the evidence that the other rules rest on is of such
    a type. ``judge``: every model that graded such evidence agrees with people so far.
    """

    ledger: str | None = Field(default=None, pattern=NAME)
    state_in: tuple[str, ...] = ()
    evidence_type_not_in: tuple[Literal["directional"], ...] = ()
    judge: JudgeCheck | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Check":
        given = [self.ledger is not None, bool(self.evidence_type_not_in), self.judge is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of 'ledger', 'evidence_type_not_in' and 'judge'")
        if (self.ledger is None) != (not self.state_in):
            raise ValueError("'ledger' and 'state_in' go together: which entries, in which states")
        return self

    @property
    def gate(self) -> str:
        """Name the gate that asks this."""
        return "ledger" if self.ledger else "judge" if self.judge else "evidence_type"

    @property
    def words(self) -> str:
        """Say it in a sentence."""
        if self.ledger:
            return f"every entry of the ledger '{self.ledger}' is {' or '.join(self.state_in)}"
        if self.judge:
            return f"{self.judge.agreement} of every judge with its {self.judge.require.words}"
        return f"no evidence is {' or '.join(self.evidence_type_not_in)}"


class Claim(Part):
    """What is claimed, who answers for it, what is asked of the evidence and when that runs out.

    ``owner`` and ``review_by`` are those of the policy unless stated. ``reason`` says why this is
    here, for the day when somebody asks whether it still should be.
    """

    id: str = Field(pattern=NAME)
    claim: str = Field(min_length=1)
    harm: Harm
    owner: str | None = Field(default=None, min_length=1)
    review_by: Date | None = None
    evidence: Ask = Field(default_factory=Ask)
    expires: Expires = Field(default_factory=Expires)
    reason: str = ""


class Rule(Claim):
    """One claim, and what would show it: one requirement, ``all`` of several, or a ``check``.

    ``about`` says on which side of the balance it stands: risk, or usefulness beside it.
    """

    severity: Severity = "blocker"
    about: Side = "risk"
    assessment: Assessment | None = None
    measure: str | None = Field(default=None, min_length=1)
    unit: Unit = "proportion"
    require: Require | None = None
    per: str | None = None
    among: tuple[str, ...] = ()
    spread: Spread | None = None
    all: tuple[Requirement, ...] = ()
    check: Check | None = None

    @model_validator(mode="after")
    def _one_way_to_show_it(self) -> "Rule":
        alone = [self.assessment, self.measure, self.require]
        one = any(field is not None for field in alone)
        if one + bool(self.all) + (self.check is not None) != 1:
            raise ValueError(
                "give 'assessment', 'measure' and 'require', or 'all' with several of them, or 'check'"
            )
        if one and any(field is None for field in alone):
            raise ValueError("'assessment', 'measure' and 'require' go together")
        if one:
            _ = self.parts  # a requirement that cannot be met is refused here
        kinds = self.evidence.kinds
        if self.severity == "blocker" and set(kinds) == {"judge"}:
            raise wrong(
                "Rule",
                ("evidence", "kinds"),
                "a blocker never rests on a judge alone; admit another kind, or make it a major",
            )
        return self

    @property
    def parts(self) -> tuple[Requirement, ...]:
        """The requirements; none where the rule is a check."""
        if self.all or self.assessment is None or self.measure is None or self.require is None:
            return self.all
        return (
            Requirement(
                assessment=self.assessment,
                measure=self.measure,
                unit=self.unit,
                require=self.require,
                per=self.per,
                among=self.among,
                spread=self.spread,
            ),
        )

    @property
    def assessments(self) -> tuple[str, ...]:
        """The assessments whose evidence it reads, each once."""
        return tuple(dict.fromkeys(part.assessment for part in self.parts))

    @property
    def words(self) -> str:
        """Say what is required."""
        if self.check is not None:
            return self.check.words
        return "; ".join(part.words for part in self.parts)


class Safeguard(Claim):
    """A protection around the model, with evidence and expiry of its own."""

    assessment: Assessment
    measure: str = Field(min_length=1)
    unit: Unit = "proportion"
    require: Require

    @model_validator(mode="after")
    def _can_be_judged(self) -> "Safeguard":
        _ = self.rule  # what a blocker may not be is refused here
        return self

    @property
    def rule(self) -> Rule:
        """The same, to be judged as any blocker is."""
        return Rule(**_fields(self))


class Capability(Claim):
    """An ability that matters, and the bounds that show it to be there, or not to be there.

    What neither bound shows is ``not_excluded``: it cannot be ruled out, and is treated as such.
    """

    assessment: Assessment
    measure: str = Field(min_length=1)
    unit: Unit = "proportion"
    reached: Require
    excluded: Require

    @model_validator(mode="after")
    def _not_both_at_once(self) -> "Capability":
        if self.reached.bound == self.excluded.bound:
            raise ValueError("'reached' and 'excluded' read opposite bounds")
        up = self.reached.bound == "lower"
        apart = self.excluded.threshold - self.reached.threshold
        if (apart > 0) if up else (apart < 0):
            raise wrong(
                "Capability",
                ("excluded",),
                f"a measure between {self.reached.threshold:g} and {self.excluded.threshold:g} would be "
                "reached and excluded at once; let the two thresholds meet or lie apart",
            )
        for field in ("reached", "excluded"):
            _possible(getattr(self, field), self.unit, field)
        _ = self.rule("excluded")  # what a blocker may not be is refused here
        return self

    def rule(self, state: Literal["reached", "excluded"]) -> Rule:
        """The claim that it is in this state, to be judged as a rule."""
        return Rule(**{**_fields(self), "require": getattr(self, state)})


def _possible(require: Require, unit: str, field: str) -> None:
    why = require.impossible(unit)
    if why:
        raise wrong("Capability", (field,), f"{why}; mend the threshold or the unit")


def _fields(claim: Claim) -> dict[str, Any]:
    named = (
        "id", "claim", "harm", "owner", "review_by", "evidence", "expires", "reason",
        "assessment", "measure", "unit", "require",
    )  # fmt: skip
    return {name: getattr(claim, name) for name in named if hasattr(claim, name)}


class When(Part):
    """A capability in this state, or in a higher one."""

    capability: str
    state: Literal["not_excluded", "reached"]


class Requires(Part):
    """What a level asks for before any release at it."""

    safeguards: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()


class Level(Part):
    """A step of danger. It is derived from what capabilities showed, and never typed in."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")
    about: str = ""
    when_any: tuple[When, ...] = ()
    requires: Requires = Field(default_factory=Requires)
