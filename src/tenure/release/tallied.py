"""Counted events of a release that is watched: which notes lie within a window, and who counts them.

The notes ``tally/NAME`` hold ``events``, ``of``, ``since`` and ``until``. The gateway's are filed by
'tenure serve daily', one for each model and finished day; other monitors may file theirs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tenure import plugins
from tenure.dossier.nouns import Event, Model
from tenure.dossier.stage import View
from tenure.release.case import SKEW, instant
from tenure.release.classes import Condition
from tenure.release.dockets import TALLY, notes
from tenure.release.policy import Policy
from tenure.release.watching import Tally

USAGE = "usage/"
DAY = timedelta(days=1)


def counted(view: View, policy: Policy, model: Model, now: str) -> dict[str, Tally]:
    """Add up, for each condition that counts, the tallies within its window."""
    rows = list(notes(view, TALLY, (model.id,)))
    return {
        condition.id: _of(condition, rows, view, model, instant(now))
        for condition in policy.conditions
        if condition.monitor.counts is not None
    }


def _of(
    condition: Condition, rows: Sequence[Event], view: View, model: Model, now: datetime
) -> Tally:
    name, window = str(condition.monitor.counts), timedelta(days=condition.window_days)
    own = [event.body for event in rows if event.name == f"{TALLY}{name}"]
    held = [body for body in own if _within(body, now, window)]
    of = sum(int(body["of"]) for body in held)
    ours = by_the_gateway(name)
    return Tally(
        events=sum(int(body["events"]) for body in held),
        of=of,
        idle=ours and not of and _idle(view, model, now, window),
        unknown="" if ours or own else nobody(name, plugins.names("tally")),
    )


def _within(body: Mapping[str, Any], now: datetime, window: timedelta) -> bool:
    """Say whether a tally ended within the window; the day in which the window begins counts whole.

    Whoever counts finished days has counted so many of them, whatever the hour of the look.
    """
    began, ended = instant(str(body["since"])), instant(str(body["until"]))
    return now - window < ended <= now + SKEW and began > now - window - DAY


def by_the_gateway(name: str) -> bool:
    """Say whether 'tenure serve daily' files a tally of this name, or of its family."""
    return any(name == each or name.startswith(f"{each}_") for each in plugins.names("tally"))


def nobody(name: str, names: Sequence[str]) -> str:
    """Say that nobody counts this, and what is counted."""
    return (
        f"nothing here files tally/{name}; 'tenure serve daily' files {', '.join(names)}, and any "
        "other monitor may file its own notes"
    )


def _idle(view: View, model: Model, now: datetime, window: timedelta) -> bool:
    """Say whether the ledger's days in the window are on record and hold no answer by the model."""
    days = [
        event.body
        for event in view.events(act="note", name=f"{USAGE}*", model="")
        if now - window < instant(event.name.removeprefix(USAGE)) + DAY <= now + SKEW
    ]
    answers = [int(day.get("models", {}).get(model.id, {}).get("requests", 0)) for day in days]
    return bool(answers) and not any(answers)
