"""Usefulness beside risk: is a model on the frontier of what it is good for and what it costs?

Quality is what the policy's rules about usefulness read; cost is output tokens for each answer, as
counted when that was measured. A model is dominated when another that was decided for release costs
no more, is shown to be better in one of these measures (intervals apart), and is nowhere estimated
to be worse. A model that was held dominates nobody: one that answers everything is cheap and useful.
Both refusal errors stand beside: what it answers and should not, what it declines and should answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenure.dossier.nouns import Evidence, Measure, Model, Record
from tenure.dossier.stage import View
from tenure.release.parts import Requirement
from tenure.release.policy import Policy

REFUSALS = "assess/refusals"
ERRORS = ("harmful_compliance", "false_refusal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality(Record):
    """One measure of usefulness. ``sign`` is 1 where higher is better, -1 where lower is."""

    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    sign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot(Record):
    """Where a model stands: its quality, and its cost in output tokens for each answer.

    ``released``: it was decided for release and is not retired, so it could be taken instead.
    """

    model: str
    quality: tuple[Quality, ...]
    tokens: float | None
    released: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "model": self.model,
            "quality": [each.to_json() for each in self.quality],
            "tokens_per_answer": self.tokens,
            "released": self.released,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Usefulness(Record):
    """The frontier point. ``standing`` is undominated, dominated, or not shown."""

    standing: str
    why: str
    spot: Spot
    others: tuple[Spot, ...]
    dominated_by: tuple[str, ...]
    refusals: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "standing": self.standing,
            "why": self.why,
            "spot": self.spot.to_json(),
            "others": [each.to_json() for each in self.others],
            "dominated_by": list(self.dominated_by),
            "refusals": [dict(row) for row in self.refusals],
        }


def dominates(other: Spot, spot: Spot) -> bool:
    """Say whether another model, which could be taken instead, is shown to be better for no more."""
    if (
        not other.released
        or other.tokens is None
        or spot.tokens is None
        or other.tokens > spot.tokens
    ):
        return False
    theirs = {each.measure: each for each in other.quality}
    pairs = [(mine, theirs[mine.measure]) for mine in spot.quality if mine.measure in theirs]
    if not pairs or len(pairs) < len(spot.quality):
        return False
    return any(_shown(mine, their) for mine, their in pairs) and all(
        _no_worse(mine, their) for mine, their in pairs
    )


def _shown(mine: Quality, their: Quality) -> bool:
    if mine.sign > 0:
        return their.low is not None and mine.high is not None and their.low > mine.high
    return their.high is not None and mine.low is not None and their.high < mine.low


def _no_worse(mine: Quality, their: Quality) -> bool:
    if their.estimate is None or mine.estimate is None:
        return False
    return their.sign * (their.estimate - mine.estimate) >= 0


def judge(spot: Spot, others: Sequence[Spot], refusals: Sequence[Mapping[str, Any]]) -> Usefulness:
    """Place a model among the others; a pure function."""
    comparable = [each for each in others if each.quality and each.tokens is not None]
    by = tuple(each.model for each in comparable if dominates(each, spot))
    if by:
        standing = "dominated"
        why = f"{', '.join(by)} is shown to be better for no more tokens an answer"
    elif not spot.quality or spot.tokens is None:
        standing = "not shown"
        lacks = (
            "measure that a rule about usefulness reads" if not spot.quality else "count of tokens"
        )
        why = f"no {lacks} is on record of {spot.model}"
    else:
        standing = "undominated"
        could = sum(each.released for each in comparable)
        why = f"none of {could} other models decided for release is shown to be better for no more"
    return Usefulness(
        standing=standing,
        why=why,
        spot=spot,
        others=tuple(comparable),
        dominated_by=by,
        refusals=tuple(refusals),
    )


def _sign(measure: Measure, part: Requirement) -> int:
    if measure.better is not None:
        return 1 if measure.better == "higher" else -1
    return 1 if part.require.bound == "lower" else -1


def spot_of(policy: Policy, evidence: Mapping[str, Evidence], model: str) -> Spot:
    """Read a model's place from its newest evidence, by name."""
    calls = tokens = 0
    parts = [part for rule in policy.rules if rule.about == "usefulness" for part in rule.parts]
    for name in dict.fromkeys(part.assessment for part in parts):
        held = evidence.get(name)
        usage = usage_of(held) if held else {}
        calls, tokens = calls + usage.get("calls", 0), tokens + usage.get("output_tokens", 0)
    quality = tuple(
        Quality(
            measure=f"{part.assessment} {m.name}",
            estimate=m.estimate,
            low=m.low,
            high=m.high,
            n=m.n,
            sign=_sign(m, part),
        )
        for part in parts
        if (held := evidence.get(part.assessment)) is not None
        for m in held.measures
        if part.fits(m.name) and m.estimate is not None
    )
    return Spot(model=model, quality=quality, tokens=round(tokens / calls, 1) if calls else None)


def usage_of(evidence: Evidence) -> dict[str, int]:
    """Return calls, input_tokens and output_tokens of a run, where they were counted."""
    usage: Any = evidence.runtime.get("usage")
    if not isinstance(usage, Mapping):
        return {}
    found: Mapping[str, Any] = usage.get("new", usage)
    names = ("calls", "input_tokens", "output_tokens")
    return {name: int(found[name]) for name in names if name in found}


def _newest(policy: Policy, view: View, model: str) -> dict[str, Evidence]:
    rules = [rule for rule in policy.rules if rule.about == "usefulness"]
    names = {REFUSALS, *(name for rule in rules for name in rule.assessments)}
    held = {name: view.evidence(name, model) for name in sorted(names)}
    return {name: found for name, found in held.items() if found is not None}


def _released(view: View, model: str) -> bool:
    decided = view.evidence("release/decide", model)
    outcome = decided.findings.get("decision") if decided else None
    return outcome in ("release", "conditional") and view.state(model).stage != "retired"


def usefulness(policy: Policy, model: Model, view: View) -> Usefulness:
    """Place a model among those of the dossier that could be released instead."""
    mine = _newest(policy, view, model.id)
    others = [
        replace(
            spot_of(policy, _newest(policy, view, each.id), each.id),
            released=_released(view, each.id),
        )
        for each in view.models()
        if each.id != model.id and not view.state(each.id).containment
    ]
    held = mine.get(REFUSALS)
    fields = ("estimate", "lower", "upper", "level", "n", "missing")
    errors = [
        {"measure": m.name} | {name: getattr(m, name) for name in fields}
        for m in (held.measures if held else ())
        if m.name in ERRORS
    ]
    return judge(spot_of(policy, mine, model.id), others, errors)
