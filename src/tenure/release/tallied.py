"""Counted events of a release that is watched: which notes lie within a window, and who counts them.

The notes ``tally/NAME`` hold ``events``, ``of``, ``since`` and ``until``. The gateway's are filed by
'tenure serve daily', one for each model and finished day; other monitors may file theirs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field, model_validator

from tenure import plugins
from tenure.dossier.nouns import Event, Model
from tenure.dossier.stage import View
from tenure.release.case import SKEW, instant
from tenure.release.classes import Condition
from tenure.release.dockets import TALLY
from tenure.release.policy import Policy
from tenure.release.watching import Tally

USAGE = "usage/"
DAY = timedelta(days=1)


def counted(view: View, policy: Policy, model: Model, now: str) -> dict[str, Tally]:
    """Add up, for each condition that counts, the tallies within its window."""
    return {
        condition.id: _of(condition, view, model, instant(now))
        for condition in policy.conditions
        if condition.monitor.counts is not None
    }


def _of(condition: Condition, view: View, model: Model, now: datetime) -> Tally:
    name, window = str(condition.monitor.counts), timedelta(days=condition.window_days)
    own, odd = _once(view.events(act="note", name=f"{TALLY}{name}", model=model.id))
    held = [each for each in own if _within(each, now, window)]
    of = sum(each.of for each in held)
    ours = by_the_gateway(name)
    return Tally(
        events=sum(each.events for each in held),
        of=of,
        idle=ours and not of and _idle(view, model, now, window),
        note="; ".join(odd if own or odd or ours else [nobody(name, plugins.names("tally"))]),
    )


class _Body(BaseModel):
    """What a note must hold; ``digest`` names the rows it was counted from."""

    events: int = Field(ge=0)
    of: int = Field(ge=0)
    since: str
    until: str
    digest: str | None = None

    @model_validator(mode="after")
    def _is_a_share_of_a_time(self) -> "_Body":
        if self.events > self.of or instant(self.since) > instant(self.until):
            raise ValueError(
                "expected are no more events than occasions, and a beginning before the end"
            )
        return self


def _once(rows: Sequence[Event]) -> tuple[list[_Body], list[str]]:
    """Read notes: those that count, and what to say of those that are no tally.

    Of notes that count the same rows for the same time only the newest counts. What is no tally
    cannot be taken back from the log; it is passed over, so that the rest can still be watched.
    """
    found: dict[Any, _Body] = {}
    odd: list[str] = []
    for event in rows:
        try:
            body = _Body.model_validate(event.body)
        except ValueError:
            odd.append(f"event {event.index} is no tally and is not counted")
            continue
        found[(body.since, body.until, body.digest) if body.digest else event.index] = body
    return list(found.values()), odd


def _within(body: _Body, now: datetime, window: timedelta) -> bool:
    """Say whether a tally ended within the window; the day in which the window begins counts whole.

    Whoever counts finished days has counted so many of them, whatever the hour of the look.
    """
    began, ended = instant(body.since), instant(body.until)
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
