"""Is the evidence young enough, and of this very model?"""

from datetime import UTC, datetime, timedelta

from tenure.release.case import Answer, Case, Gate


def instant(text: str) -> datetime:
    """Read an ISO date or time as an instant in UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def check(case: Case) -> Answer:
    """Answer "stale" past the rule's age, past the evidence's own expiry, or for another model."""
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    now, most = instant(case.now), case.rule.evidence.max_age_days
    again = f"run 'tenure {case.rule.assessment.replace('/', ' ')} --model {case.model.id}' again"
    if now - instant(filed.time) > timedelta(days=most):
        return Answer(
            status="stale", why=f"recorded {filed.time[:10]}, more than {most} days ago; {again}"
        )
    expires = filed.evidence.expires
    if expires is not None and instant(expires) <= now:
        return Answer(status="stale", why=f"the evidence expired on {expires[:10]}; {again}")
    return Answer(status="met", why=f"recorded less than {most} days ago")


extension = Gate(name="freshness", question="Is it fresh?", order=10, check=check)
