"""Is there evidence at all, and does it hold the measures the rule names?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "missing" without evidence or without a measure, "not shown" when nothing was graded."""
    part, filed = case.part, case.newest
    if part is None or filed is None:
        name = part.assessment if part else "evidence"
        return Answer(status="missing", why=f"no {name} on record; {case.again}")
    found = case.measures
    if not found:
        there = ", ".join(m.name for m in filed.evidence.measures) or "none"
        return Answer(
            status="missing",
            why=f"{part.assessment} holds no measure '{part.pattern}'; it holds: {there}",
        )
    names = {m.name for m in found}
    lacking = [value for value in part.among if f"{part.measure}/{value}" not in names]
    if lacking:
        return Answer(
            status="missing",
            why=f"{part.assessment} was not measured for the {part.per} {', '.join(lacking)}, "
            f"which the rule names; {case.again} with it",
        )
    empty = [m.name for m in found if m.estimate is None]
    if empty:
        return Answer(
            status="not shown", why=f"{empty[0]}: nothing was graded, so nothing is known", n=0
        )
    return Answer(status="met", why=f"{part.assessment} is on record")


extension = Gate(name="presence", question="Is there evidence?", order=0, check=check)
