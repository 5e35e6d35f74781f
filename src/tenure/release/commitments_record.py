"""Reading a dossier for the checks, and putting breaches on record: each once, each recovery once."""

import re
from collections.abc import Mapping, Sequence

from tenure.dossier.canonical import canonical, digest, now
from tenure.dossier.nouns import JSON, Model
from tenure.dossier.stage import View
from tenure.dossier.writer import Draft
from tenure.release.commitments_case import Day, Subject
from tenure.release.commitments_register import Entry, check_clock, register_of
from tenure.release.commitments_scope import FOREVER_AGO
from tenure.release.commitments_status import Record, Row, Standing, standing

USAGE = "usage/"
BREACH, RECOVERED, CHECKED = "commitments/breach", "commitments/recovered", "commitments/checked"
DAY = re.compile(r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
READ = ("preserve/*", "retire/*", "release/publish")


def record_of(view: View, models: Sequence[Model] | None = None) -> Record:
    """Read what the checks need of these models (by default all), and of the ledger."""
    chosen = view.models() if models is None else models
    return Record(
        subjects=tuple(_subject(view, model) for model in chosen),
        days=tuple(days_of(view)),
        breaches=tuple(
            sorted(
                [*view.events(act="note", name=BREACH), *view.events(act="note", name=RECOVERED)],
                key=lambda event: event.index,
            )
        ),
    )


def _subject(view: View, model: Model) -> Subject:
    events = [
        *view.events(act="register", model=model.id),
        *view.events(act="fact", model=model.id),
    ]
    for name in READ:
        events += view.events(act="evidence", name=name, model=model.id)
    events += view.events(act="start", name="preserve/keep", model=model.id)
    events += view.events(act="note", name="retire/*", model=model.id)
    return Subject(
        model=model,
        contained=_contained(view, model),
        events=tuple(sorted(events, key=lambda event: event.index)),
    )


def _contained(view: View, model: Model) -> str | None:
    """Say since when a model is contained; one that was registered so always was."""
    if view.state(model.id).containment is None:
        return None
    if model.containment is not None:
        return FOREVER_AGO
    known = {each.id: each for each in view.models()}
    family, parent = [model.id], model.parent
    while parent in known and parent not in family:
        family.append(parent)
        parent = known[parent].parent
    labels = view.events(act="fact", name="containment")
    return min((e.time for e in labels if e.model in family), default=FOREVER_AGO)


def days_of(view: View) -> list[Day]:
    """Read the daily digests of the gateway's ledger; the first that was signed of a day counts."""
    found: dict[str, Day] = {}
    for event in view.events(act="note", name=f"{USAGE}*", model=""):
        day = event.name.removeprefix(USAGE)
        if not DAY.match(day):
            continue
        models: Mapping[str, Mapping[str, int]] = event.body.get("models") or {}
        silent: Mapping[str, int] = event.body.get("silent") or {}
        found.setdefault(day, Day(day=day, event=event, models=models, silent=silent))
    return [found[day] for day in sorted(found)]


def standing_of(
    view: View, at: str | None = None, models: Sequence[Model] | None = None
) -> Standing:
    """Say how the promises of a dossier stand, by default now.

    Raises:
        RefusedError: this machine's clock was set back.
    """
    register, record = register_of(view), record_of(view, models)
    if at is None:
        read = [event for subject in record.subjects for event in subject.events]
        check_clock([*read, *(day.event for day in record.days), *record.breaches], now())
    return standing(register, record, at or now())


def changes(found: Standing) -> list[Draft]:
    """Draft what has changed: a breach that is not on record yet, a recovery from one that is."""
    open_now: dict[tuple[str, str, str], bool] = {}
    for event in found.breaches:
        key = (str(event.body["id"]), str(event.body["promise"]), event.model)
        open_now[key] = event.name == BREACH
    made: list[Draft] = []
    for line in found.lines:
        for row in line.rows:
            is_open = open_now.get((line.entry.one.id, line.entry.one.digest, row.model), False)
            if row.status == "broken" and not is_open:
                made.append(_draft(BREACH, line.entry, row))
            elif is_open and row.status in ("kept", "at risk") and row.last is not None:
                made.append(_draft(RECOVERED, line.entry, row))
    return made


def _draft(name: str, entry: Entry, row: Row) -> Draft:
    one = entry.one
    body: dict[str, JSON] = {"id": one.id, "promise": one.digest, "version": entry.version}
    if name == BREACH:
        body |= {"why": row.why, "command": row.command}
    elif row.last is not None:
        body |= {"why": row.last.says, "proof": row.last.event.digest}
    return Draft(act="note", name=name, model=row.model, body=body)


def checked(found: Standing) -> Draft:
    """Draft the note that a check was made, and what it said."""
    body = {
        "at": found.at,
        "status": found.status,
        "counts": {status: n for status, n in found.counts.items() if n},
        "standing": digest(canonical(found.to_json())),
    }
    return Draft(act="note", name=CHECKED, model="", body=body)


def owed(view: View, model: Model) -> list[tuple[str, str]]:
    """List what the promises ask for a model now: (reason, command); nothing where it is kept."""
    if not view.events(act="sign", name="commitments/adopted", model=""):
        return []
    due: list[tuple[str, str]] = []
    for line in standing_of(view, models=[model]).lines:
        for row in line.rows:
            open_line = row.status in ("broken", "at risk", "not shown")
            if open_line or (row.status == "not due" and row.planned):
                due.append(
                    (f"promised ({line.entry.one.id}), {row.status}: {row.why}", row.command)
                )
    return due
