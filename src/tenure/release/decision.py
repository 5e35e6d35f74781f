"""From verdicts to a decision: the highest class whose rules are all met, or a hold.

A hold is a decision like any other: it says why, and what would reopen it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.dossier.canonical import digest_of
from tenure.release.case import Standing
from tenure.release.classes import Exemption
from tenure.release.exemptions import covering
from tenure.release.ledgers import REMEDIES
from tenure.release.levels import Danger
from tenure.release.points import Point, holding
from tenure.release.policy import Policy, ReleaseClass, SignOff
from tenure.release.verdict import Verdict, gates


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about a model, under which policy, and why.

    ``bundle`` is the digest of everything that was judged; a sign-off signs exactly that.
    ``danger`` is the level that was derived, with its capabilities and safeguards; ``signoffs`` are
    those without which it cannot be released, the level's approvals and those of the exemptions used
    among them; ``opinions`` those that are asked for and do not stop anything.
    """

    model: str
    decision: Literal["release", "conditional", "hold"]
    release_class: str | None
    verdicts: tuple[Verdict, ...]
    reasons: tuple[str, ...]
    reopen_if: tuple[str, ...]
    conditions: tuple[str, ...]
    exemptions: tuple[str, ...]
    notice_days: int | None
    signoffs: tuple[SignOff, ...]
    bundle: str
    danger: Danger | None = None
    opinions: tuple[SignOff, ...] = ()
    availability: str | None = None

    @property
    def summary(self) -> str:
        """Say it in a sentence."""
        if self.decision == "hold":
            return f"Held: {self.reasons[0]}"
        words = "Released" if self.decision == "release" else "Released on conditions"
        return f"{words} to {self.release_class}: {self.reasons[0]}"

    def findings(self) -> dict[str, Any]:
        """Return what evidence holds of it."""
        level = self.danger.to_json() if self.danger and self.danger.level else None
        return ({"level": level} if level else {}) | {
            "decision": self.decision,
            "class": self.release_class or "none",
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
            "reasons": list(self.reasons),
            "reopen_if": list(self.reopen_if),
            "conditions": list(self.conditions),
            "exemptions": list(self.exemptions),
            "notice_days": self.notice_days,
            "bundle": self.bundle,
        }


def _reached(
    policy: Policy, found: dict[str, Verdict], danger: Danger | None, today: str
) -> tuple[ReleaseClass | None, list[Verdict], dict[str, Exemption]]:
    """Climb the ladder: the last class reached, what stopped the next one, exemptions used."""
    reached, used = None, dict[str, Exemption]()
    for step in policy.classes:
        names = [rule.id for rule in policy.needs(step.id)] + list(danger.needed if danger else ())
        unmet = [found[name] for name in names if found[name].verdict != "met"]
        aside = {v.rule: x for v in unmet if (x := covering(policy, v, today))}
        open_ones = [v for v in unmet if v.rule not in aside]
        if open_ones or _too_dangerous(policy, step, danger):
            return reached, open_ones, used
        reached, used = step, aside
    return reached, [], used


def _too_dangerous(policy: Policy, step: ReleaseClass, danger: Danger | None) -> str | None:
    """Say why a class is not for a model of this level, or None."""
    if danger is None or danger.level is None or step.max_level is None:
        return None
    ids = [level.id for level in policy.levels]
    if ids.index(danger.level) <= ids.index(step.max_level):
        return None
    because = f" ({'; '.join(danger.because)})" if danger.because else ""
    return f"{step.id} is for models up to {step.max_level}, and this one is at {danger.level}{because}"


def _reopen(policy: Policy, model: str, open_ones: Sequence[Verdict]) -> tuple[str, ...]:
    found: list[str] = []
    safeguards = {each.id for each in policy.safeguards}
    for v in open_ones:
        asked = None if v.rule in safeguards else policy.rule(v.rule).check
        if v.assessment:
            found.append(f"{v.assessment} shows {v.measure} with its {v.require}")
        elif asked and asked.ledger in REMEDIES:
            found.append(f"{v.require}: {REMEDIES[asked.ledger].format(model)}")
        else:
            found.append(v.require)
    return tuple(found)


def _reason(verdict: Verdict) -> str:
    return f"{verdict.rule} is {verdict.verdict}: {verdict.why}"


