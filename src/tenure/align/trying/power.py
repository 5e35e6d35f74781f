"""Whether as many units as planned can show the smallest effect that matters.

Two shares: normal approximation, pooled under "no effect" and corrected for continuity as Fisher's test
needs it (Fleiss, Levin and Paik 2003, sections 4.2 and 4.3). Two means: the noncentral t. Within blocks:
Connor (1987), corrected for McNemar's exact test by one pair, and the noncentral t of the differences,
as if units of a block were no more alike than others, so that the power is no less where they are. The
level is that of the hardest test: 0.05 divided by the looks and by the arms beside the control.
"""

import math
from dataclasses import dataclass

from tenure.align.trying.plan import YES_NO, Plan
from tenure.errors import RefusedError
from tenure.stats.quantiles import noncentral_t_at_most, normal_quantile, normal_tail, t_quantile

MOST = 10_000_000
METHODS = {
    (True, False): "two shares, normal approximation corrected for continuity (Fleiss)",
    (True, True): "shares within blocks, McNemar corrected for continuity (Connor)",
    (False, False): "two means, noncentral t",
    (False, True): "means within blocks, noncentral t",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a plan can show: ``power`` for its effect at ``level``, and the ``needed`` units an arm."""

    power: float
    level: float
    needed: int | None
    method: str


def power_of(plan: Plan, n: int) -> float:
    """Return the power of ``n`` units an arm for the smallest effect, at the level of the hardest test."""
    alpha = plan.alpha / len(plan.treatments)
    return _of_shares(plan, n, alpha) if plan.outcome.kind == YES_NO else _of_means(plan, n, alpha)


def _of_shares(plan: Plan, n: float, alpha: float) -> float:
    p, q = plan.expected_with_effect, plan.outcome.expected
    beyond = normal_quantile(1 - alpha / 2)
    if plan.within is not None:
        gap, apart = abs(p - q), p * (1 - q) + q * (1 - p)
        reach = n * gap - 1 - beyond * math.sqrt(n * apart)
        return 1 - normal_tail(reach / math.sqrt(n * (apart - gap * gap)))
    n = n * max(0.0, 1 - 1 / (n * abs(p - q))) ** 2
    if n == 0:
        return 0.0
    both = (p + q) / 2
    under = math.sqrt(2 * both * (1 - both) / n)
    spread = math.sqrt((p * (1 - p) + q * (1 - q)) / n)
    return 1 - normal_tail((abs(p - q) - beyond * under) / spread)


def _of_means(plan: Plan, n: int, alpha: float) -> float:
    freedom = n - 1 if plan.within is not None else 2 * n - 2
    shift = plan.smallest_effect / ((plan.outcome.spread or 1.0) * math.sqrt(2 / n))
    beyond = t_quantile(1 - alpha / 2, freedom)
    return 1 - noncentral_t_at_most(beyond, freedom, shift)


def planned_power(plan: Plan) -> Power:
    """Say what the plan can show, and how many units an arm it would need."""
    return Power(
        power=power_of(plan, plan.planned),
        level=1 - plan.alpha / len(plan.treatments),
        needed=_needed(plan),
        method=METHODS[plan.outcome.kind == YES_NO, plan.within is not None],
    )


def _needed(plan: Plan) -> int | None:
    """Find the fewest units an arm that reach the power; None beyond ten million."""
    low, high = 1, 2
    while power_of(plan, high) < plan.power:
        low, high = high, high * 2
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if power_of(plan, middle) < plan.power else (low, middle)
    return high


def check_power(plan: Plan) -> Power:
    """Return what the plan can show.

    Raises:
        RefusedError: it cannot show the smallest effect with its power, and does not say that this is
            accepted. It would cost its units' time and end in "not shown".
    """
    found = planned_power(plan)
    if found.power >= plan.power or plan.underpowered == "accepted":
        return found
    needed = f"{found.needed:,} an arm" if found.needed else f"more than {MOST:,} an arm"
    raise RefusedError(
        f"{plan.planned} units an arm would show an effect of {plan.smallest_effect:g} with a chance of "
        f"{found.power:.0%}, asked are {plan.power:.0%}, which take {needed}; plan as many, take a larger "
        "smallest_effect, fewer arms or looks, or write underpowered: accepted"
    )
