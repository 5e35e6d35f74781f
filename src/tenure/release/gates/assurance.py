"""Who stands behind the evidence: the developer alone, or others who have run it again?"""

from tenure.release.case import Answer, Case, Gate
from tenure.release.parts import ASSURANCES
from tenure.release.shapes import findings_of

WORDS = {
    "self_attested": "the developer's own",
    "reproduced": "reproduced by somebody else",
    "third_party": "measured by a third party",
}


def check(case: Case) -> Answer:
    """Answer "not shown" below the assurance the rule, or else the policy, asks for.

    Evidence says it in ``findings["assurance"]``; without that it is the developer's own.
    """
    filed = case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    asked = case.rule.evidence.min_assurance or case.policy.min_assurance
    found = findings_of(filed.evidence).get("assurance", "self_attested")
    if found not in ASSURANCES:
        there = ", ".join(ASSURANCES)
        return Answer(status="not shown", why=f"assurance '{found}' is none of: {there}")
    if ASSURANCES.index(found) < ASSURANCES.index(asked):
        return Answer(
            status="not shown",
            why=f"the evidence is {WORDS[found]}; the rule asks for evidence {WORDS[asked]}",
        )
    return Answer(status="met", why=f"the evidence is {WORDS[found]}")


extension = Gate(name="assurance", question="Who stands behind it?", order=32, check=check)
