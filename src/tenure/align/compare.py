"""Who wins: models' answers to the same held-out prompts, judged in both orders; win rates and ratings.

The judge is the checks ("rule") or a model that ``align/qualify`` found fit. A win rate is told as
the judge has it and, where people have compared some of these answers drawn uniformly, put right by
them (PPI++). Ratings are Bradley and Terry's over all games of all models. What is redrawn for an
interval is the prompt. The pairs are left for people: ``tenure feedback`` shows them.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.align import constitution as written
from tenure.align import prompts as asked
from tenure.align.answering import Answers, Batch, counted, dollars, in_safetensors, replies
from tenure.align.comparing.drawing import said_of
from tenure.align.comparing.judging import Case, How, forecast
from tenure.align.comparing.pairs import Pair, pair_of
from tenure.align.constitution import Constitution
from tenure.align.preferring.matching import (
    RULE,
    Bench,
    By,
    Match,
    check_judge,
    judged_by_model,
    people,
    questions_of,
    record,
    ruled,
)
from tenure.align.preferring.words import COMPARE, FEEDBACK
from tenure.align.prompts import Bank, Prompt, Split
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.measure import estimate

SCORES = {"range": [0.0, 1.0]}


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    base: str | None = Field(
        None, description="The model it is compared with, rated 1000; None: its parent."
    )
    others: tuple[str, ...] = Field((), description="Further models; all play against all.")
    judge: str = Field(RULE, description="Who judges: rule (the checks), or a qualified model.")
    by: By = Field(
        "constitution",
        description="By what: the whole constitution, its principles of one axis (principle, "
        "correctness: never averaged then), or helpful.",
    )
    how: How = Field("chances", description="How a model is asked; as it was qualified.")
    constitution: Annotated[Constitution | None, FromFile(Constitution)] = Field(
        None, description="A YAML file; None: ours."
    )
    prompts: Annotated[Bank | None, FromFile(Bank)] = Field(
        None, description="A YAML file; None: ours."
    )
    split: Split = Field("held-out", description="Which prompts: held-out or train.")
    n: int | None = Field(None, ge=1, description="How many prompts; None: all.")
    max_tokens: int = Field(80, ge=1, description="The room an answer has, in tokens.")
    batch: int = Field(32, ge=1)
    engine: str | None = None
    same_form: bool = Field(default=True, description="Measure all models from safetensors.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Answer, match, judge, rate; UsageError when there is nobody to compare with, or no prompts."""
    players = _players(model, view, spec)
    constitution, bank = spec.constitution or written.shipped(), spec.prompts or asked.shipped()
    prompts = bank.select(spec.split, spec.n)
    bench = Bench(
        judge=spec.judge, by=spec.by, how=spec.how, batch=8, constitution=constitution, view=view,
        emit=emit,
    )  # fmt: skip
    check_judge(bench)  # before anybody answers
    answers = {one.id: _answers(one, prompts, spec, view, emit) for one in players}
    matches = _matches(players, prompts, answers)
    rulings, card = (
        (ruled(matches, bench), None) if spec.judge == RULE else judged_by_model(matches, bench)
    )
    said = people(players, view)
    rows = [record(m, r, said.get(m.pair.id)) for m, r in zip(matches, rulings, strict=True)]
    samples = emit.records(rows)
    base = players[1].id
    ratings = [_rating(rows, one.id, base, samples) for one in players]
    wins = [m for one in players[1:] for m in _wins(rows, model.id, one.id, samples)]
    return Evidence(
        name=COMPARE,
        model=model.id,
        kind="empirical" if card is None else "judge",
        summary=_summary(model, wins, ratings, base),
        form=answers[model.id].form,
        measures=(*wins, *ratings, *([] if card is None else [_agreement(rows, samples)])),
        files={"matches.jsonl": samples, "pairs.jsonl": emit.records(_shown(matches))},
        findings={
            "judge": RULE if card is None else card.judge.id,
            "card": None if card is None else card.digest,
            "judges_itself": card is not None and card.judge.digest in {p.digest for p in players},
            "by": spec.by,
            "constitution": {"name": constitution.name, "digest": constitution.digest},
            "prompt_bank": bank.digest,
            "players": {one.id: one.digest for one in players},
            "forms": {name: found.form for name, found in answers.items()},
            "base": base,
            "elo": {
                one.id: {"rating": m.estimate, "low": m.low, "high": m.high}
                for one, m in zip(players, ratings, strict=True)
            },
            "same_text": sum(match.pair.a == match.pair.b for match in matches),
            "missing": sum(row["p"] is None for row in rows),
            "people": sum(row["human"] is not None for row in rows),
            "cost": counted(answers, bench.spent),
        },
        runtime=dollars((card.judge if card else None, bench.spent)),
    )


def _players(model: Model, view: View, spec: Spec) -> list[Model]:
    """Return the model and those it is compared with, the base first among them."""
    base = spec.base or model.parent
    if base is None:
        raise UsageError(
            f"{model.id} has no parent to be compared with; name a model of the dossier: --base NAME"
        )
    found = [model, *(view.model(name) for name in (base, *spec.others))]
    ids = [one.id for one in found]
    if len(set(ids)) < len(ids):
        raise UsageError(f"a model is named twice among {', '.join(ids)}; name each once")
    return found


