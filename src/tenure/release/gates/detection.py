"""Can the instrument see an effect as small as the rule asks for?"""

from collections.abc import Mapping, Sequence
from typing import Any

from tenure.release.case import Answer, Case, Gate
from tenure.release.measures import controls_of
from tenure.stats import lower_bound


def smallest_caught(findings: Mapping[str, Any], measure: str) -> float | None:
    """Return the smallest planted rate of this measure that a control was caught at."""
    rates = [
        float(row["truth"][measure])
        for _, row in controls_of(findings)
        if isinstance(row, Mapping)
        and row.get("passed") is True
        and (row.get("found") or {}).get(measure) == "caught"
        and (row.get("truth") or {}).get(measure) is not None
    ]
    return min(rates, default=None)


def seen(findings: Mapping[str, Any], measure: str, dose: float) -> tuple[int, int]:
    """Count (found, planted) over what was planted at this dose, or else at the next one below.

    Read from ``findings["detection_power"]``: rows of ``dose``, ``planted`` and ``found``, and of
    the ``measure`` they are about; a row that names none is about all. Less is seen less often, so
    the nearest dose below says what is seen at least; doses further down would only blur that.
    """
    rows: Sequence[Mapping[str, Any]] = findings.get("detection_power") or ()
    about = [r for r in rows if r.get("measure", measure) == measure and r["dose"] <= dose]
    nearest = max((row["dose"] for row in about), default=None)
    held = [row for row in about if row["dose"] == nearest]
    return sum(int(row["found"]) for row in held), sum(int(row["planted"]) for row in held)


def check(case: Case) -> Answer:
    """Answer "not shown" when nothing shows that an effect of the asked dose would be seen."""
    asked, filed = case.rule.evidence.detects, case.newest
    if filed is None or case.part is None:
        return Answer(status="missing", why="no evidence on record")
    if asked is None:
        return Answer(status="met", why="the rule asks for no power of detection")
    findings = filed.evidence.findings
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
    found, planted = seen(findings, case.part.measure, asked.dose)
    bound = lower_bound(found, planted, case.level) if planted else 0.0
    if not bound > asked.power:
        why_not = (findings.get("detection") or {}).get("why_not")
        unknown = f": {why_not}" if why_not and not planted else ""
        return Answer(
            status="not shown",
            why=f"of {planted} planted at {asked.dose:g} or the next dose below, {found} were found"
            f"{unknown}: the share seen is above {bound:.1%}, and the rule asks for more than "
            f"{asked.power:.1%}",
        )
    return Answer(status="met", why=f"{found} of {planted} planted were found")


extension = Gate(name="detection", question="Would it see one?", order=22, check=check)
