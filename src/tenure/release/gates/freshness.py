"""Is the evidence young enough?"""

from datetime import timedelta

from tenure.release.case import Answer, Case, Gate, instant


def oldest(case: Case) -> int:
    """Return how many days evidence may be old: the fewest the rule states, else the policy's."""
    stated = (case.rule.expires.days, case.rule.evidence.max_age_days)
    return min((d for d in stated if d is not None), default=case.policy.evidence_max_age_days)


def check(case: Case) -> Answer:
    """Answer "stale" past the age that is allowed, or past the evidence's own expiry."""
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    now, most = instant(case.docket.now), oldest(case)
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
