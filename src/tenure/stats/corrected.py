"""The true rate behind a grader's answers, from a smaller set of human labels; four ways.

    human-only          the labels alone, exact (Clopper-Pearson); needs labels drawn at random
    stratified          three binomials, a test inverted (:mod:`tenure.stats.stratified`)
    rogan-gladen        (q + sp - 1) / (se + sp - 1) with a parametric bootstrap
    prediction-powered  PPI++ (Angelopoulos, Duchi and Zrnic 2023), its weight tuned

The last two are what is usually offered. They stand on a normal or bootstrap approximation that
breaks where true cases are few: with 300 labels of 3,000, for a stated 95%, they cover 37% to 93% at
a true rate of 0.1% and 88% to 94% at 0.5% (three graders, ``bench/coverage.py``). So which is used is
chosen by simulation (:mod:`tenure.stats.choosing`).

With labels drawn stratified by the grader's answer, Rogan and Gladen's point estimate, the
prediction-powered one and the stratified one are the same number: the weights that undo the draw
leave nothing to tune. They differ in their intervals.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tenure.errors import UsageError
from tenure.stats.clustered import Floats
from tenure.stats.interval import Interval, check_level
from tenure.stats.quantiles import beta_quantiles, two_sided_z
from tenure.stats.stratified import Labels, stratified

Drawn = Literal["stratified", "random"]
ESTIMATORS = ("stratified", "rogan-gladen", "prediction-powered", "human-only")
DRAWS = 400
SPARE = 0.87  # of the labels in proportion that those the grader called a no keep


def allocate(budget: int, flagged: int, total: int) -> tuple[int, int]:
    """Say how many labels to draw among the grader's yes, and how many among its no.

    Pure, and before any label is seen. What the grader calls a no bounds what it misses: with
    nothing found there, the bound is 3/labels, whatever the grader. So the no keep 87% of what
    proportion would give them, which the better bound at zero pays for (``stratified``), and all
    else goes to the yes, where the cases are: at a rate of 3% and a good grader half-width is then
    0.53 of what as many labels alone would give, and in no cell of ``bench/coverage.py`` is it more.
    """
    if not 0 <= flagged <= total or budget < 0 or total <= 0:
        raise UsageError(
            f"{budget} labels for {flagged} of {total}: give 0 <= flagged <= total and a budget"
        )
    budget = min(budget, total)
    no = math.ceil(SPARE * budget * (total - flagged) / total)
    yes = min(budget - no, flagged)
    no = min(budget - yes, total - flagged)
    return yes, no


def human_only(data: Labels, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact interval of the labels alone; they must have been drawn at random."""
    n, x = data.read_yes + data.read_no, data.true_yes + data.true_no
    tail = (1 - level) / 2
    low = beta_quantiles(tail, np.maximum(x, 0.5), n - x + 1)
    high = beta_quantiles(1 - tail, x + 1, np.maximum(n - x, 0.5))
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def rogan_gladen(data: Labels, level: float = 0.95, *, seed: int = 0) -> tuple[Floats, Floats]:
    """Return Rogan and Gladen's rate (1978) with percentiles of a parametric bootstrap.

    Sensitivity and specificity come from the labels, weighed by how they were drawn.
    """
    chance = np.random.default_rng(seed)
    shape = (len(data), DRAWS)  # a row is of one binomial: half the time of the other way round
    total = data.total.astype(int)[:, None]
    q = chance.binomial(total, data.share[:, None], shape) / total
    rates: list[Floats] = []
    for x, m in ((data.true_yes, data.read_yes), (data.true_no, data.read_no)):
        size = np.maximum(m, 1).astype(int)[:, None]
        share = np.where(m > 0, x / np.maximum(m, 1), 0.5)[:, None]
        rates.append(chance.binomial(size, share, shape) / size)
    found = q * rates[0] + (1 - q) * rates[1]
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=1)
    return low, high


