"""Which models a commitment covers, since when, and where that cannot be seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tenure.release.commitments import Clause, Commitment, InternalUse
from tenure.release.commitments_case import NONE, Day, Subject, holes

FOREVER_AGO = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Whether a model is covered: yes (since when, by what), no, or not shown (why)."""

    status: Literal["yes", "no", "not shown"]
    since: str = ""
    why: str = ""


NO = Covered(status="no")


def covered(
    one: Commitment, use: InternalUse | None, subject: Subject, days: tuple[Day, ...], at: str
) -> Covered:
    """Ask a commitment's scope about a model; any clause is enough, the earliest counts."""
    if subject.model.kind == "scripted":
        return NO
    answers = [_clause(clause, use, subject, days, at) for clause in one.scope.any_of]
    inside = [a for a in answers if a.status == "yes"]
    found = min(inside, key=lambda answer: answer.since, default=None)
    found = found or next((a for a in answers if a.status == "not shown"), NO)
    # A label that came after the promise does not take it away.
    return NO if subject.contained is not None and subject.contained <= found.since else found


def _clause(
    clause: Clause, use: InternalUse | None, subject: Subject, days: tuple[Day, ...], at: str
) -> Covered:
    """Ask one clause: all it says must hold; it began with the last of them."""
    asked: list[Covered] = []
    if clause.models:
        asked.append(
            _named(subject.model.id in clause.models or subject.model.name in clause.models)
        )
    if clause.kind:
        asked.append(_named(subject.model.kind in clause.kind))
    if clause.availability:
        asked.append(_reached(subject, "availability", clause.availability))
    if clause.stage:
        asked.append(_reached(subject, "stage", clause.stage))
    if clause.significant_internal_use and use is not None:
        asked.append(significant(use, subject, days, at))
    for status in ("no", "not shown"):
        for answer in asked:
            if answer.status == status:
                return answer
    whys = [answer.why for answer in asked if answer.why]
    since = max(answer.since for answer in asked)
    if since == FOREVER_AGO:  # nothing says when: since it was registered
        since = next((e.time for e in subject.events if e.act == "register"), since)
    return Covered(status="yes", since=since, why=", ".join(whys))


def _named(fits: bool) -> Covered:  # noqa: FBT001 - the answer itself
    return Covered(status="yes", since=FOREVER_AGO) if fits else NO


def _reached(subject: Subject, fact: str, values: Iterable[str]) -> Covered:
    """Say when a fact first had one of these values."""
    for event in subject.facts(fact):
        value = event.body.get("value")
        if value in set(values):
            return Covered(status="yes", since=event.time, why=f"{fact} was {value}")
    return NO


def significant(use: InternalUse, subject: Subject, days: tuple[Day, ...], at: str) -> Covered:
    """Say when a model's use became significant, from the daily digests of the gateway's ledger.

    A model that nobody could use was not used. Where the thresholds are not reached and a day in
    which it could be used has no digest, nothing is shown.
    """
    if not any(e.body.get("value") != NONE for e in subject.facts("availability")):
        return NO
    for day in days:
        counts = day.models.get(subject.model.id)
        if counts and _reaches(use, counts):
            said = ", ".join(
                f"{counts.get(f'{what}_30d', 0)} {what}" for what in ("requests", "users", "days")
            )
            return Covered(
                status="yes", since=day.event.time, why=f"in the 30 days to {day.day}: {said}"
            )
    missing = holes(subject.available(at), days, at, use.grace_days)
    if missing:
        return Covered(
            status="not shown",
            since=next(subject.facts("availability")).time,
            why=(
                f"how much it was used is not shown: the ledger of {len(missing)} days is not in "
                f"the dossier, the first is {missing[0]}"
            ),
        )
    return NO


def _reaches(use: InternalUse, counts: object) -> bool:
    held = counts if isinstance(counts, dict) else {}
    reached = [
        held.get("requests_30d", 0) >= use.requests,
        held.get("users_30d", 0) >= use.users,
        held.get("days_30d", 0) >= use.days,
    ]
    return any(reached) if use.reached_by == "any" else all(reached)
