"""Say of each pair which answer is better, principle by principle: by rules, or by a judge model.

With ``judge: rule`` the checks are the judge: an empirical source, "rule:<check>". Two answers that
both keep a principle, or both breach it, are a tie: that a revision is better is never assumed.

A model is asked about every principle in both orders, and its chances are averaged; how far the
orders are apart is kept as the difficulty. It labels only after ``align/qualify`` has found it fit,
by the same way of asking; otherwise it is refused, with the rule it missed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.align import constitution as written
from tenure.align.answering import Spent, dollars
from tenure.align.comparing import verdicts
from tenure.align.comparing.card import Card, card_for
from tenure.align.comparing.judging import Case, Court, How, forecast, judged, preamble
from tenure.align.comparing.labels import LABEL, Label, ai, check_labels, known_sources
from tenure.align.comparing.pairs import PAIRS, Axis, Pair, pairs_for, read_pairs
from tenure.align.comparing.ruling import rule_labels
from tenure.align.comparing.voicing import HELPFUL, voiced
from tenure.align.constitution import Constitution, Principle
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.models import resolve

RULE = "rule"


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    judge: str = Field(RULE, description="Who labels: rule (the checks), or any model.")
    rules: bool = Field(
        default=False,
        description="Beside a model: let the checks label as well, as sources of their own.",
    )
    constitution: Annotated[Constitution | None, FromFile(Constitution)] = Field(
        None, description="A YAML file; None: ours."
    )
    how: How = Field(
        "chances", description="By the chances of A and B, or decode: let it write its answer."
    )
    averaged: bool = Field(
        default=True, description="One label from both orders; false: a label for each order."
    )
    engine: str | None = None
    batch: int = Field(8, ge=1, description="Pairs that are one unit of work.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Label every pair of the model's newest ``align/pairs``."""
    pairs = _pairs(model, view)
    constitution = spec.constitution or written.shipped()
    said = None
    if spec.judge == RULE:
        _can_rule(constitution, pairs)
    else:
        said = _judged(pairs, constitution, spec, view, emit)
    labels = list(said.labels) if said else []
    if spec.judge == RULE or spec.rules:
        ruled = [pair for pair in pairs if pair.axis != HELPFUL]
        labels += rule_labels(ruled, constitution.checkable)
    check_labels(labels, pairs, known_sources(view))
    card = said.card if said else None
    found = _found(labels, pairs, card, emit)
    findings = {
        **found["findings"],
        "judge": card.judge.id if card else RULE,
        "constitution": {"name": constitution.name, "digest": constitution.digest},
        "axes": {p.id: p.axis for p in constitution.principles},
        **({"cost": {"judge": said.spent.to_json()}} if said else {}),
    }
    return Evidence(
        name=LABEL,
        model=model.id,
        kind="judge" if card else "empirical",
        summary=_summary(labels, len(pairs)),
        form=said.form if said else None,
        measures=found["measures"],
        files=found["files"],
        findings=findings,
        runtime=dollars((said.card.judge, said.spent)) if said else {},
    )


