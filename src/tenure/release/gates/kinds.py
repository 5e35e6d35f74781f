"""Does the rule rest on enough different kinds of evidence, and not on a judge alone?"""

from tenure.release.case import Answer, Gate, Together


def check(together: Together) -> Answer:
    """Answer "not shown" for too few kinds; a blocker never rests on a judge alone."""
    found = sorted({filed.evidence.kind for filed in together.filed})
    if not found:
        return Answer(status="missing", why="no evidence on record")
    if together.rule.severity == "blocker" and found == ["judge"]:
        return Answer(
            status="not shown",
            why="it rests on a judge alone, and a blocker never does; add evidence of another kind",
        )
    least = together.rule.evidence.min_kinds
    if len(found) < least:
        return Answer(
            status="not shown",
            why=f"it rests on {' and '.join(found)} evidence, and the rule asks for {least} kinds",
        )
    return Answer(status="met", why=f"it rests on {' and '.join(found)} evidence")


extension = Gate(
    name="kinds", question="Are there enough kinds?", order=80, check=check, scope="together"
)
