"""What a policy's parts must not say against each other; each finding names its place."""

from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from tenure.errors import unknown
from tenure.release.classes import LADDER, Exemption, ReleaseClass
from tenure.release.parts import Requirement
from tenure.release.rules import Rule

At = tuple[int | str, ...]
Finding = tuple[At, str]


def findings(policy: Any) -> Iterator[Finding]:
    """Yield what does not fit in a :class:`tenure.release.policy.Policy`, the gravest first."""
    for field in ("rules", "classes", "capabilities", "safeguards", "levels", "conditions"):
        yield from _twice(field, [part.id for part in getattr(policy, field)])
    yield from _shared_names(policy)
    if policy.metadata.review_by <= policy.metadata.effective:
        yield (
            ("metadata", "review_by"),
            f"it must be looked at again after {policy.metadata.effective}",
        )
    for number, condition in enumerate(policy.conditions):
        known = [step.id for step in policy.classes]
        if condition.falls_to not in [*known, "none"]:
            at = ("conditions", number, "on_breach")
            yield at, str(unknown("release class", condition.falls_to, [*known, "none"]))
    for number, release in enumerate(policy.classes):
        yield from _class(policy, number, release)
    yield from _ladder(policy.classes)
    yield from _levels(policy)
    for number, rule in enumerate(policy.rules):
        yield from _rule(number, rule)
    yield from _contradictions(policy.rules)
    yield from _exemptions(policy)


