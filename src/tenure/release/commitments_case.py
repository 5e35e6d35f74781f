"""What a check of a commitment is given, and what it answers: Subject, Day, Case, Found, Check."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tenure.dossier.nouns import Event, Model
from tenure.release.case import instant
from tenure.release.parts import Part

NONE = "none"


class Terms(Part):
    """Settings of a check; ``within_days`` is the promise, the schedule only the plan."""


class Within(Terms):
    """Settings of a check whose proof is owed within some days."""

    within_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the gateway's ledger, as its digest in the dossier says it.

    ``models`` holds, by model id: requests, users, and requests_30d, users_30d, days_30d of the 30
    days that end with it. ``silent`` counts answers by another model than the one asked for, by the
    model that was asked for.
    """

    day: str
    event: Event
    models: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    silent: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model and its events, in log order.

    ``contained`` is since when a containment label, its own or an ancestor's, has held for it.
    """

    model: Model
    contained: str | None = None
    events: tuple[Event, ...] = ()

    def facts(self, name: str) -> Iterator[Event]:
        """Yield what was said of one fact."""
        return (e for e in self.events if e.act == "fact" and e.name == name)

    def evidence(self, name: str) -> Iterator[tuple[Event, Mapping[str, Any]]]:
        """Yield the evidence of one name: its event and its JSON."""
        for event in self.events:
            if event.act == "evidence" and event.name == name:
                yield event, event.body["evidence"]

    def available(self, at: str) -> list[tuple[date, date]]:
        """List the spans of days in which anybody could use it, up to a time."""
        spans: list[tuple[date, date]] = []
        since: date | None = None
        for event in self.facts("availability"):
            free = event.body.get("value") != NONE
            if free and since is None:
                since = day_of(event.time)
            elif not free and since is not None:
                spans.append((since, day_of(event.time)))
                since = None
        return [*spans, (since, day_of(at))] if since is not None else spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """An event that shows that a promise is kept, or is not."""

    event: Event
    says: str

    @property
    def order(self) -> tuple[datetime, int]:
        """Sort key: its time, then its place in the log."""
        return instant(self.event.time), self.event.index


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One commitment and one model that it covers; ``since`` is when it began to."""

    subject: Subject
    terms: Any
    since: str
    at: str
    days: tuple[Day, ...] = ()

    def began(self, event: Event | None) -> str | None:
        """Say when something began that is owed from an event on, or from the promise if later."""
        return None if event is None else max(event.time, self.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check found of one model.

    ``begun`` is from when on proof is owed (None: not yet, ``wanted`` says until what). A fault
    stands until a newer proof; one that is ``lasting`` stands for ever. ``unseen`` says why nothing
    can be said.
    """

    begun: str | None
    wanted: str
    command: str
    proofs: tuple[Proof, ...] = ()
    faults: tuple[Proof, ...] = ()
    lasting: bool = False
    recurring: bool = False
    within_days: int | None = None
    unseen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One way to see whether a promise is kept: a file in ``release/checks``.

    ``find`` is pure: the same case gives the same answer. ``must_say`` is a pattern that the
    promise's words must match, ``must_say_words`` what that means.
    """

    name: str
    summary: str
    terms: type[Terms]
    find: Callable[[Case], Found]
    must_say: str = ""
    must_say_words: str = ""


def day_of(moment: str) -> date:
    """Take the day of an ISO time, in UTC."""
    return instant(moment).astimezone(UTC).date()


def later(moment: str, days: int) -> str:
    """Add days to an ISO time; far beyond the calendar it stays at the calendar's end."""
    try:
        found = instant(moment) + timedelta(days=days)
    except OverflowError:
        found = datetime.max.replace(tzinfo=UTC, microsecond=0)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def holes(spans: list[tuple[date, date]], days: tuple[Day, ...], at: str, grace: int) -> list[str]:
    """List the days within spans that have no digest of the ledger and are older than the grace."""
    there = {day.day for day in days}
    last = day_of(at) - timedelta(days=grace)
    found: list[str] = []
    for begin, end in spans:
        count = (min(end, last) - begin).days
        dates = (begin + timedelta(days=i) for i in range(max(0, count)))
        found += [one.isoformat() for one in dates if one.isoformat() not in there]
    return found


def midnight(day: date) -> str:
    """Write the start of a day as an ISO time."""
    return datetime.combine(day, time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
