"""Where the variance of answers comes from: the item, the wording, the order, the asker.

Variance components of main effects by the method of moments (Henderson's method I, 1953): unbiased
for random effects, in unbalanced designs too. The uncertainty is a bootstrap over the items, for
it is items, and not cells, that limit what can be said; all draws are solved at once. The bootstrap
covers too seldom with few items and many factors; leaving out one item at a time (the jackknife) on
the logit, with Student's t, holds its level there: coverage of both in ``tests/stats/test_shares.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tenure.errors import UsageError
from tenure.stats.clustered import Codes, Floats
from tenure.stats.interval import Interval, check_level
from tenure.stats.quantiles import t_quantile

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class _Tables:
    """Sums per item (rows): answers, their sum and squares; and the same within other factors."""

    counts: Floats
    sums: Floats
    squares: Floats
    cells: list[Floats]
    totals: list[Floats]
    crossed: dict[tuple[int, int], Floats]


def _levels(codes: Codes) -> int:
    return int(codes.max()) + 1


def _count(
    rows: Codes, columns: Codes, weights: Floats | None = None, *, width: int | None = None
) -> Floats:
    """Sum into a table of rows by columns; ``width`` counts columns that never occur too."""
    height, width = _levels(rows), width or _levels(columns)
    flat = np.bincount(rows * width + columns, weights=weights, minlength=height * width)
    return flat.reshape(height, width).astype(float)


def _tables(values: Floats, factors: Sequence[Codes]) -> _Tables:
    items, others = factors[0], factors[1:]
    pairs = [(f, g) for f in range(len(others)) for g in range(len(others)) if f != g]
    return _Tables(
        np.bincount(items).astype(float),
        np.bincount(items, weights=values).astype(float),
        np.bincount(items, weights=values * values).astype(float),
        [_count(items, f) for f in others],
        [_count(items, f, values) for f in others],
        {
            (f, g): _count(
                items,
                others[f] * _levels(others[g]) + others[g],
                width=_levels(others[f]) * _levels(others[g]),
            )
            for f, g in pairs
        },
    )


def _over(top: Floats, bottom: Floats) -> Floats:
    """Divide, with nothing over nothing being nothing, and sum along the last axis."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0).sum(axis=-1)


def _solve(tables: _Tables, weights: Floats) -> Floats:
    """Solve the moment equations for each row of item weights: (draws, factors + 1), not cut."""
    draws, others = len(weights), len(tables.cells)
    size = others + 3  # the mean, the items, the others, the rest
    n = weights @ tables.counts
    matrix = np.zeros((draws, size, size))
    right = np.zeros((draws, size))
    matrix[:, :, 0] = n[:, None]
    matrix[:, -1, :] = n[:, None]
    right[:, 0] = (weights @ tables.sums) ** 2 / n
    right[:, 1] = weights @ (tables.sums**2 / tables.counts)
    right[:, -1] = weights @ tables.squares
    matrix[:, 0, 1] = weights @ tables.counts**2 / n
    matrix[:, 1, 1] = n
    matrix[:, 0, -1] = 1
    matrix[:, 1, -1] = weights.sum(axis=1)
    for f in range(others):
        row, cells = f + 2, tables.cells[f]
        levels = weights @ cells
        matrix[:, 0, row] = np.square(levels).sum(axis=1) / n
        matrix[:, 1, row] = weights @ (np.square(cells).sum(axis=1) / tables.counts)
        matrix[:, row, 1] = _over(weights @ cells**2, levels)
        matrix[:, row, row] = n
        matrix[:, row, -1] = (levels > 0).sum(axis=1)
        right[:, row] = _over(np.square(weights @ tables.totals[f]), levels)
        for g in range(others):
            if g != f:
                both = np.square(weights @ tables.crossed[f, g])
                summed = both.reshape(draws, levels.shape[1], -1).sum(axis=2)
                matrix[:, row, g + 2] = _over(summed, levels)
    return (np.linalg.pinv(matrix) @ right[:, :, None])[:, 1:, 0]


