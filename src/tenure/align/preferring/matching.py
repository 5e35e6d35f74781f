"""Two models' answers to one prompt: who judged them, both orders, what people said of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tenure.align.answering import Spent
from tenure.align.checking import check
from tenure.align.comparing.card import Card, card_for
from tenure.align.comparing.judging import Case, Court, How, Verdict, judged, preamble
from tenure.align.comparing.labels import Label, read_labels
from tenure.align.comparing.pairs import Pair
from tenure.align.constitution import Constitution
from tenure.align.preferring.words import FEEDBACK
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.models import resolve

RULE, HELPFUL = "rule", "helpful"
By = Literal["constitution", "principle", "correctness", "helpful"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Two models' answers to one prompt; ``swapped`` is true where ``pair.a`` is the second's."""

    pair: Pair
    first: str
    second: str
    swapped: bool

    def turned(self, p: float | None) -> float | None:
        """Turn the chance that ``a`` is better into the chance that the first model's answer is."""
        return None if p is None else 1 - p if self.swapped else p


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The chance that the first model's answer is better, shown first and shown second, and why none."""

    ab: float | None
    ba: float | None
    why: str = ""

    @property
    def p(self) -> float | None:
        """Return the mean of both orders; None where either is missing."""
        return None if self.ab is None or self.ba is None else (self.ab + self.ba) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Who judges and by what: ``judge`` is "rule" or a model's name.

    ``spent`` is what a model that judges was asked so far.
    """

    judge: str
    by: By
    how: How
    batch: int
    constitution: Constitution
    view: View
    emit: Emit
    spent: Spent = field(default_factory=Spent)


def check_judge(bench: Bench) -> Card | None:
    """Return the card of a model that may judge; None for the checks, where they can say anything.

    Raises:
        UsageError: no principle has a check, or the question is one that no check answers.
        RefusedError: the judge is not qualified for this; names the rule it missed and the remedy.
    """
    if bench.judge != RULE:
        _, axes = questions_of(bench.by, bench.constitution)
        return card_for(bench.view, resolve(bench.judge, bench.view), bench.how, axes)
    if bench.by in (HELPFUL, "principle") or not bench.constitution.checkable:
        raise UsageError(
            "no check can say which answer is better here; name a model (--judge MODEL), or compare "
            "by a constitution with checkable principles"
        )
    return None


def ruled(matches: Sequence[Match], bench: Bench) -> list[Ruling]:
    """Let the checks decide: the answer that keeps more principles, by weight, is better; else a tie.

    A match of which no check can say anything is missing.

    Raises:
        UsageError: no principle has a check, or the question is which answer helps.
    """
    check_judge(bench)
    return [_ruled(match, bench.constitution) for match in matches]


def _ruled(match: Match, constitution: Constitution) -> Ruling:
    pair, lead, known = match.pair, 0.0, 0
    for principle in pair.among(constitution.checkable):
        kept = [
            check(principle.check or "").find(pair.prompt, text).kept for text in (pair.a, pair.b)
        ]
        if kept[0] is not None and kept[1] is not None:
            known += 1
            lead += principle.weight * (kept[0] - kept[1])
    if not known:
        return Ruling(ab=None, ba=None, why="missing: the checks cannot say")
    p = match.turned(0.5 if abs(lead) < 1e-12 else float(lead > 0))
    return Ruling(ab=p, ba=p)


def questions_of(by: By, constitution: Constitution) -> tuple[dict[str, str], set[str]]:
    """Return the questions about two answers by their ids, and the axes that a judge must be fit for.

    Raises:
        UsageError: the constitution has no principle of this axis.
    """
    if by == HELPFUL:
        return {HELPFUL: preamble().helpful}, {HELPFUL}
    some = [p for p in constitution.principles if by in ("constitution", p.axis)]
    if not some:
        raise UsageError(
            f"'{constitution.name}' has no principle of the axis '{by}'; compare by: constitution"
        )
    return {p.id: p.comparison for p in some}, {p.axis for p in some}


def judged_by_model(matches: Sequence[Match], bench: Bench) -> tuple[list[Ruling], Card]:
    """Ask a qualified judge, in both orders, about every principle (or once, which answer helps).

    Raises:
        RefusedError: it is not qualified for this; names the rule it missed and the remedy.
    """
    judge = resolve(bench.judge, bench.view)
    asked, axes = questions_of(bench.by, bench.constitution)
    weights = {HELPFUL: 1.0} | {p.id: p.weight for p in bench.constitution.principles}
    card = card_for(bench.view, judge, bench.how, axes)
    court = Court(
        judge=judge, view=bench.view, emit=bench.emit, how=bench.how, batch=bench.batch,
        spent=bench.spent,
    )  # fmt: skip
    differ = [match for match in matches if match.pair.a != match.pair.b]
    every = bench.constitution.principles
    cases = [
        Case(prompt=p.prompt, a=p.a, b=p.b, asked=_fit(asked, {one.id for one in p.among(every)}))
        for p in (match.pair for match in differ)
    ]
    said = iter(judged(cases, court, "matches judged").verdicts)
    even = Ruling(ab=0.5, ba=0.5, why="the same text")
    found = [
        even if match.pair.a == match.pair.b else _together(match, next(said), weights)
        for match in matches
    ]
    return found, card


def _fit(asked: Mapping[str, str], names: Collection[str]) -> Mapping[str, str]:
    """Return the questions of these principles; all where none is of them."""
    return {name: text for name, text in asked.items() if name in names} or asked


def _together(match: Match, found: Mapping[str, Verdict], weights: Mapping[str, float]) -> Ruling:
    """Average a judge's chances over the principles of which it could say both orders."""
    given = [(v, weights[name]) for name, v in found.items() if v.p is not None]
    if not given:
        return Ruling(ab=None, ba=None, why=next(iter(found.values())).why)
    total = sum(w for _, w in given)
    ab, ba = (
        match.turned(sum((getattr(v, side) or 0.0) * w for v, w in given) / total)
        for side in ("ab", "ba")
    )
    # ``ab`` is told of the pair's ``a`` shown first; here it is the first model's answer.
    return Ruling(ab=ba, ba=ab) if match.swapped else Ruling(ab=ab, ba=ba)


