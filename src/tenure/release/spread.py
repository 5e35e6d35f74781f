"""Planning what depends on its spread: means, differences and ratios (docs/release.md).

The spread is stated in the rule before any run, or taken from what the newest evidence showed. The
power is that of the bound the verdict reads, exactly where answers are normal (a noncentral t); of
a ratio, that of the mean of its logarithm. Answers are taken to be independent. A spread taken
from evidence in clusters has their cost in it, as that of one answer.
"""

import math
from dataclasses import dataclass

from tenure.dossier.nouns import Evidence, Measure
from tenure.release.parts import Requirement
from tenure.stats.quantiles import noncentral_t_at_most, t_quantile

MOST = 100_000
POWER = 0.8
CANNOT = (
    "cannot be planned: it depends on the spread; state 'spread: {sd: ..., expected: ...}' in the rule, "
    "or measure it once and plan with --model"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByMean:
    """A bound of a mean, as planned: the spread of one answer, the true value, the threshold.

    Of a ratio all three are on the logarithm. ``where`` says where the spread comes from, ``value``
    the true value in the unit of the measure.
    """

    sd: float
    truth: float
    threshold: float
    level: float
    value: float
    where: str

    def power(self, n: int) -> float:
        """Return the chance that n show it: that Student's bound lies on the safe side."""
        if n < 2:
            return 0.0
        shift = -abs(self.truth - self.threshold) * math.sqrt(n) / self.sd
        return noncentral_t_at_most(-t_quantile(self.level, n - 1), n - 1, shift)

    def enough(self, power: float = POWER) -> int | None:
        """Find the fewest n with this power; None above ``MOST``."""
        if self.power(MOST) < power:
            return None
        low, high = 1, MOST
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.power(middle) >= power else (middle, high)
        return high


def by_mean(part: Requirement, level: float, earlier: Evidence | None = None) -> ByMean | str:
    """Return how a mean, difference or ratio is planned, or why it cannot be."""
    stated = part.spread
    if stated and stated.sd is not None and stated.expected is not None:
        return _scaled(part, stated.sd, stated.expected, level, "as the rule states")
    worst = "no evidence on file measured it"
    for measure in earlier.measures if earlier else ():
        if part.fits(measure.name):
            found = _seen(part, measure, level)
            if not isinstance(found, str):
                return found
            worst = found
    return f"{CANNOT} ({worst})"


def _scaled(part: Requirement, sd: float, value: float, level: float, where: str) -> ByMean:
    truth, threshold = value, part.require.threshold
    if part.unit == "ratio":
        truth, threshold = math.log(value), math.log(threshold)
    return ByMean(
        sd=sd, truth=truth, threshold=threshold, level=level, value=value, where=where
    )  # fmt: skip


def _seen(part: Requirement, measure: Measure, level: float) -> ByMean | str:
    """Take spread and value from a measure: half of its interval over t, times the root of n."""
    value, low, high, n = measure.estimate, measure.low, measure.high, measure.n
    if value is None or low is None or high is None or n < 2 or not low < high:
        return f"{measure.name} on file has no interval"
    limit = part.require.threshold
    if part.unit == "ratio":
        if min(value, low, limit) <= 0:
            return f"{measure.name} on file reaches 0, where a ratio has no logarithm"
        low, high = math.log(low), math.log(high)
    if (value >= limit) if part.require.bound == "upper" else (value <= limit):
        return f"{measure.name} on file is {value:g}, past the threshold: were that the truth, no n would show it"
    freedom = (measure.clusters or n) - 1
    if freedom < 1:
        return f"{measure.name} on file comes from one cluster"
    sd = (high - low) / 2 / t_quantile(0.5 + measure.level / 2, freedom) * math.sqrt(n)
    return _scaled(part, sd, value, level, f"as {measure.name} on file showed, n {n}")
