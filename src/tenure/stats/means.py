"""Means and differences of means: Student's t, Welch, clustered, bootstrap."""

import math

import numpy as np

from tenure.stats.clustered import Codes, Floats
from tenure.stats.interval import Interval, check_level
from tenure.stats.quantiles import t_quantile

DRAWS = 2000


def _around(centre: float, error: float, freedom: float, level: float) -> Interval:
    half = t_quantile(0.5 + level / 2, freedom) * error
    return Interval(centre - half, centre + half, level)


def mean_t(values: Floats, level: float = 0.95) -> Interval | None:
    """Student's interval for a mean, or for paired differences; None for fewer than two values."""
    check_level(level)
    if len(values) < 2:
        return None
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return _around(float(values.mean()), error, len(values) - 1, level)


def mean_clustered(values: Floats, codes: Codes, level: float = 0.95) -> Interval | None:
    """Cluster-robust interval for a mean, t with G-1 degrees; None for fewer than two clusters."""
    check_level(level)
    groups = int(codes.max()) + 1 if len(codes) else 0
    if groups < 2:
        return None
    totals = np.bincount(codes, weights=values - values.mean(), minlength=groups)
    variance = groups / (groups - 1) * float(np.square(totals).sum()) / len(values) ** 2
    return _around(float(values.mean()), math.sqrt(variance), groups - 1, level)


def welch(first: Floats, second: Floats, level: float = 0.95) -> Interval | None:
    """Welch's interval for a difference of independent means, first minus second."""
    check_level(level)
    if len(first) < 2 or len(second) < 2:
        return None
    one, two = (float(a.var(ddof=1)) / len(a) for a in (first, second))
    centre = float(first.mean() - second.mean())
    if one + two == 0:
        return Interval(centre, centre, level)
    freedom = (one + two) ** 2 / (one**2 / (len(first) - 1) + two**2 / (len(second) - 1))
    return _around(centre, math.sqrt(one + two), freedom, level)


def bootstrap_mean(
    values: Floats, level: float = 0.95, *, codes: Codes | None = None, seed: int = 0
) -> Interval | None:
    """Percentile bootstrap of a mean, whole clusters redrawn, with a fixed seed.

    For skewed numbers only: at a share of 0 or 1 it answers with a point, which is why no share
    is measured with it.
    """
    check_level(level)
    if codes is None:
        codes = np.arange(len(values), dtype=np.intp)
    groups = int(codes.max()) + 1 if len(codes) else 0
    if groups < 2:
        return None
    totals = np.bincount(codes, weights=values, minlength=groups)
    sizes = np.bincount(codes, minlength=groups).astype(float)
    drawn = np.random.default_rng(seed).integers(0, groups, (DRAWS, groups))
    means = totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)