def derive(
    standing: Standing,
    found: Sequence[Verdict],
    today: str,
    danger: Danger | None = None,
    points: Sequence[Point] = (),
) -> Decision:
    """Derive the decision; ``today`` is an ISO date, for exemptions that run out.

    ``points`` are what the house asks besides: one that nobody has answered holds the release.
    """
    policy, model = standing.policy, standing.model
    stopped = [
        answer.why for gate in gates("model") if (answer := gate.check(standing)).status != "met"
    ]
    by_rule = {v.rule: v for v in (*found, *(danger.safeguards if danger else ()))}
    reached, open_ones, exempt = _reached(policy, by_rule, danger, today)
    used = sorted(exempt)
    higher = _next(policy, reached)
    danger_says = _too_dangerous(policy, higher, danger) if higher else None
    waits = holding(points)
    if stopped or waits:
        reached, used, exempt = None, [], {}
        danger_says = None if waits else danger_says
    reasons = [*stopped, *(p.text for p in waits), *(_reason(v) for v in open_ones)]
    reasons += [danger_says] if danger_says else []
    if reached is not None:
        reasons.insert(0, f"every rule for {reached.id} is met" + _apart(used))
        if higher:
            reasons[1] = f"not to {higher.id}: {reasons[1]}"
    reopen = (*(p.remedy for p in waits), *_reopen(policy, model.id, open_ones))
    conditions = (*(reached.conditions if reached else ()), *(exempt[rule].reason for rule in used))
    decision = "hold" if reached is None else "conditional" if conditions else "release"
    return Decision(
        model=model.id,
        decision=decision,
        release_class=reached.id if reached else None,
        verdicts=tuple(found),
        reasons=tuple(reasons),
        reopen_if=() if stopped else reopen,
        conditions=conditions,
        exemptions=tuple(used),
        notice_days=reached.notice_days if reached else None,
        signoffs=_signoffs(policy, reached, danger, exempt),
        opinions=_opinions(policy, reached, danger),
        availability=reached.available if reached else None,
        danger=danger,
        bundle=_bundle(standing, found, reached, conditions, danger),
    )


def _bundle(
    standing: Standing,
    found: Sequence[Verdict],
    reached: ReleaseClass | None,
    conditions: Sequence[str],
    danger: Danger | None,
) -> str:
    """Digest everything that was judged."""
    return digest_of(
        {
            "policy": standing.policy.digest,
            "model": standing.model.id,
            "artefact": standing.model.digest,
            "verdicts": [verdict.to_json() for verdict in found],
            "class": reached.id if reached else "none",
            "conditions": list(conditions),
            "level": danger.to_json() if danger and danger.level else None,
        }
    )


def _apart(used: Sequence[str]) -> str:
    return f", apart from {', '.join(used)}, exempted for a while" if used else ""


def _next(policy: Policy, reached: ReleaseClass | None) -> ReleaseClass | None:
    """Return the class above the one reached, or None at the top."""
    above = policy.classes.index(reached) + 1 if reached else 0
    return policy.classes[above] if above < len(policy.classes) else None


def _below(policy: Policy, release: str) -> list[str]:
    ids = [step.id for step in policy.classes]
    return ids[: ids.index(release) + 1] if release in ids else []


def _opinions(
    policy: Policy, reached: ReleaseClass | None, danger: Danger | None
) -> tuple[SignOff, ...]:
    """List whose opinion is asked for and does not stop anything."""
    below = _below(policy, reached.id) if reached else []
    level, ids = danger.level if danger else None, tuple(step.id for step in policy.levels)
    return tuple(
        signoff
        for step in policy.classes
        if step.id in below
        for signoff in step.signoffs
        if not signoff.needed(level, ids)
    )


def _signoffs(
    policy: Policy,
    reached: ReleaseClass | None,
    danger: Danger | None,
    exempt: Mapping[str, Exemption],
) -> tuple[SignOff, ...]:
    """List whose signature it cannot go without: of the classes up to it, its level, its exemptions."""
    below = _below(policy, reached.id) if reached else []
    level, ids = danger.level if danger else None, tuple(step.id for step in policy.levels)
    wanted: dict[str, SignOff] = {}
    for step in policy.classes:
        if step.id in below:
            needed = [signoff for signoff in step.signoffs if signoff.needed(level, ids)]
            wanted.update({signoff.role: signoff for signoff in needed})
    for role in danger.approvals if danger and reached else ():
        wanted.setdefault(role, SignOff(role=role))
    for used in exempt.values():
        for role in used.approvals:  # several approvals are those of several people
            own = wanted.get(role, SignOff(role=role))
            apart = tuple(sorted({*own.independent_of, *used.approvals} - {role}))
            wanted[role] = own.model_copy(update={"independent_of": apart})
    return tuple(wanted.values())
