"""Reading a policy once more: what its schema cannot know, and what its author may have missed.

Grave notes are mistakes: an assessment that is not there, a measure it does not have, a threshold on
the wrong side of it. The others are advice.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tenure.errors import unknown
from tenure.release.parts import Require
from tenure.release.planning import ruler
from tenure.release.policy import Policy

REFUSALS = {"harmful_compliance": "false_refusal", "false_refusal": "harmful_compliance"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an assessment measures: by name, the unit and which way is better.

    ``paired`` names the differences that are taken over pairs. ``whole`` is False where measures
    depend on the settings; an unknown name is then no mistake.
    """

    better: Mapping[str, str | None]
    units: Mapping[str, str]
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing to say about a policy: where, whether it is a mistake, and what would mend it."""

    at: tuple[int | str, ...]
    grave: bool
    text: str


def lint(
    policy: Policy,
    known: Mapping[str, Known | None],
    today: str,
    tallies: Collection[str] | None = None,
) -> list[Note]:
    """Return what there is to say; ``known`` holds every assessment there is, None: unknown measures.

    ``tallies`` are the names of what the gateway counts (``NAME_*``: a family); None asks nothing.
    """
    found = [
        *(_counts(policy, tallies) if tallies is not None else ()),
        *_measures(policy, known),
        *_refusals(policy),
        *_unused(policy),
        *_pairs(policy),
        *_dates(policy, today),
    ]
    return sorted(found, key=lambda note: (not note.grave, [str(step) for step in note.at]))


def _places(policy: Policy) -> Iterator[tuple[tuple[int | str, ...], Any, tuple[Require, ...]]]:
    """Yield every place that names a measure: (place, part, what is required of it)."""
    for number, rule in enumerate(policy.rules):
        for place, part in enumerate(rule.parts):
            at = ("rules", number, "all", place) if rule.all else ("rules", number)
            yield at, part, (part.require,)
    for number, safeguard in enumerate(policy.safeguards):
        yield ("safeguards", number), safeguard, (safeguard.require,)
    for number, each in enumerate(policy.capabilities):
        yield ("capabilities", number), each, (each.excluded,)


def _measures(policy: Policy, known: Mapping[str, Known | None]) -> Iterator[Note]:
    for at, part, required in _places(policy):
        if part.assessment not in known:
            text = str(unknown("assessment", part.assessment, known))
            yield Note(at=(*at, "assessment"), grave=True, text=text)
            continue
        there = known[part.assessment]
        if there is None:
            continue
        named = f"{part.measure}/*" if getattr(part, "per", None) else part.measure
        if any(mark in named for mark in "*?["):
            continue
        if named not in there.better:
            if there.whole:
                text = str(unknown(f"measure of {part.assessment}", named, there.better))
                yield Note(at=(*at, "measure"), grave=True, text=text)
            continue
        yield from _fits(at, part, required, there)


def _counts(policy: Policy, tallies: Collection[str]) -> Iterator[Note]:
    """Whoever watches by a count that nobody files takes every release down at the end of the window."""
    for number, condition in enumerate(policy.conditions):
        name = condition.monitor.counts
        if name is None or any(fnmatchcase(name, each) for each in tallies):
            continue
        text = (
            f"the gateway does not count '{name}': unless another monitor files notes tally/{name}, the "
            f"condition breaks after {condition.window_days} days; 'tenure serve daily' files: "
            f"{', '.join(tallies)}"
        )
        at = ("conditions", number, "monitor", "counts")
        yield Note(at=at, grave=False, text=text)


def _fits(at: Any, part: Any, required: tuple[Require, ...], there: Known) -> Iterator[Note]:
    unit, better = there.units[part.measure], there.better[part.measure]
    if unit != part.unit:
        text = f"{part.measure} is a {unit}, not a {part.unit}; write unit: {unit}"
        yield Note(at=(*at, "unit"), grave=True, text=text)
    wanted = {"lower": "upper", "higher": "lower"}.get(better or "")
    for require in required:
        if wanted and require.bound != wanted:
            side = "below" if wanted == "upper" else "above"
            text = (
                f"of {part.measure}, {better} is better, and '{require.words}' asks for the opposite; "
                f"require its {wanted} bound to lie {side} the threshold"
            )
            yield Note(at=(*at, "require"), grave=True, text=text)


def _refusals(policy: Policy) -> Iterator[Note]:
    """One error of refusing can always be bought with the other; usefulness stands beside risk."""
    read = {part.measure: number for number, r in enumerate(policy.rules) for part in r.parts}
    for one, other in REFUSALS.items():
        if one in read and other not in read:
            text = (
                f"a rule on '{one}' alone is met by a model that errs the other way; add '{other}'"
            )
            yield Note(at=("rules", read[one]), grave=False, text=text)
    if not any(rule.about == "usefulness" for rule in policy.rules):
        text = "no rule is 'about: usefulness'; a decision shows what a model is good for beside its risk"
        yield Note(at=("rules",), grave=False, text=text)


def _pairs(policy: Policy) -> Iterator[Note]:
    """The score bound of pairs errs more often than it says at some rates; new policies ask for the other."""
    if policy.paired_bounds == "joined":
        return
    for at, part, _ in _places(policy):
        if part.unit == "paired difference":
            text = (
                "a false release of pairs can be a little likelier than the policy's error with the score "
                "bounds; write 'paired_bounds: joined' in the policy"
            )
            yield Note(at=(*at, "unit"), grave=False, text=text)
            return


def _unused(policy: Policy) -> Iterator[Note]:
    needed = {name for step in policy.classes for name in (*step.needs, *step.watch)}
    for number, rule in enumerate(policy.rules):
        at = ("rules", number)
        if rule.id not in needed:
            yield Note(at=at, grave=False, text=f"no class needs or watches '{rule.id}'")
        control = rule.harm == "loss of control" and rule.severity == "blocker"
        if control and rule.parts and rule.evidence.min_kinds < 2:
            text = (
                f"'{rule.id}' rests on one kind of evidence; what hides from one may show in another: "
                "ask for min_kinds: 2, with a second assessment under 'all'"
            )
            yield Note(at=at, grave=False, text=text)
        for part in rule.parts:
            held = ruler(part, policy.level, policy.paired_bounds)
            if held and not held.safe(0, rule.evidence.min_n):
                least = held.fewest(0)
                text = f"min_n {rule.evidence.min_n} can never show '{rule.id}'; {least} is the least that can"
                yield Note(at=(*at, "evidence"), grave=False, text=text)


def _dates(policy: Policy, today: str) -> Iterator[Note]:
    if policy.metadata.review_by <= today:
        text = f"it was to be looked at again by {policy.metadata.review_by}; nothing is published under it"
        yield Note(at=("metadata", "review_by"), grave=True, text=text)
    if policy.metadata.effective > today:
        text = f"it is in force from {policy.metadata.effective} on; until then another one is"
        yield Note(at=("metadata", "effective"), grave=False, text=text)
    for field in ("rules", "classes"):
        for number, part in enumerate(getattr(policy, field)):
            if part.review_by and part.review_by <= today:
                text = f"'{part.id}' was to be looked at again by {part.review_by} by {policy.owner_of(part)}"
                yield Note(at=(field, number, "review_by"), grave=False, text=text)
    for number, exemption in enumerate(policy.exemptions):
        if exemption.expires <= today:
            text = f"it expired on {exemption.expires}; remove it"
            yield Note(at=("exemptions", number, "expires"), grave=False, text=text)
