"""Who was granted access to a retired model, folded from the log: by class, until when, how many calls.

A grant is a note ``access/granted`` about the model, with ``who`` (the digest of a caller's API key that
the gateway's ledger uses as well), ``class`` (emeritus: a user who stays; research: comparison and
study), ``until`` and ``budget_calls``. ``access/withdrawn`` ends it. ``access/rule`` says whether the
model answers everybody who asks after having read that it is retired (``by: request``, the rule
where none is on file) or only those with a grant (``by: grant``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tenure.dossier.nouns import Event
from tenure.dossier.stage import View

GRANTED, WITHDRAWN, RULE = "access/granted", "access/withdrawn", "access/rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Access of one caller to one retired model; ``since`` is the time of its event.

    ``budget`` is the number of calls that are answered under it; None is no bound but ``until``.
    """

    model: str
    who: str
    klass: str
    since: str
    until: date | None
    budget: int | None
    event: str

    def open(self, today: date) -> bool:
        """Say whether it has not run out by the calendar."""
        return self.until is None or today <= self.until


def grants(view: View, model: str) -> Sequence[Grant]:
    """List the grants of a model that were not withdrawn; a caller's newest counts."""
    events = [
        *view.events(act="note", name=GRANTED, model=model),
        *view.events(act="note", name=WITHDRAWN, model=model),
    ]
    held: dict[str, Event] = {}
    for event in sorted(events, key=lambda e: e.index):
        who = str(event.body["who"])
        held.pop(who, None)
        if event.name == GRANTED:
            held[who] = event
    return [_grant(model, event) for event in held.values()]


def _grant(model: str, event: Event) -> Grant:
    body = event.body
    until = body.get("until")
    return Grant(
        model=model,
        who=str(body["who"]),
        klass=str(body["class"]),
        since=event.time,
        until=date.fromisoformat(until) if until else None,
        budget=body.get("budget_calls"),
        event=event.digest,
    )


def grant_of(view: View, model: str, who: str) -> Grant | None:
    """Return a caller's grant, also when its day has passed; None where there is none."""
    return next((grant for grant in grants(view, model) if grant.who == who), None)


def needs_grant(view: View, model: str) -> bool:
    """Say whether a retired model answers only those who were granted access."""
    rules = view.events(act="note", name=RULE, model=model)
    return bool(rules) and rules[-1].body.get("by") == "grant"
