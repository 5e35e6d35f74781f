"""Which exemption, if any, sets an unmet rule aside today."""

from collections.abc import Mapping
from typing import Any

from tenure.release.classes import Exemption
from tenure.release.policy import Policy, Rule
from tenure.release.verdict import Verdict


def live(policy: Policy, exemption: Exemption, today: str) -> bool:
    """Say whether an exemption is in force; on the day it expires it no longer is."""
    return (exemption.since or policy.metadata.effective) <= today < exemption.expires


def _within(exemption: Exemption, rule: Rule, verdict: Verdict) -> bool:
    """Say whether only what the exemption's scope names is unmet."""
    if not exemption.scope:
        return True
    allowed = {
        f"{part.measure}/{exemption.scope[part.per]}"
        for part in rule.parts
        if part.per in exemption.scope
    }
    rows: tuple[Mapping[str, Any], ...] = verdict.parts or (verdict.to_json(),)
    unmet = [row for row in rows if row["verdict"] != "met"]
    return all(row.get("open") and set(row["open"]) <= allowed for row in unmet)


def covering(policy: Policy, verdict: Verdict, today: str) -> Exemption | None:
    """Return the exemption that sets this unmet verdict aside today; a blocker has none."""
    if verdict.severity == "blocker":
        return None
    for exemption in policy.exemptions:
        fits = exemption.rule == verdict.rule and live(policy, exemption, today)
        if fits and _within(exemption, policy.rule(verdict.rule), verdict):
            return exemption
    return None
