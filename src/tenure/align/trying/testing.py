"""The p of an arm beside the control: what drawing the assignment again would give, where that is exact.

Two shares: Fisher's exact test, which is the distribution over all assignments of the same sizes. Shares
within blocks that hold each arm once: McNemar's exact test, over all exchanges within blocks. Numbers,
and shares within blocks that hold arms several times: one minus the highest level whose interval (t,
or Tango's at the effective size) leaves out zero.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tenure.dossier.nouns import Recipe
from tenure.measure import estimate
from tenure.measure.columns import Row
from tenure.stats import mcnemar
from tenure.stats.quantiles import log_factorials

LEAST, HIGHEST = 1e-12, 0.49  # between these a p is found; above the second it is written as 1
HALVINGS = 24
SLACK = 1e-9  # two equal probabilities may differ in their last digits


def fisher(k: int, n: int, other: int, of: int) -> float:
    """Return the exact two-sided p of ``k`` of ``n`` beside ``other`` of ``of`` (Fisher 1935)."""
    yes, logs = k + other, log_factorials(1 << (n + of).bit_length())
    counts = np.arange(max(0, yes - of), min(n, yes) + 1)
    chance = np.exp(
        logs[n] - logs[counts] - logs[n - counts]
        + logs[of] - logs[yes - counts] - logs[of - yes + counts]
        - logs[n + of] + logs[yes] + logs[n + of - yes]
    )  # fmt: skip
    seen = chance[k - counts[0]]
    return min(1.0, float(chance[chance <= seen * (1 + SLACK)].sum()))


def p_value(rows: Sequence[Row], recipe: Recipe, *, shares: bool) -> float:
    """Return the p of "this arm is as the control" for records that a recipe compares."""
    exact = _exact(rows, recipe) if shares else None
    return float(f"{_of_interval(rows, recipe) if exact is None else exact:.4g}")


def _exact(rows: Sequence[Row], recipe: Recipe) -> float | None:
    """Test shares exactly; None where blocks hold an arm more than once."""
    sides = [
        [r for r in rows if r[str(recipe.arm)] == arm and r[recipe.value] is not None]
        for arm in recipe.arms or ()
    ]
    if recipe.pair is None:
        (k, n), (other, of) = ((sum(bool(r[recipe.value]) for r in s), len(s)) for s in sides)
        return fisher(k, n, other, of) if n and of else 1.0
    one, two = ({r[recipe.pair]: bool(r[recipe.value]) for r in side} for side in sides)
    if len(one) < len(sides[0]) or len(two) < len(sides[1]):
        return None
    both = [(one[block], two[block]) for block in one.keys() & two.keys()]
    return mcnemar(both.count((True, False)), both.count((False, True)))


def _of_interval(rows: Sequence[Row], recipe: Recipe) -> float:
    def leaves_out_zero(alpha: float) -> bool:
        found = estimate(
            rows, replace(recipe, level=1 - alpha), name="p", unit="difference", samples=None
        )
        return found.low is not None and found.high is not None and not found.low <= 0 <= found.high

    if not leaves_out_zero(HIGHEST):
        return 1.0
    if leaves_out_zero(LEAST):
        return LEAST
    low, high = math.log(LEAST), math.log(HIGHEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if leaves_out_zero(math.exp(middle)) else (middle, high)
    return math.exp(high)
