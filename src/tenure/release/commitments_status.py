"""Is what was promised kept? A pure function of the promises, the record and the clock.

The same register, record and time give the same bytes. What is dated after the time asked about is
not read, so that a past day can be asked about, and a coming one foreseen.

kept        proof is there, and not older than planned
at risk     the planned proof is late; the promise is not broken yet
broken      the promise's own limit has passed, or something shows that it is not so
not due     nothing is owed yet
not shown   it cannot be seen from here, and the line says why
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tenure import plugins
from tenure.dossier.nouns import Event
from tenure.release.case import instant
from tenure.release.commitments import Commitment, Until
from tenure.release.commitments_case import Case, Check, Day, Found, Proof, Subject, later
from tenure.release.commitments_register import Entry, Register
from tenure.release.commitments_scope import Covered, covered

Status = Literal["kept", "at risk", "broken", "not due", "not shown"]
WORST_FIRST: tuple[Status, ...] = ("broken", "not shown", "at risk", "kept", "not due")
SCHEMA = "tenure/commitments-status.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the checks read: the models with their events, the ledger's days, breaches on record."""

    subjects: tuple[Subject, ...] = ()
    days: tuple[Day, ...] = ()
    breaches: tuple[Event, ...] = ()

    def until(self, at: str) -> "Record":
        """Return the record as it was at a time."""

        def known(event: Event) -> bool:
            return instant(event.time) <= instant(at)

        return Record(
            subjects=tuple(
                replace(subject, events=tuple(e for e in subject.events if known(e)))
                for subject in self.subjects
                if any(known(e) for e in subject.events if e.act == "register")
            ),
            days=tuple(day for day in self.days if known(day.event)),
            breaches=tuple(event for event in self.breaches if known(event)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One promise to one model."""

    model: str
    status: Status
    why: str
    since: str
    command: str
    last: Proof | None = None
    planned: str | None = None
    limit: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; the proof is named by the digest of its event."""
        last = self.last
        return {
            "model": self.model,
            "status": self.status,
            "why": self.why,
            "covered_since": self.since,
            "proven": None
            if last is None
            else {
                "time": last.event.time,
                "event": last.event.digest,
                "index": last.event.index,
                "says": last.says,
            },
            "next_due": self.planned,
            "broken_after": self.limit,
            "command": self.command,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One promise, and how it stands with each model that it covers."""

    entry: Entry
    status: Status
    why: str
    rows: tuple[Row, ...]
    owner: str
    review_by: str
    review_late: bool

    @property
    def last(self) -> Proof | None:
        """The proof that is behind the whole line: of each model's newest one, the oldest.

        None where a model that is owed one has none; a model that is owed nothing yet is left out.
        """
        owing = [row.last for row in self.rows if row.status != "not due"]
        held = [proof for proof in owing if proof is not None]
        return min(held, key=lambda proof: proof.order) if held and held == owing else None

    @property
    def next_due(self) -> str | None:
        """When the next proof is planned, for whichever model comes first."""
        return min((row.planned for row in self.rows if row.planned), default=None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        one = self.entry.one
        return {
            "id": one.id,
            "version": self.entry.version,
            "text": one.text,
            "source": one.source,
            "check": one.check,
            "terms": one.terms,
            "every_days": one.schedule.every_days,
            "term": one.term.until if isinstance(one.term, Until) else one.term,
            "owner": self.owner,
            "review_by": self.review_by,
            "review_late": self.review_late,
            "adopted": self.entry.adopted,
            "adoption": self.entry.adoption,
            "ended": self.entry.ended,
            "withdrawn_because": self.entry.because,
            "status": self.status,
            "why": self.why,
            "next_due": self.next_due,
            "models": [row.to_json() for row in self.rows],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Everything promised, and how it stands at a time."""

    at: str
    register: Register
    lines: tuple[Line, ...]
    breaches: tuple[Event, ...] = ()

    @property
    def status(self) -> Status:
        """The worst of all."""
        return worst([line.status for line in self.lines])

    @property
    def counts(self) -> dict[str, int]:
        """How many lines have each status."""
        held = [line.status for line in self.lines]
        return {status: held.count(status) for status in WORST_FIRST}

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON (``tenure/commitments-status.v1``)."""
        meta = self.register.metadata
        return {
            "schema": SCHEMA,
            "at": self.at,
            "organisation": meta.organisation if meta else None,
            "version": meta.version if meta else None,
            "document": self.register.document.digest if self.register.document else None,
            "status": self.status,
            "counts": self.counts,
            "lines": [line.to_json() for line in self.lines],
            "breaches": [
                {"time": e.time, "what": e.name, "model": e.model, "event": e.digest, **e.body}
                for e in self.breaches
            ],
        }


def worst(statuses: Sequence[Status]) -> Status:
    """Return the worst status; of none it is "not due"."""
    for status in WORST_FIRST:
        if status in statuses:
            return status
    return "not due"


def standing(register: Register, record: Record, at: str) -> Standing:
    """Say how every promise stands at a time (ISO 8601, UTC)."""
    promised, known = register.until(at), record.until(at)
    lines: list[Line] = []
    for entry in promised.entries:
        rows = [row for subject in known.subjects if (row := _row(entry, subject, known.days, at))]
        if rows or entry.ended is None or entry.because is not None:
            lines.append(_line(entry, rows, promised, at))
    return Standing(at=at, register=promised, lines=tuple(lines), breaches=known.breaches)


def _line(entry: Entry, rows: Sequence[Row], register: Register, at: str) -> Line:
    status = worst([row.status for row in rows])
    meta = register.metadata
    owner, review = entry.one.owner, entry.one.review_by
    if meta is not None:
        owner, review = owner or meta.owner, review or meta.review_by
    late = entry.ended is None and bool(review) and at[:10] > str(review)
    worst_row = next((row for row in rows if row.status == status), None)
    why = f"{worst_row.model}: {worst_row.why}" if worst_row else "no model is covered yet"
    if late:
        status = worst([status, "at risk"])
        why = f"was to be looked at again by {review}; {why}"
    return Line(
        entry=entry,
        status=status,
        why=why,
        rows=tuple(rows),
        owner=str(owner),
        review_by=str(review),
        review_late=late,
    )


def _row(entry: Entry, subject: Subject, days: tuple[Day, ...], at: str) -> Row | None:
    """Judge one promise to one model; None where it does not cover it.

    A promise that has ended binds where the model was covered before it did.
    """
    told = covered(entry.one, entry.use, subject, days, at)
    if told.status == "no" or (entry.ended is not None and told.since > entry.ended):
        return None
    since = max(told.since, entry.adopted)
    check: Check = plugins.load("commitment", entry.one.check)
    terms = check.terms.model_validate(entry.one.terms)
    found = check.find(Case(subject=subject, terms=terms, since=since, at=at, days=days))
    row = _judged(entry.one, subject.model.id, found, since, at)
    if isinstance(entry.one.term, Until) and at[:10] > entry.one.term.until:
        return replace(
            row, status="not due", why=f"it ended on {entry.one.term.until}", planned=None
        )
    return _unless_unseen(row, told)


def _unless_unseen(row: Row, told: Covered) -> Row:
    """What is kept is kept, owed or not; otherwise nothing is shown where the scope is not."""
    if told.status == "yes":
        return row
    if row.status == "kept":
        return replace(row, why=f"{row.why}; kept, owed or not: {told.why}")
    return replace(
        row, status="not shown", why=told.why, command="tenure serve daily", planned=None
    )


def _judged(one: Commitment, model: str, found: Found, since: str, at: str) -> Row:
    """Turn what a check found into a status, with its dates."""
    last = max(found.proofs, key=lambda proof: proof.order, default=None)
    fault = max(found.faults, key=lambda proof: proof.order, default=None)
    row = Row(model=model, status="not due", why="", since=since, command=found.command, last=last)
    stands = fault and (last is None or last.order < fault.order)
    if fault and (found.lasting or (stands and instant(fault.event.time) >= instant(since))):
        lasting = {"planned": None, "command": ""} if found.lasting else {"planned": at}
        return replace(row, status="broken", why=fault.says, **lasting)
    if found.unseen:
        return replace(row, status="not shown", why=found.unseen, planned=at)
    if last is not None and not found.recurring:
        return replace(row, status="kept", why=last.says)
    base = last.event.time if last is not None else found.begun
    if base is not None:
        planned = later(base, one.schedule.every_days)
        row = _dated(replace(row, planned=planned), found, base, at)
    else:
        row = replace(row, why=f"owed is {found.wanted}")
    if fault and stands and row.status in ("kept", "not due"):  # it was so before it was promised
        why = f"{fault.says}, before it was promised; owed is {found.wanted}"
        return replace(row, status="at risk", why=why, planned=at)
    return row


def _dated(row: Row, found: Found, base: str, at: str) -> Row:
    """Compare the clock with when proof is planned, and with the promise's own limit."""
    limit = None if found.within_days is None else later(base, found.within_days)
    row = replace(row, limit=limit)
    planned = str(row.planned)
    if limit is not None and at > limit:
        what = "the last proof" if row.last else "it fell due"
        why = f"{found.wanted}: nothing within {found.within_days} days of when {what}"
        why = why.replace("when the last", "the last")
        return replace(row, status="broken", why=why)
    if at > planned:
        return replace(row, status="at risk", why=f"late since {planned[:10]}: {found.wanted}")
    if row.last is not None:
        return replace(row, status="kept", why=row.last.says)
    return replace(row, why=f"owed by {planned[:10]}: {found.wanted}")
