"""What is missing for the next class, and what it would cost: n, calls and tokens, before any run.

n is for the next attempt, at the level it will be tested at; calls and tokens are those of the last
run of the same assessment, taken to that n. A run nobody has done yet has no cost here;
'tenure release plan' foresees it.
"""

import math
from collections.abc import Mapping
from typing import Any

from tenure.release.case import Docket, Filed
from tenure.release.decision import Decision
from tenure.release.ledgers import REMEDIES
from tenure.release.parts import Requirement
from tenure.release.planning import FAILURES, ruler
from tenure.release.policy import Policy, Rule
from tenure.release.spread import by_mean
from tenure.release.usefulness import usage_of
from tenure.release.verdict import Verdict


def lacking(policy: Policy, docket: Docket, decision: Decision) -> list[dict[str, Any]]:
    """Return a row for each requirement that is not met: why, the n it takes, the calls and tokens."""
    danger = decision.danger
    needed = set(danger.needed) if danger else set[str]()
    rules = {rule.id: rule for rule in (*policy.rules, *(each.rule for each in policy.safeguards))}
    found = [*decision.verdicts, *(v for v in (danger.safeguards if danger else ()) if v.rule in needed)]  # fmt: skip
    rows: list[dict[str, Any]] = []
    for verdict in found:
        if verdict.verdict != "met" and verdict.rule not in decision.exemptions:
            rows += _rows(policy, rules[verdict.rule], verdict, docket)
    return rows


def _rows(policy: Policy, rule: Rule, verdict: Verdict, docket: Docket) -> list[dict[str, Any]]:
    base = {"rule": rule.id, "severity": rule.severity, "needed_for": policy.lowest(rule.id)}
    if rule.check is not None:
        remedy = REMEDIES.get(rule.check.ledger or "", "").format(docket.model.id)
        return [base | {"verdict": verdict.verdict, "why": verdict.why, "command": remedy}]
    judged: dict[str, Mapping[str, Any]] = {str(row["measure"]): row for row in verdict.parts}
    rows: list[dict[str, Any]] = []
    for part in rule.parts:
        row = judged.get(part.pattern, {"verdict": verdict.verdict, "why": verdict.why})
        if row["verdict"] != "met":
            said = {"verdict": row["verdict"], "why": row["why"]}
            rows.append(base | said | _cost(policy, rule, part, docket))
    return rows


def _cost(policy: Policy, rule: Rule, part: Requirement, docket: Docket) -> dict[str, Any]:
    held = docket.newest.get(part.assessment)
    attempt = held.attempt + 1 if held else 1
    verb = part.assessment.replace("/", " ").replace("_", "-")
    row: dict[str, Any] = {
        "assessment": part.assessment,
        "measure": part.pattern,
        "require": part.require.words,
        "attempt": attempt,
        "level": policy.level_of(attempt),
        "command": f"tenure {verb} --model {docket.model.id}",
    }
    counted = policy.attempts != "spending" and attempt > policy.attempts
    reads = None if counted else ruler(part, policy.level_of(attempt), policy.paired_bounds)
    if reads is None:
        days, most = policy.evidence_max_age_days, policy.attempts
        left = (
            f"no attempt is left: the policy allows {most}, and what comes after does not count until the "
            f"runs before are more than {days} days old"
        )
        if counted:
            return row | {"n": None, "n_why": left, "command": ""}
        return row | _of_mean(policy, rule, part, held, attempt)
    least = rule.evidence.min_n
    row |= {f"n_at_{k}": max(n, least) if (n := reads.fewest(k)) else None for k in FAILURES}
    n = reads.enough()
    row |= {"n": max(n, least) if n else None}
    return row | _scaled(held, part, row["n"])


def _of_mean(
    policy: Policy, rule: Rule, part: Requirement, held: Filed | None, attempt: int
) -> dict[str, Any]:
    """Say what n a mean or a ratio takes, by the spread that is stated or was seen."""
    earlier = held.evidence if held else None
    found = by_mean(part, policy.level_of(attempt), earlier)
    if isinstance(found, str):
        return {"n": None, "n_why": found}
    n = found.enough()
    n = max(n, rule.evidence.min_n) if n else None
    none = {} if n else {"n_why": f"at a true {found.value:g}, {found.where}, no n would show it"}
    return {"n": n, "at": f"a true {found.value:g}", **none} | _scaled(held, part, n)


def _scaled(held: Filed | None, part: Requirement, n: int | None) -> dict[str, Any]:
    """Take the calls and tokens of the last run to another n."""
    if held is None or n is None:
        return {}
    before = min((m.n for m in held.evidence.measures if part.fits(m.name)), default=0)
    usage = usage_of(held.evidence)
    if not before or not usage:
        return {}
    return {name: math.ceil(count * n / before) for name, count in usage.items()}
