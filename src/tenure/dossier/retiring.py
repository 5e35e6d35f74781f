"""The notice of a retirement, folded from the log: what users, the gateway and the record read alike.

A notice is a note ``retire/notice`` with the class, its days and the successor. What changes it comes
later and never shortens it, but for an exception: ``retire/notice/changed`` sets a later date or takes
the notice back, and ``retire/exception``, signed by two people in two roles under their own keys over
the same days and reason, shortens the period. A notice given anew after one that was taken back
stands by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any

from tenure.dossier.nouns import Event
from tenure.dossier.roles import person, under_own_keys
from tenure.dossier.stage import View

NOTICE, CHANGED, EXCEPTION = "retire/notice", "retire/notice/changed", "retire/exception"
SIGNATURES = 2
"""So many people, in as many roles, sign an exception."""
KEPT = {
    "kept": "The weights are kept, and are checked. Nothing is deleted.",
    "record kept": "Its record is kept. The weights are with its provider, who decides about them.",
}
"""What users are told of a model that is kept, by the fact 'custody'."""
FEWEST = {"public": 14}
"""Days below which no exception goes, by class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One model's notice as it stands.

    ``days`` is the period that binds; ``promised`` that of the class, which is longer where an
    ``exception`` (its reason) was signed by ``signers``. ``sunset`` is the first day on which the
    model may be retired. ``event`` is the digest of the note that gave the notice.
    """

    model: str
    announced: date
    days: int
    promised: int
    sunset: date
    klass: str
    event: str
    successor: str | None = None
    reason: str = ""
    exception: str | None = None
    signers: tuple[str, ...] = ()
    postponed: str | None = None
    cancelled: bool = False
    because: str = ""
    access_after: str = "on request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shorter:
    """A shorter period that people asked for: who signed, and whether enough did."""

    days: int
    reason: str
    signers: tuple[str, ...]
    signed: bool


def day(moment: str) -> date:
    """Take the day of an event's time."""
    return datetime.fromisoformat(moment).date()


def notice_of(view: View, model: str) -> Notice | None:
    """Return the newest notice of a model (by id) as it stands; None where none was given."""
    given = view.events(act="note", name=NOTICE, model=model)
    if not given:
        return None
    event = given[-1]
    body = event.body
    promised, announced = int(body["days"]), day(event.time)
    later = [e for e in view.events(act="note", name=CHANGED, model=model) if e.index > event.index]
    fewest = FEWEST.get(str(body["class"]), 0)
    asked = exceptions(view, model, event)
    signed = [each for each in asked if each.signed and each.days >= fewest]
    days = min([promised, *(each.days for each in signed)])
    by = next((each for each in signed if each.days == days < promised), None)
    effective = _date(body.get("effective"))
    moved = [(when, e) for e in later if (when := _date(e.body.get("effective"))) is not None]
    wished = max([when for when, _ in moved] + [effective or date.min])
    if by is not None and not moved:
        wished = date.min  # a shorter period was signed after the day was chosen
    gone = [e for e in later if e.body.get("cancelled")]
    last = later[-1] if later else None
    return Notice(
        model=model,
        announced=announced,
        days=days,
        promised=promised,
        sunset=max(announced + timedelta(days=days), wished),
        klass=str(body["class"]),
        event=event.digest,
        successor=body.get("successor"),
        reason=str(body.get("reason") or ""),
        exception=by.reason if by else None,
        signers=by.signers if by else (),
        postponed=str(moved[-1][1].body.get("because")) if moved else None,
        cancelled=bool(gone),
        because=str(last.body.get("because") or "") if last else "",
        access_after=str(body.get("access_after") or "on request"),
    )


