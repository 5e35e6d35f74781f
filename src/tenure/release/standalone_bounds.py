"""Bounds at any level from sample records, in plain Python: exact, paired, clustered.

Second writing of what ``tenure.stats`` does with numpy and scipy; nothing is shared with it.
docs/release.md ("For a second implementation") gives the formulas. ``standalone_program`` joins this
file and its neighbours into the one program that is handed out.
"""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

JSON = dict[str, Any]
Ends = tuple[float, float]
Pairs = Callable[[float, float, float, float], Ends]
DEEPEST = 20_000  # terms of a continued fraction; a sample of a million needs about a thousand


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function (Lentz; DLMF 8.17.22)."""
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, DEEPEST):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1.0 / (1.0 + term * d), 1.0 + term / c
            value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value


def beta_below(x: float, a: float, b: float) -> float:
    """Return P(X <= x) for X ~ Beta(a, b)."""
    if not 0.0 < x < 1.0:
        return float(x >= 1.0)
    known = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(known + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


def _falls(low: float, high: float, holds: Callable[[float], bool]) -> float:
    """Find where ``holds`` turns from true to false, by bisection."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return the ``p`` quantile of Beta(a, b)."""
    return _falls(0.0, 1.0, lambda x: beta_below(x, a, b) < p)


def exact(k: float, n: float, level: float) -> tuple[float, float]:
    """Return the lower and the upper bound of a share (Clopper and Pearson 1934)."""
    low = 0.0 if k <= 0 else beta_quantile(1 - level, k, n - k + 1)
    return low, 1.0 if k >= n else 1.0 - beta_quantile(1 - level, n - k, k + 1)


def tango(b: float, c: float, n: float, level: float) -> tuple[float, float]:
    """Return the bounds of a paired difference (b - c) / n (score method; Tango 1998)."""
    z = NormalDist().inv_cdf(level)

    def score(gap: float) -> float:
        linear = (2 * n - b + c) * gap - b - c
        root = math.sqrt(max(0.0, linear * linear + 8 * n * c * gap * (1 - gap)))
        variance = n * ((root - linear) / (2 * n) + gap * (1 - gap))
        distance = b - c - n * gap
        if variance > 0:
            return distance / math.sqrt(variance)
        return math.copysign(math.inf, distance) if abs(distance) > 1e-12 else 0.0

    low = -1.0 if c >= n else _falls(-1.0, 1.0, lambda gap: score(gap) > z)
    return low, 1.0 if b >= n else _falls(-1.0, 1.0, lambda gap: score(gap) > -z)


def joined(b: float, c: float, n: float, level: float) -> tuple[float, float]:
    """Return the bounds of a paired difference from the exact limits of its two shares."""

    def high(b: float, c: float) -> float:
        if b >= n:
            return 1.0
        p, q = b / n, c / n
        up, down = exact(b, n, level)[1] - p, q - exact(c, n, level)[0]
        alike = math.sqrt(p * q / ((1 - p) * (1 - q))) if p * q > 0 else 0.0
        near = p - q + math.sqrt(up * up + down * down + 2 * alike * up * down)
        if n >= 20 and abs(near) <= 0.15:
            return near
        half = (1 + level) / 2
        far = exact(b, n, half)[1] - exact(c, n, half)[0]
        return min(1.0, max(near, min(far, -0.15) if n >= 20 and near < 0 else far))

    return -high(c, b), high(b, c)


def _student(level: float, freedom: int) -> float:
    y = beta_quantile(2 * level - 1, 0.5, freedom / 2)
    return math.sqrt(freedom * y / (1 - y))


