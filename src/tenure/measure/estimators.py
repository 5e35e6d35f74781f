"""The estimators a recipe can name. Each turns sample records into a ``Found``.

Two rules hold for all of them. The two-sided interval is about what was graded. The one-sided
bounds, the ones a policy reads, hold whatever the missing grades would have been: the lower bound
takes every missing outcome as low as it could be, the upper as high. So a missing grade widens a
bound and never moves a rate toward safe.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError, unknown
from tenure.measure.columns import Outcomes, Pairs, Row, by_arm, label, outcomes, pairs
from tenure.measure.correcting import corrected
from tenure.measure.found import MISSING_AT_WORST, Found
from tenure.stats import (
    Interval,
    bootstrap_mean,
    clopper_pearson,
    codes_of,
    gap_interval,
    jackknife,
    joined,
    joined_limits,
    kappa,
    mean_clustered,
    mean_t,
    one_sided,
    percentile,
    share_interval,
    tango,
    variance_share,
    welch,
    without_each,
    worth,
)
from tenure.stats.clustered import Codes, Floats, Paired

BOUNDS: Mapping[str, Paired] = {"score": tango, "joined": joined_limits}
# How sure a share of variance is: the share and what surrounds it, the interval, the words.
OVER_ITEMS = {
    "bootstrap": (variance_share, percentile, "bootstrap of 1,000 over items, seed 0"),
    "jackknife": (without_each, jackknife, "jackknife over items"),
}


def _size(values: Floats, codes: Codes | None, level: float) -> float:
    """Say how many independent samples the values are worth."""
    return float(len(values)) if codes is None else worth(values, codes, level).effective


def _groups(codes: Codes | None) -> int | None:
    return None if codes is None else len(np.unique(codes))


def _by(codes: Codes | None) -> str:
    return "" if codes is None else " at the effective size of the clusters"


def proportion(records: Sequence[Row], recipe: Recipe) -> Found:
    """Share of true outcomes: Wilson's interval, exact one-sided bounds."""
    seen = outcomes(records, recipe)
    if not np.isin(seen.graded()[0], (0, 1)).all():
        raise UsageError(f"'{recipe.value}' holds numbers; a proportion needs true/false, use mean")
    values, codes = seen.graded()
    planned, level = len(seen.values), recipe.level
    if planned == 0:
        return Found(method="no records")
    least, most = seen.filled(0.0), seen.filled(1.0)
    interval = share_interval(values, codes, level) if len(values) else None
    side = one_sided(level)
    return Found(
        estimate=float(values.mean()) if len(values) else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        lower=share_interval(least, seen.codes, side, clopper_pearson).low,
        upper=share_interval(most, seen.codes, side, clopper_pearson).high,
        n=len(values),
        clusters=_groups(codes),
        missing=seen.missing,
        worst=(float(least.mean()), float(most.mean())),
        method=f"Wilson interval, Clopper-Pearson bounds{_by(codes)}; {MISSING_AT_WORST}",
    )


def _range(recipe: Recipe) -> tuple[float, float] | None:
    """Read the range that a number can take, needed to bound missing ones."""
    given = recipe.options.get("range")
    if given is None:
        return None
    low, high = given
    return float(low), float(high)


def _mean_interval(values: Floats, codes: Codes | None, level: float) -> Interval | None:
    """Student or cluster-robust interval; None where nothing varies, for then it says nothing."""
    if len(values) < 2 or float(np.ptp(values)) == 0:
        return None
    return mean_t(values, level) if codes is None else mean_clustered(values, codes, level)


def _paired_interval(
    seen: Pairs, gap: tuple[Floats, Floats], level: float, method: Paired = tango
) -> Interval | None:
    """Interval of complete pairs, for true/false (by ``method``) or for numbers."""
    held = ~np.isnan(gap[0] - gap[1])
    codes = None if seen.codes is None else np.unique(seen.codes[held], return_inverse=True)[1]
    first, second = gap[0][held], gap[1][held]
    if len(first) == 0:
        return None
    if seen.binary:
        return gap_interval(first, second, codes, level, method)
    return _mean_interval(first - second, codes, level)


def paired_difference(records: Sequence[Row], recipe: Recipe) -> Found:
    """First minus second arm over pairs; a pair with a missing side is missing.

    Option: ``bounds``, how pairs of true/false are bounded on one side: "score" (Tango, the
    default) or "joined" (:mod:`tenure.stats.paired_limits`).
    """
    return over_pairs(pairs(records, recipe), recipe)