def prediction_powered(
    data: Labels, level: float = 0.95, *, drawn: Drawn = "stratified"
) -> tuple[Floats, Floats]:
    """Return the PPI++ interval (normal), its weight tuned to the least variance.

    Stratified labels are weighed by their draw, and the tuned weight then cancels.
    """
    q, z = data.share, two_sided_z(level)
    yes, no = (np.maximum(m, 1) for m in (data.read_yes, data.read_no))
    a, b = data.true_yes / yes, data.true_no / no
    if drawn == "stratified":
        centre = q * a + (1 - q) * b
        variance = q**2 * a * (1 - a) / yes + (1 - q) ** 2 * b * (1 - b) / no
        variance = variance + (a - b) ** 2 * q * (1 - q) / data.total
    else:
        n = np.maximum(data.read_yes + data.read_no, 1)
        rest = np.maximum(data.total - n, 1)
        mean, seen = (data.true_yes + data.true_no) / n, data.read_yes / n
        unseen = (data.flagged - data.read_yes) / rest
        spread = seen * (1 - seen)
        both = data.true_yes / n - mean * seen
        weight = np.divide(both, spread, out=np.zeros_like(both), where=spread > 0)
        weight = np.clip(weight / (1 + n / rest), 0.0, 1.0)
        centre = mean - weight * (seen - unseen)
        variance = (mean * (1 - mean) - 2 * weight * both + weight**2 * spread) / n
        variance = variance + weight**2 * unseen * (1 - unseen) / rest
    half = z * np.sqrt(np.maximum(variance, 0.0))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def ends(
    name: str, data: Labels, level: float = 0.95, *, drawn: Drawn = "stratified"
) -> tuple[Floats, Floats]:
    """Return the interval by the estimator of this name."""
    check_level(level)
    if name == "human-only":
        return human_only(data, level)
    if name == "rogan-gladen":
        return rogan_gladen(data, level)
    if name == "prediction-powered":
        return prediction_powered(data, level, drawn=drawn)
    return stratified(data, level)


@dataclass(frozen=True, slots=True)
class Card:
    """A grader's card as counts: of ``yes`` true cases it saw ``seen``; of ``no`` it cleared ``cleared``."""

    yes: int
    seen: int
    no: int
    cleared: int


def by_card(
    flagged: float, total: float, card: Card, level: float = 0.95
) -> tuple[float, Interval]:
    """Correct a rate by the grader's card alone, where no label of this run is at hand.

    It holds as far as the card's sensitivity and specificity hold for these transcripts, which
    nothing here can check; labels of the run can. The interval joins the exact distributions of the
    three shares (melded, Fay, Proschan and Brittain 2015), with a fixed seed. UsageError when the
    card says no more than a coin.
    """
    check_level(level)
    se, sp = card.seen / max(card.yes, 1), card.cleared / max(card.no, 1)
    if card.yes < 1 or card.no < 1 or se + sp <= 1:
        raise UsageError(
            f"a card with sensitivity {se:.2f} and specificity {sp:.2f} says no more than a coin; "
            "label transcripts of this run instead"
        )
    chance, size = np.random.default_rng(0), 20_000

    def side(k: float, n: float, *, upper: bool) -> Floats:
        if (k <= 0 and not upper) or (k >= n and upper):
            return np.full(size, float(upper))
        return chance.beta(k + upper, n - k + (not upper), size)

    def rate(*, upper: bool) -> Floats:
        q = side(flagged, total, upper=upper)
        false = side(card.no - card.cleared, card.no, upper=not upper)
        seen = side(card.seen, card.yes, upper=not upper)
        room = seen - false
        found = np.divide(q - false, room, out=np.ones(size), where=room > 1e-9)
        return np.clip(np.where(room > 1e-9, found, 1.0 if upper else 0.0), 0.0, 1.0)

    low = float(np.quantile(rate(upper=False), (1 - level) / 2))
    high = float(np.quantile(rate(upper=True), (1 + level) / 2))
    point = min(max((flagged / total + sp - 1) / (se + sp - 1), 0.0), 1.0)
    return point, Interval(min(low, point), max(high, point), level)
