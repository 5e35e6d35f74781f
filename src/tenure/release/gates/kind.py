"""Is it the kind of evidence that may decide this?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "not shown" for a kind the rule does not admit; a blocker never rests on a judge."""
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    kind = filed.evidence.kind
    if case.rule.severity == "blocker" and kind == "judge":
        return Answer(
            status="not shown",
            why="it rests on a judge alone, and a blocker never does; add evidence of another kind",
        )
    if kind not in case.rule.evidence.kinds:
        asked = " or ".join(case.rule.evidence.kinds)
        return Answer(status="not shown", why=f"the evidence is {kind}; the rule asks for {asked}")
    return Answer(status="met", why=f"{kind} evidence")


extension = Gate(name="kind", question="Is it the right kind?", order=30, check=check)