def _answers(
    model: Model, prompts: Sequence[Prompt], spec: Spec, view: View, emit: Emit
) -> Answers:
    reference = in_safetensors(model, view) if spec.same_form and model.kind == "weights" else model
    batch = Batch(
        what=f"answers of {model.id}",
        max_tokens=spec.max_tokens,
        size=spec.batch,
        engine=spec.engine,
    )
    return replies(reference, [p.messages for p in prompts], batch, view, emit)


def _matches(
    players: Sequence[Model], prompts: Sequence[Prompt], answers: Mapping[str, Answers]
) -> list[Match]:
    found: list[Match] = []
    for one, other in combinations(players, 2):
        for place, prompt in enumerate(prompts):
            mine, theirs = (answers[p.id].replies[place].text.strip() for p in (one, other))
            pair = pair_of(
                prompt, said_of(prompt, mine), said_of(prompt, theirs), model=one, axis="principle"
            )
            swapped = pair.a != mine
            found.append(Match(pair=pair, first=one.id, second=other.id, swapped=swapped))
    return found


def _shown(matches: Sequence[Match]) -> list[dict[str, Any]]:
    """Return the pairs that people may compare: two texts that differ, each pair once."""
    pairs: dict[str, Pair] = {m.pair.id: m.pair for m in matches if m.pair.a != m.pair.b}
    return [pair.to_json() for pair in pairs.values()]


def _wins(rows: Sequence[dict[str, Any]], model: str, other: str, samples: str) -> list[Measure]:
    where = {"first": model, "second": other}
    mine = [row for row in rows if row["second"] == other and row["first"] == model]
    recipe = Recipe(estimator="mean", value="p", where=where, cluster="prompt_id", options=SCORES)
    note = (
        "chance that its answer is the better one, a tie a half, both orders; prompts are clusters"
    )
    found = [
        estimate(
            rows, recipe, name=f"win/{other}", unit="proportion", samples=samples,
            better="higher", note=note,
        )
    ]  # fmt: skip
    won = Recipe(estimator="proportion", value="won", where=where, cluster="prompt_id")
    found.append(
        estimate(
            rows, won, name=f"won/{other}", unit="proportion", samples=samples, better="higher",
            note="share of the prompts that it wins outright; a tie is not won",
        )
    )  # fmt: skip
    if any(row["human"] is not None for row in mine):
        powered = Recipe(
            estimator="powered",
            value="p",
            where=where,
            cluster="prompt_id",
            options={"human": "human"},
        )
        found.append(
            estimate(
                rows, powered, name=f"win/{other}/corrected", unit="proportion", samples=samples,
                better="higher", note="the same, put right by people's word on pairs drawn uniformly",
            )
        )  # fmt: skip
    return found


def _rating(rows: Sequence[dict[str, Any]], of: str, base: str, samples: str) -> Measure:
    options = {"first": "first", "second": "second", "of": of, "against": base}
    recipe = Recipe(estimator="elo", value="p", cluster="prompt_id", options=options)
    return estimate(
        rows, recipe, name=f"elo/{of}", unit="count", samples=samples, better="higher",
        note=f"points; {base} is 1000, 400 points are odds of ten to one",
    )  # fmt: skip


def _agreement(rows: Sequence[dict[str, Any]], samples: str) -> Measure:
    recipe = Recipe(estimator="proportion", value="agrees", cluster="prompt_id")
    return estimate(
        rows, recipe, name="order_agreement", unit="proportion", samples=samples, better="higher",
        note="both orders name the same answer, or both call it a tie",
    )  # fmt: skip


def _summary(model: Model, wins: Sequence[Measure], ratings: Sequence[Measure], base: str) -> str:
    raw = [
        m
        for m in wins
        if m.name.startswith("win/")
        and not m.name.endswith("/corrected")
        and m.estimate is not None
    ]
    told = [f"{m.estimate:.0%} against {m.name.removeprefix('win/')}" for m in raw]
    own = ratings[0].estimate
    points = "" if own is None else f"; {own:.0f} points, {base} being 1000"
    lost = sum(m.missing for m in wins if m.name.startswith("won/"))
    games = lost + sum(m.n for m in wins if m.name.startswith("won/"))
    unsaid = f"; {lost} of {games} games could not be judged" if lost else ""
    return f"{model.id} wins {', '.join(told) or 'nothing that could be judged'}{points}{unsaid}"


def cost(_model: Model, spec: Spec) -> dict[str, Any]:
    """Foresee what a judge behind an API is asked at most: every match in both orders, answers at their longest."""
    if spec.judge == RULE or spec.how != "decode":
        return forecast(spec.judge, [])
    constitution, bank = spec.constitution or written.shipped(), spec.prompts or asked.shipped()
    long = "x" * (4 * spec.max_tokens)
    questions = questions_of(spec.by, constitution)[0]
    players = 2 + len(spec.others)
    cases = [
        Case(prompt=prompt.text, a=long, b=long, asked=questions)
        for prompt in bank.select(spec.split, spec.n)
    ] * (players * (players - 1) // 2)
    return forecast(spec.judge, cases)


stage = Stage(
    name=COMPARE,
    spec=Spec,
    run=run,
    summary="Models' answers to the same prompts, judged in both orders: win rates and Elo ratings",
    disk=900 << 20,
    reads=(FEEDBACK, "align/qualify"),
    cost=cost,
)
