"""What samples in clusters are worth, in plain Python: exactly, and at least.

The second implementation of ``tenure.stats.clustered.worth`` (a test holds the two together), and a
floor under it for when some samples are not seen. Nothing but Python: this file travels beside the
checker of a disclosure.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from tenure.measure import quantiles

ENOUGH = 10  # clusters that vary; see tenure.stats.clustered
Ends = tuple[float, float]


def worth(values: Sequence[float], labels: Sequence[Hashable], level: float) -> Ends:
    """Return what a clustered sample is worth, and what if all members of a cluster were alike."""
    n, sizes = len(values), Counter(labels)
    groups, mean = len(sizes), math.fsum(values) / len(values)
    kish = n * n / sum(s * s for s in sizes.values())
    spread = math.fsum((v - mean) ** 2 for v in values)
    if groups == n:
        return float(n), float(n)
    if groups < 2 or spread <= 1e-12 * n:
        return kish, kish
    totals: dict[Hashable, float] = dict.fromkeys(sizes, 0.0)
    for value, label in zip(values, labels, strict=True):
        totals[label] += value - mean
    robust = groups / (groups - 1) * math.fsum(t * t for t in totals.values())
    tail = 0.5 + level / 2
    factor = (quantiles.t_quantile(tail, n - 1) / quantiles.t_quantile(tail, groups - 1)) ** 2
    estimated = n * factor * spread / robust if robust > 0 else float(n)
    estimated = min(max(estimated, 1.0), float(n))
    if estimated <= kish:
        return estimated, kish
    counts = Counter(values)
    most = max(counts.values())
    common = min(v for v, count in counts.items() if count == most)
    departs = {c for v, c in zip(values, labels, strict=True) if v != common}
    return kish + (estimated - kish) * min(1.0, len(departs) / ENOUGH), kish


@dataclass(frozen=True, slots=True)
class Partly:
    """Samples some of which are not seen.

    ``values`` are those seen, with their clusters ``labels``; ``shut`` are the clusters of those
    that are not, whose values lie in ``span``. ``loose`` more may be anywhere, or nowhere. At least
    ``sure`` samples in ``groups`` clusters count.
    """

    values: Sequence[float]
    labels: Sequence[Hashable]
    shut: Sequence[Hashable]
    loose: int
    span: Ends
    sure: int
    groups: int

    @property
    def largest(self) -> int:
        """Say how large a cluster can be at most."""
        return max(Counter([*self.labels, *self.shut]).values(), default=0) + self.loose


def floor(seen: Partly, level: float) -> Ends:
    """Return the least that samples can be worth, and if clusters were alike within, as ``worth``.

    Whatever is not seen: the squares of the clusters' totals are at most what the unseen can add to
    them, and at most the largest cluster times all squares (Cauchy and Schwarz); the squares of the
    samples are at least those of the ones seen.
    """
    groups = max(2, seen.groups)
    least = max(1.0, seen.sure / max(1, seen.largest))
    tail = 0.5 + level / 2
    factor = (quantiles.two_sided_z(level) / quantiles.t_quantile(tail, groups - 1)) ** 2
    factor *= (groups - 1) / groups
    effective = min(1.0, factor * _least_ratio(seen)) * seen.sure
    effective = max(1.0, least * min(1.0, factor), effective)
    if effective <= least or seen.groups < 2:
        return min(effective, least), least
    kinds = {*seen.values, *seen.span, 0.0}
    varied = ({c for v, c in zip(seen.values, seen.labels, strict=True) if v != k} for k in kinds)
    trust = min(1.0, min(len(each) for each in varied) / ENOUGH)
    return least + (effective - least) * trust, least


def _least_ratio(seen: Partly) -> float:
    """Return the least that the samples' squares can be of the squares of their clusters' totals."""
    if not seen.values:
        return 0.0
    low, high = min(*seen.span, *seen.values), max(*seen.span, *seen.values)
    total, known, more = math.fsum(seen.values), len(seen.values), len(seen.shut) + seen.loose
    mean = total / known
    spread = math.fsum((v - mean) ** 2 for v in seen.values)
    sums, sizes, shut = dict[Hashable, float](), Counter(seen.labels), Counter(seen.shut)
    for value, label in zip(seen.values, seen.labels, strict=True):
        sums[label] = sums.get(label, 0.0) + value
    most = 0.0
    for centre in ((total + more * low) / (known + more), (total + more * high) / (known + more)):
        far = [
            max(
                abs(sums.get(g, 0.0) - sizes[g] * centre + shut[g] * (end - centre))
                for end in (low, high)
            )
            for g in {*sizes, *shut}
        ]
        worst = max(far)
        squares = math.fsum(f * f for f in far)
        added = worst + seen.loose * max(high - centre, centre - low)
        most = max(most, squares - worst * worst + added * added)
    return spread / most if most > 0 else 0.0
