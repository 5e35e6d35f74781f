"""Where the variance of answers comes from: the item, the wording, the order, the asker."""

from collections.abc import Sequence

import numpy as np

from tenure.errors import UsageError
from tenure.stats.clustered import Codes, Floats
from tenure.stats.interval import Interval, check_level

DRAWS = 500


def _cross(first: Codes, second: Codes) -> Floats:
    """Count the answers in every cell of two factors."""
    rows, columns = int(first.max()) + 1, int(second.max()) + 1
    flat = np.bincount(first * columns + second, minlength=rows * columns)
    return flat.reshape(rows, columns).astype(float)


def components(values: Floats, factors: Sequence[Codes]) -> Floats:
    """Variance components of main effects and, last, the rest (Henderson's method I, 1953).

    Unbiased for random effects in unbalanced designs; negative estimates are cut at zero.
    """
    n, total = len(values), len(factors)
    none = np.zeros(n, dtype=np.intp)
    sides = [none, *factors]
    matrix = np.zeros((total + 2, total + 2))
    sums = np.zeros(total + 2)
    for row, side in enumerate(sides):
        sizes = np.bincount(side).astype(float)
        held = sizes > 0
        sums[row] = float((np.bincount(side, weights=values)[held] ** 2 / sizes[held]).sum())
        matrix[row, 0], matrix[row, -1] = n, held.sum()
        for column, other in enumerate(factors, start=1):
            cells = _cross(side, other)[held]
            matrix[row, column] = float((np.square(cells).sum(axis=1) / sizes[held]).sum())
    sums[-1] = float(np.square(values).sum())
    matrix[-1] = n
    found = np.linalg.lstsq(matrix, sums, rcond=None)[0]
    return np.maximum(found[1:], 0.0)


def _share(values: Floats, factors: Sequence[Codes], of: int) -> float | None:
    parts = components(values, factors)
    whole = float(parts.sum())
    return float(parts[of]) / whole if whole > 1e-12 else None


def variance_share(
    values: Floats, factors: Sequence[Codes], of: int, *, seed: int = 0
) -> tuple[float, Floats] | None:
    """Share of the variance that one factor explains, and its bootstrap draws over the first factor.

    ``factors[0]`` are the items: they are redrawn whole, for it is items that limit what can be
    said. ``of`` is a place in ``factors``, or ``len(factors)`` for the rest. None when all answers
    are the same, or when there are fewer than three items. See :func:`percentile`.
    """
    if not 0 <= of <= len(factors):
        raise UsageError(f"there are {len(factors)} factors and the rest; {of} is none of them")
    items = factors[0]
    groups = int(items.max()) + 1 if len(items) else 0
    estimate = _share(values, factors, of) if groups >= 3 else None
    if estimate is None:
        return None
    members: list[Codes] = [np.flatnonzero(items == g) for g in range(groups)]
    draws: list[float] = []
    for drawn in np.random.default_rng(seed).integers(0, groups, (DRAWS, groups)):
        taken = [members[int(g)] for g in drawn]
        rows: Codes = np.concatenate(taken)
        fresh = np.repeat(np.arange(groups), [len(m) for m in taken])
        share = _share(values[rows], [fresh, *(f[rows] for f in factors[1:])], of)
        if share is not None:
            draws.append(share)
    return estimate, np.asarray(draws)


def percentile(estimate: float, draws: Floats, level: float) -> Interval:
    """Read an interval off bootstrap draws; it always holds the estimate itself."""
    check_level(level)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]) if len(draws) else (0.0, 1.0)
    return Interval(min(float(low), estimate), max(float(high), estimate), level)
