"""How far two or more labellers agree, beyond what chance would give."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from tenure.errors import UsageError
from tenure.stats.clustered import Floats, codes_of
from tenure.stats.interval import Interval
from tenure.stats.proportion import wilson


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cohen's kappa with its interval; None where one label only was ever used by both."""

    kappa: float | None
    interval: Interval | None
    observed: float
    n: int


def kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    level: float = 0.95,
    *,
    effective: float | None = None,
) -> Agreement:
    """Cohen's kappa of two labellers of the same items.

    The interval is Wilson's for the observed agreement, carried through kappa with the chance
    agreement as estimated: unlike the usual standard error it does not vanish at perfect
    agreement. Coverage by simulation is in ``tests/stats/test_agreement.py``. ``effective`` is
    the size the items are worth when they are clustered.
    """
    if len(first) != len(second) or not first:
        raise UsageError(
            f"kappa needs two equal, non-empty lists, not {len(first)} and {len(second)}"
        )
    n = len(first)
    codes = codes_of([*first, *second])
    kinds = int(codes.max()) + 1
    one, two = codes[:n], codes[n:]
    observed = float((one == two).mean())
    shares = [np.bincount(side, minlength=kinds) / n for side in (one, two)]
    chance = float(shares[0] @ shares[1])
    if chance >= 1:
        return Agreement(None, None, observed, n)
    size = effective or float(n)
    seen = wilson(observed * size, size, level)
    low, high = ((end - chance) / (1 - chance) for end in (seen.low, seen.high))
    return Agreement(
        (observed - chance) / (1 - chance), Interval(max(-1.0, low), high, level), observed, n
    )


def krippendorff(ratings: Floats, *, ordered: bool = False) -> float | None:
    """Krippendorff's alpha of a units-by-raters array, NaN where a rater did not rate.

    ``ordered`` takes differences as numbers (interval metric); otherwise labels agree or differ.
    None when nothing varies, or no unit has two ratings.
    """
    rows = [row[~np.isnan(row)] for row in ratings]
    rows = [row for row in rows if len(row) > 1]
    if not rows:
        return None
    pooled = np.concatenate(rows)

    def apart(values: Floats) -> float:
        if ordered:
            return 2 * float(len(values) * np.square(values).sum() - values.sum() ** 2)
        return float(len(values) ** 2 - np.square(np.unique(values, return_counts=True)[1]).sum())

    within = sum(apart(row) / (len(row) - 1) for row in rows) / len(pooled)
    overall = apart(pooled) / (len(pooled) * (len(pooled) - 1))
    return None if overall == 0 else 1 - within / overall
