"""Estimators of how consistent answers are: over repeats of one question, and between two columns.

alpha              Krippendorff's alpha of ``value`` over the units named by ``cluster``
rank_correlation   Spearman's correlation of ``value`` with the column of the option ``with``
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError
from tenure.measure.columns import Row, outcomes
from tenure.measure.estimators import MISSING_AT_WORST, Found
from tenure.stats import krippendorff, one_sided, permutation_p, spearman
from tenure.stats.clustered import Codes, Floats
from tenure.stats.interval import Interval
from tenure.stats.quantiles import t_quantile
from tenure.stats.ranks import spearman_interval


def alpha(records: Sequence[Row], recipe: Recipe) -> Found:
    """Krippendorff's alpha: 1 where a question is always answered the same, 0 as by chance.

    ``cluster`` names the unit (the question). Option ``ordered`` (true by default): differences
    count as numbers (interval metric); false: answers agree or differ. A missing answer leaves its
    unit with one fewer; with any missing the bounds say nothing, for they are not bounded.
    """
    if recipe.cluster is None:
        raise UsageError("alpha needs the column of the unit; give cluster in the recipe")
    seen = outcomes(records, recipe)
    held = ~np.isnan(seen.values)
    ordered = bool(recipe.options.get("ordered", True))
    table = _table(seen.values[held], seen.codes[held]) if seen.codes is not None else None
    found = krippendorff(table, ordered=ordered) if table is not None and len(table) else None
    interval = None if found is None or table is None else _left_out(table, found, ordered=ordered)
    level = recipe.level
    around = interval(level) if interval else None
    sure = interval(one_sided(level)) if interval and not seen.missing else None
    return Found(
        estimate=found,
        low=around.low if around else None,
        high=around.high if around else None,
        lower=sure.low if sure else -1.0,
        upper=sure.high if sure else 1.0,
        n=int(held.sum()),
        clusters=0 if table is None else len(table),
        missing=seen.missing,
        worst=(found, found) if found is not None and not seen.missing else (-1.0, 1.0),
        method=f"Krippendorff's alpha, {'interval' if ordered else 'nominal'} metric, jackknife "
        f"over units; {MISSING_AT_WORST}",
    )


def _table(values: Floats, codes: Codes) -> Floats:
    """Lay answers out as units by answers, NaN where a unit has fewer than the longest."""
    _, units, many = np.unique(codes, return_inverse=True, return_counts=True)
    order = np.argsort(units, kind="stable")
    starts = np.cumsum(many) - many
    table = np.full((len(many), int(many.max(initial=0))), np.nan)
    table[units[order], np.arange(len(values)) - starts[units[order]]] = values[order]
    return table


def _left_out(table: Floats, found: float, *, ordered: bool) -> Callable[[float], Interval] | None:
    """Return the interval by level out of alpha with each unit left out; None where it says nothing."""
    n = len(table)
    if n < 3:
        return None
    without = [krippendorff(np.delete(table, i, axis=0), ordered=ordered) for i in range(n)]
    known = np.asarray([value for value in without if value is not None])
    if len(known) < n or float(np.ptp(known)) == 0:
        return None
    spread = float(np.sqrt((n - 1) / n * np.square(known - known.mean()).sum()))

    def around(level: float) -> Interval:
        half = t_quantile((1 + level) / 2, n - 1) * spread
        return Interval(max(-1.0, found - half), min(1.0, found + half), level)

    return around


def rank_correlation(records: Sequence[Row], recipe: Recipe) -> Found:
    """Spearman's correlation of ``value`` with ``options.with``; a pair that lacks a side is missing."""
    other = recipe.options.get("with")
    if not isinstance(other, str):
        raise UsageError("rank_correlation needs options: with, the other column")
    sides = [
        outcomes(records, replace(recipe, value=column)).values for column in (recipe.value, other)
    ]
    held = ~np.isnan(sides[0] + sides[1])
    first, second = (side[held] for side in sides)
    missing = int((~held).sum())
    rho = spearman(first, second)
    around = None if rho is None else spearman_interval(rho, len(first), recipe.level)
    sure = None
    if rho is not None and not missing:
        sure = spearman_interval(rho, len(first), one_sided(recipe.level))
    return Found(
        estimate=rho,
        low=around.low if around else None,
        high=around.high if around else None,
        lower=sure.low if sure else -1.0,
        upper=sure.high if sure else 1.0,
        n=len(first),
        missing=missing,
        worst=(rho, rho) if rho is not None and not missing else (-1.0, 1.0),
        method="Spearman's rank correlation, Fisher's z (Bonett and Wright 2000); permutation test "
        f"p {permutation_p(first, second):.3f} (2,000, seed 0); {MISSING_AT_WORST}",
    )


CONSISTENCY: Mapping[str, Callable[[Sequence[Row], Recipe], Found]] = MappingProxyType(
    {"alpha": alpha, "rank_correlation": rank_correlation}
)
