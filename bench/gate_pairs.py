"""The bound of pairs at every rate of disagreement, exactly: all tables of n pairs counted.

A part of ``gate.py``, which simulates releases; here nothing is drawn.
"""

import numpy as np
from table import row

from tenure.stats import joined_limits, one_sided
from tenure.stats.quantiles import log_factorials


def shares_of(gap, back):
    """The chances of a pair: only the first arm, only the second, neither."""
    return [gap + back, back, 1 - gap - 2 * back]


def worst_rate(pairs, limit, level):
    """The greatest chance of "met" at a gap of ``limit``, over how many disagree, exactly."""
    both = one_sided(level)
    tables = np.array([
        (b, c)
        for c in range(pairs + 1)
        for b in range(pairs + 1 - c)
        if joined_limits(b, c, pairs, both).high < limit
    ], dtype=float)  # fmt: skip
    if not len(tables):
        return 0.0, 0.0
    logs = log_factorials(pairs)
    b, c = tables.T
    rest = pairs - b - c
    base = logs[pairs] - sum(logs[each.astype(int)] for each in (b, c, rest))
    found = [(0.0, 0.0)]
    least, most = max(0.0, -limit), (1 - limit) / 2
    for other in least + (most - least) * np.linspace(0, 1, 101) ** 2:
        chances = [max(p, 1e-300) for p in shares_of(limit, other)]
        terms = (k * np.log(p) for k, p in zip((b, c, rest), chances, strict=True))
        found.append((float(np.exp(base + sum(terms)).sum()), float(other)))
    return max(found)


def every_rate(small):
    """The bound of pairs at the worst rate, for thresholds, numbers of pairs and levels in use."""
    worst, count = (0.0, ""), 0
    for pairs in (20, 59) if small else (20, 30, 59, 100, 200):
        for limit in (-0.03, 0.0, 0.02, 0.05, 0.1, 0.149, 0.2, 0.5, -0.2):
            for level in (0.95, 0.975, 0.9917):
                chance, other = worst_rate(pairs, limit, level)
                at = f"{pairs} pairs, threshold {limit}, level {level}, {other:.1%} the other way"
                worst, count = max(worst, (chance / (1 - level), at)), count + 1
    how = f"every table counted, 101 rates of disagreement each; the worst at {worst[1]}"
    return [
        row("gate: false release of pairs over the error allowed, at the worst rate", "<= 1", round(worst[0], 3), "times", count, worst[0] <= 1, how)
    ]  # fmt: skip
