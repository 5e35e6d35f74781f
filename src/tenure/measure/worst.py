"""The range of a number over everything that rows which are not shown could hold.

Nothing but Python: this file and its companions travel beside the checker of a disclosure
(docs/evidence.md).

Every row that is kept back is taken at its worst, once for either end: as a failure, as a success,
as a missing grade, as no part of this number at all. So the interval that the whole file gives lies
inside the range, whatever was kept back and by whatever rule it was chosen. Where nothing that
counts is kept back the ends are those of the interval and bounds themselves.

For clusters the range rests on a floor under what a clustered sample is worth (Cauchy and Schwarz:
the variance of a sum is at most the largest cluster times the sum of variances), so it is wider
than it would have to be.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenure.measure import clusters, quantiles, unseen
from tenure.measure.clusters import Partly, worth

NATURAL = {
    "shares": (0.0, 1.0),
    "agreement": (-1.0, 1.0),
    "paired_difference": (-1.0, 1.0),  # with bounds that are not Tango's
    "corrected": (0.0, 1.0),
    "auroc": (0.0, 1.0),
    "auroc_difference": (-1.0, 1.0),
    "recall_at": (0.0, 1.0),
}
METHODS = {  # as the methods of true/false outcomes begin; a count says nothing of its outcomes
    "proportion": "Wilson",
    "difference": "Newcombe",
    "paired_difference": "Tango",
    "mean": "none",
    "count": "none",
}
Ends = tuple[float, float]
Both = tuple[Ends, Ends]  # of the estimate, of the interval
Row = unseen.Row
Recipe = Mapping[str, Any]
Method = Callable[[float, float, float], Ends]


@dataclass(frozen=True, slots=True)
class Range:
    """What a number can be: the estimate, its two-sided interval, its one-sided bounds.

    Each holds that of every case. None: there is none, or nothing bounds it. ``unknown`` counts the
    rows that are not shown and could count. ``checked`` is false where this estimator is known by
    its natural limits alone.
    """

    estimate: Ends | None
    interval: Ends | None
    bounds: Ends | None
    unknown: int
    checked: bool = True

    @property
    def within(self) -> Ends | None:
        """Return the ends between which both lie, the interval and the bounds."""
        return hull(self.interval, self.bounds)


def _share(side: unseen.Side, level: float, method: Method, *, filled: bool) -> Both | None:
    """Return the least and the greatest share, and the ends of its interval, over all cases.

    ``filled`` takes missing outcomes at their worst, as one-sided bounds do.
    """
    graded: list[float] = side.graded
    seen, true = len(graded), math.fsum(graded)
    extra = side.unknown + (side.missing if filled else 0)
    n = seen + extra
    if n == 0:
        return None
    least, most = true / n, (true + extra) / n
    if not side.clustered:
        return (least, most), (method(true, n, level)[0], method(true + extra, n, level)[1])
    if side.unknown == 0:
        fills = (0.0, 1.0) if filled else (math.nan, math.nan)
        values = [[f if math.isnan(v) else v for v in side.values] for f in fills]
        labels = side.labels(filled=filled)
        sizes = [worth([v for v in each if not math.isnan(v)], labels, level) for each in values]
    else:
        sizes = [_floor(side, level, fill) for fill in ((0.0, 1.0) if filled else (None, None))]
    (down, down_least), (up, up_least) = sizes
    low = min(method(least * down, down, level)[0], 1 - method(0.0, down_least, level)[1])
    high = max(method(most * up, up, level)[1], method(0.0, up_least, level)[1])
    return (least, most), (low, high)


def _floor(side: unseen.Side, level: float, fill: float | None) -> Ends:
    """Return the least that an arm is worth; ``fill`` stands for missing outcomes, or None."""
    pairs = [(fill if math.isnan(v) else v, c) for v, c in zip(side.values, side.clusters, strict=True)]  # fmt: skip
    kept = [(v, c) for v, c in pairs if v is not None]
    values, labels = [v for v, _ in kept], [c for _, c in kept]
    shut = [] if fill is None else side.open
    told = Partly(
        values=values,
        labels=labels,
        shut=side.open,
        loose=side.loose,
        span=(0.0, 1.0),
        sure=len(values) + len(shut),
        groups=len({*labels, *shut}),
    )
    return clusters.floor(told, level)


def hull(*found: Ends | None) -> Ends | None:
    """Return the least and the greatest of all ends; None where there are none."""
    ends = [each for each in found if each is not None]
    return (min(e[0] for e in ends), max(e[1] for e in ends)) if ends else None


def _proportion(rows: Sequence[Row], recipe: Recipe, loose: int) -> Range:
    side, level = unseen.side(rows, recipe, loose), recipe["level"]
    plain = _share(side, level, quantiles.wilson, filled=False)
    bounds = _share(side, 2 * level - 1, quantiles.clopper_pearson, filled=True)
    return _range(plain, bounds, side.unknown)


def _range(plain: Both | None, bounds: Both | None, unknown: int) -> Range:
    ends = [each[1] if each else None for each in (plain, bounds)]
    return Range(plain[0] if plain else None, ends[0], ends[1], unknown)


def _joined(first: Both, second: Both) -> Ends:
    """Join two sides as Newcombe does (``tenure.stats.proportion.joined``), each at its worst."""
    (p, one), (q, two) = first, second
    low = p[0] - q[1] - math.hypot(p[0] - one[0], two[1] - q[1])
    return low, p[1] - q[0] + math.hypot(one[1] - p[1], q[0] - two[0])


def _difference(rows: Sequence[Row], recipe: Recipe, loose: int, binary: bool) -> Range:  # noqa: FBT001 - said by the rows
    first, second, unplaced = unseen.arms(rows, recipe)
    sides = [unseen.side(arm, recipe, loose + unplaced) for arm in (first, second)]
    unknown = sides[0].unknown + sides[1].unknown - loose - unplaced
    level = recipe["level"]
    reach, found = unseen.reach_of(recipe), list[tuple[Both, Both] | None]()
    freedom = min(max(1, len(side.graded) - 1) for side in sides)
    for two_sided, filled in ((level, False), (2 * level - 1, True)):
        if binary:
            ends = [_share(s, two_sided, quantiles.wilson, filled=filled) for s in sides]
        else:
            ends = [_mean(s, two_sided, reach, filled=filled, freedom=freedom) for s in sides]
        found.append((ends[0], ends[1]) if ends[0] and ends[1] else None)
    ends = [(_joined(*e) if binary else _apart(e, sides)) if e else None for e in found]
    if found[0] is None:
        return Range(None, ends[0], ends[1], unknown)
    (one, _), (two, _) = found[0]
    return Range((one[0] - two[1], one[1] - two[0]), ends[0], ends[1], unknown)


def _apart(ends: Sequence[Both], sides: Sequence[unseen.Side]) -> Ends:
    """Bound a difference of means: clustered arms are joined, others are no further apart than this."""
    if all(side.clustered for side in sides):
        return _joined(ends[0], ends[1])
    return ends[0][1][0] - ends[1][1][1], ends[0][1][1] - ends[1][1][0]


def _mean(
    side: unseen.Side, level: float, reach: Ends | None, *, filled: bool, freedom: int | None = None
) -> Both | None:
    """Return the least and the greatest mean, and the ends of its interval, over all cases."""
    graded: list[float] = side.graded
    surely = len(side.open) + side.missing if filled else 0
    extra = side.unknown + (side.missing if filled else 0)
    if extra and reach is None:
        return (-math.inf, math.inf), (-math.inf, math.inf)
    low, high = reach or (0.0, 0.0)
    if side.unknown == 0:
        return _seen_mean(side, level, (low, high) if filled else None, freedom)
    seen, total = len(graded), math.fsum(graded)
    centre = total / seen if seen else (low + high) / 2
    spread = math.fsum((v - centre) ** 2 for v in graded)
    far = max((low - centre) ** 2, (high - centre) ** 2) if extra else 0.0
    labels = side.labels(filled=filled)
    groups, largest = max(2, len(set(labels))), max(1, side.largest(filled=filled))
    means, ends = list[Ends](), list[Ends]()
    for more in range(surely, extra + 1):
        n = seen + more
        if n == 0:
            continue
        mean = (total + more * low) / n, (total + more * high) / n
        means.append(mean)
        if n < 2:
            continue
        off = (groups, largest) if side.clustered else (n, 1)
        error = math.sqrt(off[0] / (off[0] - 1) * off[1] * (spread + more * far)) / n
        half = quantiles.t_quantile(0.5 + level / 2, min(freedom or off[0] - 1, off[0] - 1)) * error
        ends.append((mean[0] - half, mean[1] + half))
    about = hull(*means)
    return None if about is None else (about, hull(about, *ends) or about)


def _seen_mean(
    side: unseen.Side, level: float, fills: Ends | None, freedom: int | None
) -> Both | None:
    """Return what :func:`_mean` does where every row is seen: missing ones left out, or filled."""
    found: list[tuple[float, float]] = []
    labels = side.labels(filled=fills is not None)
    for place in (0, 1):
        shut = fills[place] if fills else math.nan
        values = [v for v in (shut if math.isnan(v) else v for v in side.values) if v == v]  # noqa: PLR0124 - not NaN
        if not values:
            return None
        mean, half = math.fsum(values) / len(values), 0.0
        totals: dict[Hashable, float] = {}
        for index, (value, label) in enumerate(zip(values, labels, strict=True)):
            of = label if side.clustered else index
            totals[of] = totals.get(of, 0.0) + value - mean
        groups = len(totals)
        if groups > 1 and max(values) > min(values):
            squares = groups / (groups - 1) * math.fsum(t * t for t in totals.values())
            known = min(freedom or groups - 1, groups - 1)
            half = quantiles.t_quantile(0.5 + level / 2, known) * math.sqrt(squares) / len(values)
        found.append((mean, half))
    (least, down), (most, up) = found
    return (least, most), (least - down, most + up)


def _mean_range(rows: Sequence[Row], recipe: Recipe, loose: int) -> Range:
    side, level, reach = unseen.side(rows, recipe, loose), recipe["level"], unseen.reach_of(recipe)
    plain = _mean(side, level, reach, filled=False)
    bounds = _mean(side, 2 * level - 1, reach, filled=True) if reach or not side.missing else None
    options: Mapping[str, Any] = recipe.get("options") or {}
    if options.get("method") == "bootstrap":
        ends = [*side.graded, *(reach or ())]
        within = (min(ends), max(ends)) if ends and (reach or not side.unknown) else None
        return Range(plain[0] if plain else None, within, within, side.unknown)
    return _range(plain, bounds, side.unknown)


def _pairs(rows: Sequence[Row], recipe: Recipe, loose: int, binary: bool) -> Range:  # noqa: FBT001 - said by the rows
    found, level = unseen.paired(rows, recipe, loose), recipe["level"]
    if not binary:
        return _number_pairs(found, recipe)
    ends = list[Ends | None]()
    for two_sided, filled in ((level, False), (2 * level - 1, True)):
        down = _lowest(found, two_sided, filled=filled)
        up = _lowest(found.turned(), two_sided, filled=filled)
        ends += [(down[0], -up[0]), (down[1], -up[1])] if down and up else [None, None]
    return Range(ends[0], ends[1], ends[3], found.unknown)


def _gaps(found: unseen.Paired, *, filled: bool) -> tuple[list[float], int]:
    """Return the least gap of each pair that counts.

    The second is how many further pairs make no difference, and may or may not count.
    """
    gaps, idle = list[float](), 0
    for pair in found.pairs:
        if pair.gone and not filled:
            continue
        gap = -1.0 if found.loose and found.repeated else pair.gap(0.0, 1.0)
        if pair.shut and not filled and gap >= 0:
            idle += 1
        else:
            gaps.append(gap)
    gaps.sort(reverse=True)
    moved = min(found.loose, len(gaps))  # a loose row can make a new pair, or come between one
    return [-1.0] * (moved + found.loose) + gaps[moved:], idle


def _lowest(found: unseen.Paired, level: float, *, filled: bool) -> tuple[float, float] | None:
    """Return the least difference of true/false pairs, and the least end of its interval."""
    gaps, idle = _gaps(found, filled=filled)
    plus, minus = float(sum(g > 0 for g in gaps)), float(sum(g < 0 for g in gaps))
    ends: list[tuple[float, float]] = []
    for n in {len(gaps), len(gaps) + idle}:
        if n == 0:
            continue
        if not found.clustered:
            ends.append(((plus - minus) / n, quantiles.tango(plus, minus, float(n), level)[0]))
            continue
        size, least = _pairs_worth(found, level, filled=filled)
        low = quantiles.tango(plus * size / n, minus * size / n, size, level)[0]
        if plus <= minus:
            low = min(low, -quantiles.tango(0.0, 0.0, least, level)[1])
        ends.append(((plus - minus) / n, low))
    return (min(e[0] for e in ends), min(e[1] for e in ends)) if ends else None


def _pairs_worth(found: unseen.Paired, level: float, *, filled: bool) -> Ends:
    """Return what clustered pairs are worth: exactly where all are seen, else at least."""
    told = [p for p in found.pairs if filled or not p.gone]
    if found.unknown == 0:
        sign = -1 if found.exchanged else 1
        return worth([sign * p.gap(0.0, 1.0) for p in told], [p.cluster for p in told], level)
    seen = [p for p in told if not found.loose and not p.shut]
    kept = told if filled else [p for p in told if not p.shut]
    lost = 0
    if found.loose and not filled:
        lost = len(kept) if found.repeated else min(found.loose, len(kept))
    some = Partly(
        values=[p.gap(0.0, 1.0) for p in seen],
        labels=[p.cluster for p in seen],
        shut=[p.cluster for p in told if found.loose or p.shut],
        loose=found.loose,
        span=(-1.0, 1.0),
        sure=len(kept) - lost,
        groups=len({p.cluster for p in kept}) - lost,
    )
    return clusters.floor(some, level)


def _number_pairs(found: unseen.Paired, recipe: Recipe) -> Range:
    """Bound the mean difference of pairs of numbers."""
    reach, level = unseen.reach_of(recipe), recipe["level"]
    side = unseen.Side(loose=found.loose, clustered=found.clustered)
    for pair in found.pairs:
        if found.loose or pair.shut:
            side.open.append(pair.cluster)
        else:
            side.values.append(pair.gap(math.nan, math.nan))
            side.clusters.append(pair.cluster)
    wide = (reach[0] - reach[1], reach[1] - reach[0]) if reach else None
    plain = _mean(side, level, wide, filled=False)
    bounds = _mean(side, 2 * level - 1, wide, filled=True) if wide or not side.missing else None
    if reach and found.unknown == 0:
        fills = (reach, (reach[1], reach[0]))
        ends = [replace(side, values=[p.gap(*f) for p in found.pairs]) for f in fills]
        down, up = (_seen_mean(each, 2 * level - 1, None, None) for each in ends)
        bounds = ((down[0][0], up[0][1]), (down[1][0], up[1][1])) if down and up else None
    return _range(plain, bounds, found.unknown)


def _count(rows: Sequence[Row], recipe: Recipe, loose: int, binary: bool) -> Range:  # noqa: FBT001 - said by the rows
    side = unseen.side(rows, {**recipe, "cluster": None}, loose)
    total, reach = math.fsum(side.graded), (0.0, 1.0) if binary else unseen.reach_of(recipe)
    if side.unknown and reach is None:
        return Range((-math.inf, math.inf), None, None, side.unknown)
    low, high = reach or (0.0, 0.0)
    ends = total + side.unknown * min(0.0, low), total + side.unknown * max(0.0, high)
    return Range(ends if side.graded or side.unknown else None, None, None, side.unknown)


def worst_case(rows: Sequence[Row], withheld: int, recipe: Recipe, method: str = "") -> Range:
    """Return the range of a measure over everything that is not shown.

    ``rows`` are those shown, in the order of their file, with ``unseen.HIDDEN`` in the cells that
    are not; ``withheld`` counts those not shown at all. ``method`` is the measure's own, which says
    whether outcomes are true/false where they cannot be seen. Raises ValueError for rows that do
    not fit the recipe.
    """
    recipe = {"level": 0.95, **recipe}
    kept, loose = unseen.selected(rows, recipe)
    loose += withheld
    name = str(recipe["estimator"])
    options: Mapping[str, Any] = recipe.get("options") or {}
    if name not in METHODS or options.get("bounds"):
        ends = NATURAL.get(name, (-math.inf, math.inf))
        unknown = loose + sum(unseen.hides(row, recipe) for row in kept)
        return Range(ends, ends, ends, unknown, checked=False)
    values = unseen.numbers(kept, str(recipe["value"]))
    hidden = loose or any(unseen.hides(row, recipe) for row in kept)
    said = method.startswith(METHODS[name]) if hidden else bool(values)
    binary = said and unseen.reach_of(recipe) is None and all(v in (0, 1) for v in values)
    if name == "proportion":
        return _proportion(kept, recipe, loose)
    if name == "difference":
        return _difference(kept, recipe, loose, binary)
    if name == "paired_difference":
        return _pairs(kept, recipe, loose, binary)
    if name == "mean":
        return _mean_range(kept, recipe, loose)
    return _count(kept, recipe, loose, binary)
