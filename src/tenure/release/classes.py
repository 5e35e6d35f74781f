"""Release classes, what watches over them, exemptions, and what is owed at the end of a life."""

import re
from typing import Literal

from pydantic import Field, model_validator

from tenure.release.parts import ASSESSMENT, NAME, Date, Part, Require

ClassName = Literal["internal", "limited", "public"]
LADDER: tuple[ClassName, ...] = ("internal", "limited", "public")
MUST_IF = r"^level >= ([A-Za-z][A-Za-z0-9_.-]*)$"
ON_BREACH = r"^downgrade\(([a-z][a-z0-9_-]*)\)$"


class SignOff(Part):
    """Whose signature a class needs.

    ``independent_of`` names roles the signer must not hold. ``must`` false: their opinion is asked
    for and published, and does not stop a release. ``must_if: level >= L2`` makes it a must from
    that level on. ``conflict_statement``: they say in writing what ties them to the matter.
    """

    role: str = Field(min_length=1)
    independent_of: tuple[str, ...] = ()
    must: bool = True
    must_if: str | None = Field(default=None, pattern=MUST_IF)
    conflict_statement: bool = False

    @property
    def from_level(self) -> str | None:
        """The level from which on it is a must, where that depends."""
        found = re.match(MUST_IF, self.must_if) if self.must_if else None
        return found.group(1) if found else None

    def needed(self, level: str | None, levels: tuple[str, ...]) -> bool:
        """Say whether a release at ``level`` needs this signature; ``levels`` from the lowest up."""
        if self.from_level is None:
            return self.must
        return level in levels and levels.index(level) >= levels.index(self.from_level)


class Monitor(Part):
    """What a condition is watched by: a measure of the newest evidence, or counted events.

    ``assessment`` and ``measure``: the bounds of that measure. ``counts`` names a tally of the
    gateway or of a ledger instead: so many events of so many occasions in the window.
    """

    assessment: str | None = Field(default=None, pattern=ASSESSMENT)
    measure: str | None = Field(default=None, min_length=1)
    counts: str | None = Field(default=None, pattern=NAME)

    @model_validator(mode="after")
    def _one_source(self) -> "Monitor":
        if (self.assessment is None) != (self.measure is None):
            raise ValueError("'assessment' and 'measure' go together")
        if (self.assessment is None) == (self.counts is None):
            raise ValueError("give 'assessment' and 'measure', or 'counts'")
        return self

    @property
    def name(self) -> str:
        """Name it in a sentence, and as the key of its counts."""
        return self.counts or f"{self.assessment} {self.measure}"


class Condition(Part):
    """What a release rests on after it was made, and the class it falls to when that breaks.

    ``require`` is the bound that should hold. It is broken when the opposite bound lies on the
    unsafe side, or when nothing was seen for ``window_days``; ``not_shown: downgrade`` makes it
    broken, too, while the bound is not on the safe side yet.
    """

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    text: str = Field(min_length=1)
    owner: str | None = Field(default=None, min_length=1)
    monitor: Monitor
    require: Require
    window_days: int = Field(ge=1)
    on_breach: str = Field(pattern=ON_BREACH)
    not_shown: Literal["keep", "downgrade"] = "keep"

    @property
    def falls_to(self) -> str:
        """The class a breach leads to; ``none`` is a withdrawal."""
        found = re.match(ON_BREACH, self.on_breach)
        assert found is not None
        return found.group(1)


