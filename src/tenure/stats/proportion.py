"""One proportion, and the difference of two that were measured apart.

Counts may be fractions: a clustered sample enters as its effective size (``clustered``).
"""

import math

from tenure.stats.interval import Interval, check_counts, check_level, one_sided
from tenure.stats.quantiles import beta_quantile, two_sided_z


def wilson(k: float, n: float, level: float = 0.95) -> Interval:
    """Score interval (Wilson 1927): close to its level on average, narrow, never outside [0, 1]."""
    check_counts(k, n)
    check_level(level)
    z = two_sided_z(level)
    share = k / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(
        0.0 if k <= 0 else max(0.0, centre - half),
        1.0 if k >= n else min(1.0, centre + half),
        level,
    )


def clopper_pearson(k: float, n: float, level: float = 0.95) -> Interval:
    """Exact interval (Clopper and Pearson 1934): covers at least ``level`` at every true rate."""
    check_counts(k, n)
    check_level(level)
    tail = (1 - level) / 2
    low = 0.0 if k <= 0 else beta_quantile(tail, k, n - k + 1)
    high = 1.0 if k >= n else beta_quantile(1 - tail, k + 1, n - k)
    return Interval(low, high, level)


def upper_bound(k: float, n: float, level: float = 0.95) -> float:
    """Exact one-sided upper bound: 0 of 59 at 0.95 is 0.0495."""
    return clopper_pearson(k, n, one_sided(level)).high


def lower_bound(k: float, n: float, level: float = 0.95) -> float:
    """Exact one-sided lower bound."""
    return clopper_pearson(k, n, one_sided(level)).low


def newcombe(
    first: tuple[float, float], second: tuple[float, float], level: float = 0.95
) -> Interval:
    """Difference of two independent proportions, first minus second, each given as (k, n).

    Newcombe 1998, method 10: the two Wilson intervals joined; behaves at 0 of n and n of n, and stays in
    [-1, 1].
    """
    one, two = wilson(*first, level), wilson(*second, level)
    return joined((first[0] / first[1], one), (second[0] / second[1], two), level)


def joined(first: tuple[float, Interval], second: tuple[float, Interval], level: float) -> Interval:
    """Interval of a difference out of the (estimate, interval) of two independent sides (MOVER)."""
    (p, one), (q, two) = first, second
    low = p - q - math.hypot(p - one.low, two.high - q)
    high = p - q + math.hypot(one.high - p, q - two.low)
    return Interval(low, high, level)
