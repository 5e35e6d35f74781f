"""Does every model that graded evidence agree with people as far as the rule asks?"""

from tenure.release.case import Answer, Case, Filed, Gate
from tenure.release.measures import judges, rested_on


def check(case: Case) -> Answer:
    """Answer "not shown" or "not met" by the bounds on the card of each judge.

    Applies to evidence of the kind "judge" and to graders whose card says ``scorer: model``.
    """
    asked = case.rule.check.judge if case.rule.check else None
    if asked is None:
        return Answer(status="met", why="the rule asks about no judge")
    held = rested_on(case)
    if not held:
        return Answer(status="missing", why="no evidence on record that another rule rests on")
    cards = [(one, name, card) for one in held for name, card in judges(one.evidence)]
    upper, limit = asked.require.bound == "upper", asked.require.threshold
    for one, name, card in cards:
        row = card.get(asked.agreement) or {}
        safe, unsafe = (row.get("high"), row.get("low"))[:: 1 if upper else -1]
        if safe is None or unsafe is None:
            return _silent(one, name, asked.agreement)
        if (safe < limit) if upper else (safe > limit):
            continue
        past = (unsafe >= limit) if upper else (unsafe <= limit)
        return Answer(
            status="not met" if past else "not shown",
            why=f"the judge '{name}' behind {one.evidence.name}: {asked.agreement} with people between "
            f"{row['low']:.2f} and {row['high']:.2f} (n {row.get('n')}); the rule asks for its "
            f"{asked.require.words}",
            bound=safe,
            n=row.get("n"),
        )
    if not cards:
        return Answer(status="met", why=f"no model graded any of the {len(held)} evidences")
    return Answer(status="met", why=f"{len(cards)} judges agree with people as far as asked")


def _silent(one: Filed, name: str, agreement: str) -> Answer:
    return Answer(
        status="missing",
        why=f"the judge '{name}' behind {one.evidence.name} has no {agreement} with people on its card; "
        "have people read a sample with 'tenure review'",
    )


extension = Gate(name="judge", question="Is the judge valid?", order=2, check=check, scope="check")