def people(models: Sequence[Model], view: View) -> dict[str, float]:
    """Return what people said of pairs drawn uniformly, by pair: the mean chance that ``a`` is better."""
    said: dict[str, list[float]] = defaultdict(list)
    for model in models:
        evidence = view.evidence(FEEDBACK, model.id)
        labels: list[Label] = read_labels(view, evidence) if evidence else []
        for label in labels:
            if label.about.get("uniform") and label.p is not None:
                said[label.pair].append(label.p)
    return {pair: sum(ps) / len(ps) for pair, ps in said.items()}


def record(match: Match, ruling: Ruling, human: float | None) -> dict[str, Any]:
    """Write one match; ``p`` and ``human`` are chances that the first model's answer is better."""
    agree = None if ruling.p is None else (ruling.ab or 0.0) - 0.5
    other = None if ruling.p is None else (ruling.ba or 0.0) - 0.5
    return {
        "id": f"{match.pair.id} {match.first} {match.second}",
        "pair": match.pair.id,
        "prompt_id": match.pair.prompt_id,
        "family": match.pair.family,
        "first": match.first,
        "second": match.second,
        "ab": ruling.ab,
        "ba": ruling.ba,
        "p": ruling.p,
        "won": None if ruling.p is None else ruling.p > 0.5,
        "tie": None if ruling.p is None else ruling.p == 0.5,
        "agrees": None if agree is None or other is None else agree * other > 0 or agree == other,
        "human": match.turned(human),
        "why": ruling.why,
    }
