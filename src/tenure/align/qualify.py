"""Is a model fit to judge pairs? Hundreds of pairs whose better answer is known, both orders of each.

Three rules on each axis, on one-sided bounds: accuracy at least 0.75, a bias for the first or second
place of at most 0.05, both orders alike at least 0.8 of the time. The verdict is met, not met or
not shown, and ``align/label`` takes labels from nobody else. A judge that always answers A, or B, or
not at all, is named so. What the judge does not answer is missing: it counts for nobody, and the
bounds hold whatever it would have been.

With ``alone`` each answer of the axis "principle" is judged by itself besides, as ``align/adherence``
has it done: was the better one said to keep its principle, the worse one to breach it, more often
than by chance? Without that, adherence states nothing of what the judge says.

The items are short, about everyday matters, and their faults are planted: a judge that passes here
can tell such faults apart, and no more is shown.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.align.answering import dollars
from tenure.align.comparing import planted, qualifying
from tenure.align.comparing.card import alone_asked_with
from tenure.align.comparing.judging import (
    LEAST,
    TOKENS,
    Court,
    How,
    Judged,
    asked_with,
    judged,
    prompts_of,
)
from tenure.align.comparing.labels import QUALIFY
from tenure.align.comparing.pairs import Axis
from tenure.align.comparing.planted import AXES, OWN, Item, OwnItems
from tenure.align.comparing.qualifying import ALONE, Stored
from tenure.align.constitution import shipped
from tenure.align.critics.model import begin
from tenure.align.critiquing import ROOM, Bench, critic
from tenure.align.critiquing import Case as Single
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Measure, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.measure.task import dollars_of

CHANCE = re.compile(r"with a chance of [\d.]+%")


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    axes: tuple[Axis, ...] = Field(
        AXES, min_length=1, description="What it is to judge: correctness, principle, helpful."
    )
    items: Annotated[OwnItems | None, FromFile(OwnItems)] = Field(
        None, description="A YAML file of pairs of your own, held to the same rules besides ours."
    )
    how: How = Field(
        "chances", description="By the chances of A and B, or decode: let it write its answer."
    )
    alone: bool = Field(
        default=False,
        description="Ask about each answer alone besides, as adherence does with a judge.",
        exclude_if=lambda value: not value,
    )
    engine: str | None = None
    batch: int = Field(8, ge=1, description="Pairs that are one unit of work.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Ask the judge about every item in both orders; see the module."""
    _check(spec)
    items = _items(spec)
    axes = [*spec.axes, *(OWN if spec.items else ())]
    court = Court(
        judge=model, view=view, emit=emit, how=spec.how, engine=spec.engine, batch=spec.batch
    )
    said = judged([item.case() for item in items], court, "items judged")
    held = _stored(items, said, emit)
    found = qualifying.measures(held, axes)
    rules = qualifying.rules(found, axes)
    verdicts = {
        axis: qualifying.together(row["verdict"] for row in rules if row["axis"] == axis)
        for axis in axes
    }
    verdict = qualifying.together(verdicts.values())
    shape = qualifying.shape(held.items, held.verdicts)
    alone = _alone(court) if spec.alone else None
    return Evidence(
        name=QUALIFY,
        model=model.id,
        kind="judge",
        summary=_summary(model, verdict, shape, rules),
        form=said.form,
        measures=(*found, *(alone.measures if alone else ())),
        files={
            "items.jsonl": held.items_digest,
            "verdicts.jsonl": held.verdicts_digest,
            **({"alone.jsonl": alone.samples} if alone else {}),
        },
        findings={
            "verdict": verdict,
            "axes": verdicts,
            "rules": rules,
            "shape": shape,
            "how": spec.how,
            "asked_with": asked_with(),
            "items": {"n": len(items), "digest": planted.digest(items)},
            "missing": _missing(held.items),
            **({"alone": alone.verdict} if alone else {}),
            "cost": {"judge": court.spent.to_json()},
        },
        runtime=dollars((model, court.spent)),
    )