def _worth(values: Sequence[float], groups: Sequence[Any], level: float) -> tuple[float, float]:
    """Say how many independent samples clustered values are worth, and how many at least."""
    n, mean = len(values), sum(values) / len(values)
    members: dict[Any, list[float]] = {}
    for value, group in zip(values, groups):  # noqa: B905 - both have n
        members.setdefault(group, []).append(value)
    count, spread = len(members), sum((v - mean) ** 2 for v in values)
    kish = n * n / sum(len(m) ** 2 for m in members.values())
    if count == n or count < 2 or spread <= 1e-12 * n:
        return kish, kish
    robust = count / (count - 1) * sum((sum(m) - mean * len(m)) ** 2 for m in members.values())
    factor = (_student(level, n - 1) / _student(level, count - 1)) ** 2
    found = min(max(n * factor * spread / robust if robust > 0 else n, 1.0), n)
    common = max(sorted(set(values)), key=list(values).count)
    telling = sum(any(v != common for v in m) for m in members.values())
    return (found if found <= kish else kish + (found - kish) * min(1.0, telling / 10)), kish


def share_bounds(values: Sequence[float], groups: Sequence[Any] | None, level: float) -> Any:
    """Return the bounds of a share of zeros and ones, at the worth of their clusters."""
    if groups is None:
        return exact(sum(values), len(values), level)
    size, least = _worth(values, groups, level)
    low, high = exact(sum(values) / len(values) * size, size, level)
    nothing = exact(0, least, level)[1]
    return min(low, 1 - nothing), max(high, nothing)


def gap_bounds(
    gaps: Sequence[float], groups: Sequence[Any] | None, level: float, method: Pairs = tango
) -> Any:
    """Return the bounds of the difference of true/false pairs, at the worth of their clusters."""
    b, c, n = sum(g > 0 for g in gaps), sum(g < 0 for g in gaps), len(gaps)
    if groups is None:
        return method(b, c, n, level)
    size, least = _worth(gaps, groups, level)
    low, high = method(b * size / n, c * size / n, size, level)
    nothing = method(0, 0, least, level)[1]
    return (min(low, -nothing) if b <= c else low), (max(high, nothing) if b >= c else high)


def _same(found: Any, wanted: Any) -> bool:
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _pairs(rows: list[JSON], recipe: JSON) -> tuple[list[list[Any]], list[Any] | None]:
    """Align two arms by their pair; a side that is not there is null. The second are the clusters."""
    held: dict[tuple[Any, int], list[Any]] = {}
    first: dict[tuple[Any, int], JSON] = {}
    for side, arm in enumerate(recipe["arms"]):
        turns: dict[Any, int] = {}
        for row in (r for r in rows if _same(r.get(recipe["arm"]), arm)):
            name = row[recipe["pair"]]
            key = name, turns.get(name, 0)
            turns[name] = key[1] + 1
            held.setdefault(key, [None, None])[side] = row.get(recipe["value"])
            first.setdefault(key, row)
    by = recipe.get("cluster") or (recipe["pair"] if any(turn for _, turn in held) else None)
    return list(held.values()), [row[by] for row in first.values()] if by else None


def bounds_of(rows: list[JSON], recipe: JSON, level: float) -> tuple[float, float] | None:
    """Compute the one-sided bounds of a measure from its sample records; None: not with this program.

    What is missing counts as low as it could be for the lower bound, as high for the upper.
    """
    rows = [r for r in rows if all(_same(r.get(c), v) for c, v in recipe["where"].items())]
    values = [r.get(recipe["value"]) for r in rows]
    options = dict(recipe.get("options") or {})
    paired = {"score": tango, "joined": joined}.get(options.pop("bounds", "score"))
    plain = all(v is None or v in (0, 1) for v in values) and not options
    if not rows or not plain or paired is None or not 0.5 < level < 1:
        return None
    if recipe["estimator"] == "proportion":
        by = recipe.get("cluster")
        groups = [r[by] for r in rows] if by else None
        ends = [[float(fill if v is None else v) for v in values] for fill in (0, 1)]
        return tuple(share_bounds(e, groups, level)[i] for i, e in enumerate(ends))
    if recipe["estimator"] != "paired_difference":
        return None
    pairs, groups = _pairs(rows, recipe)
    if all(v is None for pair in pairs for v in pair):
        return None
    worst = ((0, 1), (1, 0))
    gaps = [[float(f[0] if p[0] is None else p[0]) - float(f[1] if p[1] is None else p[1]) for p in pairs] for f in worst]  # fmt: skip
    return tuple(gap_bounds(g, groups, level, paired)[i] for i, g in enumerate(gaps))
