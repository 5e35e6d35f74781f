"""What the dossier is told of a day of the ledger: its digest, and counts by model; never who or what.

The counts are those that commitments read: how much a model was used, by how many different keys,
over the day and over the 30 days that end with it, and how many answers came from another model
than the one asked for without the caller being told. Keys are counted, not named.

Beside them stand the tallies that the conditions of a release are held against, one note for each
model, day and tally that had an occasion (:mod:`tenure.serve.tally`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tenure.dossier import View
from tenure.dossier.writer import Draft
from tenure.errors import IntegrityError, UsageError
from tenure.serve.ledger import Ledger
from tenure.serve.tally import Request, by_model, counts

WINDOW = 30
USAGE = "usage/"
TALLY = "tally/"
EVERY = "refused"  # every request is an occasion of it: a day without it has no tally at all
SETTLED = timedelta(hours=1)
"""A request of a day may still be answered after midnight; after this the day is closed."""


def usage(ledger: Ledger, day: str) -> dict[str, Any]:
    """Digest one day, and count what was answered.

    Returns ``day``, ``rows``, ``digest`` (see :meth:`Ledger.commitment`), ``models`` by model id
    with ``requests``, ``users``, ``requests_30d``, ``users_30d``, ``days_30d``, and ``silent``, by
    the name that was asked for.
    """
    last = date.fromisoformat(day)
    window = [(last - timedelta(days=back)).isoformat() for back in range(WINDOW)]
    answered = {one: [r for r in ledger.rows(one) if r["status"] == 200] for one in window}
    models: dict[str, dict[str, int]] = {}
    for name in sorted({str(r["served"]) for rows in answered.values() for r in rows}):
        own = {one: [r for r in rows if r["served"] == name] for one, rows in answered.items()}
        whole = [row for rows in own.values() for row in rows]
        models[name] = {
            "requests": len(own[day]),
            "users": len({row["tenant"] for row in own[day]}),
            "requests_30d": len(whole),
            "users_30d": len({row["tenant"] for row in whole}),
            "days_30d": sum(bool(rows) for rows in own.values()),
        }
    return {**ledger.commitment(day), "models": models, "silent": _silent(answered[day])}


def _silent(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the answers by another model, without a notice, by the model asked for."""
    counted: dict[str, int] = {}
    for row in rows:
        asked = str(row["requested"]).removeprefix("tenure/")
        if Request(row=row).rerouted:
            counted[asked] = counted.get(asked, 0) + 1
    return dict(sorted(counted.items()))


def closed(view: View) -> dict[str, Mapping[str, Any]]:
    """Return the days that are in the dossier already, and what was said of each."""
    events = view.events(act="note", name=f"{USAGE}*", model="")
    return {e.name.removeprefix(USAGE): e.body for e in reversed(events)}


def to_close(ledger: Ledger, view: View, since: str | None, now: datetime) -> Iterator[Draft]:
    """Draft the notes of every finished day that has none: its digest and use, then its tallies.

    A day of the last 30 that was closed before there were tallies gets them now.

    ``since`` is the first day that this ledger covers, where that is before its first row: an idle
    day is a day with no requests only where the ledger was there.

    Raises:
        UsageError: the ledger is empty and no first day is given, or that lies in the future.
        IntegrityError: a day that was closed before does not have the rows it had then.
    """
    there, last = closed(view), (now.astimezone(UTC) - SETTLED).date() - timedelta(days=1)
    for day, said in there.items():
        if day >= (last - timedelta(days=WINDOW)).isoformat():
            _check(ledger, day, said)
    first = _first(ledger, since, there)
    if first > last + timedelta(days=1):
        raise UsageError(f"the first day, {first}, is not over yet; the last that is: {last}")
    counted = _tallied(view)
    for back in range((last - first).days + 1):
        day = (first + timedelta(days=back)).isoformat()
        if day not in there:
            yield Draft(act="note", name=f"{USAGE}{day}", model="", body=usage(ledger, day))
        elif day in counted or day < (last - timedelta(days=WINDOW)).isoformat():
            continue
        yield from _tallies(ledger, view, day)


def _tallied(view: View) -> set[str]:
    """Return the days of which the gateway's tallies are in the dossier."""
    notes = view.events(act="note", name=f"{TALLY}{EVERY}")
    return {str(note.body["since"])[:10] for note in notes if "digest" in note.body}


def _tallies(ledger: Ledger, view: View, day: str) -> Iterator[Draft]:
    """Count a day for each model; the digests are those of the rows that were counted."""
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    born = [event.time for event in view.events(act="register")]
    models = list(zip(born, view.models(), strict=True))
    told = ledger.commitment(day)
    for model, requests in by_model(ledger.rows(day), ledger.signals(day), models).items():
        for name, (events, of) in counts(requests).items():
            body = {
                "events": events,
                "of": of,
                "since": f"{day}T00:00:00Z",
                "until": f"{following}T00:00:00Z",
                **{k: told[k] for k in ("digest", "signals_digest") if k in told},
            }
            yield Draft(act="note", name=f"{TALLY}{name}", model=model, body=body)


def _first(ledger: Ledger, since: str | None, there: Mapping[str, Any]) -> date:
    rows = ledger.rows()
    known = [*there, *([str(rows[0]["time"])[:10]] if rows else []), *([since] if since else [])]
    if not known:
        raise UsageError(
            "the ledger holds no request yet; say from which day on it has been kept: --since DATE"
        )
    try:
        return date.fromisoformat(min(known))
    except ValueError:
        raise UsageError(f"'{since}' is no day; write it as 2026-11-21") from None


def _check(ledger: Ledger, day: str, said: Mapping[str, Any]) -> None:
    found = ledger.commitment(day)
    if any(found.get(part) != said.get(part) for part in ("digest", "signals_digest")):
        raise IntegrityError(
            f"the ledger's rows of {day} are not those that were signed: {_size(said)} then, "
            f"{_size(found)} now; give the ledger that was kept with --ledger, or restore a copy"
        )


def _size(day: Mapping[str, Any]) -> str:
    signals = f" and {day['signals']} signals" if day.get("signals") else ""
    return f"{day.get('rows')}{signals}"
