"""Are there as many observations as the rule asks for?"""

from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import named


def check(case: Case) -> Answer:
    """Answer "not shown" when fewer were graded than the rule asks for."""
    filed = case.newest
    found = named(filed.evidence, case.rule.measure) if filed else ()
    if not found:
        return Answer(status="missing", why="no evidence on record")
    fewest = min(found, key=lambda m: m.n)
    least = case.rule.evidence.min_n
    if fewest.n < least:
        return Answer(
            status="not shown", why=f"{fewest.name}: n {fewest.n}, and the rule asks for {least}"
        )
    return Answer(status="met", why=f"n {fewest.n}, at least {least}")


extension = Gate(name="size", question="Are there enough?", order=50, check=check)
