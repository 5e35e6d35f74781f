"""Intervals in plain Python, for the checker of a disclosure, which may rest on nothing else.

The second implementation of the intervals of ``tenure.stats`` (a test holds the two together):
Wilson's, Clopper and Pearson's, Tango's for pairs, and the quantiles of Student's t. Counts may be
fractions. Nothing but Python: this file travels beside the checker.
"""

import math
from functools import lru_cache
from statistics import NormalDist

STEPS = 60  # halvings: far below what two builds of a special function differ by


def two_sided_z(level: float) -> float:
    """Return z with ``level`` of a standard normal between -z and z."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function (Lentz's method)."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    found = d
    for m in range(1, 10_000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 + step * d, 1 + step / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            found *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return found


def beta_below(x: float, a: float, b: float) -> float:
    """Return P(X <= x) for X ~ Beta(a, b), the regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


@lru_cache(maxsize=1 << 14)
def beta_quantile(p: float, a: float, b: float) -> float:
    """Return the ``p`` quantile of Beta(a, b)."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if beta_below(middle, a, b) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@lru_cache(maxsize=1 << 14)
def t_quantile(p: float, freedom: float) -> float:
    """Return the ``p`` quantile (p > 0.5) of Student's t with ``freedom`` degrees of freedom."""
    if freedom > 1e7:
        return NormalDist().inv_cdf(p)
    x = beta_quantile(2 * (1 - p), freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - x) / x) if x > 0 else math.inf


def wilson(k: float, n: float, level: float) -> tuple[float, float]:
    """Return the score interval of k of n (Wilson 1927)."""
    z, share = two_sided_z(level), k / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(max(0.0, share * (1 - share) / n + z * z / (4 * n * n)))
    low = 0.0 if k <= 0 else max(0.0, centre - half)
    return low, 1.0 if k >= n else min(1.0, centre + half)


def clopper_pearson(k: float, n: float, level: float) -> tuple[float, float]:
    """Return the exact interval of k of n (Clopper and Pearson 1934)."""
    tail = (1 - level) / 2
    low = 0.0 if k <= 0 else beta_quantile(tail, k, n - k + 1)
    return low, 1.0 if k >= n else beta_quantile(1 - tail, k + 1, n - k)


def _score(gap: float, b: float, c: float, n: float) -> float:
    linear = -b - c + (2 * n - b + c) * gap
    root = max(0.0, linear * linear + 8 * n * c * gap * (1 - gap))
    only_second = (math.sqrt(root) - linear) / (4 * n)
    variance = n * (2 * only_second + gap * (1 - gap))
    distance = b - c - n * gap
    if variance <= 0:
        return math.copysign(math.inf, distance) if abs(distance) > 1e-12 else 0.0
    return distance / math.sqrt(variance)


def _crossing(target: float, b: float, c: float, n: float) -> float:
    low, high = -1.0, 1.0
    for _ in range(44):
        middle = (low + high) / 2
        if _score(middle, b, c, n) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def tango(b: float, c: float, n: float, level: float) -> tuple[float, float]:
    """Return the score interval of (b - c) / n for n pairs (Tango 1998)."""
    z = two_sided_z(level)
    low = -1.0 if c >= n else _crossing(z, b, c, n)
    return low, 1.0 if b >= n else _crossing(-z, b, c, n)