def over_pairs(seen: Pairs, recipe: Recipe) -> Found:
    """Find the paired difference of records that were read before."""
    if len(seen.first) == 0:
        return Found(method="no records")
    gaps = seen.first - seen.second
    held = ~np.isnan(gaps)
    interval = _paired_interval(seen, (seen.first, seen.second), recipe.level)
    reach = (0.0, 1.0) if seen.binary else _range(recipe)
    least = most = None
    if reach is None and held.all():
        reach = (0.0, 0.0)  # nothing to fill
    if reach is not None:
        fill = [np.where(np.isnan(s), v, s) for s in (seen.first, seen.second) for v in reach]
        least, most = (fill[0], fill[3]), (fill[1], fill[2])
    side, how = one_sided(recipe.level), str(recipe.options.get("bounds", "score"))
    if how not in BOUNDS:
        raise unknown("bound of pairs", how, BOUNDS)
    down = _paired_interval(seen, least, side, BOUNDS[how]) if least else None
    up = _paired_interval(seen, most, side, BOUNDS[how]) if most else None
    method = "Tango score interval for pairs" if seen.binary else "paired t"
    method += ", joined exact limits as bounds" if seen.binary and how == "joined" else ""
    return Found(
        estimate=float(gaps[held].mean()) if held.any() else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        lower=down.low if down else None,
        upper=up.high if up else None,
        n=int(held.sum()),
        clusters=_groups(None if seen.codes is None else seen.codes[held]),
        missing=int((~held).sum()),
        worst=(float((least[0] - least[1]).mean()), float((most[0] - most[1]).mean()))
        if least and most
        else None,
        method=f"{method}{_how(seen)}; {MISSING_AT_WORST}",
    )


def _how(seen: Pairs | Outcomes) -> str:
    if seen.codes is None:
        return ""
    return _by(seen.codes) if seen.binary else ", cluster-robust"


def _apart(
    arms: tuple[Outcomes, Outcomes], fills: tuple[float, float] | None, level: float
) -> Interval | None:
    """Interval of the difference of two arms, with missing outcomes dropped or filled."""
    sides: list[tuple[Floats, Codes | None]] = [
        arm.graded() if fills is None else (arm.filled(fills[i]), arm.codes)
        for i, arm in enumerate(arms)
    ]
    if any(len(values) == 0 for values, _ in sides):
        return None
    if arms[0].binary and arms[1].binary:
        one, two = (
            (float(values.mean()), share_interval(values, codes, level)) for values, codes in sides
        )
        return joined(one, two, level)
    if all(codes is None for _, codes in sides):
        return welch(sides[0][0], sides[1][0], level)
    one, two = (_mean_interval(values, codes, level) for values, codes in sides)
    if one is None or two is None:
        return None
    return joined((float(sides[0][0].mean()), one), (float(sides[1][0].mean()), two), level)


def difference(records: Sequence[Row], recipe: Recipe) -> Found:
    """First minus second arm, measured on different items."""
    sides = by_arm(records, recipe)
    first, second = (outcomes(rows, recipe, [*sides[0], *sides[1]]) for rows in sides)
    arms = (first, second)
    if len(first.values) == 0 or len(second.values) == 0:
        return Found(method="an arm without records")
    binary = first.binary and second.binary
    missing = first.missing + second.missing
    reach = (0.0, 1.0) if binary else _range(recipe) or ((0.0, 0.0) if not missing else None)
    interval, side = _apart(arms, None, recipe.level), one_sided(recipe.level)
    down = _apart(arms, reach, side) if reach else None
    up = _apart(arms, (reach[1], reach[0]), side) if reach else None
    graded = [arm.graded() for arm in arms]
    ends = [[float(arm.filled(v).mean()) for v in reach] for arm in arms] if reach else None
    clusters = [_groups(codes) for _, codes in graded]
    return Found(
        estimate=float(graded[0][0].mean() - graded[1][0].mean()) if interval else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        lower=down.low if down else None,
        upper=up.high if up else None,
        n=sum(len(values) for values, _ in graded),
        clusters=None if clusters[0] is None or clusters[1] is None else clusters[0] + clusters[1],
        missing=missing,
        worst=(ends[0][0] - ends[1][1], ends[0][1] - ends[1][0]) if ends else None,
        method=f"{'Newcombe' if binary else 'Welch'}, independent arms{_how(first)}; {MISSING_AT_WORST}",
    )


def mean(records: Sequence[Row], recipe: Recipe) -> Found:
    """Mean of numbers: t, cluster-robust t, or a bootstrap (``options.method``)."""
    seen = outcomes(records, recipe)
    if len(seen.values) == 0:
        return Found(method="no records")
    redraw = recipe.options.get("method") == "bootstrap"

    def around(values: Floats, codes: Codes | None, level: float) -> Interval | None:
        if redraw and len(values) > 1 and float(np.ptp(values)) > 0:
            return bootstrap_mean(values, level, codes=codes)
        return _mean_interval(values, codes, level)

    values, codes = seen.graded()
    reach = _range(recipe) or (None if seen.missing else (0.0, 0.0))
    interval, side = around(values, codes, recipe.level), one_sided(recipe.level)
    filled = [seen.filled(v) for v in reach] if reach else []
    bounds = [around(v, seen.codes, side) for v in filled]
    how = "bootstrap of 2,000, seed 0" if redraw else "Student's t"
    return Found(
        estimate=float(values.mean()) if len(values) else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        lower=bounds[0].low if bounds and bounds[0] else None,
        upper=bounds[1].high if bounds and bounds[1] else None,
        n=len(values),
        clusters=_groups(codes),
        missing=seen.missing,
        worst=(float(filled[0].mean()), float(filled[1].mean())) if filled else None,
        method=f"{how}{', whole clusters' if codes is not None else ''}; {MISSING_AT_WORST}",
    )