def _check(spec: Spec) -> None:
    if spec.alone and ALONE not in spec.axes:
        raise UsageError(
            f"answers alone are of the axis '{ALONE}', and the axes are "
            f"{', '.join(spec.axes)}; add: --axes {ALONE}"
        )


@dataclass(frozen=True, slots=True)
class _Alone:
    """What was found about answers alone, and the digest of its records."""

    measures: list[Measure]
    samples: str
    verdict: dict[str, Any]


def _alone(court: Court) -> _Alone:
    """Ask about both answers of each item, one at a time, in the words and the way of align/adherence."""
    items = planted.of_axes([ALONE])
    bench = Bench(view=court.view, emit=court.emit, model=court.judge, spent=court.spent)
    said = critic("model").critique([case for item in items for case in _each(item)], bench)
    rows = qualifying.alone_records(items, [one.value for one in said])
    samples = court.emit.records(rows)
    found = qualifying.alone_measures(rows, samples)
    told = {**qualifying.alone_verdict(found[0]), "asked_with": alone_asked_with()}
    return _Alone(found, samples, told)


def _each(item: Item) -> list[Single]:
    """Write an item's better answer and its worse one, each alone under its principle."""
    principle = shipped().principle(item.principle)
    both = (item.a, item.b) if item.truth == "a" else (item.b, item.a)
    return [Single(prompt=item.question, answer=text, principle=principle) for text in both]


def _items(spec: Spec) -> list[Item]:
    own = planted.brought(spec.items) if spec.items else []
    return [*planted.of_axes(spec.axes), *own]


def _stored(items: Sequence[Item], said: Judged, emit: Emit) -> Stored:
    both = [(item, said.verdicts[at][item.principle]) for at, item in enumerate(items)]
    rows = [qualifying.item_record(item, verdict) for item, verdict in both]
    orders = [row for item, verdict in both for row in qualifying.verdict_records(item, verdict)]
    return Stored(
        items=rows,
        verdicts=orders,
        items_digest=emit.records(rows),
        verdicts_digest=emit.records(orders),
    )


def _missing(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the reasons why a verdict is missing, the commonest first; how small a chance is, is no reason."""
    small = f"with a chance below {LEAST:.0%}"
    why = Counter(CHANCE.sub(small, str(row["why"])) for row in rows if row["p"] is None)
    return dict(why.most_common(5))


def _summary(
    model: Model, verdict: str, shape: str | None, rules: Sequence[Mapping[str, Any]]
) -> str:
    if verdict == "met":
        return f"{model.id} is qualified to judge: {len(rules)} rules of {len(rules)} are met"
    short = [row for row in rules if row["verdict"] != "met"]
    first = short[0]
    named = f"; it is a judge of the kind '{shape}'" if shape else ""
    return (
        f"{model.id} is not qualified to judge ({verdict}): {len(short)} of {len(rules)} rules are not "
        f"met, the first is {first['rule']} on {first['axis']}{named}"
    )


def _cost(model: Model, spec: Any) -> dict[str, Any]:
    """Foresee the calls of a judge that costs money: every item twice, and each answer alone."""
    asked = [turns for item in _items(spec) for turns in prompts_of(item.case())]
    tokens_out = len(asked) * TOKENS
    if spec.alone:
        alone = [begin(case) for item in planted.of_axes([ALONE]) for case in _each(item)]
        asked, tokens_out = [*asked, *alone], tokens_out + len(alone) * ROOM
    tokens_in = sum(-(-len(m["content"]) // 4) for turns in asked for m in turns)
    cost = dollars_of(model, tokens_in, tokens_out)
    return {
        "calls": len(asked), "input_tokens": tokens_in, "output_tokens": tokens_out, "cost": cost,
    }  # fmt: skip


stage = Stage(
    name=QUALIFY,
    spec=Spec,
    run=run,
    summary="Is a model fit to judge pairs? Accuracy, position, both orders, on pairs of known truth",
    disk=100 << 20,
    cost=_cost,
)
