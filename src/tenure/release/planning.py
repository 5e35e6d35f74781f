"""What n a policy needs, before any run: can this be decided at all, and what would it see?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.release.parts import Requirement
from tenure.release.policy import Policy, Rule
from tenure.stats import lower_bound, one_sided, paired_power, tango, upper_bound
from tenure.stats.quantiles import binomial_at_most

FAILURES = (0, 1, 2, 5)
MOST = 100_000
POWER = 0.8
NONE = "-"
Bound = Callable[[float, float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """What a requirement reads as a function of (failures, n), which may be fractions, and the threshold it is held to.

    A failure is an answer on the unsafe side; for a paired difference, a pair where only the unsafe
    arm has it. ``half`` is the true rate of failures half way between none and the threshold.
    """

    bound: Bound
    part: Requirement
    half: float

    def safe(self, failures: int, n: int) -> bool:
        """Say whether so many failures in n leave the bound on the safe side."""
        limit, value = self.part.require.threshold, self.bound(failures, n)
        return value < limit if self.part.require.bound == "upper" else value > limit

    def fewest(self, failures: int) -> int | None:
        """Find the fewest n that is safe after so many failures; None when there is none."""
        low, high = failures, max(2, 2 * failures)
        while not self.safe(failures, high):
            low, high = high, 2 * high
            if high > MOST:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            if middle > failures and self.safe(failures, middle):
                high = middle
            else:
                low = middle
        return high

    def most(self, n: int) -> int:
        """Find the most failures that n may hold; -1 when not even none."""
        if n < 1 or not self.safe(0, n):
            return -1
        low, high = 0, n
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.safe(middle, n) else (low, middle)
        return low

    def power(self, n: int, rate: float | None = None) -> float:
        """Return the chance that n show it, at a true rate of failures (by default half)."""
        most = self.most(n)
        return binomial_at_most(most, n, self.half if rate is None else rate) if most >= 0 else 0.0

    def enough(self, power: float = POWER) -> int | None:
        """Find the fewest n that show it with this power at half the threshold.

        Exact power is a saw: this is the first n for which it holds there and at the ten after it.
        """
        n = self.fewest(0)
        while n is not None and n <= MOST:
            if all(self.power(n + i) >= power for i in (0, 1, 2, 3, 4, 6, 8, 10)):
                return n
            n += max(1, n // 100)
        return None


def ruler(part: Requirement, level: float) -> Ruler | None:
    """Return what a requirement reads; None for means and ratios, which depend on their spread."""
    upper, limit = part.require.bound == "upper", part.require.threshold
    if part.unit == "proportion":
        if upper:
            return Ruler(bound=lambda k, n: upper_bound(k, n, level), part=part, half=limit / 2)
        half = (1 - limit) / 2
        return Ruler(bound=lambda k, n: lower_bound(n - k, n, level), part=part, half=half)
    if part.unit == "paired difference":
        both = one_sided(level)
        if upper:
            half = max(limit, 0.0) / 2
            return Ruler(bound=lambda k, n: tango(k, 0, n, both).high, part=part, half=half)
        half = max(-limit, 0.0) / 2
        return Ruler(bound=lambda k, n: tango(0, k, n, both).low, part=part, half=half)
    return None


def plan(
    policy: Policy, planned: Mapping[str, int] | None = None, attempt: int = 1
) -> list[dict[str, Any]]:
    """Return one row a requirement, of rules and safeguards: the n it takes after 0, 1, 2 and 5 failures, and what is planned.

    ``planned`` gives the n of an assessment, or of one of its measures as ``assessment measure``;
    by default the ``min_n`` of the rule. n counts independent samples: where they come in clusters
    and failures are rare, it counts clusters (``stats.clustered``). ``attempt`` says
    which one is planned: under alpha spending each needs more than the one before.
    """
    chosen = planned or {}
    rows: list[dict[str, Any]] = []
    for rule in (*policy.rules, *(each.rule for each in policy.safeguards)):
        for part in rule.parts:
            n = chosen.get(f"{part.assessment} {part.measure}", chosen.get(part.assessment))
            n = rule.evidence.min_n if n is None else n
            rows.append(_row(policy, rule, part, n, policy.level_of(attempt)))
    return rows


def _row(policy: Policy, rule: Rule, part: Requirement, n: int, level: float) -> dict[str, Any]:
    held = ruler(part, level)
    needed = [held.fewest(k) for k in FAILURES] if held else [None] * len(FAILURES)
    enough = held.enough() if held else None
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "assessment": part.assessment,
        "needed_for": _needed_for(policy, rule.id),
        "requires": f"{part.pattern}: {part.require.words}",
        **{f"n_at_{k}": found or NONE for k, found in zip(FAILURES, needed, strict=True)},
        "n_for_power": enough or NONE,
        "planned_n": n,
        "power_at_half": f"{held.power(n):.0%}" if held else NONE,
        "can_decide": _can(held, n, needed),
        "sees": _sees(part, n, level),
    }


def _needed_for(policy: Policy, name: str) -> str:
    """Say from which class on a rule is needed, or from which level on a safeguard."""
    classes = [c.id for c in policy.classes if name in {rule.id for rule in policy.needs(c.id)}]
    levels = [level.id for level in policy.levels if name in level.requires.safeguards]
    first = [*classes[:1], *levels[:1]]
    return f"{first[0]} and above" if first else "no class"


def _can(held: Ruler | None, n: int, needed: Sequence[int | None]) -> str:
    if held is None:
        return "depends on the spread"
    allowed = [k for k, least in zip(FAILURES, needed, strict=True) if least and least <= n]
    if not allowed:
        best = held.bound(0, n)
        return f"no: without a failure the {held.part.require.bound} bound is {best:.3f}"
    return f"yes, with at most {held.most(n)} of {n} failing"


def _sees(part: Requirement, n: int, level: float) -> str:
    """Say which paired gap the planned n would see with power 80%."""
    if part.unit != "paired difference":
        return NONE
    for percent in range(1, 100):
        if paired_power(n, percent / 100, 0.0, level) >= POWER:
            return f"a gap of {percent / 100:.2f} with power {POWER:.0%}"
    return NONE
