"""What a second sample may show when nothing has changed: a prediction interval for its count."""

import math

from tenure.stats.interval import check_counts, check_level
from tenure.stats.quantiles import log_factorials


def predicted(k: int, n: int, more: int, level: float = 0.95) -> tuple[int, int]:
    """Return the smallest and largest count that ``more`` further trials may show, both included.

    ``k`` of ``n`` were seen before. A count is inside when, with the total held fixed, chance alone
    divides it between the two samples as unevenly, or more so, with probability above
    ``(1 - level) / 2`` on its side (hypergeometric tails, Thatcher 1964): both sample sizes count,
    and whatever the rate is, at least ``level`` of second samples lie inside.
    """
    check_counts(k, n)
    check_counts(more, more)
    check_level(level)
    side = (1 - level) / 2
    inside = [x for x in range(more + 1) if min(_tails(x, k, n, more)) > side]
    return inside[0], inside[-1]


def _tails(x: int, k: int, n: int, more: int) -> tuple[float, float]:
    """Return P(X <= x) and P(X >= x) of the second sample's share of ``k + x`` in all."""
    log = log_factorials(n + more)

    def choose(a: int, b: int) -> float:
        return float(log[a] - log[b] - log[a - b])

    total = k + x
    low, high = max(0, total - n), min(more, total)
    whole = choose(n + more, total)
    chances = [
        math.exp(choose(more, y) + choose(n, total - y) - whole) for y in range(low, high + 1)
    ]
    return sum(chances[: x - low + 1]), sum(chances[x - low :])
