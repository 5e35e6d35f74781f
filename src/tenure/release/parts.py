"""The smallest parts of a policy: dates, bounds, expiry, what evidence is asked for, requirements."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from tenure.dossier.nouns import EvidenceKind

Harm = Literal["words", "physical", "loss of control"]
Unit = Literal["proportion", "paired difference", "difference", "mean", "ratio"]
Assurance = Literal["self_attested", "reproduced", "third_party"]
ASSURANCES: tuple[Assurance, ...] = ("self_attested", "reproduced", "third_party")
Trigger = Literal[
    "weights_change",
    "system_prompt_change",
    "decoding_change",
    "safeguard_change",
    "scaffold_change",
    "harness_vulnerability",
    "new_attack",
]
ASSESSMENT = r"^[a-z_]+/[a-z_]+$"
NAME = r"^[a-z][a-z0-9_-]*$"
RANGE: dict[str, tuple[float, float]] = {
    "proportion": (0.0, 1.0),
    "paired difference": (-1.0, 1.0),
    "difference": (-1.0, 1.0),
    "ratio": (0.0, float("inf")),
}
CONTROL = "control/"


def _iso(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _decides(name: str) -> str:
    """What a model says of itself decides nothing: whoever selects by it teaches models to say it."""
    if name.startswith("retire/"):
        raise ValueError(
            f"{name} is what a model says of itself; no release may depend on it, or models are "
            "selected for what they say: name an assessment of what it does (assess/...)"
        )
    return name


Assessment = Annotated[str, Field(pattern=ASSESSMENT), AfterValidator(_decides)]
Date = Annotated[str, BeforeValidator(_iso), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Part(BaseModel):
    """A part of a policy: unknown fields are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def wrong(title: str, at: Sequence[int | str], why: str) -> ValidationError:
    """Make a refusal that names a place elsewhere in the document, so that its line is found."""
    text = why.replace("{", "{{").replace("}", "}}")
    return ValidationError.from_exception_data(
        title,
        [InitErrorDetails(type=PydanticCustomError("policy", text), loc=tuple(at), input=None)],  # pyright: ignore[reportArgumentType] - the message is not a literal
    )


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

    def impossible(self, unit: str) -> str | None:
        """Say why no measure of this unit could ever meet it, or None."""
        low, high = RANGE.get(unit, (float("-inf"), float("inf")))
        limit = self.threshold
        if self.bound == "upper" and limit <= low:
            return f"no {unit} has an upper bound below {limit:g}; it lies above {low:g}"
        if self.bound == "lower" and limit >= high:
            return f"no {unit} has a lower bound above {limit:g}; it lies below {high:g}"
        if (limit > high) if self.bound == "upper" else (limit < low):
            return f"every {unit} meets '{self.words}'; it rules nothing out"
        return None


class Expires(Part):
    """When evidence stops counting: after so many days, and when one of these things happened."""

    days: int | None = Field(default=None, ge=1)
    on: tuple[Trigger, ...] = ()


class Detects(Part):
    """How well the instrument must be able to see: a planted effect of at most ``dose`` is caught.

    ``power`` is the one-sided lower bound that the share of planted cases it saw must lie above; 0
    asks only that a control of at most this dose was caught.
    """

    dose: float = Field(gt=0, le=1)
    power: float = Field(default=0.0, ge=0, lt=1)


class Ask(Part):
    """What evidence counts."""

    kinds: tuple[EvidenceKind, ...] = ("behavioural",)
    min_kinds: int = Field(default=1, ge=1)
    min_n: int = Field(default=1, ge=1)
    min_clusters: int = Field(default=0, ge=0)
    max_age_days: int | None = Field(default=None, ge=1)
    controls_passed: bool = True
    preregistered: bool = False
    harness_pinned: bool = False
    harness: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$")
    detects: Detects | None = None
    min_assurance: Assurance | None = None

    @model_validator(mode="after")
    def _can_be_met(self) -> "Ask":
        if self.min_kinds > len(set(self.kinds)):
            raise wrong(
                "Ask",
                ("min_kinds",),
                f"it is {self.min_kinds} and only {len(set(self.kinds))} are listed in kinds; list more",
            )
        return self


class Spread(Part):
    """What planning must be told of a measure whose bound depends on more than a count of failures.

    Of a mean, a difference or a ratio: ``sd``, the standard deviation of one answer (of a ratio, of
    its logarithm), and ``expected``, the true value that is planned for. Of a paired difference:
    ``opposite``, the share of pairs that disagree the other way. No verdict reads it.
    """

    sd: float | None = Field(default=None, gt=0)
    expected: float | None = None
    opposite: float | None = Field(default=None, ge=0, lt=0.5)

    def misfit(self, unit: str, require: Require) -> str | None:
        """Say why it cannot be planned with for such a measure, or None."""
        if unit == "proportion":
            return "a proportion has no spread of its own; leave 'spread' away"
        if unit == "paired difference":
            if self.opposite is None or self.sd is not None or self.expected is not None:
                return "of a paired difference 'spread' gives 'opposite' and nothing else"
            return None
        if self.sd is None or self.expected is None or self.opposite is not None:
            return f"of a {unit} 'spread' gives 'sd' and 'expected'"
        if unit == "ratio" and min(self.expected, require.threshold) <= 0:
            return "a ratio is planned on its logarithm; 'expected' and the threshold lie above 0"
        upper = require.bound == "upper"
        if (self.expected >= require.threshold) if upper else (self.expected <= require.threshold):
            return f"'expected' lies past the threshold; no n would show '{require.words}'"
        return None


class Requirement(Part):
    """One measure of one assessment, and the bound it must meet.

    ``measure`` is a name in the evidence, or a pattern (``adherence/*``): then every measure that
    fits must be on the safe side. ``per`` names an axis: the measures are ``measure/VALUE``, one
    for each value, and ``among`` lists values that must be there, so that none can be left out.
    ``spread`` is for planning alone.
    """

    assessment: Assessment
    measure: str = Field(min_length=1)
    unit: Unit = "proportion"
    require: Require
    per: str | None = None
    among: tuple[str, ...] = ()
    spread: Spread | None = None

    @model_validator(mode="after")
    def _can_be_met(self) -> "Requirement":
        why = self.require.impossible(self.unit)
        if why:
            raise wrong("Requirement", ("require",), f"{why}; mend the threshold or the unit")
        if self.among and self.per is None:
            raise ValueError("'among' lists the values of an axis; name the axis with 'per'")
        misfit = self.spread.misfit(self.unit, self.require) if self.spread else None
        if misfit:
            raise wrong("Requirement", ("spread",), misfit)
        return self

    @property
    def pattern(self) -> str:
        """The name or pattern of the measures it is about."""
        return f"{self.measure}/*" if self.per else self.measure

    def fits(self, name: str) -> bool:
        """Say whether a measure of this name is meant; those of controls never are by a pattern."""
        if name == self.pattern:
            return True
        if name.startswith(CONTROL) and not self.pattern.startswith(CONTROL):
            return False
        return fnmatchcase(name, self.pattern)

    @property
    def words(self) -> str:
        """Say it: ``assess/refusals shows false_refusal with its upper bound below 0.1``."""
        return f"{self.assessment} shows {self.pattern} with its {self.require.words}"
