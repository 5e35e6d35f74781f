"""Is there evidence at all, and does it hold the measure the rule names?"""

from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import named


def check(case: Case) -> Answer:
    """Answer "missing" without evidence, without the measure, or when nothing was graded."""
    rule = case.rule
    filed = case.newest
    if filed is None:
        remedy = f"tenure {rule.assessment.replace('/', ' ')} --model {case.model.id}"
        return Answer(status="missing", why=f"no {rule.assessment} on record; run '{remedy}'")
    found = named(filed.evidence, rule.measure)
    if not found:
        there = ", ".join(m.name for m in filed.evidence.measures) or "none"
        return Answer(
            status="missing",
            why=f"{rule.assessment} holds no measure '{rule.measure}'; it holds: {there}",
        )
    empty = [m.name for m in found if m.estimate is None]
    if empty:
        return Answer(
            status="not shown", why=f"{empty[0]}: nothing was graded, so nothing is known", n=0
        )
    return Answer(status="met", why=f"{rule.assessment} is on record")


extension = Gate(name="presence", question="Is there evidence?", order=0, check=check)
