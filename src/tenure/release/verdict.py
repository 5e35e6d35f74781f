"""A verdict for each rule: a pure function of policy, evidence and the clock.

Five answers: met, not met, not shown, stale, missing. Only "met" releases. docs/release.md says
every step in words, so that it can be written a second time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import cache
from typing import Any

from tenure import plugins
from tenure.dossier.canonical import canonical, digest_of
from tenure.dossier.nouns import Event, Evidence, Record
from tenure.release.case import (
    WORST_FIRST,
    Answer,
    Case,
    Docket,
    Filed,
    Gate,
    Status,
    Together,
    instant,
)
from tenure.release.parts import Requirement
from tenure.release.policy import Policy, Rule

__all__ = ["Docket", "Verdict", "as_bytes", "filed", "gates", "judge", "verdicts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Record):
    """What became of one rule.

    ``gate`` names the question that decided; ``asked`` holds every question with its answer up to
    there. ``level`` is the confidence of this ``attempt``. ``open`` names the measures that were
    not on the safe side, where the requirement means several. Where a rule has several requirements
    ``parts`` holds each as it was judged, and the other fields are those of the worst. ``basis`` is
    the digest of the measures the verdict rests on: it depends on nothing but what was found.
    ``event`` is the digest of the event that holds them. ``assessment``, ``measure`` and
    ``threshold`` are None for a rule that is a check.
    """

    rule: str
    claim: str
    severity: str
    harm: str
    about: str = "risk"
    verdict: Status
    why: str
    assessment: str | None = None
    measure: str | None = None
    require: str
    threshold: float | None = None
    bound: float | None = None
    n: int | None = None
    level: float = 0.95
    attempt: int | None = None
    gate: str = ""
    asked: tuple[Mapping[str, str], ...] = ()
    open: tuple[str, ...] = ()
    parts: tuple[Mapping[str, Any], ...] = ()
    basis: str | None = None
    event: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, without the event: its digest depends on the time it was signed.

        What is None or empty is left out.
        """
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "event"}
        plain["asked"] = [dict(row) for row in self.asked]
        plain["open"], plain["parts"] = list(self.open), [dict(row) for row in self.parts]
        empty = (None, [])
        return {name: value for name, value in plain.items() if value not in empty}


PART = (
    "assessment", "measure", "require", "threshold", "verdict", "why", "bound", "n", "level",
    "attempt", "gate", "open", "basis",
)  # fmt: skip


@cache
def gates(*scopes: str) -> tuple[Gate, ...]:
    """Return the gates of these scopes, in the order they are asked."""
    found: list[Gate] = [plugins.load("gate", name) for name in plugins.names("gate")]
    asked = [gate for gate in found if gate.scope in scopes]
    return tuple(sorted(asked, key=lambda gate: (gate.order, gate.name)))


def filed(
    pairs: Sequence[tuple[Event, Evidence]],
    runs: Iterable[Event] | None = None,
    days: int | None = None,
) -> list[Filed]:
    """Turn what a view holds about one model into what a case is judged on, attempts counted.

    An attempt is a run that was begun, whether or not it came to an end: ``runs`` are the events of
    kind start and evidence, of every model with these very files (by default this evidence alone).
    Start and evidence of one run have the same ``key`` and count once. Runs more than ``days`` before the evidence no longer
    count: what they showed no longer counts either.
    """
    begun: dict[str, list[Event]] = {}
    for event in runs if runs is not None else [event for event, _ in pairs]:
        begun.setdefault(event.name, []).append(event)
    result: list[Filed] = []
    for event, evidence in pairs:
        since = instant(event.time) - timedelta(days=days) if days is not None else None
        keys = {str(event.body.get("key") or event.index)}
        for run in begun.get(evidence.name, ()):
            if run.index <= event.index and (since is None or instant(run.time) >= since):
                keys.add(str(run.body.get("key") or run.index))
        result.append(
            Filed(
                evidence=evidence,
                time=event.time,
                index=event.index,
                digest=event.digest,
                subject=event.subject,
                attempt=len(keys),
            )
        )
    return result


def _ask(
    case: Any, asked_of: Sequence[Gate]
) -> tuple[Answer, str, list[Mapping[str, str]], Answer]:
    """Ask each gate in turn; the first that does not say "met" decides."""
    asked: list[Mapping[str, str]] = []
    number = Answer(status="missing", why="")
    answer, decided = Answer(status="missing", why="no gate is installed"), ""
    for gate in asked_of:
        answer, decided = gate.check(case), gate.name
        asked.append({"gate": gate.name, "answer": answer.status, "why": answer.why})
        if answer.bound is not None:
            number = answer
        if answer.status != "met":
            break
    return answer, decided, asked, number


def _part(case: Case, asked_of: Sequence[Gate]) -> Verdict:
    """Judge one requirement, or a check."""
    rule, part, newest = case.rule, case.part, case.newest
    answer, decided, asked, number = _ask(case, asked_of)
    return Verdict(
        rule=rule.id,
        claim=rule.claim,
        severity=rule.severity,
        harm=rule.harm,
        about=rule.about,
        verdict=answer.status,
        why=_why(rule, answer, number, asked),
        assessment=part.assessment if part else None,
        measure=part.pattern if part else None,
        require=part.require.words if part else rule.words,
        threshold=part.require.threshold if part else None,
        bound=number.bound,
        n=answer.n if answer.n is not None else number.n,
        level=case.level,
        attempt=newest.attempt if newest else None,
        gate=decided,
        asked=tuple(asked),
        open=answer.open,
        basis=_basis(newest) if newest else None,
        event=newest.digest if newest else None,
    )


def _why(rule: Rule, answer: Answer, number: Answer, asked: Sequence[Mapping[str, str]]) -> str:
    """Choose the sentence that says most: the number, what the check itself said, the last gate."""
    if answer.status != "met":
        return answer.why
    said = {row["gate"]: row["why"] for row in asked}
    return number.why or said.get(rule.check.gate if rule.check else "", answer.why)


def _basis(held: Filed) -> str:
    return digest_of([measure.to_json() for measure in held.evidence.measures])


def judge(policy: Policy, rule: Rule, docket: Docket) -> Verdict:
    """Judge one rule: each requirement, then what is asked of them together."""
    if rule.check is not None:
        return _part(Case(policy=policy, rule=rule, docket=docket), gates("check"))

    def case(part: Requirement) -> Case:
        return Case(policy=policy, rule=rule, docket=docket, part=part)

    asked_of = gates("rule")
    found = [_part(case(part), asked_of) for part in rule.parts]
    worst = min(found, key=lambda v: WORST_FIRST.index(v.verdict))
    if worst.verdict == "met":
        held = tuple(docket.newest[name] for name in rule.assessments)
        together = Together(policy=policy, rule=rule, filed=held)
        answer, decided, asked, _ = _ask(together, gates("together"))
        change: dict[str, Any] = {"asked": (*worst.asked, *asked)}
        if answer.status != "met":
            change |= {"verdict": answer.status, "why": answer.why, "gate": decided}
        worst = replace(worst, **change)
    if len(found) > 1:
        rows = tuple({k: v for k, v in one.to_json().items() if k in PART} for one in found)
        worst = replace(worst, parts=rows)
    return worst


def verdicts(policy: Policy, docket: Docket) -> tuple[Verdict, ...]:
    """Judge every rule of a policy; the same inputs give the same bytes."""
    return tuple(judge(policy, rule, docket) for rule in policy.rules)


def as_bytes(found: Sequence[Verdict]) -> bytes:
    """Write verdicts in the one canonical form."""
    return canonical([verdict.to_json() for verdict in found])
