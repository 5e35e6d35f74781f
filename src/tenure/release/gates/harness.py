"""Is it known exactly with what it was measured, where the rule asks for that?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "not shown" when the evidence does not name its scenarios by digest, or names others."""
    asked, filed = case.rule.evidence, case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    if not asked.harness_pinned and asked.harness is None:
        return Answer(status="met", why="the rule asks for no pinned harness")
    named = filed.evidence.findings.get("scenarios")
    if not (isinstance(named, str) and named.startswith("sha256:")):
        return Answer(
            status="not shown",
            why="the evidence does not say by digest with which scenarios it was measured, and the "
            "rule asks for it",
        )
    if asked.harness is not None and named != asked.harness:
        return Answer(
            status="not shown",
            why=f"it was measured with the scenarios {named[:19]}..., and the rule is about "
            f"{asked.harness[:19]}...",
        )
    return Answer(status="met", why=f"measured with {named[:19]}...")


extension = Gate(name="harness", question="With what was it measured?", order=26, check=check)
