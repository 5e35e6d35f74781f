"""Was it this very model that was measured, and no other weights?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "not shown" for evidence about another model, or about other files of that name."""
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    if filed.evidence.model != case.model.id:
        return Answer(
            status="not shown",
            why=f"the evidence is about {filed.evidence.model}, not about {case.model.id}; {case.again}",
        )
    if filed.subject and filed.subject != case.model.digest:
        return Answer(
            status="not shown",
            why=f"other weights were measured ({filed.subject[:19]}...) than those that are judged "
            f"({case.model.digest[:19]}...); {case.again}",
        )
    return Answer(status="met", why="these very weights were measured")


extension = Gate(name="weights", question="Is it about this model?", order=6, check=check)
