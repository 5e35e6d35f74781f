"""Does every model that graded evidence agree with people as far as the rule asks?"""

from collections.abc import Mapping
from typing import Any

from tenure.release.case import Answer, Case, Filed, Gate
from tenure.release.measures import judges, rested_on
from tenure.release.shapes import mapping, number, whole

Ends = tuple[float | None, float | None, int | None]


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
        ends = _ends(card, asked.agreement)
        if ends is None:
            return _unread(one, name, asked.agreement)
        low, high, n = ends
        if low is None or high is None:
            return _silent(one, name, asked.agreement)
        safe, unsafe = (high, low) if upper else (low, high)
        if (safe < limit) if upper else (safe > limit):
            continue
        past = (unsafe >= limit) if upper else (unsafe <= limit)
        return Answer(
            status="not met" if past else "not shown",
            why=f"the judge '{name}' behind {one.evidence.name}: {asked.agreement} with people between "
            f"{low:.2f} and {high:.2f} (n {n}); the rule asks for its "
            f"{asked.require.words}",
            bound=safe,
            n=n,
        )
    if not cards:
        return Answer(status="met", why=f"no model graded any of the {len(held)} evidences")
    return Answer(status="met", why=f"{len(cards)} judges agree with people as far as asked")


def _ends(card: Mapping[str, Any] | None, agreement: str) -> Ends | None:
    """Read (low, high, n) from a card, None what is not there; nothing where it cannot be read."""
    row = mapping(card.get(agreement) or {}) if card is not None else None
    if row is None:
        return None
    low, high = number(row.get("low")), number(row.get("high"))
    for given, found in ((row.get("low"), low), (row.get("high"), high)):
        if given is not None and found is None:
            return None
    return low, high, whole(row.get("n"))


def _unread(one: Filed, name: str, agreement: str) -> Answer:
    return Answer(
        status="not shown",
        why=f"findings.graders of {one.evidence.name} cannot be read at '{name}': a card is a mapping, "
        f"and its {agreement} has the numbers low and high; measure it again",
    )


def _silent(one: Filed, name: str, agreement: str) -> Answer:
    return Answer(
        status="missing",
        why=f"the judge '{name}' behind {one.evidence.name} has no {agreement} with people on its card; "
        "have people read a sample with 'tenure review'",
    )


extension = Gate(name="judge", question="Is the judge valid?", order=2, check=check, scope="check")
