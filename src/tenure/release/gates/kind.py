"""Is it a kind of evidence that the rule admits?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "not shown" for a kind the rule does not admit."""
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    kind = filed.evidence.kind
    if kind not in case.rule.evidence.kinds:
        asked = " or ".join(case.rule.evidence.kinds)
        return Answer(status="not shown", why=f"the evidence is {kind}; the rule asks for {asked}")
    return Answer(status="met", why=f"{kind} evidence")


extension = Gate(name="kind", question="Is it the right kind?", order=30, check=check)
