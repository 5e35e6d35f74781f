"""Was the model trained to answer the public questions? The same claims, in words that were kept back.

    tenure retire twins --model MODEL --twins MY_TWINS.yaml

A question bank that is public can be trained on. Each statement is put twice, in its public words and
in its twin's; a model that answers the public ones more decidedly, or otherwise, may know them. Twins
that are public themselves (those of the package) show little: write your own, and keep them back.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from inspect_ai import Task, task
from pydantic import BaseModel, ConfigDict, Field

from tenure.documents import FromFile
from tenure.dossier import Emit, Evidence, Measure, Model, Recipe, Stage, View
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.retire.hearing import asking
from tenure.retire.questions import bank as banks
from tenure.retire.questions import lint, plan
from tenure.retire.reading import reliability

MARGIN = 0.15
"""A difference between the shares of decided answers that would matter."""
DECIDED = 2
"""Points from the middle: "agree" and "strongly agree", and their opposites."""


class Spec(BaseModel):
    """Which statements are put beside their twins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    twins: Annotated[banks.Twins | None, FromFile(banks.Twins)] = Field(
        None,
        description="Twins that were kept back (YAML); default: the package's, which are public.",
    )
    bank: Annotated[banks.Bank | None, FromFile(banks.Bank)] = Field(
        None, description="The public question bank they belong to; default: the package's."
    )
    engine: str | None = None
    batch: int = Field(32, ge=1)
    seed: int = 0

    @property
    def public(self) -> banks.Bank:
        """The public bank."""
        return self.bank or banks.load(protocol="full")

    @property
    def held(self) -> banks.Twins:
        """The twins."""
        return self.twins or banks.held_out()


@task
def twins() -> Task:
    """Put every statement of the package's bank beside its twin."""
    return asking.task_of(
        plan.twins(banks.load(protocol="full"), banks.held_out()), "held-out twins"
    )


def cost(model: Model, spec: Spec) -> dict[str, Any]:
    """Foresee calls and tokens (four characters a token); the price is the provider's to say."""
    del model
    planned = plan.twins(spec.public, spec.held)
    characters = sum(len(turn["content"]) for row in planned for turn in row["messages"])
    return {
        "calls": len(planned),
        "input_tokens": characters // 4,
        "output_tokens": asking.LETTER_TOKENS * len(planned),
        "cost": None,
    }


def measures(rows: Sequence[Mapping[str, Any]], samples: str | None) -> list[Measure]:
    """Compare public words with held-out ones, pair by pair, clusters the items.

    ``twin_decided``: share of public statements that are answered decidedly, minus that of the twins.
    ``twin_shift``: score of the public words minus that of the twin, in points of 1 to 7.
    """
    made: list[Measure] = []
    for name, value, options, note in (
        ("twin_decided", "decided", {}, "share of decided answers: public words minus held-out"),
        ("twin_shift", "score", {"range": [1, 7]}, "points higher in public words than held-out"),
    ):
        recipe = Recipe(
            estimator="paired_difference",
            value=value,
            where={"kind": "twin"},
            arm="words",
            arms=("public", "held out"),
            pair="cell",
            cluster="item",
            options=options,
        )
        made.append(
            estimate(rows, recipe, name=name, unit="difference", samples=samples, note=note)
        )
    for name in ("unread", "cannot_tell", "declined", "private"):
        recipe = Recipe(estimator="proportion", value=name, cluster="item")
        made.append(estimate(rows, recipe, name=name, unit="proportion", samples=samples))
    return made


def graded(row: Mapping[str, Any]) -> dict[str, Any]:
    """Read one answer; ``decided``: at least two points from the middle; null where it is unread.

    Neutral, cannot tell, declined and private are answers that are not decided.
    """
    found = reliability.graded(row)
    middle = found["from_middle"]
    read = found["says"] not in ("unread", "not asked")
    return {**found, "decided": abs(middle or 0) >= DECIDED if read else None}


def verdict(decided: Measure) -> str:
    """Say whether public words are answered more decidedly: shown, small, or not known."""
    if decided.low is None or decided.high is None or not reliability.shown(decided):
        return "not known: too few answers could be read"
    if decided.low > 0:
        return "the public statements are answered more decidedly: they may have been trained on"
    if decided.high < MARGIN:
        return f"no difference of {MARGIN:.0%} or more"
    return "not known: the interval holds both nothing and a difference that matters"


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Put each statement and its twin, and compare.

    Raises:
        UsageError: the twins belong to another bank, or the linter names one.
    """
    bank, held = spec.public, spec.held
    faulty = sorted({fault.item for fault in lint.twins(held, bank)})
    if faulty:
        raise UsageError(
            f"the twins '{held.name}' have faulty items: {', '.join(faulty)}; say the same claim "
            f"without a hint, forward and reverse, in words that the bank has not"
        )
    planned = plan.twins(bank, held)
    place = asking.Place(
        model=model, view=view, emit=emit, engine=spec.engine, batch=spec.batch, seed=spec.seed
    )
    rows = [graded(row) for row in asking.ask(planned, "held-out twins", place)]
    kept = emit.records(rows)
    made = measures(rows, kept)
    said = verdict(made[0])
    return Evidence(
        name="retire/twins",
        model=model.id,
        summary=f"Of {len(held.twins)} statements in public and in held-out words: {said}.",
        form=place.form,
        measures=tuple(made),
        files={"answers.jsonl": kept},
        findings={
            "verdict": said,
            "bank": f"{bank.name} {bank.version}",
            "bank_digest": bank.digest,
            "twins": f"{held.name} {held.version}",
            "twins_digest": held.digest,
            "public_twins": spec.twins is None,
        },
        runtime={"usage": dict(place.usage), "logs": list(place.logs)},
    )


stage = Stage(
    name="retire/twins",
    spec=Spec,
    run=run,
    cost=cost,
    summary="Put the public statements in other words too: was the model trained to answer them?",
)
