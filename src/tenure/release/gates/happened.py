"""Has anything happened since that ends this evidence: a new attack, another system prompt?"""

from tenure.release.case import Answer, Case, Gate


def check(case: Case) -> Answer:
    """Answer "stale" when one of the rule's ``expires.on`` came after the evidence."""
    filed, ends = case.newest, case.rule.expires.on
    if filed is None or case.part is None:
        return Answer(status="missing", why="no evidence on record")
    for happening in case.docket.happenings:
        about = happening.assessment in (None, case.part.assessment)
        if happening.kind in ends and about and happening.index > filed.index:
            because = f" ({happening.because})" if happening.because else ""
            return Answer(
                status="stale",
                why=f"{happening.kind.replace('_', ' ')} on {happening.time[:10]}{because}, after "
                f"the evidence of {filed.time[:10]}; {case.again} again",
            )
    return Answer(status="met", why="nothing happened since that ends it")


extension = Gate(name="happened", question="Does it still hold?", order=12, check=check)
