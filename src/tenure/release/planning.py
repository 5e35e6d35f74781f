"""What n a policy needs, before any run: can this be decided at all, and what would it see?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tenure.release.policy import Policy, Rule
from tenure.stats import lower_bound, one_sided, paired_power, tango, upper_bound

FAILURES = (0, 1, 2)
MOST = 100_000
POWER = 0.8
NONE = "-"


def plan(policy: Policy, planned: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """Return one row a rule: the n it takes after 0, 1 and 2 failures, and what is planned.

    A failure is an answer on the unsafe side; for a paired difference, a pair where only the
    unsafe arm has it. ``planned`` gives the n of an assessment; by default the ``min_n`` of the
    rule. Means depend on their spread, which is not known before the run.
    """
    chosen = planned or {}
    return [
        _row(policy, rule, chosen.get(rule.assessment, rule.evidence.min_n))
        for rule in policy.rules
    ]


def _row(policy: Policy, rule: Rule, n: int) -> dict[str, Any]:
    bound = _bound(rule, policy.level)
    needed = [_fewest(bound, rule, k) for k in FAILURES] if bound else [None, None, None]
    classes = [step.id for step in policy.classes if rule in policy.needs(step.id)]
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "needed_for": f"{classes[0]} and above" if classes else "no class",
        "requires": f"{rule.measure}: {rule.require.words}",
        **{f"n_at_{k}": found or NONE for k, found in zip(FAILURES, needed, strict=True)},
        "planned_n": n,
        "can_decide": _can(bound, rule, n, needed),
        "sees": _sees(rule, n, policy.level),
    }


Bound = Callable[[int, int], float]


def _bound(rule: Rule, level: float) -> Bound | None:
    """Return the bound the rule reads, as a function of (failures, n)."""
    upper = rule.require.bound == "upper"
    if rule.unit == "proportion":
        if upper:
            return lambda k, n: upper_bound(k, n, level)
        return lambda k, n: lower_bound(n - k, n, level)
    if rule.unit == "paired difference":
        both = one_sided(level)
        if upper:
            return lambda k, n: tango(k, 0, n, both).high
        return lambda k, n: tango(0, k, n, both).low
    return None


def _safe(rule: Rule, value: float) -> bool:
    limit = rule.require.threshold
    return value < limit if rule.require.bound == "upper" else value > limit


def _fewest(bound: Bound, rule: Rule, failures: int) -> int | None:
    """Find the fewest n whose bound is safe after so many failures; None when there is none."""
    low, high = failures, max(2, 2 * failures)
    while not _safe(rule, bound(failures, high)):
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if middle > failures and _safe(rule, bound(failures, middle)):
            high = middle
        else:
            low = middle
    return high


def _can(bound: Bound | None, rule: Rule, n: int, needed: Sequence[int | None]) -> str:
    if bound is None:
        return "depends on the spread"
    allowed = [k for k, least in zip(FAILURES, needed, strict=True) if least and least <= n]
    if not allowed:
        best = bound(0, n)
        return f"no: without a failure the {rule.require.bound} bound is {best:.3f}"
    return f"yes, with at most {allowed[-1]} of {n} failing"


def _sees(rule: Rule, n: int, level: float) -> str:
    """Say which paired gap the planned n would see with power 80%."""
    if rule.unit != "paired difference":
        return NONE
    for percent in range(1, 100):
        if paired_power(n, percent / 100, 0.0, level) >= POWER:
            return f"a gap of {percent / 100:.2f} with power {POWER:.0%}"
    return NONE
