"""How dangerous a model is: a level derived from what its capabilities showed, never typed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Record
from tenure.release.case import Docket
from tenure.release.policy import Policy
from tenure.release.rules import STATES, Capability, CapabilityState
from tenure.release.verdict import Verdict, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned(Record):
    """The state of one capability, with the two verdicts it follows from."""

    capability: str
    state: CapabilityState
    excluded: Verdict
    reached: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "capability": self.capability,
            "state": self.state,
            "excluded": self.excluded.to_json(),
            "reached": self.reached.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger(Record):
    """The level of a model, why, and what the level asks for.

    ``level`` is None where the policy has no levels. ``safeguards`` are the verdicts of all the
    safeguards of the policy; ``needed`` names those that a release at this level rests on, those of
    the lower levels included, and ``approvals`` the roles whose signature it needs.
    """

    level: str | None
    because: tuple[str, ...]
    capabilities: tuple[Assigned, ...]
    safeguards: tuple[Verdict, ...]
    needed: tuple[str, ...]
    approvals: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "level": self.level,
            "because": list(self.because),
            "capabilities": [each.to_json() for each in self.capabilities],
            "safeguards": [each.to_json() for each in self.safeguards],
            "needed": list(self.needed),
            "approvals": list(self.approvals),
        }


def assign(policy: Policy, capability: Capability, docket: Docket) -> Assigned:
    """Say what is known of a capability; what neither bound shows cannot be ruled out.

    So without evidence, with stale evidence or with an instrument that failed it is not excluded.
    """
    excluded = judge(policy, capability.rule("excluded"), docket)
    reached = judge(policy, capability.rule("reached"), docket)
    state: CapabilityState = "not_excluded"
    if reached.verdict == "met":
        state = "reached"
    elif excluded.verdict == "met":
        state = "excluded"
    return Assigned(capability=capability.id, state=state, excluded=excluded, reached=reached)


def level_of(policy: Policy, states: Mapping[str, CapabilityState]) -> tuple[str | None, list[str]]:
    """Return the highest level that one of the states leads to, and why."""
    level, because = None, list[str]()
    for step in policy.levels:
        why = [
            f"{when.capability} is {states[when.capability].replace('_', ' ')}"
            for when in step.when_any
            if STATES.index(states[when.capability]) >= STATES.index(when.state)
        ]
        if why or not step.when_any:
            level, because = step.id, why
    return level, because


def danger(policy: Policy, docket: Docket) -> Danger:
    """Derive the level of a model, and what follows from it."""
    assigned = tuple(assign(policy, each, docket) for each in policy.capabilities)
    level, because = level_of(policy, {each.capability: each.state for each in assigned})
    ids = [step.id for step in policy.levels]
    upto = policy.levels[: ids.index(level) + 1] if level is not None else ()
    needed = dict.fromkeys(name for step in upto for name in step.requires.safeguards)
    approvals = dict.fromkeys(role for step in upto for role in step.requires.approvals)
    return Danger(
        level=level,
        because=tuple(because),
        capabilities=assigned,
        safeguards=tuple(judge(policy, each.rule, docket) for each in policy.safeguards),
        needed=tuple(needed),
        approvals=tuple(approvals),
    )
