"""Do chances mean what they say? Temperature, calibration error, Brier score, log loss.

All take chances ``p`` and the truth as a chance, 0 to 1: a label of 0.5 is a tie. The calibration
error is taken over bins of equal mass, by the mean chance and the mean truth of each (Naeini et al.
2015 with Nguyen and O'Connor's bins). It is never 0 in a finite sample: ``floor`` says what a
perfectly calibrated model would be found to have with the same chances.
"""

from collections.abc import Callable

import numpy as np

from tenure.errors import UsageError
from tenure.stats.bradley_terry import cross_entropy, sigmoid
from tenure.stats.clustered import Codes, Floats
from tenure.stats.interval import Interval, check_level

BINS = 15
DRAWS = 1000
WIDEST = 1e3  # the temperature lies between 1/1000 and 1000

Score = Callable[[Floats, Floats], float]


def temperature(logits: Floats, truth: Floats, weight: Floats | None = None) -> float:
    """Return the T by which logits are divided so that the log loss of sigmoid(logit / T) is least.

    The loss is convex in 1/T, so its slope is bisected. With logits that say nothing (or the
    opposite of the truth) T is at its upper end, with logits that never err at its lower.

    Raises:
        UsageError: no pairs, or columns of different lengths.
    """
    if len(logits) == 0 or len(logits) != len(truth):
        raise UsageError("a temperature needs held-out pairs with a label; label more of them")
    counts = np.ones_like(logits) if weight is None else weight

    def slope(a: float) -> float:
        return float((counts * (sigmoid(a * logits) - truth)) @ logits)

    low, high = 1 / WIDEST, WIDEST
    if slope(low) >= 0:
        return WIDEST
    if slope(high) <= 0:
        return 1 / WIDEST
    for _ in range(80):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 1 / float(np.sqrt(low * high))


def ece(p: Floats, truth: Floats, bins: int = BINS) -> float:
    """Return the expected calibration error over ``bins`` bins of as equal mass as can be.

    A bin holds the rows next to each other in the order of ``p``; with fewer rows than bins each
    row is a bin. Symmetric pairs should be given once, in the order they were labelled in.
    """
    if len(p) == 0:
        return float("nan")
    order = np.argsort(p, kind="stable")
    edges = np.linspace(0, len(p), min(bins, len(p)) + 1).astype(int)[:-1]
    gaps = np.add.reduceat((p - truth)[order], edges)
    return float(np.abs(gaps).sum() / len(p))


def floor(p: Floats, bins: int = BINS, *, draws: int = 200, seed: int = 0) -> float:
    """Return the mean calibration error of truths drawn by the very chances ``p``."""
    if len(p) == 0:
        return float("nan")
    chance = np.random.Generator(np.random.PCG64(seed))
    truths = (chance.random((draws, len(p))) < p).astype(np.float64)
    return float(np.mean([ece(p, truth, bins) for truth in truths]))


def brier(p: Floats, truth: Floats) -> float:
    """Return the mean squared difference of chance and truth."""
    return float(np.square(p - truth).mean()) if len(p) else float("nan")


def log_loss(p: Floats, truth: Floats) -> float:
    """Return the mean cross-entropy, in nats."""
    return float(cross_entropy(p, truth).mean()) if len(p) else float("nan")


def redrawn(score: Score, columns: tuple[Floats, Floats], codes: Codes | None) -> Floats | None:
    """Return a score of 1,000 samples of whole clusters drawn again; None below two clusters.

    ``codes`` number the clusters 0..G-1 (None: every row is its own). The seed is fixed.
    """
    p, truth = columns
    groups = np.arange(len(p)) if codes is None else codes
    count = int(groups.max()) + 1 if len(p) else 0
    if count < 2:
        return None
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups, minlength=count)
    starts = np.cumsum(sizes) - sizes
    chance = np.random.Generator(np.random.PCG64(0))
    drawn = np.empty(DRAWS)
    for at in range(DRAWS):
        picked = chance.integers(0, count, count)
        many = sizes[picked]
        # Each picked cluster's rows, one after the other: its start, and how far into it.
        into = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        rows = order[np.repeat(starts[picked], many) + into]
        drawn[at] = score(p[rows], truth[rows])
    return drawn


def around(drawn: Floats, level: float, found: float | None = None) -> Interval:
    """Return the percentile interval of redrawn scores, or the basic one around ``found``.

    The basic one is for the calibration error, which is biased upwards and more so in a redrawn
    sample: twice the estimate less the quantiles, from 0 up (Efron and Tibshirani 1993); its upper
    end is never below the estimate.
    """
    check_level(level)
    low, high = (float(q) for q in np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]))
    if found is None:
        return Interval(low, high, level)
    return Interval(max(0.0, 2 * found - high), max(found, 2 * found - low), level)
