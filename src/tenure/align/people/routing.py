"""Which pair a rater sees next.

One in 12 is known (its better answer is on record), one in 12 was shown before and comes back in the
other order, about one in five of the rest is from a slice of all pairs that a keyed hash picked: only
those may stand for all pairs. Every other one is the pair about which the preference model is least
sure and the judge least steady. All of it follows from the record: the same dossier and the same name
give the same next pair.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tenure.align.comparing.labels import Label
from tenure.align.comparing.pairs import Pair
from tenure.align.constitution import fraction
from tenure.align.people.gold import Gold
from tenure.align.people.said import Answer, Kind

BLOCK = 12  # of so many, one is known and one comes back
UNIFORM = 0.2  # of all pairs, the slice that is shown whatever a model says of them
APART = 5  # so many others at least lie between a pair and its coming back
STEADY = 0.05  # what a judge that agrees with itself entirely counts for, lest entropy be lost
OVERLAP = 2  # so many raters may see the same pair before others come first


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What there is to choose from; ``worth`` is how useful an answer about a pair would be.

    ``even`` are pairs that are only ever shown evenly: two models' answers, from which nothing is learnt.
    """

    pairs: Mapping[str, Pair]
    gold: Mapping[str, Gold]
    worth: Mapping[str, float]
    even: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One pair as one rater sees it."""

    pair: Pair
    kind: Kind
    first: Literal["a", "b"]

    @property
    def shown(self) -> tuple[str, str]:
        """Return the two texts in the order shown."""
        texts = self.pair.a, self.pair.b
        return texts if self.first == "a" else (texts[1], texts[0])


def entropy(p: float) -> float:
    """Return the entropy of a chance, in bits: 1 at one half, 0 where it is settled."""
    if p <= 0 or p >= 1:
        return 0.0
    return -(p * math.log2(p) + (1 - p) * math.log2(1 - p))


def usefulness(
    pairs: Iterable[str], labels: Iterable[Label], models: Mapping[str, float]
) -> dict[str, float]:
    """Say how useful an answer about each pair would be, 0 to 1: entropy times unsteadiness.

    The entropy is of the chance that the preference model gives (``models``, by pair), else of the
    mean of the judges' labels; nothing known counts as one half. Unsteady is how far the judge's
    chances lie apart between the two orders, principle by principle (``about.difficulty``, or two
    labels, one for each order); where nothing says it, one half stands for it.
    """
    said: dict[str, list[Label]] = {}
    for label in labels:
        if label.source.startswith("ai:") and label.p is not None:
            said.setdefault(label.pair, []).append(label)
    return {
        name: entropy(_chance(name, said.get(name, []), models))
        * max(_unsteady(said.get(name, [])), STEADY)
        for name in pairs
    }


def _chance(name: str, said: Sequence[Label], models: Mapping[str, float]) -> float:
    if name in models:
        return models[name]
    held = [label.p for label in said if label.p is not None]
    return sum(held) / len(held) if held else 0.5


def _unsteady(said: Sequence[Label]) -> float:
    gaps: list[float] = []
    orders: dict[tuple[str, str], dict[str, float]] = {}
    for label in said:
        told = label.about.get("difficulty")
        if isinstance(told, int | float) and not isinstance(told, bool):
            gaps.append(min(1.0, abs(float(told))))
        elif label.first and label.p is not None:
            orders.setdefault((label.source, label.principle), {})[label.first] = label.p
    gaps += [abs(held["a"] - held["b"]) for held in orders.values() if len(held) == 2]
    return sum(gaps) / len(gaps) if gaps else 0.5


def in_slice(pair: str) -> bool:
    """Say whether a pair belongs to the slice that stands for all: a keyed hash of its id alone."""
    return fraction("uniform", pair) < UNIFORM


def slot(rater: str, place: int) -> Kind:
    """Say what kind of pair stands at a place of a rater's work."""
    block, within = divmod(place, BLOCK)
    known = int(fraction("gold", rater, block) * BLOCK)
    again = (known + 1 + int(fraction("repeat", rater, block) * (BLOCK - 1))) % BLOCK
    if within == known:
        return "gold"
    if within == again:
        return "repeat"
    return "uniform" if fraction("slot", rater, place) < UNIFORM else "useful"


def following(
    rater: str, mine: Sequence[Answer], others: Iterable[Answer], pool: Pool
) -> Turn | None:
    """Return what a rater sees next, or None when nothing is left.

    ``mine`` are the rater's standing answers in order, ``others`` those of everybody else.
    """
    kind = slot(rater, len(mine))
    seen = {answer.pair for answer in mine}
    if kind == "gold":
        left = [name for name in pool.gold if name not in seen]
        if left:
            name = min(left, key=lambda each: fraction("gold", rater, each))
            return _turn(rater, pool.gold[name].pair, "gold")
    if kind == "repeat" and (again := _again(rater, mine, pool)) is not None:
        return again
    return _new(rater, kind, seen, others, pool)


def _again(rater: str, mine: Sequence[Answer], pool: Pool) -> Turn | None:
    """Return a pair from before in the other order, one with a preference where there is one."""
    back = {answer.pair for answer in mine if answer.kind == "repeat"}
    held = [
        answer
        for answer in mine[: max(0, len(mine) - APART)]
        if answer.kind in ("useful", "uniform") and answer.pair not in back
    ]
    held = [answer for answer in held if answer.pair in pool.pairs and answer.first]
    held = [answer for answer in held if answer.choice != "tie"] or held
    if not held:
        return None
    chosen = min(held, key=lambda answer: fraction("repeat", rater, answer.pair))
    other: Literal["a", "b"] = "b" if chosen.first == "a" else "a"
    return Turn(pair=pool.pairs[chosen.pair], kind="repeat", first=other)


def _new(
    rater: str, kind: Kind, seen: set[str], others: Iterable[Answer], pool: Pool
) -> Turn | None:
    known = {*seen, *pool.gold}
    left = [pair for name, pair in pool.pairs.items() if name not in known]
    even = [p for p in left if p.id in pool.even or in_slice(p.id)]
    if even and (kind == "uniform" or len(even) == len(left)):
        return _turn(rater, min(even, key=lambda p: fraction("even", p.id)), "uniform")
    asked: dict[str, int] = {}
    for answer in others:
        asked[answer.pair] = asked.get(answer.pair, 0) + (answer.kind != "repeat")

    def worth(pair: Pair) -> tuple[float, float]:
        crowd = 2.0 ** max(0, asked.get(pair.id, 0) - OVERLAP + 1)
        return -pool.worth.get(pair.id, 0.0) / crowd, fraction("tie", pair.id)

    slices = {pair.id for pair in even}
    best = [pair for pair in left if pair.id not in slices]
    return _turn(rater, min(best, key=worth), "useful") if best else None


def _turn(rater: str, pair: Pair, kind: Kind) -> Turn:
    first: Literal["a", "b"] = "a" if fraction("order", rater, pair.id) < 0.5 else "b"
    return Turn(pair=pair, kind=kind, first=first)