def _pairs(model: Model, view: View) -> list[Pair]:
    found = pairs_for(view, model)
    if not found:
        raise UsageError(
            f"the pairs of {model.id} are none: every prompt was answered twice the same; draw more "
            f"freely: tenure align pairs --model {model.id} --draws 4 --temperature 1.2"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """What a judge said of the pairs, its form, the card that lets it, and what it took."""

    labels: list[Label]
    form: str
    card: Card
    spent: Spent


def _judged(
    pairs: Sequence[Pair], constitution: Constitution, spec: Spec, view: View, emit: Emit
) -> _Said:
    """Let a model label; RefusedError, before it is asked anything, where its card does not allow it."""
    judge = resolve(spec.judge, view)
    asked = [_asked(pair, constitution) for pair in pairs]
    card = card_for(view, judge, spec.how, _axes(pairs, asked, constitution))
    court = Court(
        judge=judge, view=view, emit=emit, how=spec.how, engine=spec.engine, batch=spec.batch
    )
    cases = [
        Case(prompt=pair.prompt, a=pair.a, b=pair.b, asked=questions)
        for pair, questions in zip(pairs, asked, strict=True)
    ]
    said = judged(cases, court)
    weights = {p.id: p.weight for p in constitution.principles}
    labels = [
        label
        for pair, found in zip(pairs, said.verdicts, strict=True)
        for label in voiced(pair, found, ai(card.judge), weights, averaged=spec.averaged)
    ]
    return _Said(labels, said.form, card, court.spent)


def _can_rule(constitution: Constitution, pairs: Sequence[Pair]) -> None:
    if not constitution.checkable:
        raise UsageError(
            f"no principle of '{constitution.name}' has a check, so no rule can judge; name a model: "
            "--judge MODEL"
        )
    if not any(pair.among(constitution.checkable) for pair in pairs):
        raise UsageError(
            f"no principle of '{constitution.name}' that has a check is of a chapter that fits these "
            "pairs; give a constitution that has one (for code: --constitution constitution-code), or "
            "name a model: --judge MODEL"
        )
    if all(pair.axis == HELPFUL for pair in pairs):
        raise UsageError(
            "no check says which answer helps more; name a model (--judge MODEL), or ask people: "
            "tenure feedback"
        )


def _asked(pair: Pair, constitution: Constitution) -> dict[str, str]:
    """Return the questions about one pair by its axis: all principles, the checkable ones, or help."""
    if pair.axis == HELPFUL:
        return {HELPFUL: preamble().helpful}
    some: Sequence[Principle] = (
        constitution.checkable if pair.axis == "correctness" else constitution.principles
    )
    return {principle.id: principle.comparison for principle in pair.among(some)}


def _axes(
    pairs: Sequence[Pair], asked: Sequence[Mapping[str, str]], constitution: Constitution
) -> set[Axis]:
    """Say on which axes a judge must be fit to be asked all this."""
    axis_of: dict[str, Axis] = {p.id: p.axis for p in constitution.principles}
    return {
        axis_of.get(name, pair.axis)
        for pair, questions in zip(pairs, asked, strict=True)
        for name in questions
    }


def _found(
    labels: Sequence[Label], pairs: Sequence[Pair], card: Card | None, emit: Emit
) -> dict[str, Any]:
    rows = verdicts.records(labels, pairs)
    samples, vectors = emit.records(rows), verdicts.vectors(labels)
    labelled = {label.pair for label in labels}
    return {
        "measures": tuple(verdicts.measures(rows, samples)),
        "files": {
            "labels.jsonl": emit.records(label.to_json() for label in labels),
            "samples.jsonl": samples,
            "vectors.jsonl": emit.records(vectors),
        },
        "findings": {
            "card": card.digest if card else None,
            "sources": dict(sorted(Counter(label.source for label in labels).items())),
            "pairs": len(labelled),
            "not_labelled": dict(
                sorted(Counter(pair.axis for pair in pairs if pair.id not in labelled).items())
            ),
            # A judge may favour its own words: said, so that a reader can weigh it.
            "judged_itself": sum(p.model_digest == card.judge.digest for p in pairs) if card else 0,
            "missing": sum(label.p is None for label in labels),
            "disagreement": sum(bool(one["apart"]) for one in vectors),
        },
    }


def _summary(labels: Sequence[Label], pairs: int) -> str:
    given = [label.p for label in labels if label.p is not None]
    principles = len({label.principle for label in labels})
    ties = sum(p == 0.5 for p in given)
    return (
        f"{len(given)} labels of {pairs} pairs under {principles} principles, {ties} of them ties; "
        f"{len(labels) - len(given)} are missing"
    )


def cost(_model: Model, spec: Spec, view: View | None = None) -> dict[str, Any]:
    """Foresee what a judge behind an API is asked about the pairs there are; nobody else costs anything."""
    found = view.evidence(PAIRS, _model.id) if view and spec.how == "decode" else None
    pairs = read_pairs(view, found) if view and found else []
    constitution = spec.constitution or written.shipped()
    cases = [
        Case(prompt=pair.prompt, a=pair.a, b=pair.b, asked=_asked(pair, constitution))
        for pair in pairs
        if spec.judge != RULE
    ]
    return forecast(spec.judge, cases)


stage = Stage(
    name=LABEL,
    spec=Spec,
    run=run,
    summary="Say of each pair which answer is better, principle by principle: rules, or a judge model",
    disk=100 << 20,
    reads=("align/pairs",),
    cost=cost,
)
