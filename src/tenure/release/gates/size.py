"""Are there as many observations, and as many independent ones, as the rule asks for?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "not shown" when fewer were graded, or in fewer clusters, than the rule asks for."""
    found, asked = case.measures, case.rule.evidence
    if not found:
        return Answer(status="missing", why="no evidence on record")
    fewest = min(found, key=lambda m: (m.n, m.name))
    if fewest.n < asked.min_n:
        return Answer(
            status="not shown",
            why=f"{fewest.name}: n {fewest.n}, and the rule asks for {asked.min_n}",
        )
    if asked.min_clusters:
        least = min(found, key=lambda m: (m.clusters or 0, m.name))
        if (least.clusters or 0) < asked.min_clusters:
            there = "no clusters" if least.clusters is None else f"{least.clusters} clusters"
            return Answer(
                status="not shown",
                why=f"{least.name}: {there}, and the rule asks for {asked.min_clusters}",
            )
    return Answer(status="met", why=f"n {fewest.n}, at least {asked.min_n}")


extension = Gate(name="size", question="Are there enough?", order=50, check=check)
