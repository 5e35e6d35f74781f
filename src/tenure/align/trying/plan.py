"""The plan of an experiment: written and signed before any outcome is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tenure.align.comparing.pairs import Axis
from tenure.documents import FromFile
from tenure.dossier.canonical import digest_of

ALPHA = 0.05  # of all looks and all arms together, two-sided
NAME = r"^[a-z0-9][a-z0-9 _-]{0,39}$"
YES_NO = "yes/no"


class Arm(BaseModel):
    """One way of treating units. Exactly one of the last four says which.

    ``does`` is free text; ``says`` the very words of an answer to the plan's prompt; ``answer`` the id
    of an answer that a model proposed; ``model`` a model of the dossier.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME)
    control: bool = False
    does: str | None = Field(None, min_length=1)
    says: str | None = Field(None, min_length=1)
    answer: str | None = Field(None, min_length=1)
    model: str | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        given = [self.does, self.says, self.answer, self.model]
        if sum(one is not None for one in given) != 1:
            raise ValueError(
                f"the arm '{self.name}' needs exactly one of does (free text), says (the words of an "
                "answer), answer (the id of a proposed one) and model"
            )
        return self


class Outcome(BaseModel):
    """What is measured on each unit.

    ``expected`` is its share or mean under the control, ``spread`` the standard deviation of a number,
    ``range`` the least and the most that a number can be: others are refused, missing ones bounded by it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    kind: Literal["yes/no", "number"]
    better: Literal["higher", "lower"]
    expected: float = Field(allow_inf_nan=False)
    spread: float | None = Field(None, gt=0, allow_inf_nan=False)
    range: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == YES_NO:
            if not 0 < self.expected < 1:
                raise ValueError("expected is a share above 0 and below 1 for a yes/no outcome")
            if self.spread is not None or self.range is not None:
                raise ValueError("spread and range are for numbers; a yes/no outcome needs neither")
        elif self.spread is None or self.range is None:
            raise ValueError(
                "a number needs spread (its standard deviation) and range ([least, most] it can be)"
            )
        elif not self.range[0] <= self.expected <= self.range[1]:
            raise ValueError(f"expected {self.expected:g} lies outside the range")
        return self


class Plan(BaseModel):
    """What is to be tried. ``planned`` is the number of units in each arm.

    ``within`` says within what units are compared (a face, a day): every such block gets all arms, and
    the analysis is paired. ``looks`` is how often results are looked at, the last time at the end.
    ``underpowered: accepted`` registers a plan that would otherwise be refused. ``prompt`` and ``axis``
    are for arms that are answers: what they answer, and by what they are compared (None: as the pairs that
    were drawn of this prompt, else by how far they help). ``weight`` is what a label of it counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/experiment.v1"]  # noqa: N815 - the field's usual name
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    question: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    within: str | None = Field(None, min_length=1)
    outcome: Outcome
    arms: tuple[Arm, ...]
    planned: int = Field(ge=2)
    smallest_effect: float = Field(gt=0, allow_inf_nan=False)
    power: float = Field(0.8, ge=0.5, le=0.99)
    looks: int = Field(1, ge=1, le=10)
    underpowered: Literal["refused", "accepted"] = "refused"
    decides: str = Field(min_length=1)
    assigned_by: str = Field(min_length=1)
    prompt: str | None = Field(None, min_length=1)
    axis: Axis | None = None
    weight: float = Field(1.0, gt=0, le=100)
    seed: int = 0

    @field_validator("arms")
    @classmethod
    def _one_control(cls, arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
        names = [arm.name for arm in arms]
        if len(names) < 2:
            raise ValueError("give at least two arms, one of them the control")
        if len(set(names)) < len(names):
            raise ValueError("two arms have the same name; rename one")
        controls = [arm.name for arm in arms if arm.control]
        if not controls:
            raise ValueError(
                "no arm is the control, and without one nobody can say what would have happened anyway; "
                "mark one with control: true"
            )
        if len(controls) > 1:
            raise ValueError(
                f"{' and '.join(controls)} are both the control; leave control: true on one"
            )
        return arms

    @model_validator(mode="after")
    def _effect_and_looks_fit(self) -> Self:
        if self.outcome.kind == YES_NO and not 0 < self.expected_with_effect < 1:
            raise ValueError(
                f"an effect of {self.smallest_effect:g} from an expected {self.outcome.expected:g} leaves "
                "0 to 1; give a smaller smallest_effect"
            )
        if self.looks > self.planned:
            raise ValueError("looks are more than the units of an arm; give fewer")
        if self.prompt is None and any(arm.says for arm in self.arms):
            raise ValueError("an arm 'says' an answer: give the prompt that it answers")
        return self

    @property
    def control(self) -> Arm:
        """The arm that the others are held against."""
        return next(arm for arm in self.arms if arm.control)

    @property
    def treatments(self) -> list[Arm]:
        """The other arms, in the plan's order."""
        return [arm for arm in self.arms if not arm.control]

    @property
    def sign(self) -> int:
        """1 where more is better, else -1."""
        return 1 if self.outcome.better == "higher" else -1

    @property
    def expected_with_effect(self) -> float:
        """What the smallest effect that matters would make of the expected."""
        return self.outcome.expected + self.sign * self.smallest_effect

    @property
    def alpha(self) -> float:
        """What one look may spend: the whole divided by the looks (Bonferroni)."""
        return ALPHA / self.looks

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, without what is not set."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def digest(self) -> str:
        """Digest the plan by what it says."""
        return digest_of(self.to_json())


@dataclass(frozen=True, slots=True)
class FromRows(FromFile):
    """A setting that may be given as the path of a file of rows: the record holds what it said."""

    def _read(self, given: Any) -> Any:
        if isinstance(given, str | Path):
            return self.schema.read(Path(given))  # pyright: ignore[reportAttributeAccessIssue] - the schemas given have it
        return given


def listed(names: Sequence[str], most: int = 5) -> str:
    """Name a few, and say how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
