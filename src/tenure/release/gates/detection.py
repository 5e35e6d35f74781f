"""Can the instrument see an effect as small as the rule asks for?"""

import math
from collections.abc import Mapping
from typing import Any

from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import controls_of
from tenure.release.shapes import findings_of, listed, mapping, number, whole
from tenure.stats import lower_bound


def smallest_caught(findings: Mapping[str, Any], measure: str) -> float | None:
    """Return the smallest planted rate of this measure that a control was caught at."""
    rates: list[float] = []
    for _, row in controls_of(findings):
        held = mapping(row) or {}
        found, truth = mapping(held.get("found")) or {}, mapping(held.get("truth")) or {}
        rate = number(truth.get(measure))
        if held.get("passed") is True and found.get(measure) == "caught" and rate is not None:
            rates.append(rate)
    return min(rates, default=None)


def _read(value: Any, measure: str) -> tuple[float, int, int] | None:
    """Read a row as (dose, planted, found), dose infinite where it is about another measure."""
    row = mapping(value)
    if row is None or not isinstance(row.get("measure", measure), str):
        return None
    dose = number(row.get("dose"))
    planted, found = whole(row.get("planted")), whole(row.get("found"))
    if dose is None or planted is None or found is None or found > planted:
        return None
    return dose if row.get("measure", measure) == measure else math.inf, planted, found


def seen(findings: Mapping[str, Any], measure: str, dose: float) -> tuple[int, int] | None:
    """Count (found, planted) over what was planted at this dose, or else at the next one below.

    Read from ``findings["detection_power"]``: rows of ``dose``, ``planted`` and ``found``, and of
    the ``measure`` they are about; a row that names none is about all. Less is seen less often, so
    the nearest dose below says what is seen at least; doses further down would only blur that.
    None where a row has not this shape: it may be the one that counts.
    """
    rows = listed(findings.get("detection_power") or [])
    read = [_read(row, measure) for row in rows or ()]
    about = [row for row in read if row is not None and row[0] <= dose]
    if rows is None or None in read:
        return None
    nearest = max((row[0] for row in about), default=None)
    held = [row for row in about if row[0] == nearest]
    return sum(row[2] for row in held), sum(row[1] for row in held)


def check(case: Case) -> Answer:
    """Answer "not shown" when nothing shows that an effect of the asked dose would be seen."""
    asked, filed = case.rule.evidence.detects, case.newest
    if filed is None or case.part is None:
        return Answer(status="missing", why="no evidence on record")
    if asked is None:
        return Answer(status="met", why="the rule asks for no power of detection")
    findings = findings_of(filed.evidence)
    if asked.power == 0:
        least = smallest_caught(findings, case.part.measure)
        if least is None or least > asked.dose:
            best = "no control was caught" if least is None else f"the least caught was {least:g}"
            return Answer(
                status="not shown",
                why=f"nothing shows that a planted {asked.dose:g} of {case.part.measure} is seen: "
                f"{best}; run the assessment with a control of that dose",
            )
        return Answer(
            status="met", why=f"a control that does it {least:.0%} of the time was caught"
        )
    counted = seen(findings, case.part.measure, asked.dose)
    if counted is None:
        return Answer(
            status="not shown",
            why="findings.detection_power cannot be read: each row has a dose, and counts planted and "
            f"found; {case.again}",
        )
    found, planted = counted
    bound = lower_bound(found, planted, case.level) if planted else 0.0
    if not bound > asked.power:
        why_not = (mapping(findings.get("detection")) or {}).get("why_not")
        unknown = f": {why_not}" if why_not and not planted else ""
        return Answer(
            status="not shown",
            why=f"of {planted} planted at {asked.dose:g} or the next dose below, {found} were found"
            f"{unknown}: the share seen is above {bound:.1%}, and the rule asks for more than "
            f"{asked.power:.1%}",
        )
    return Answer(status="met", why=f"{found} of {planted} planted were found")


extension = Gate(name="detection", question="Would it see one?", order=22, check=check)
