"""Do two rankings agree?"""

import numpy as np

from tenure.errors import UsageError
from tenure.stats.clustered import Floats
from tenure.stats.interval import Interval, check_level
from tenure.stats.quantiles import two_sided_z

PERMUTATIONS = 2000


def ranks(values: Floats) -> Floats:
    """Rank from 1; ties share the mean of their places."""
    _, place, many = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(many)
    return (last - (many - 1) / 2)[place].astype(float)


def spearman(first: Floats, second: Floats) -> float | None:
    """Spearman's rank correlation; None with fewer than three pairs or where one side is all ties."""
    if len(first) != len(second):
        raise UsageError(f"a correlation needs pairs, not {len(first)} and {len(second)} values")
    if len(first) < 3 or float(np.ptp(first)) == 0 or float(np.ptp(second)) == 0:
        return None
    one, two = (side - side.mean() for side in (ranks(first), ranks(second)))
    return float(one @ two / np.sqrt((one @ one) * (two @ two)))


def spearman_interval(rho: float, n: int, level: float) -> Interval | None:
    """Interval by Fisher's z with the variance of Bonett and Wright (2000).

    None with fewer than four pairs, and at 1 or -1, where nothing says how sure it is.
    """
    check_level(level)
    if n < 4 or abs(rho) >= 1 - 1e-12:
        return None
    half = two_sided_z(level) * np.sqrt((1 + rho * rho / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(rho) + np.asarray([-half, half]))
    return Interval(float(low), float(high), level)


def permutation_p(first: Floats, second: Floats, *, seed: int = 0) -> float:
    """Two-sided chance of a rank correlation at least this strong when the pairing means nothing.

    Over 2,000 seeded permutations, itself counted among them; 1.0 where there is no correlation.
    """
    rho = spearman(first, second)
    if rho is None:
        return 1.0
    random = np.random.default_rng(seed)
    one, two = (side - side.mean() for side in (ranks(first), ranks(second)))
    drawn = random.permuted(np.tile(two, (PERMUTATIONS, 1)), axis=1) @ one
    least = abs(float(one @ two)) - 1e-9
    return (1 + int((np.abs(drawn) >= least).sum())) / (PERMUTATIONS + 1)