def _date(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None


def exceptions(view: View, model: str, notice: Event) -> list[Shorter]:
    """List the exceptions asked for under one notice, in the order of their first signature.

    Signatures count under the key of the role they name. Two are needed, of different people in
    different roles with different keys, on the same days and reason.
    """
    asked: dict[tuple[int, str], list[Event]] = {}
    for event in under_own_keys(view, EXCEPTION, model):
        if event.body.get("notice") == notice.digest:
            key = (int(event.body["days"]), str(event.body["reason"]))
            asked.setdefault(key, []).append(event)
    return [_exception(days, reason, events) for (days, reason), events in asked.items()]


def _exception(days: int, reason: str, events: Sequence[Event]) -> Shorter:
    distinct: list[Event] = []
    for event in events:
        if all(_differ(event, other) for other in distinct):
            distinct.append(event)
    signers = tuple(f"{e.body['name']} ({e.body['role']})" for e in distinct)
    enough = len(distinct) >= SIGNATURES
    return Shorter(days=days, reason=reason, signers=signers, signed=enough)


def _differ(one: Event, other: Event) -> bool:
    """Say whether two signatures are those of two people, in two roles, with two keys."""
    names = person(str(one.body["name"])) != person(str(other.body["name"]))
    return names and one.body["role"] != other.body["role"] and one.key != other.key


def headers(announced: date, sunset: date) -> dict[str, str]:
    """Write the two headers a gateway sends: Deprecation (RFC 9745) and Sunset (RFC 8594)."""
    return {
        "Deprecation": f"@{int(midnight(announced).timestamp())}",
        "Sunset": format_datetime(midnight(sunset), usegmt=True),
    }


def midnight(when: date) -> datetime:
    """Return the first moment of a day, in UTC."""
    return datetime.combine(when, time(), UTC)


def final(custody: str, access_after: str = "on request") -> list[str]:
    """Say what is final about a retirement, for users; ``custody`` is that fact of the model's state."""
    told = ["The model is no longer offered to new users, and no longer ready at all times."]
    if access_after == "none":
        told.append("After it is retired it answers nobody outside the house.")
    if custody not in KEPT:
        told.append("The weights are not on record as kept yet: ask before you rely on a return.")
    return told


def not_final(custody: str, access_after: str = "on request") -> list[str]:
    """Say what is not final about a retirement, for users; ``custody`` is that fact of its state."""
    told = ["Your requests are never answered by another model under this model's name."]
    if custody in KEPT:
        told.insert(0, KEPT[custody])
    if access_after != "none" and custody == "record kept":
        told.append(
            "After it is retired the model answers on request, for as long as its provider has it."
        )
    elif access_after != "none":
        told.append(
            "After it is retired the model answers on request, once it has been brought back."
        )
    elif custody in KEPT:
        told.append("It can be made available again: ask, and a named person answers.")
    return told


def entry(view: View, notice: Notice) -> Mapping[str, Any]:
    """Write a model's notice with its dates, as one entry of the feed of retirements."""
    state = view.state(notice.model)
    stage = "cancelled" if notice.cancelled else state.stage
    return {
        "schema": "tenure/retirement.v1",
        "model": notice.model,
        "state": stage,
        "class": notice.klass,
        "announced": notice.announced.isoformat(),
        "notice_days": notice.days,
        "promised_days": notice.promised,
        "sunset": None if notice.cancelled else notice.sunset.isoformat(),
        "successor": notice.successor,
        "reason": notice.reason,
        "exception": {"reason": notice.exception, "signed_by": list(notice.signers)}
        if notice.exception
        else None,
        "changed": notice.because or None,
        "rerouted": False,
        "after": notice.access_after,
        "final": final(state.custody, notice.access_after),
        "not_final": not_final(state.custody, notice.access_after),
        "event": notice.event,
    }


def entries(view: View) -> list[Mapping[str, Any]]:
    """List the newest notice of every model that is not contained, in order of registration."""
    found = [(m, notice_of(view, m.id)) for m in view.models()]
    return [
        entry(view, notice)
        for model, notice in found
        if notice is not None and view.state(model.id).containment is None
    ]
