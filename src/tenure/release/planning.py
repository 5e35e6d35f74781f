"""What n a policy needs, before any run: can this be decided at all, and what would it see?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Evidence
from tenure.release.parts import Requirement
from tenure.release.policy import Policy, Rule
from tenure.release.spread import ByMean, by_mean
from tenure.stats import joined_limits, lower_bound, one_sided, paired_power, tango, upper_bound
from tenure.stats.interval import Interval
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
    arm has it, and ``opposite`` the share of pairs where only the other arm has it. ``half`` is the
    true rate of failures half way between none and the threshold.
    """

    bound: Bound
    part: Requirement
    half: float
    paired: Callable[[float, float, float, float], Interval] | None = None
    level: float = 0.95

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
        true = self.half if rate is None else rate
        if self.paired and self.opposite:
            return self._power_of_pairs(n, true)
        most = self.most(n)
        return binomial_at_most(most, n, true) if most >= 0 else 0.0

    @property
    def opposite(self) -> float:
        """The share of pairs that is planned to disagree the other way."""
        spread = self.part.spread
        return (spread.opposite or 0.0) if spread else 0.0

    def _power_of_pairs(self, n: int, true: float) -> float:
        """Sum over how many pairs disagree the other way; the gap is ``true``."""
        assert self.paired is not None
        total, other, bound = 0.0, self.opposite, self.paired
        for c in range(n + 1):
            chance = binomial_at_most(c, n, other) - binomial_at_most(c - 1, n, other)
            if chance < 1e-9:
                continue

            def safe(b: int, c: int = c) -> bool:
                return self._beyond(bound(b, c, n, one_sided(self.level)).high)

            most = _last(safe, n - c)
            share = (true + other) / (1 - other)
            total += chance * binomial_at_most(most, n - c, share) if most >= 0 else 0.0
        return total

    def _beyond(self, high: float) -> bool:
        """Say whether an upper bound of the unsafe gap lies on the safe side."""
        limit = self.part.require.threshold
        return high < limit if self.part.require.bound == "upper" else -high > limit

    def _start(self, power: float) -> int | None:
        """Return where to begin to look: little below where the power is, if that is dear to compute."""
        n = self.fewest(0)
        if n is None or not self.opposite:
            return n
        high = n
        while self.power(high) < power:
            n, high = high, 2 * high
            if n > MOST:
                return None
        while high - n > max(1, n // 50):
            middle = (n + high) // 2
            n, high = (n, middle) if self.power(middle) >= power else (middle, high)
        return max(1, n - n // 20)

    def enough(self, power: float = POWER) -> int | None:
        """Find the fewest n that show it with this power at half the threshold.

        Exact power is a saw: this is the first n for which it holds there and at the ten after it.
        """
        n = self._start(power)
        while n is not None and n <= MOST:
            if all(self.power(n + i) >= power for i in (0, 1, 2, 3, 4, 6, 8, 10)):
                return n
            n += max(1, n // 100)
        return None


def _last(safe: Callable[[int], bool], most: int) -> int:
    """Find the last count up to ``most`` that is safe, where none after it is; -1 without one."""
    low, high = -1, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if safe(middle) else (low, middle)
    return low


def ruler(part: Requirement, level: float, paired: str = "score") -> Ruler | None:
    """Return what a requirement reads; None for means and ratios, which depend on their spread.

    ``paired`` is the policy's ``paired_bounds``.
    """
    upper, limit = part.require.bound == "upper", part.require.threshold
    if part.unit == "proportion":
        if upper:
            return Ruler(bound=lambda k, n: upper_bound(k, n, level), part=part, half=limit / 2)
        half = (1 - limit) / 2
        return Ruler(bound=lambda k, n: lower_bound(n - k, n, level), part=part, half=half)
    if part.unit == "paired difference":
        both, method = one_sided(level), joined_limits if paired == "joined" else tango
        half, side = max(limit if upper else -limit, 0.0) / 2, 1 if upper else -1
        return Ruler(
            bound=lambda k, n: side * method(k, 0, n, both).high,
            part=part,
            half=half,
            paired=method,
            level=level,
        )
    return None


def plan(
    policy: Policy,
    planned: Mapping[str, int] | None = None,
    attempt: int = 1,
    earlier: Mapping[str, Evidence] | None = None,
) -> list[dict[str, Any]]:
    """Return one row a requirement, of rules and safeguards: the n it takes after 0, 1, 2 and 5 failures, and what is planned.

    ``planned`` gives the n of an assessment, or of one of its measures as ``assessment measure``;
    by default the ``min_n`` of the rule. n counts independent samples: where they come in clusters
    and failures are rare, it counts clusters (``stats.clustered``). ``attempt`` says
    which one is planned: under alpha spending each needs more than the one before. ``earlier`` holds,
    by assessment, the evidence from which the spread of a mean or ratio is taken that no rule states.
    """
    chosen = planned or {}
    rows: list[dict[str, Any]] = []
    for rule in (*policy.rules, *(each.rule for each in policy.safeguards)):
        for part in rule.parts:
            n = chosen.get(f"{part.assessment} {part.measure}", chosen.get(part.assessment))
            n = rule.evidence.min_n if n is None else n
            level = policy.level_of(attempt)
            head = _head(policy, rule, part, n)
            held = ruler(part, level, policy.paired_bounds)
            if held is None:
                rows.append(
                    head | _mean_row(by_mean(part, level, (earlier or {}).get(part.assessment)), n)
                )
            else:
                rows.append(head | _row(held, n) | {"sees": _sees(part, n, level)})
    return rows


def _head(policy: Policy, rule: Rule, part: Requirement, n: int) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "assessment": part.assessment,
        "needed_for": _needed_for(policy, rule.id),
        "requires": f"{part.pattern}: {part.require.words}",
        "planned_n": n,
    }


def _row(held: Ruler, n: int) -> dict[str, Any]:
    needed = [held.fewest(k) for k in FAILURES]
    other = f", {held.opposite:.0%} the other way" if held.paired and held.opposite else ""
    return {
        **{f"n_at_{k}": found or NONE for k, found in zip(FAILURES, needed, strict=True)},
        "n_for_power": held.enough() or NONE,
        "at": f"half the threshold{other}",
        "power_at_half": f"{held.power(n):.0%}",
        "can_decide": _can(held, n, needed),
    }


def _mean_row(held: ByMean | str, n: int) -> dict[str, Any]:
    """Say what n a mean or a ratio takes, or why it cannot be said."""
    nothing = {f"n_at_{k}": NONE for k in FAILURES} | {"sees": NONE, "at": NONE}
    if isinstance(held, str):
        return nothing | {"n_for_power": NONE, "power_at_half": NONE, "can_decide": held}
    power = held.power(n)
    spread = f"a true value of {held.value:g} and a standard deviation of {held.sd:.3g}"
    return nothing | {
        "n_for_power": held.enough() or NONE,
        "at": f"a true {held.value:g}",
        "power_at_half": f"{power:.0%}",
        "can_decide": f"{'yes' if n > 1 else 'no'}, at {spread}, {held.where}",
    }


def _needed_for(policy: Policy, name: str) -> str:
    """Say from which class on a rule is needed, or from which level on a safeguard."""
    classes = [c.id for c in policy.classes if name in {rule.id for rule in policy.needs(c.id)}]
    levels = [level.id for level in policy.levels if name in level.requires.safeguards]
    first = [*classes[:1], *levels[:1]]
    return f"{first[0]} and above" if first else "no class"


def _can(held: Ruler, n: int, needed: Sequence[int | None]) -> str:
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
