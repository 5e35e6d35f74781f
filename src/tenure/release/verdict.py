"""A verdict for each rule: a pure function of policy, evidence and the clock.

Five answers: met, not met, not shown, stale, missing. Only "met" releases.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tenure import plugins
from tenure.dossier.canonical import canonical, digest_of
from tenure.dossier.nouns import Event, Evidence, Model, Record
from tenure.release.case import Answer, Case, Filed, Gate, Read, Status, quiet
from tenure.release.policy import Policy, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """What became of one rule.

    ``gate`` names the question that decided; ``asked`` holds every question with its answer up to
    there. ``basis`` is the digest of the measures the verdict rests on: it depends on nothing but
    what was found. ``event`` is the digest of the event that holds them.
    """

    rule: str
    claim: str
    severity: str
    harm: str
    verdict: Status
    why: str
    assessment: str
    measure: str
    require: str
    threshold: float
    bound: float | None = None
    n: int | None = None
    level: float = 0.95
    gate: str = ""
    asked: tuple[Mapping[str, str], ...] = ()
    basis: str | None = None
    event: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, without the event: its digest depends on the time it was signed."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "event"}
        plain["asked"] = [dict(row) for row in self.asked]
        return {name: value for name, value in plain.items() if value is not None}


@cache
def gates(*scopes: str) -> tuple[Gate, ...]:
    """Return the gates of these scopes, in the order they are asked."""
    found: list[Gate] = [plugins.load("gate", name) for name in plugins.names("gate")]
    asked = [gate for gate in found if gate.scope in scopes]
    return tuple(sorted(asked, key=lambda gate: (gate.order, gate.name)))


def filed(pairs: Iterable[tuple[Event, Evidence]]) -> list[Filed]:
    """Turn what a view holds about one model into what a case is judged on, attempts counted."""
    counted: dict[str, int] = {}
    result: list[Filed] = []
    for event, evidence in pairs:
        counted[evidence.name] = counted.get(evidence.name, 0) + 1
        result.append(
            Filed(
                evidence=evidence,
                time=event.time,
                index=event.index,
                digest=event.digest,
                attempt=counted[evidence.name],
            )
        )
    return result


def judge(case: Case, asked_of: Sequence[Gate] | None = None) -> Verdict:
    """Ask each gate in turn; the first that does not say "met" decides."""
    rule, asked = case.rule, list[Mapping[str, str]]()
    number = Answer(status="missing", why="")
    answer, decided = Answer(status="missing", why="no gate is installed"), ""
    for gate in asked_of if asked_of is not None else gates("rule"):
        answer, decided = gate.check(case), gate.name
        asked.append({"gate": gate.name, "answer": answer.status, "why": answer.why})
        if answer.bound is not None:
            number = answer
        if answer.status != "met":
            break
    newest = case.newest
    why = number.why if answer.status == "met" and number.why else answer.why
    return Verdict(
        rule=rule.id,
        claim=rule.claim,
        severity=rule.severity,
        harm=rule.harm,
        verdict=answer.status,
        why=why,
        assessment=rule.assessment,
        measure=rule.measure,
        require=rule.require.words,
        threshold=rule.require.threshold,
        bound=number.bound,
        n=answer.n if answer.n is not None else number.n,
        level=case.policy.level,
        gate=decided,
        asked=tuple(asked),
        basis=digest_of([m.to_json() for m in newest.evidence.measures]) if newest else None,
        event=newest.digest if newest else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Docket:
    """What a policy is asked about: a model, all its evidence, and the time of asking."""

    model: Model
    filed: Sequence[Filed]
    now: str
    read: Read = quiet
    criteria: int | None = None


def verdicts(policy: Policy, docket: Docket) -> tuple[Verdict, ...]:
    """Judge every rule of a policy; the same inputs give the same bytes."""

    def case(rule: Rule) -> Case:
        return Case(
            policy=policy,
            rule=rule,
            model=docket.model,
            filed=docket.filed,
            now=docket.now,
            read=docket.read,
            criteria=docket.criteria,
        )

    asked_of = gates("rule")
    return tuple(judge(case(rule), asked_of) for rule in policy.rules)


def as_bytes(found: Sequence[Verdict]) -> bytes:
    """Write verdicts in the one canonical form."""
    return canonical([verdict.to_json() for verdict in found])
