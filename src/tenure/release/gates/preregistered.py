"""Was the run held to a plan that was written before, where the rule asks for one?"""

from tenure.release.case import Answer, Case, Gate
from tenure.release.shapes import findings_of, listed, mapping


def check(case: Case) -> Answer:
    """Answer "not shown" without a plan, or where the run departed from it."""
    filed = case.newest
    if filed is None or case.part is None:
        return Answer(status="missing", why="no evidence on record")
    if not case.rule.evidence.preregistered:
        return Answer(status="met", why="the rule asks for no plan")
    findings = findings_of(filed.evidence)
    if not findings.get("plan"):
        name = case.part.assessment.partition("/")[2].replace("_", "-")
        return Answer(
            status="not shown",
            why="it was run without a plan, and the rule asks for one; write it with 'tenure assess "
            f"plan {name} --into FILE' and run with --plan FILE",
        )
    departed = findings.get("deviations") or []
    if departed:
        rows = [mapping(row) or {} for row in listed(departed) or ()]
        what = ", ".join(str(row.get("what", "?")) for row in rows) or str(departed)[:80]
        return Answer(status="not shown", why=f"the run departed from its plan in: {what}")
    return Answer(status="met", why="the run kept to its plan")


extension = Gate(name="preregistered", question="Was it planned?", order=24, check=check)
