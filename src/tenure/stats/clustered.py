"""Samples that come in clusters (one request in several wordings): how much they are worth.

The method is the effective sample size. The cluster-robust (sandwich) variance of the mean over
the variance of as many independent samples is the design effect; the sample is worth
``n / design effect``, less a factor for the degrees of freedom of the variance itself,
``(t[n-1] / t[G-1])**2`` (Korn and Graubard 1998). The ordinary intervals are then computed at
that size, so they never leave their range and never shrink to a point.

Few events say little about how they cluster, and no event says nothing: a bootstrap or a sandwich
would then answer with certainty. So the size starts from the worst case, that a cluster is worth
one sample (all its members alike), and moves to the estimated size as the number of clusters that
vary grows to ``ENOUGH``. Coverage by simulation is in ``tests/stats/test_clustered.py``.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenure.stats.interval import Interval
from tenure.stats.paired import tango
from tenure.stats.proportion import wilson
from tenure.stats.quantiles import t_quantile

ENOUGH = 10  # informative clusters; 5 left coverage at 0.91 for 20 unequal clusters, 10 gives 0.94

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Worth:
    """What a clustered sample is worth: ``effective`` of ``n`` samples in ``clusters`` clusters.

    ``least`` is what it would be worth were all members of a cluster alike.
    """

    n: int
    clusters: int
    effective: float
    least: float


def codes_of(labels: Sequence[Hashable]) -> Codes:
    """Number the clusters in the order of their first appearance."""
    seen: dict[Hashable, int] = {}
    return np.asarray([seen.setdefault(label, len(seen)) for label in labels], dtype=np.intp)


def _informative(values: Floats, codes: Codes, groups: int) -> int:
    """Count the clusters that depart from the commonest value."""
    kinds, which = np.unique(values, return_inverse=True)
    common = int(np.argmax(np.bincount(which, minlength=len(kinds))))
    departs = np.bincount(codes, weights=(which != common).astype(float), minlength=groups) > 0
    return int(departs.sum())


def worth(values: Floats, codes: Codes, level: float = 0.95) -> Worth:
    """Say what the sample is worth for its mean; ``codes`` number the clusters 0..G-1.

    Zero variance, or fewer than two clusters, is worth the clusters alone (Kish's effective
    number, which is G when they are equal in size).
    """
    n = len(values)
    groups = int(codes.max()) + 1
    sizes = np.bincount(codes, minlength=groups).astype(float)
    kish = float(n * n / np.square(sizes).sum())
    rest = values - values.mean()
    spread = float(np.square(rest).sum())
    if groups == n:
        return Worth(n, groups, float(n), float(n))
    if groups < 2 or spread <= 1e-12 * n:
        return Worth(n, groups, kish, kish)
    totals = np.bincount(codes, weights=rest, minlength=groups)
    robust = groups / (groups - 1) * float(np.square(totals).sum())
    tail = 0.5 + level / 2
    factor = (t_quantile(tail, n - 1) / t_quantile(tail, groups - 1)) ** 2
    estimated = n * factor * spread / robust if robust > 0 else float(n)
    estimated = min(max(estimated, 1.0), float(n))
    if estimated <= kish:
        return Worth(n, groups, estimated, kish)
    trust = min(1.0, _informative(values, codes, groups) / ENOUGH)
    return Worth(n, groups, kish + (estimated - kish) * trust, kish)


Method = Callable[[float, float, float], Interval]
Paired = Callable[[float, float, float, float], Interval]


def share_interval(
    values: Floats, codes: Codes | None, level: float, method: Method = wilson
) -> Interval:
    """Interval of a share of true/false values; ``method`` is wilson or clopper_pearson.

    A single event would show, for the first time, that clusters differ within, raise the worth of
    the sample and so lower the bound below that of no event at all. It may not: no end comes
    closer than it would with nothing seen.
    """
    if codes is None:
        return method(float(values.sum()), float(len(values)), level)
    size = worth(values, codes, level)
    found = method(float(values.mean()) * size.effective, size.effective, level)
    nothing = method(0.0, size.least, level).high
    return Interval(min(found.low, 1 - nothing), max(found.high, nothing), level)


def gap_interval(
    first: Floats, second: Floats, codes: Codes | None, level: float, method: Paired = tango
) -> Interval:
    """Interval of the difference of true/false pairs, first minus second.

    ``method`` is tango or joined_limits.

    Like :func:`share_interval`: the end on the side the pairs lean to comes no closer than it would
    with no disagreement seen.
    """
    gaps = first - second
    only = float((gaps > 0).sum()), float((gaps < 0).sum())
    if codes is None:
        return method(*only, float(len(gaps)), level)
    size = worth(gaps, codes, level)
    scale = size.effective / len(gaps)
    found = method(only[0] * scale, only[1] * scale, size.effective, level)
    nothing = method(0.0, 0.0, size.least, level).high
    low = min(found.low, -nothing) if only[0] <= only[1] else found.low
    high = max(found.high, nothing) if only[0] >= only[1] else found.high
    return Interval(low, high, level)
