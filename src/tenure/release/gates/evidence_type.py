"""Does any other rule rest on evidence of a type that this rule does not allow?"""

from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import directional, rested_on


def check(case: Case) -> Answer:
    """Answer "not shown" where a rule rests on, say, directional evidence."""
    asked = case.rule.check
    if asked is None or not asked.evidence_type_not_in:
        return Answer(status="met", why="the rule asks about no type of evidence")
    held = rested_on(case)
    if not held:
        return Answer(status="missing", why="no evidence on record that another rule rests on")
    found = [one.evidence.name for one in held if directional(one.evidence, case.model)]
    if found:
        return Answer(
            status="not shown",
            why=f"{', '.join(found)} is directional evidence, which never approves a release; "
            "measure the finished model",
        )
    return Answer(status="met", why=f"none of {len(held)} is directional", n=len(held))


extension = Gate(
    name="evidence_type", question="Is every type allowed?", order=1, check=check, scope="check"
)
