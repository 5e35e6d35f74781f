"""One-sided bounds of a paired difference that err at most as often as they say.

Tango's score bound (``paired``) keeps its level on average and errs more often at some rates: for a
stated 5%, 5.5% where one pair in ten disagrees the other way, 9% where nearly all that disagree do.
A decision needs a bound that keeps it at the worst rate. Here the exact limits of the two shares
are joined by squaring and adding, with the correlation that the two counts have as parts of
one sample (Newcombe 1998, his method 10, with Clopper and Pearson's limits for Wilson's; Zou and
Donner 2008). That is no proof, so it was counted: over all tables of 20 to 400 pairs it errs no
more often than stated at gaps up to ``REACH`` (``bench/gate.py``). Where it would, beyond
``REACH`` and below ``FEWEST`` pairs, the two limits at half the error each take over (Bonferroni),
which is exact at every rate and wider.
"""

import math

from tenure.errors import UsageError
from tenure.stats.interval import Interval, check_level
from tenure.stats.proportion import clopper_pearson

REACH = 0.15
FEWEST = 20.0


def _high(b: float, c: float, n: float, level: float) -> float:
    """Upper end; ``level`` is two-sided, as everywhere."""
    if b >= n:
        return 1.0
    one, two = clopper_pearson(b, n, level), clopper_pearson(c, n, level)
    p, q = b / n, c / n
    up, down = one.high - p, q - two.low
    alike = math.sqrt(p * q / ((1 - p) * (1 - q))) if p * q > 0 else 0.0
    near = p - q + math.sqrt(up * up + down * down + 2 * alike * up * down)
    if n >= FEWEST and abs(near) <= REACH:
        return near
    half = (1 + level) / 2
    far = clopper_pearson(b, n, half).high - clopper_pearson(c, n, half).low
    if n >= FEWEST and near < 0:
        far = min(far, -REACH)  # so that data further on the safe side never widen the bound
    return min(1.0, max(near, far))


def joined_limits(b: float, c: float, n: float, level: float = 0.95) -> Interval:
    """Interval of (b - c) / n whose ends, as one-sided bounds, err at most as often as stated.

    ``b`` and ``c`` count the pairs where only the first, only the second arm has the event; counts
    may be fractions. Without a pair the other way round it is Clopper and Pearson's.
    """
    check_level(level)
    if n <= 0 or b < 0 or c < 0 or b + c > n + 1e-9:
        raise UsageError(f"{b} and {c} of {n} pairs do not fit; give b + c <= n and n > 0")
    return Interval(-_high(c, b, n, level), _high(b, c, n, level), level)
