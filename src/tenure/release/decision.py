"""From verdicts to a decision: the highest class whose rules are all met, or a hold.

A hold is a decision like any other: it says why, and what would reopen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.dossier.canonical import digest_of
from tenure.release.case import Standing
from tenure.release.policy import Policy, ReleaseClass, SignOff
from tenure.release.verdict import Verdict, gates


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about a model, under which policy, and why.

    ``bundle`` is the digest of everything that was judged; a sign-off signs exactly that.
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

    @property
    def summary(self) -> str:
        """Say it in a sentence."""
        if self.decision == "hold":
            return f"Held: {self.reasons[0]}"
        words = "Released" if self.decision == "release" else "Released on conditions"
        return f"{words} to {self.release_class}: {self.reasons[0]}"

    def findings(self) -> dict[str, Any]:
        """Return what evidence holds of it."""
        return {
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


def _live(policy: Policy, today: str) -> dict[str, str]:
    return {x.rule: x.reason for x in policy.exemptions if today < x.expires}


def _reached(
    policy: Policy, found: dict[str, Verdict], exempt: dict[str, str]
) -> tuple[ReleaseClass | None, list[Verdict], list[str]]:
    """Climb the ladder: the last class reached, what stopped the next one, exemptions used."""
    reached, used = None, list[str]()
    for step in policy.classes:
        unmet = [found[r.id] for r in policy.needs(step.id) if found[r.id].verdict != "met"]
        open_ones = [v for v in unmet if v.severity == "blocker" or v.rule not in exempt]
        if open_ones:
            return reached, open_ones, used
        reached, used = step, sorted(v.rule for v in unmet)
    return reached, [], used


def _reopen(open_ones: Sequence[Verdict]) -> tuple[str, ...]:
    return tuple(
        f"{v.assessment} shows {v.measure} with its {v.require}" if v.assessment else v.require
        for v in open_ones
    )


def _reason(verdict: Verdict) -> str:
    return f"{verdict.rule} is {verdict.verdict}: {verdict.why}"


def derive(standing: Standing, found: Sequence[Verdict], today: str) -> Decision:
    """Derive the decision; ``today`` is an ISO date, for exemptions that run out."""
    policy, model = standing.policy, standing.model
    stopped = [
        answer.why for gate in gates("model") if (answer := gate.check(standing)).status != "met"
    ]
    by_rule = {verdict.rule: verdict for verdict in found}
    exempt = _live(policy, today)
    reached, open_ones, used = _reached(policy, by_rule, exempt)
    if stopped:
        reached, used = None, []
    reasons = [*stopped, *(_reason(v) for v in open_ones)]
    if reached is not None:
        reasons.insert(0, f"every rule for {reached.id} is met" + _apart(used))
        if open_ones:
            higher = next(c.id for c in policy.classes if c.id not in _below(policy, reached.id))
            reasons[1] = f"not to {higher}: {reasons[1]}"
    conditions = (*(reached.conditions if reached else ()), *(exempt[rule] for rule in used))
    decision = "hold" if reached is None else "conditional" if conditions else "release"
    return Decision(
        model=model.id,
        decision=decision,
        release_class=reached.id if reached else None,
        verdicts=tuple(found),
        reasons=tuple(reasons),
        reopen_if=() if stopped else _reopen(open_ones),
        conditions=conditions,
        exemptions=tuple(used),
        notice_days=reached.notice_days if reached else None,
        signoffs=_signoffs(policy, reached),
        bundle=digest_of(
            {
                "policy": policy.digest,
                "model": model.id,
                "artefact": model.digest,
                "verdicts": [verdict.to_json() for verdict in found],
                "class": reached.id if reached else "none",
                "conditions": list(conditions),
            }
        ),
    )


def _apart(used: Sequence[str]) -> str:
    return f", apart from {', '.join(used)}, exempted for a while" if used else ""


def _below(policy: Policy, release: str) -> list[str]:
    ids = [step.id for step in policy.classes]
    return ids[: ids.index(release) + 1] if release in ids else []


def _signoffs(policy: Policy, reached: ReleaseClass | None) -> tuple[SignOff, ...]:
    below = _below(policy, reached.id) if reached else []
    wanted: dict[str, SignOff] = {}
    for step in policy.classes:
        if step.id in below:
            wanted.update({signoff.role: signoff for signoff in step.signoffs})
    return tuple(wanted.values())
