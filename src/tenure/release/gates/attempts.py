"""Was it measured until it passed, and were the criteria on record before?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "not shown" past the planned attempts, or without criteria where they are required."""
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    planned = case.policy.attempts
    if planned != "spending" and filed.attempt > planned:
        return Answer(
            status="not shown",
            why=f"attempt {filed.attempt} of {planned} planned: what is measured again and again "
            "passes in the end; a changed model starts its own count",
        )
    criteria = case.docket.criteria
    if case.policy.criteria == "required" and not (criteria is not None and criteria < filed.index):
        return Answer(
            status="not shown",
            why="the policy was not on record before the evidence; run "
            f"'tenure release criteria --model {case.model.id}' and then the assessment",
        )
    if planned == "spending":
        return Answer(status="met", why=f"attempt {filed.attempt}, tested at {case.level:.2%}")
    return Answer(status="met", why=f"attempt {filed.attempt} of {planned} planned")


extension = Gate(name="attempts", question="Was it tried once too often?", order=15, check=check)
