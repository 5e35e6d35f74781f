"""Is it known exactly with what it was measured, where the rule asks for that?"""

from collections.abc import Mapping
from typing import Any

from tenure.dossier.canonical import digest_of
from tenure.release.case import Answer, Case, Gate
from tenure.release.shapes import findings_of


def pinned(scenarios: Any) -> str | None:
    """Return the digest that scenarios are known by, or None where one of them has none.

    Assessments write a mapping of names to digests: it is known by the digest of its canonical JSON.
    """
    if isinstance(scenarios, str):
        return scenarios if scenarios.startswith("sha256:") else None
    if not isinstance(scenarios, Mapping) or not scenarios:
        return None
    digests: Mapping[str, Any] = scenarios
    named = all(isinstance(d, str) and d.startswith("sha256:") for d in digests.values())
    return digest_of(digests) if named else None


def check(case: Case) -> Answer:
    """Answer "not shown" when the evidence does not name its scenarios by digest, or names others."""
    asked, filed = case.rule.evidence, case.newest
    if filed is None:
        return Answer(status="missing", why="no evidence on record")
    if not asked.harness_pinned and asked.harness is None:
        return Answer(status="met", why="the rule asks for no pinned harness")
    named = pinned(findings_of(filed.evidence).get("scenarios"))
    if named is None:
        return Answer(
            status="not shown",
            why="the evidence does not say by digest with which scenarios it was measured, and the "
            "rule asks for it",
        )
    if asked.harness is not None and named != asked.harness:
        return Answer(
            status="not shown",
            why=f"it was measured with the scenarios {named[:19]}..., and the rule is about "
            f"{asked.harness[:19]}...",
        )
    return Answer(status="met", why=f"measured with {named[:19]}...")


extension = Gate(name="harness", question="With what was it measured?", order=26, check=check)
