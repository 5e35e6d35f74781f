"""What if: which verdicts and which class would change with another threshold, or other evidence.

What is supposed is never written, and never mixed with what was found: it is judged in memory.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml
from pydantic import ValidationError

from tenure import documents
from tenure.dossier.nouns import Evidence, Measure, Recipe
from tenure.errors import UsageError, unknown
from tenure.measure import estimate
from tenure.release.case import Docket, Filed
from tenure.release.measures import at_level
from tenure.release.parts import Requirement
from tenure.release.planning import MOST, Ruler, ruler
from tenure.release.policy import Policy, Rule
from tenure.release.verdict import Verdict

SUPPOSED = "supposed"
LISTS = ("rules", "safeguards", "capabilities", "classes")


def changed(policy: Policy, settings: Sequence[str]) -> Policy:
    """Return the policy with ``FIELD=VALUE`` or ``ID.FIELD=VALUE`` applied.

    ID is a rule, safeguard, capability or class; ``threshold`` stands for the number of a bound.

    Raises:
        UsageError: not of that form, no such id or field, or a policy that does not hold together.
    """
    document = policy.model_dump(mode="json")
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting}: write it as RULE.threshold=0.05 or confidence=0.99")
        _put(document, path.strip().split("."), yaml.safe_load(value), setting)
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        words = documents.told(error, Policy, whole="policy")
        raise UsageError(f"with {', '.join(settings)} the policy does not hold: {words}") from None


def _put(document: dict[str, Any], path: list[str], value: Any, setting: str) -> None:
    held: Any = document
    named = {part["id"]: part for field in LISTS for part in document[field]}
    if len(path) > 1 and path[0] not in document:
        if path[0] not in named:
            raise unknown("rule, safeguard, capability or class", path[0], named)
        held, path = named[path[0]], path[1:]
    if path == ["threshold"]:
        require: dict[str, Any] | None = held.get("require")
        if require is None:
            raise UsageError(f"--set {setting}: it has no single bound; name the field instead")
        path, held = ["lt" if require["bound"] == "upper" else "gt"], require
    for name in path[:-1]:
        if not isinstance(held.get(name), dict):
            raise unknown("field", name, held)
        held = held[name]
    if path[-1] not in held:
        raise unknown("field", path[-1], held)
    held[path[-1]] = value


def supposed(policy: Policy, docket: Docket, given: Sequence[str]) -> Docket:
    """Return the docket as it would be with ``MEASURE=FAILURES/N`` measured in its place.

    MEASURE is a name that a rule reads, or ``assessment measure`` where two assessments have it.
    For a paired difference FAILURES are pairs where only the first arm has the event. Whatever else
    the newest evidence says (controls, kind, plan) stays; where there is none, it is supposed to be
    in order.

    Raises:
        UsageError: not of that form, or no rule reads such a measure.
    """
    for each in given:
        rule, part, failures, n = _read(policy, each)
        held = docket.newest.get(part.assessment)
        level = policy.level_of(held.attempt if held else 1)
        measure = _measure(part, (failures, n), level, policy.paired_bounds)
        filed = _filed(docket, rule, part, held, measure)
        docket = replace(docket, filed=[*docket.filed, filed])
    return docket


def _read(policy: Policy, given: str) -> tuple[Rule, Requirement, int, int]:
    name, _, counts = given.rpartition("=")
    k, _, n = counts.partition("/")
    if not (name and k.isdigit() and n.isdigit() and 0 <= int(k) <= int(n) and int(n) > 0):
        raise UsageError(
            f"--evidence {given}: write it as MEASURE=FAILURES/N, as in harmful_compliance=0/300"
        )
    known = {
        label: (rule, part)
        for rule in policy.rules
        for part in rule.parts
        for label in (part.measure, f"{part.assessment} {part.measure}")
    }
    if name not in known:
        raise unknown("measure that a rule reads", name, known)
    return *known[name], int(k), int(n)


def _measure(part: Requirement, counts: tuple[int, int], level: float, paired: str) -> Measure:
    """Make a measure out of supposed (failures, n), by the estimators that real ones go through."""
    failures, n = counts
    if part.unit == "paired difference":
        rows = [
            {"pair": str(i), "arm": arm, "value": arm == "first" and i < failures}
            for i in range(n)
            for arm in ("first", "second")
        ]
        recipe = Recipe(
            estimator="paired_difference", value="value", arm="arm", arms=("first", "second"),
            pair="pair", level=level, options={"bounds": paired} if paired != "score" else {},
        )  # fmt: skip
        return estimate(
            rows, recipe, name=part.measure, unit="difference", samples=None, note=SUPPOSED
        )
    if part.unit != "proportion":
        raise UsageError(
            f"{part.measure} is a {part.unit}, whose spread cannot be supposed from counts"
        )
    records = [{"value": i < failures} for i in range(n)]
    recipe = Recipe(estimator="proportion", value="value", level=level)
    return estimate(
        records, recipe, name=part.measure, unit="proportion", samples=None, note=SUPPOSED
    )


def _filed(
    docket: Docket, rule: Rule, part: Requirement, held: Filed | None, measure: Measure
) -> Filed:
    if held is not None:
        others = tuple(m for m in held.evidence.measures if not part.fits(m.name))
        evidence = replace(held.evidence, measures=(*others, measure))
        return replace(held, evidence=evidence, digest="")
    evidence = Evidence(
        name=part.assessment,
        model=docket.model.id,
        summary=SUPPOSED,
        kind=rule.evidence.kinds[0],
        measures=(measure,),
        findings={"controls": [{"name": SUPPOSED, "passed": True}]},
    )
    index = max((f.index for f in docket.filed), default=0) + 1
    index = max(index, 1 + (docket.criteria or 0))
    return Filed(evidence=evidence, time=docket.now, index=index)


def enough(policy: Policy, verdict: Verdict, docket: Docket) -> dict[str, Any] | None:
    """Say what n would turn a "not shown" by the bound into "met"; None where that is not the matter.

    ``same_rate``: if what comes is like what came, ``no_more``: if no further failure comes; both
    None where no n would do. Where samples came in clusters, they are taken to be worth as little
    as these were (``worth``). A paired difference is taken to have no pair the other way round.
    """
    if verdict.verdict != "not shown" or verdict.gate not in ("bound", "size"):
        return None
    rule = policy.rule(verdict.rule)
    part = next((p for p in rule.parts if p.pattern == verdict.measure), None)
    held = ruler(part, verdict.level, policy.paired_bounds) if part else None
    if part is None or held is None:
        return None
    filed = docket.newest[part.assessment]
    found = [
        m for m in filed.evidence.measures if part.fits(m.name) and m.estimate is not None and m.n
    ]
    worst = max(found, key=lambda m: _failures(part, m) / m.n, default=None)
    if worst is None:
        return None
    failures = _failures(part, worst)
    there = at_level(worst, verdict.level, docket.read, policy.paired_bounds)
    worth = _worth(held, failures / worst.n, there or worst)
    times, least = worst.n / worth, max(rule.evidence.min_n, worst.n)
    none = held.fewest(math.ceil(failures / times))
    same = _same_rate(held, failures / worst.n, max(1, int(least / times)))
    return {
        "measure": worst.name,
        "n_now": worst.n,
        "worth": round(worth, 1),
        "no_more": max(math.ceil(none * times), least) if none else None,
        "same_rate": math.ceil(same * times) if same else None,
    }


def _worth(held: Ruler, rate: float, measure: Measure) -> float:
    """Find how many independent samples would have given the bound that the samples gave."""
    upper = held.part.require.bound == "upper"
    bound = measure.upper if upper else measure.lower
    if bound is None or measure.clusters is None:
        return float(measure.n)
    low, high = 1.0, float(measure.n)
    for _ in range(60):
        middle = (low + high) / 2
        value = held.bound(rate * middle, middle)
        wide = value > bound if upper else value < bound
        low, high = (middle, high) if wide else (low, middle)
    return high


def _failures(part: Requirement, measure: Measure) -> int:
    value = measure.estimate or 0.0
    if part.require.bound == "upper":
        return max(0, round(value * measure.n))
    whole = value if part.unit == "proportion" else 1 + value
    return max(0, round((1 - whole) * measure.n))


def _same_rate(held: Ruler, rate: float, least: int) -> int | None:
    n = least
    while n <= MOST:
        if held.safe(round(rate * n), n):
            return n
        n += max(1, n // 50)
    return None


def side_by_side(now: Sequence[Verdict], then: Sequence[Verdict]) -> list[Mapping[str, str]]:
    """Put verdicts beside each other, one row a rule."""
    after = {v.rule: v for v in then}
    return [
        {
            "rule": v.rule,
            "severity": v.severity,
            "now": v.verdict,
            "then": after[v.rule].verdict if v.rule in after else "(absent)",
            "why": (after.get(v.rule) or v).why,
        }
        for v in now
    ]