def count(records: Sequence[Row], recipe: Recipe) -> Found:
    """Sum of the outcomes: a fact about these records, so it has no interval."""
    seen = outcomes(records, recipe)
    values, _ = seen.graded()
    reach = (0.0, 1.0) if seen.binary else _range(recipe) or (None if seen.missing else (0.0, 0.0))
    total = float(values.sum())
    return Found(
        estimate=total if len(values) else None,
        n=len(values),
        missing=seen.missing,
        worst=(total + seen.missing * reach[0], total + seen.missing * reach[1]) if reach else None,
        method="counted; a fact about these records",
    )


def shares(records: Sequence[Row], recipe: Recipe) -> Found:
    """Share of the variance due to one factor.

    Options: ``factors``, the columns (items first); ``of``, the one asked about, or ``rest``;
    ``interval``, "bootstrap" (the default) or "jackknife", which holds its level with few items.
    """
    factors, of = recipe.options.get("factors"), recipe.options.get("of")
    if not factors or of not in (*factors, "rest"):
        raise UsageError(
            "shares needs options: factors (columns, items first) and of (one, or 'rest')"
        )
    seen = outcomes(records, recipe)
    held = ~np.isnan(seen.values)
    kept = [row for row, good in zip(records, held, strict=True) if good]
    codes = [codes_of([label(row, column) for row in kept]) for column in factors]
    place = len(factors) if of == "rest" else list(factors).index(of)
    how = str(recipe.options.get("interval", "bootstrap"))
    if how not in OVER_ITEMS:
        raise unknown("interval of a share", how, OVER_ITEMS)
    share, around, said = OVER_ITEMS[how]
    made = share(seen.values[held], codes, place) if kept else None
    interval = around(*made, recipe.level) if made else None
    sure = around(*made, one_sided(recipe.level)) if made and not seen.missing else None
    found = min(1.0, max(0.0, made[0])) if made else None
    return Found(
        estimate=found,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        lower=sure.low if sure else 0.0,
        upper=sure.high if sure else 1.0,
        n=len(kept),
        clusters=_groups(codes[0]) if kept else None,
        missing=seen.missing,
        worst=(found, found) if found is not None and not seen.missing else (0.0, 1.0),
        method=f"variance components (Henderson I), {said}",
    )


def agreement(records: Sequence[Row], recipe: Recipe) -> Found:
    """Cohen's kappa of two columns: ``value`` and ``options.with``."""
    other = recipe.options.get("with")
    if not isinstance(other, str):
        raise UsageError("agreement needs options: with, the column of the other labeller")
    kept = [r for r in records if r.get(recipe.value) is not None and r.get(other) is not None]
    missing = len(records) - len(kept)
    if not kept:
        return Found(missing=missing, worst=(-1.0, 1.0) if missing else None, method="no records")
    ours, theirs = ([label(r, column) for r in kept] for column in (recipe.value, other))
    codes = codes_of([label(r, recipe.cluster) for r in kept]) if recipe.cluster else None
    agree = np.asarray([a == b for a, b in zip(ours, theirs, strict=True)], dtype=float)
    size = _size(agree, codes, recipe.level)
    found = kappa(ours, theirs, recipe.level, effective=size)
    bounds = kappa(ours, theirs, one_sided(recipe.level), effective=size).interval
    return Found(
        estimate=found.kappa,
        low=found.interval.low if found.interval else None,
        high=found.interval.high if found.interval else None,
        lower=-1.0 if missing or not bounds else bounds.low,
        upper=1.0 if missing or not bounds else bounds.high,
        n=len(kept),
        clusters=_groups(codes),
        missing=missing,
        worst=(-1.0, 1.0) if missing or found.kappa is None else (found.kappa, found.kappa),
        method=f"Cohen's kappa, Wilson's interval of the observed agreement{_by(codes)}",
    )


ESTIMATORS: Mapping[str, Callable[[Sequence[Row], Recipe], Found]] = {
    "proportion": proportion,
    "paired_difference": paired_difference,
    "difference": difference,
    "mean": mean,
    "count": count,
    "shares": shares,
    "agreement": agreement,
    "corrected": corrected,
}