class ReleaseClass(Part):
    """One step of the ladder: on which surfaces, for whom, with which tools, on which conditions.

    ``availability`` is what the model then is to the rest of the house; it follows from the id
    where that is internal, limited or public. ``conditions`` are ids of the policy's conditions,
    or plain text (of more than one word, where the policy has conditions). ``permits`` are tools the class may use, free words such as ``computer_use``; a
    permission lapses at ``review_by``. ``watch`` lists rules that are judged again after the
    release; with ``auto_rollback`` a rule that no longer holds takes the model down a class,
    ``grace_days`` after it was last met.
    """

    id: str = Field(pattern=NAME)
    audience: str
    availability: ClassName | None = None
    surfaces: tuple[str, ...] = ()
    tools: str = "none"
    permits: tuple[str, ...] = ()
    quota_per_day: int | None = Field(default=None, ge=1)
    needs: tuple[str, ...] = ()
    max_level: str | None = None
    signoffs: tuple[SignOff, ...] = ()
    conditions: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    auto_rollback: bool = False
    grace_days: int = Field(default=0, ge=0)
    notice_days: int = Field(default=0, ge=0)
    owner: str | None = Field(default=None, min_length=1)
    review_by: Date | None = None

    @model_validator(mode="after")
    def _has_a_place_on_the_ladder(self) -> "ReleaseClass":
        if self.availability is None and self.id not in LADDER:
            raise ValueError(
                f"say what '{self.id}' is to the rest of the house with 'availability': "
                + ", ".join(LADDER)
            )
        return self

    @property
    def available(self) -> ClassName:
        """What the model is to the rest of the house in this class."""
        if self.availability is not None:
            return self.availability
        return next(name for name in LADDER if name == self.id)


class Exemption(Part):
    """A rule set aside for a while, in the open; a blocker never is.

    ``scope`` narrows it to values of the rule's axis (``{area: poetry}``). ``type`` "competitor"
    is the clause by which policies let a rival's release count; it has the heaviest approvals.
    """

    rule: str
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: Date
    approvals: tuple[str, ...] = Field(min_length=2)
    id: str = ""
    type: Literal["trade", "competitor"] = "trade"
    scope: dict[str, str] = Field(default_factory=dict[str, str])
    since: Date | None = None
    public: Literal[True] = True


class CompetitorClause(Part):
    """The limits of an exemption because of a rival: all these roles, and not for long."""

    approvals: tuple[str, ...] = Field(
        default=("safety lead", "chief executive", "board"), min_length=3
    )
    max_days: int = Field(default=30, ge=1, le=90)


class ExemptionLimits(Part):
    """How many exemptions may be open at once, for how long, with how many approvals."""

    max_open: int = Field(default=2, ge=0)
    max_days: int = Field(default=90, ge=1, le=365)
    approvals: int = Field(default=2, ge=2)
    competitor_clause: CompetitorClause = Field(default_factory=CompetitorClause)


class SignificantUse(Part):
    """From when on internal use is significant: any one of these, within thirty days."""

    requests: int = Field(default=10_000, ge=1)
    users: int = Field(default=50, ge=1)
    days: int = Field(default=60, ge=1)


class Preservation(Part):
    """What is kept, how often it is looked at, and for how long."""

    released: Literal["all"] = "all"
    internal_significant: SignificantUse = Field(default_factory=SignificantUse)
    copies: int = Field(default=3, ge=1)
    fixity_every_days: int = Field(default=90, ge=1)
    drill_every_days: int = Field(default=365, ge=1)
    term: Literal["life of the organisation"] = "life of the organisation"
    owner: str | None = Field(default=None, min_length=1)
    review_by: Date | None = None


class Retirement(Part):
    """What is owed when a model goes; the days of notice are those of its release class."""

    silent_reroute: Literal["forbidden"] = "forbidden"
    requires: tuple[
        Literal["interview", "report", "migration guide", "preservation", "return drill"], ...
    ] = ("interview", "report", "migration guide", "preservation", "return drill")
    access_after: Literal["on request", "none"] = "on request"
    owner: str | None = Field(default=None, min_length=1)
    review_by: Date | None = None


class Versions(Part):
    """What makes a version a major one: an improvement of at least ``major`` (a share of the answers).

    A shown loss always does. An area is the same within the margin its comparison was planned with.
    """

    major: float = Field(default=0.10, gt=0, le=1)


class Welfare(Part):
    """Measures of how a model fares may be reported; nothing may be trained toward them."""

    may_be_reported: bool = True
    may_be_optimised: Literal[False] = False
