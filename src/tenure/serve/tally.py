"""What became of the requests to a model, as counts: so many events of so many occasions.

A tally is a file in ``serve/tallies``; ``tenure serve daily`` counts every one of them for each model
and finished day and signs it into the dossier as a note ``tally/NAME``, where the conditions of a
release find it. It is counted from the columns of the ledger, which holds no text: what a model said,
and whether it declined in its own words, cannot be counted here.

Only requests with a key that the gateway knows are occasions: a stranger who floods it with requests
that are turned away must not thin out a rate. Requests of one caller are not independent of each
other, and a tally does not say whose they were; the bound that is put on it treats them as if they were.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenure import plugins
from tenure.dossier import Model
from tenure.serve.signals import NO_WEIGHTS, OTHER_WEIGHTS

ANSWERED = 200
AT_THE_DOOR = (  # it never came to the model
    "unknown_model",
    "not_released",
    "retired",
    "needs_grant",
    "grant_used_up",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One row of the ledger, and the signals of the probes that were made for this model."""

    row: Mapping[str, Any]
    signals: Sequence[Mapping[str, Any]] = ()

    @property
    def answered(self) -> bool:
        """Say whether there was a whole answer."""
        return self.row["status"] == ANSWERED

    @property
    def reached(self) -> bool:
        """Say whether it was let through to the model."""
        return self.row["code"] not in AT_THE_DOOR

    @property
    def rerouted(self) -> bool:
        """Say whether another model than the one asked for answered, and the caller was not told."""
        row = self.row
        served = str(row["served"])
        return _short(row) not in (served, served.rsplit("@", 1)[0]) and not row["notice"]

    @property
    def scores(self) -> list[Mapping[str, Any]]:
        """The signals that have a score."""
        return [signal for signal in self.signals if signal["score"] is not None]


Ask = Callable[[Request], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A count: ``event`` of the requests that are an occasion (``of``).

    ``apart`` counts each concept of the probes by itself as well, as ``NAME_CONCEPT``.
    """

    means: str
    of: Ask
    event: Ask
    apart: bool = False


def offered() -> dict[str, str]:
    """Return the tallies that are filed, with what each counts; ``NAME_*`` stands for a family."""
    found: dict[str, str] = {}
    for name in plugins.names("tally"):
        tally: Tally = plugins.load("tally", name)
        found[name] = tally.means
        if tally.apart:
            found[f"{name}_*"] = f"the same, of the probes for one concept: {name}_CONCEPT"
    return found


def counts(requests: Sequence[Request]) -> dict[str, tuple[int, int]]:
    """Count every tally that had an occasion: name to (events, occasions)."""
    found: dict[str, tuple[int, int]] = {}
    for name in plugins.names("tally"):
        tally: Tally = plugins.load("tally", name)
        for named, held in _groups(name, tally, requests):
            seen = [tally.event(each) for each in held if tally.of(each)]
            if seen:
                found[named] = (sum(seen), len(seen))
    return dict(sorted(found.items()))


def _groups(
    name: str, tally: Tally, requests: Sequence[Request]
) -> Iterator[tuple[str, Sequence[Request]]]:
    yield name, requests
    if not tally.apart:
        return
    for concept in sorted({slug(s["concept"]) for each in requests for s in each.signals}):
        yield f"{name}_{concept}", [_only(each, concept) for each in requests]


def _only(request: Request, concept: str) -> Request:
    return replace(request, signals=[s for s in request.signals if slug(s["concept"]) == concept])


def slug(concept: str) -> str:
    """Write a concept as it may stand in the name of a tally."""
    return re.sub(r"[^a-z0-9]+", "-", concept.lower()).strip("-") or "unnamed"


def by_model(
    rows: Sequence[Mapping[str, Any]],
    signals: Sequence[Mapping[str, Any]],
    models: Sequence[tuple[str, Model]],
) -> dict[str, list[Request]]:
    """Sort the requests of those with a known key by the model they were meant for.

    ``models`` are all that were ever registered, with when, oldest first: the same rows are counted
    alike whenever they are counted. A request that no model is known for belongs to none.
    """
    own: dict[str, list[Mapping[str, Any]]] = {}
    for signal in signals:
        if signal["why"] not in (OTHER_WEIGHTS, NO_WEIGHTS):
            own.setdefault(str(signal["call"]), []).append(signal)
    found: dict[str, list[Request]] = {}
    for row in rows:
        name = _meant(row, models) if row["tier"] != "none" else None
        if name is not None:
            held = Request(row=row, signals=own.get(str(row["id"]), ()))
            found.setdefault(name, []).append(held)
    return dict(sorted(found.items()))


def _meant(row: Mapping[str, Any], models: Sequence[tuple[str, Model]]) -> str | None:
    """Name the model that was asked for; by no such name, the one that answered."""
    asked, served = _short(row), row["served"]
    fits = [m.id for at, m in models if at <= row["time"] and asked in (m.id, m.name)]
    if fits and served not in fits:
        return fits[-1]
    return served if any(served == model.id for _, model in models) else None


def _short(row: Mapping[str, Any]) -> str:
    return str(row["requested"]).removeprefix("tenure/")
