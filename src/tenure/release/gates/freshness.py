"""Is the evidence young enough?"""

from datetime import timedelta

from tenure.release.case import Answer, Case, Gate, instant
from tenure.release.policy import Policy, Rule


def oldest_days(policy: Policy, rule: Rule) -> int:
    """Return how many days evidence may be old: the fewest the rule states, else the policy's."""
    stated = (rule.expires.days, rule.evidence.max_age_days)
    return min((d for d in stated if d is not None), default=policy.evidence_max_age_days)


def check(case: Case) -> Answer:
    """Answer "stale" past the age that is allowed, or past the evidence's own expiry."""
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    now, most = instant(case.docket.now), oldest_days(case.policy, case.rule)
    if now - instant(filed.time) > timedelta(days=most):
        return Answer(
            status="stale",
            why=f"recorded {filed.time[:10]}, more than {most} days ago; {case.again} again",
        )
    expires = filed.evidence.expires
    if expires is not None and instant(expires) <= now:
        return Answer(
            status="stale", why=f"the evidence expired on {expires[:10]}; {case.again} again"
        )
    return Answer(status="met", why=f"recorded less than {most} days ago")


extension = Gate(name="freshness", question="Is it fresh?", order=10, check=check)
