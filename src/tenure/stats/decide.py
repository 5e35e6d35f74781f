"""From intervals to decisions: equivalence, several tests at once, how many samples to plan."""

import math
from collections.abc import Sequence

from tenure.errors import UsageError
from tenure.stats.interval import Interval, check_level
from tenure.stats.proportion import upper_bound
from tenure.stats.quantiles import normal_quantile, normal_tail


def equivalent(interval: Interval, margin: float) -> bool:
    """Two one-sided tests (TOST): the interval at level ``1 - 2 alpha`` lies inside the margin."""
    if margin <= 0:
        raise UsageError(f"an equivalence margin is positive, not {margin}")
    return -margin < interval.low and interval.high < margin


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values for being several (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, place in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = running
    return adjusted


def sample_size_for_upper(threshold: float, failures: int = 0, level: float = 0.95) -> int:
    """Fewest samples whose exact upper bound lies below ``threshold`` after ``failures`` events.

    0 failures under 5% need 59; under 1% need 299.
    """
    check_level(level)
    if not 0 < threshold < 1 or failures < 0:
        raise UsageError(
            f"threshold {threshold} must lie between 0 and 1, failures {failures} not below 0"
        )
    low, high = failures, max(2 * failures, 2)
    while upper_bound(failures, high, level) >= threshold:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if middle > failures and upper_bound(failures, middle, level) < threshold:
            high = middle
        else:
            low = middle
    return high


def paired_power(pairs: int, only_first: float, only_second: float, level: float = 0.95) -> float:
    """Power of a one-sided paired test of "no gap" (McNemar, normal approximation; Connor 1987).

    ``only_first`` and ``only_second`` are the shares of pairs where only that arm has the event.
    """
    check_level(level)
    gap, disagree = abs(only_first - only_second), only_first + only_second
    if not 0 < disagree <= 1:
        raise UsageError(
            f"shares {only_first} and {only_second} must add up to more than 0, at most 1"
        )
    spread = disagree - gap * gap
    distance = math.sqrt(pairs) * gap - normal_quantile(level) * math.sqrt(disagree)
    if spread <= 0:
        return 1.0 if distance > 0 else 0.0
    return 1 - normal_tail(distance / math.sqrt(spread))


def pairs_for_gap(
    only_first: float, only_second: float, level: float = 0.95, power: float = 0.8
) -> int:
    """Fewest pairs that show the gap with this power (Connor 1987)."""
    check_level(power)
    gap, disagree = abs(only_first - only_second), only_first + only_second
    if gap == 0:
        raise UsageError("two equal shares have no gap to show; give different ones")
    root = normal_quantile(level) * math.sqrt(disagree) + normal_quantile(power) * math.sqrt(
        max(0.0, disagree - gap * gap)
    )
    return math.ceil((root / gap) ** 2)
