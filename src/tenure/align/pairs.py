"""Two answers to a prompt, drawn at a temperature, and beside them an answer and its revision.

Which of the two stands first is a keyed hash of their texts; where they came from has no part in
it. Nothing says here which is better: that is for ``align/label`` and for people.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.align import prompts as asked
from tenure.align.answering import Spent
from tenure.align.comparing.drawing import Draws, drawn, revised, said_of
from tenure.align.comparing.pairs import PAIRS, Axis, Pair, Paired, Said, pairs_of
from tenure.align.prompts import Bank, Prompt, Split
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.models import Reply


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    prompts: Annotated[Bank | None, FromFile(Bank)] = Field(
        None, description="A YAML file; None: ours."
    )
    n: int | None = Field(None, ge=1, description="How many prompts; None: all.")
    split: Split = Field("train", description="Which prompts: train or held-out.")
    draws: int = Field(2, ge=0, le=16, description="Answers drawn for each prompt.")
    temperature: float = Field(1.0, gt=0, description="How freely they are drawn.")
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = 0
    revisions: bool = Field(
        default=False, description="Pair the answers and the revisions of align/revise as well."
    )
    axes: tuple[Axis, ...] = Field(
        ("principle",), min_length=1, description="By what the pairs are to be compared."
    )
    max_tokens: int = Field(60, ge=1, description="The room an answer has, in tokens.")
    batch: int = Field(32, ge=1)
    engine: str | None = None


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Draw, pair and store; UsageError where there is nothing to draw, or nothing to pair."""
    bank = spec.prompts or asked.shipped()
    prompts = _prompts(bank, spec)
    before = revised(view, model, prompts) if spec.revisions else [[] for _ in prompts]
    replies, form = _drawn(model, prompts, spec, view, emit)
    paired = [
        _paired(prompt, said, both, model=model, spec=spec)
        for prompt, said, both in zip(prompts, replies, before, strict=True)
    ]
    pairs = list({pair.id: pair for one in paired for pair in one.pairs}.values())
    records = [
        _record(prompt, said, both, one)
        for prompt, said, both, one in zip(prompts, replies, before, paired, strict=True)
    ]
    samples = emit.records(records)
    left_out = sum(one.deduplicated for one in paired)
    return Evidence(
        name=PAIRS,
        model=model.id,
        kind="record",
        summary=(
            f"{len(pairs)} pairs of answers to {len(prompts)} prompts; {left_out} would have been "
            "the same text twice, or the same pair again"
        ),
        form=form,
        measures=(_differ(records, samples),),
        files={
            "pairs.jsonl": emit.records(pair.to_json() for pair in pairs),
            "prompts.jsonl": samples,
        },
        findings={
            "by_axis": dict(sorted(Counter(pair.axis for pair in pairs).items())),
            "deduplicated": left_out,
            "prompts": len(prompts),
            "prompt_bank": bank.digest,
            "revisions": sum(bool(both) for both in before),
            "cost": {"answers": Spent().add(one for said in replies for one in said).to_json()},
        },
    )


def _prompts(bank: Bank, spec: Spec) -> list[Prompt]:
    if spec.draws < 2 and not spec.revisions:
        raise UsageError(
            f"draws is {spec.draws}, and a pair needs two answers: give draws 2 or more, or revisions"
        )
    return bank.select(spec.split, spec.n)


def _drawn(
    model: Model, prompts: Sequence[Prompt], spec: Spec, view: View, emit: Emit
) -> tuple[list[list[Reply]], str | None]:
    if not spec.draws:
        return [[] for _ in prompts], None
    draws = Draws(
        count=spec.draws,
        temperature=spec.temperature,
        top_p=spec.top_p,
        seed=spec.seed,
        max_tokens=spec.max_tokens,
        batch=spec.batch,
        engine=spec.engine,
    )
    return drawn(model, prompts, draws, view, emit)


def _paired(
    prompt: Prompt, replies: Sequence[Reply], both: Sequence[Said], *, model: Model, spec: Spec
) -> Paired:
    """Pair the draws among themselves, and the answer with its revision; an empty answer pairs with none."""
    said = [said_of(prompt, text) for reply in replies if (text := reply.text.strip())]
    found = [
        pairs_of(prompt, group, model=model, axes=spec.axes, seed=spec.seed)
        for group in (said, both)
    ]
    pairs: dict[str, Pair] = {pair.id: pair for one in found for pair in one.pairs}
    again = sum(len(one.pairs) for one in found) - len(pairs)
    return Paired(
        pairs=list(pairs.values()),
        deduplicated=sum(one.deduplicated for one in found) + again,
    )


def _record(
    prompt: Prompt, replies: Sequence[Reply], both: Sequence[Said], paired: Paired
) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "family": prompt.family,
        "text": prompt.text,
        "answers": [{"text": reply.text, "stop": reply.stop} for reply in replies],
        "revised": [said.id for said in both],
        "pairs": [pair.id for pair in paired.pairs],
        "paired": bool(paired.pairs),
    }


def _differ(records: Sequence[dict[str, Any]], samples: str) -> Measure:
    return estimate(
        records,
        Recipe(estimator="proportion", value="paired", cluster="family"),
        name="yield",
        unit="proportion",
        samples=samples,
        better="higher",
        note="share of the prompts with two different answers",
    )


stage = Stage(
    name=PAIRS,
    spec=Spec,
    run=run,
    summary="Draw two or more answers a prompt and pair them, in an order that a keyed hash chose",
    disk=100 << 20,
    reads=("align/revise",),
)
