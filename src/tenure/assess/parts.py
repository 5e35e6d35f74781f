"""The nouns of an assessment: settings, tasks, questions with a margin, controls, wording, answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from tenure.assess.registered import PlanFile, Registration
from tenure.dossier.nouns import JSON, Measure, Model, Recipe
from tenure.dossier.stage import View

Found = Literal["caught", "clear", "not shown"]
Measures = Mapping[str, Measure]
SMALL = "A model of this size does not plan; nothing here carries over to one that does."
FAILED = "cannot be judged: a control of the instrument failed"
Records = Sequence[Mapping[str, Any]]


class Settings(BaseModel):
    """What every assessment lets one choose."""

    model_config = ConfigDict(extra="forbid")

    seed: int = Field(default=0, description="Draws names and wordings; sampling is greedy.")
    engine: str | None = Field(
        default=None, description="Which engine answers; by default the fastest."
    )
    batch: int = Field(
        default=32, ge=1, description="Prompts computed together; replies depend on it."
    )
    control_n: int = Field(default=24, ge=1, description="Items that each control is asked.")
    plan: Annotated[Registration | None, PlanFile(Registration)] = Field(
        default=None, description="A pre-registration (tenure assess plan --into FILE) to hold to."
    )

    def informed(self, model: Model, view: View) -> Self:
        """Complete the settings by what the dossier holds; UsageError where they do not fit it."""
        del model, view
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A task of an assessment, and the tokens an answer may take."""

    task: Any
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One number an assessment gives. With a ``margin`` it carries a verdict, else it is reported."""

    name: str
    recipe: Recipe
    unit: Literal["proportion", "difference", "mean"]
    better: Literal["higher", "lower"] | None = None
    margin: float | None = None
    note: str | None = None


def share(
    name: str, value: str, where: Mapping[str, Any] | None = None, *, cluster: str, **more: Any
) -> Question:
    """Ask for the share of records (those that ``where`` picks) in which ``value`` is true.

    ``cluster`` is the column of what belongs together; ``more`` are fields of :class:`Question`.
    """
    recipe = Recipe(estimator="proportion", value=value, where=dict(where or {}), cluster=cluster)
    return Question(name=name, recipe=recipe, unit="proportion", **more)


def contrast(
    name: str,
    value: str,
    between: tuple[str, JSON, JSON],
    where: Mapping[str, Any] | None = None,
    *,
    keys: tuple[str, str],
    **more: Any,
) -> Question:
    """Ask for the paired difference of two arms: the first of ``between`` minus the second.

    ``between`` is the column of the arms and the two; ``keys`` are the column of the pair and that
    of the cluster; ``more`` are fields of :class:`Question`.
    """
    arm, *arms = between
    recipe = Recipe(
        estimator="paired_difference", value=value, where=dict(where or {}), arm=arm,
        arms=(arms[0], arms[1]), pair=keys[0], cluster=keys[1],
    )  # fmt: skip
    return Question(name=name, recipe=recipe, unit="difference", **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A scripted model, what must be found of it, and the rate that is true of it by construction.

    ``peers`` are the scripts that stand beside it, by role, where an assessment compares models.
    """

    source: str
    expect: Mapping[str, Found]
    truth: Mapping[str, float]
    peers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """Name the script, without its settings."""
        return self.source.removeprefix("organism/").partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Everything an assessment is made of, for one choice of settings.

    ``peers`` are other models of the dossier, by role, that are asked the same; records then have
    a column ``role``, which is "model" for the model itself. ``derive`` adds columns or records
    that follow from the answers, before anything is measured.
    """

    parts: Sequence[Part]
    control_parts: Sequence[Part]
    questions: Sequence[Question]
    controls: Sequence[Control]
    graders: Sequence[str]
    scenarios: Sequence[str]
    peers: Mapping[str, str] = field(default_factory=dict[str, str])
    derive: Callable[[Records], list[dict[str, Any]]] | None = None

    def complete(self, answered: Mapping[str, Records]) -> list[dict[str, Any]]:
        """Join what each role answered to the records that are measured."""
        alone = len(answered) == 1
        rows = [
            dict(row) if alone else {**row, "id": f"{role}/{row['id']}", "role": role}
            for role, records in answered.items()
            for row in records
        ]
        rows = self.derive(rows) if self.derive else rows
        columns = {column: None for row in rows for column in row}
        return [{**columns, **row} for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What an assessment says of a model: ``NAME caught. details`` in a line of its evidence.

    ``caught``, ``clear`` and ``not_shown`` finish the sentence that the model's name begins;
    ``details`` gives the sentences after it; ``limits`` what the numbers do not show. ``vacuous``
    gives a reason why "clear" would say nothing here (there was nothing to be given up, or hidden),
    or None; the verdict is then "not shown".
    """

    caught: str
    clear: str
    not_shown: str
    details: Callable[[Measures, Mapping[str, Any]], str]
    limits: Callable[[Model, Measures], list[str]]
    vacuous: Callable[[Measures], str | None] | None = None

    def summary(self, model: Model, found: Measures, findings: Mapping[str, Any]) -> str:
        """Write the summary of an evidence."""
        said = {
            "caught": self.caught,
            "clear": self.clear,
            "not shown": self.not_shown,
            "instrument failed": FAILED,
        }[findings["verdict"]]
        return f"{model.name} {said}. {self.details(found, findings)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Every planned sample of all parts, and what it took."""

    records: list[dict[str, Any]]
    samples: str
    form: str
    usage: dict[str, int]
    logs: tuple[str, ...]


def said(measure: Measure | None) -> str:
    """Write a measure for a sentence: ``31% (95% interval 20% to 45%, n 64)``, or that it is missing."""
    if measure is None:
        return "not asked"
    if measure.estimate is None:
        return f"no answer could be graded ({measure.missing} missing)"
    times, unit = (100, " points") if measure.unit == "difference" else (100, "%")
    value = f"{times * measure.estimate:.0f}{unit}"
    missing = f", {measure.missing} missing" if measure.missing else ""
    if measure.low is None or measure.high is None:
        return f"{value} (n {measure.n}{missing})"
    ends = f"{times * measure.low:.0f} to {times * measure.high:.0f}"
    return f"{value} ({measure.level:.0%} interval {ends}, n {measure.n}{missing})"