def components(values: Floats, factors: Sequence[Codes]) -> Floats:
    """Variance components: the items (``factors[0]``), the other factors, and last the rest."""
    found = _solve(_tables(values, factors), np.ones((1, int(factors[0].max()) + 1)))[0]
    return np.maximum(found, 0.0)


def _groups(values: Floats, factors: Sequence[Codes], of: int) -> int:
    """Count the items, or 0 where no share can be told; UsageError for a factor that is not there."""
    if not 0 <= of <= len(factors):
        raise UsageError(f"there are {len(factors)} factors and the rest; {of} is none of them")
    groups = int(factors[0].max()) + 1 if len(factors[0]) else 0
    return 0 if groups < 3 or float(np.ptp(values)) == 0 else groups


def variance_share(
    values: Floats, factors: Sequence[Codes], of: int, *, seed: int = 0
) -> tuple[float, Floats] | None:
    """Share of the variance that one factor explains, and its bootstrap draws over the items.

    ``factors[0]`` are the items, numbered from 0 without gaps. ``of`` is a place in ``factors``, or
    ``len(factors)`` for the rest. None when all answers are the same, or when there are fewer than
    three items. See :func:`percentile`.
    """
    groups = _groups(values, factors, of)
    if groups == 0:
        return None
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), DRAWS)
    weights = np.vstack([np.ones((1, groups)), drawn.astype(float)])
    parts = np.maximum(_solve(_tables(values - values.mean(), factors), weights), 0.0)
    whole = parts.sum(axis=1)
    shares = np.divide(parts[:, of], whole, out=np.full(len(whole), np.nan), where=whole > 1e-12)
    if np.isnan(shares[0]):
        return None
    return float(shares[0]), shares[1:][~np.isnan(shares[1:])]


def percentile(estimate: float, draws: Floats, level: float) -> Interval:
    """Read an interval off bootstrap draws; it always holds the estimate itself."""
    check_level(level)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]) if len(draws) else (0.0, 1.0)
    return Interval(min(float(low), estimate), max(float(high), estimate), level)


def without_each(values: Floats, factors: Sequence[Codes], of: int) -> tuple[float, Floats] | None:
    """Share of the variance that one factor explains, and the share with each item left out.

    Arguments and None as for :func:`variance_share`. A negative component is counted as none in the
    whole, but the factor's own is not cut: the shares may lie a little below 0, which
    :func:`jackknife` needs near 0. Cut the estimate to [0, 1] to show it.
    """
    groups = _groups(values, factors, of)
    if groups == 0:
        return None
    weights = np.vstack([np.ones((1, groups)), 1.0 - np.eye(groups)])
    parts = _solve(_tables(values - values.mean(), factors), weights)
    whole = np.maximum(parts, 0.0).sum(axis=1)
    if whole.min() <= 1e-12:
        return None
    shares = parts[:, of] / whole
    return float(shares[0]), shares[1:]


def jackknife(estimate: float, without: Floats, level: float) -> Interval:
    """Interval of a share from the shares with one item left out (Tukey 1958), inside [0, 1].

    On the logit, which never reaches 0 or 1; where the plain interval does reach one of them, that
    one, cut. Student's t with one degree of freedom fewer than there are items.
    """
    check_level(level)
    n = len(without)
    t = t_quantile((1 + level) / 2, n - 1)
    half = t * _spread(without)
    low, high = estimate - half, estimate + half
    if low > 0 and high < 1 and without.min() > 0 and without.max() < 1:
        half = t * _spread(np.log(without / (1 - without)))
        centre = np.log(estimate / (1 - estimate))
        low, high = (float(1 / (1 + np.exp(-(centre + side)))) for side in (-half, half))
    return Interval(min(1.0, max(0.0, low)), min(1.0, max(0.0, high)), level)


def _spread(without: Floats) -> float:
    """Return the jackknife's standard error."""
    n = len(without)
    return float(np.sqrt((n - 1) / n * np.square(without - without.mean()).sum()))
