"""Does the bound lie on the safe side of the threshold? The point estimate decides nothing."""

from tenure.dossier.nouns import Measure
from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import at_level, named, said
from tenure.release.policy import Require


def judge(measure: Measure, require: Require) -> Answer:
    """Hold one measure's bounds against a threshold: three answers."""
    upper = require.bound == "upper"
    safe = measure.upper if upper else measure.lower
    unsafe = measure.lower if upper else measure.upper
    limit = require.threshold
    if safe is None or unsafe is None:
        return Answer(status="not shown", why=f"{measure.name} has no bound", n=measure.n)
    side, other = ("below", "lower") if upper else ("above", "upper")
    if (safe < limit) if upper else (safe > limit):
        status, words = "met", f"lies {side} {said(limit, measure)}"
    elif (unsafe >= limit) if upper else (unsafe <= limit):
        status = "not met"
        words = f"and even the {other} bound {said(unsafe, measure)} does not lie {side} {said(limit, measure)}"
    else:
        status, words = "not shown", f"does not lie {side} {said(limit, measure)}"
    lost = f", {measure.missing} missing taken at their worst" if measure.missing else ""
    why = f"{measure.name}: the {require.bound} bound {said(safe, measure)} (n {measure.n}{lost}) {words}"
    return Answer(status=status, why=why, bound=safe, n=measure.n, detail={"measure": measure.name})


WORST_FIRST = ("not met", "not shown", "met")


def check(case: Case) -> Answer:
    """Judge every measure the rule names; the worst decides."""
    filed = case.newest
    found = named(filed.evidence, case.rule.measure) if filed else ()
    if filed is None or not found:
        return Answer(status="missing", why="no evidence on record")
    answers: list[Answer] = []
    for measure in found:
        there = at_level(measure, case.policy.level, case.read)
        if there is None:
            return Answer(
                status="not shown",
                why=f"{measure.name} was bounded at {measure.level:.1%} and the policy asks for "
                f"{case.policy.level:.1%}; without sample records it cannot be computed again",
                n=measure.n,
            )
        answers.append(judge(there, case.rule.require))
    upper = case.rule.require.bound == "upper"
    return min(
        answers,
        key=lambda a: (
            WORST_FIRST.index(a.status),
            (-(a.bound or 0.0) if upper else (a.bound or 0.0)),
        ),
    )


extension = Gate(name="bound", question="Does the bound meet the threshold?", order=40, check=check)
