"""Does the bound lie on the safe side of the threshold? The point estimate decides nothing."""

import math

from tenure.dossier.nouns import Measure
from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import at_level, said
from tenure.release.policy import Require

WORST_FIRST = ("not met", "not shown", "met")


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
    return Answer(status=status, why=why, bound=safe, n=measure.n)


def _by(measure: Measure, paired: str) -> str:
    """Say which bound of pairs is asked for, where it is another than the evidence has."""
    pairs = measure.recipe is not None and measure.recipe.estimator == "paired_difference"
    return f" by the {paired} bounds" if pairs and paired != "score" else ""


def _tested(case: Case, measure: Measure, require: Require) -> Answer:
    """Judge one measure at the level of the case."""
    paired = case.policy.paired_bounds
    there = at_level(measure, case.level, case.docket.read, paired)
    if there is not None:
        return judge(there, require)
    return Answer(
        status="not shown",
        why=f"{measure.name} was bounded at {measure.level:.2%} and is to be tested at "
        f"{case.level:.2%}{_by(measure, paired)}; without sample records it cannot be computed again",
        n=measure.n,
    )


def _rank(answer: Answer, *, upper: bool) -> tuple[int, float]:
    """Sort the worst first; where nothing is known of a bound, it could lie anywhere."""
    if answer.bound is None:
        return WORST_FIRST.index(answer.status), -math.inf
    return WORST_FIRST.index(answer.status), -answer.bound if upper else answer.bound


def check(case: Case) -> Answer:
    """Judge every measure the requirement means; the worst decides.

    Those not met are named where the requirement means several, or could (``per``).
    """
    found, part = case.measures, case.part
    if not found or part is None:
        return Answer(status="missing", why="no evidence on record")
    answers = [(measure.name, _tested(case, measure, part.require)) for measure in found]
    upper = part.require.bound == "upper"
    worst = min((answer for _, answer in answers), key=lambda a: _rank(a, upper=upper))
    if len(found) == 1 and part.per is None:
        return worst
    unmet = tuple(sorted(name for name, answer in answers if answer.status != "met"))
    return Answer(status=worst.status, why=worst.why, bound=worst.bound, n=worst.n, open=unmet)


extension = Gate(name="bound", question="Does the bound meet the threshold?", order=40, check=check)