def _twice(field: str, names: Sequence[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            kind = field.removesuffix("s") if field != "classes" else "class"
            yield (field, number, "id"), f"{kind} '{name}' is written twice; rename or remove one"
        seen.add(name)


def _shared_names(policy: Any) -> Iterator[Finding]:
    """A verdict is known by its id, so rules, safeguards and capabilities share one set of names."""
    taken: dict[str, str] = {}
    for field, kind in (
        ("rules", "rule"),
        ("safeguards", "safeguard"),
        ("capabilities", "capability"),
    ):
        for number, part in enumerate(getattr(policy, field)):
            if taken.setdefault(part.id, kind) != kind:
                yield (
                    (field, number, "id"),
                    f"'{part.id}' is a {taken[part.id]} already; rename one of them",
                )


def _among(at: At, kind: str, names: Sequence[str], known: Sequence[str]) -> Iterator[Finding]:
    for number, name in enumerate(names):
        if name not in known:
            yield (*at, number), str(unknown(kind, name, known))


def _class(policy: Any, number: int, release: ReleaseClass) -> Iterator[Finding]:
    at, rules = ("classes", number), [rule.id for rule in policy.rules]
    yield from _among((*at, "needs"), "rule", release.needs, rules)
    yield from _among((*at, "watch"), "rule", release.watch, rules)
    conditions = [condition.id for condition in policy.conditions]
    for place, named in enumerate(release.conditions):
        if conditions and " " not in named and named not in conditions:
            yield (*at, "conditions", place), str(unknown("condition", named, conditions))
    levels = [level.id for level in policy.levels]
    if release.max_level is not None:
        yield from _one((*at, "max_level"), "level", release.max_level, levels)
    for place, signoff in enumerate(release.signoffs):
        if signoff.from_level is not None:
            where = (*at, "signoffs", place, "must_if")
            yield from _one(where, "level", signoff.from_level, levels)
    yield from _falls(policy, number, release)


def _one(at: At, kind: str, name: str, known: Sequence[str]) -> Iterator[Finding]:
    if name not in known:
        yield at, str(unknown(kind, name, known))


def _falls(policy: Any, number: int, release: ReleaseClass) -> Iterator[Finding]:
    """A breach leads down: a class that a condition falls to lies below the one it watches."""
    below = [step.id for step in policy.classes[:number]]
    for place, named in enumerate(release.conditions):
        for condition in policy.conditions:
            if condition.id == named and condition.falls_to not in [*below, "none"]:
                yield (
                    ("classes", number, "conditions", place),
                    f"'{named}' falls to '{condition.falls_to}', which does not lie below "
                    f"'{release.id}'; below it lie: {', '.join([*below, 'none'])}",
                )


def _ladder(classes: Sequence[ReleaseClass]) -> Iterator[Finding]:
    heights = [LADDER.index(step.available) for step in classes]
    for number in range(1, len(heights)):
        if heights[number] < heights[number - 1]:
            yield (
                ("classes", number, "id"),
                f"classes are written from the lowest up: {', '.join(LADDER)}",
            )
            return


def _levels(policy: Any) -> Iterator[Finding]:
    capabilities = [capability.id for capability in policy.capabilities]
    safeguards = [safeguard.id for safeguard in policy.safeguards]
    for number, level in enumerate(policy.levels):
        at = ("levels", number)
        if (number == 0) != (not level.when_any):
            yield (
                (*at, "when_any" if number == 0 else "id"),
                "the first level is where every model begins and has no 'when_any'; each later one has",
            )
        for place, when in enumerate(level.when_any):
            yield from _one(
                (*at, "when_any", place, "capability"), "capability", when.capability, capabilities
            )
        where = (*at, "requires", "safeguards")
        yield from _among(where, "safeguard", level.requires.safeguards, safeguards)


def _rule(number: int, rule: Rule) -> Iterator[Finding]:
    sources = len(rule.assessments)
    if rule.parts and rule.evidence.min_kinds > sources:
        yield (
            ("rules", number, "evidence", "min_kinds"),
            f"{rule.evidence.min_kinds} kinds of evidence cannot come from "
            f"{sources} assessment{'s' if sources > 1 else ''}; list the others under 'all'",
        )


def _overlap(one: Requirement, two: Requirement) -> bool:
    """Say whether some measure could be meant by both."""
    if one.assessment != two.assessment:
        return False
    a, b = one.pattern, two.pattern
    return a == b or fnmatchcase(a, b) or fnmatchcase(b, a)


def _contradictions(rules: Sequence[Rule]) -> Iterator[Finding]:
    """Find two rules that no measure could meet together: below 0.1 and above 0.2."""
    held: list[tuple[int, Rule, Requirement]] = [
        (number, rule, part) for number, rule in enumerate(rules) for part in rule.parts
    ]
    for place, (number, rule, part) in enumerate(held):
        for _, other, before in held[:place]:
            sides = {part.require.bound: part.require, before.require.bound: before.require}
            if len(sides) < 2 or not _overlap(part, before):
                continue
            if sides["lower"].threshold >= sides["upper"].threshold:
                yield (
                    ("rules", number),
                    f"'{rule.id}' ({part.pattern}: {part.require.words}) and '{other.id}' "
                    f"({before.require.words}) cannot both hold; drop or mend one of them",
                )


def _exemptions(policy: Any) -> Iterator[Finding]:
    limits, names = policy.exemption_limits, [rule.id for rule in policy.rules]
    for number, exemption in enumerate(policy.exemptions):
        at = ("exemptions", number)
        if exemption.rule not in names:
            yield (*at, "rule"), str(unknown("rule", exemption.rule, names))
            continue
        yield from _exemption(policy, at, exemption)
    if len(policy.exemptions) > limits.max_open:
        yield (
            ("exemptions", limits.max_open),
            f"{len(policy.exemptions)} exemptions, and at most {limits.max_open} may be open; "
            "close one first",
        )


def _exemption(policy: Any, at: At, exemption: Exemption) -> Iterator[Finding]:
    rule: Rule = policy.rule(exemption.rule)
    if rule.severity == "blocker":
        yield (
            (*at, "rule"),
            f"rule '{rule.id}' is a blocker; a blocker has no exemption: remove it, or have the "
            "owner of the policy make the rule a major",
        )
    axes = {part.per for part in rule.parts if part.per}
    for axis in exemption.scope:
        if axis not in axes:
            yield (*at, "scope"), str(unknown(f"axis of rule '{rule.id}'", axis, axes))
    limits, rival = policy.exemption_limits, exemption.type == "competitor"
    clause = limits.competitor_clause
    most = clause.max_days if rival else limits.max_days
    since = exemption.since or policy.metadata.effective
    days = (date.fromisoformat(exemption.expires) - date.fromisoformat(since)).days
    if not 0 < days <= most:
        yield (
            (*at, "expires"),
            f"it would hold for {days} days from {since}, and 1 to {most} are allowed",
        )
    wanted = clause.approvals if rival else ()
    lacking = [role for role in wanted if role not in exemption.approvals]
    if lacking:
        yield (*at, "approvals"), f"a competitor clause needs the approval of {', '.join(lacking)}"
    if len(set(exemption.approvals)) < limits.approvals:
        yield (
            (*at, "approvals"),
            f"{limits.approvals} approvals of different roles are needed",
        )
