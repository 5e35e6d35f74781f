"""Notice: users are told what ends, what stays and when; then the machine waits for the date.

The notice period follows from the release class. It starts with a signed event and no setting
shortens it: until it is over the stage waits for the calendar, and says so. The page and the entry of
the feed are in the dossier from the day of the notice on. A later day may be named; a postponement or
the end of a retirement is another stage (retire/postpone), a shorter notice an exception that two
people sign (retire/exception).
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.documents import FromFile
from tenure.dossier import Emit, Event, Evidence, Model, Stage, View, Waiting, canonical, now
from tenure.dossier.retiring import NOTICE, Notice, notice_of
from tenure.errors import UsageError
from tenure.retire.notices import calendar, page
from tenure.retire.notices.policy import contact, policy_on_file
from tenure.retire.record import Pen, successor_of
from tenure.retire.reporting.pages import html, markdown


class Spec(BaseModel):
    """Settings of the notice."""

    model_config = ConfigDict(extra="forbid")

    policy: Annotated[calendar.NoticePolicy | None, FromFile(calendar.NoticePolicy)] = Field(
        None, description="The policy whose notice periods bind."
    )
    successor: str | None = Field(None, description="The model that users are pointed to.")
    reason: str = Field("", description="Why the model is retired, in a sentence for its users.")
    effective: str | None = Field(
        None,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="The day it is meant for, when later than the notice asks (2027-01-31).",
    )


def release_class(model: Model, view: View) -> str:
    """Name the class whose notice binds: where the model is available, else what it was decided for."""
    available = view.state(model.id).availability
    if available in calendar.HOUSE_DAYS:
        return available
    decided = view.evidence("release/decide", model.id)
    named = decided.findings.get("class") if decided else None
    return named if isinstance(named, str) and named in calendar.HOUSE_DAYS else "internal"


def periods(view: View, given: calendar.NoticePolicy | None) -> tuple[dict[str, int], str]:
    """Return the notice periods by class, and where they come from.

    The policy given, else the one the newest release decision was made under, else the house's.
    """
    if given is not None:
        return given.days, "the policy given"
    policy = policy_on_file(view)
    if policy is not None:
        return policy.days, "the policy of the newest release decision"
    return dict(calendar.HOUSE_DAYS), "the house's own, for want of a policy on file"


def _announce(model: Model, view: View, spec: Spec, emit: Emit) -> None:
    """Give the notice, unless one stands."""
    earlier = notice_of(view, model.id)
    if earlier is not None and not earlier.cancelled:
        return
    named = release_class(model, view)
    days, source = periods(view, spec.policy)
    heir = successor_of(model, view, spec.successor)
    today = calendar.day(now())
    period = calendar.days_of(named, days)
    body: dict[str, Any] = {
        "class": named,
        "days": period,
        "periods_from": source,
        "successor": heir.id if heir else None,
        "reason": spec.reason,
    }
    effective = calendar.earliest(today, period, _day(spec.effective), today)
    if effective is not None:
        body["effective"] = effective.isoformat()
    policy = spec.policy or policy_on_file(view)
    if policy is not None and policy.retirement is not None:
        body["access_after"] = policy.retirement.access_after
    asked = contact(view, model)
    if asked:
        body["contact"] = asked
    custody = view.state(model.id).custody
    emit.event("note", NOTICE, body, files=_files(model, body, emit, custody))


def _day(text: str | None) -> date | None:
    return calendar.named(text) if text else None


def _files(model: Model, terms: Mapping[str, Any], emit: Emit, custody: str) -> dict[str, str]:
    shown = page.page(model.id, terms, custody)
    return {
        "notice.md": emit.file(markdown(shown)),
        "notice.html": emit.file(html(shown)),
        "feed.json": emit.file(canonical(page.entry(model.id, terms))),
    }


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Announce the retirement, then wait until the notice period is over.

    Raises:
        UsageError: the policy has no such class, the successor cannot be one, or the day named is in
            the past or before the notice is over.
        DocumentError: the policy is not one.
    """
    _announce(model, view, spec, emit)
    if view.state(model.id).stage != "retired":
        Pen(model, view, emit).fact("stage", "deprecated", "notice of retirement given")
    found = notice_of(view, model.id)
    assert found is not None
    today = calendar.day(now())
    _moved(view, found, spec.effective, today)
    if calendar.phase(found.announced, (found.sunset - found.announced).days, today) != "due":
        return Waiting(
            on="calendar",
            until=found.sunset.isoformat(),
            command=f"tenure retire notice --model {model.id}",
            why=f"{_period(found)}, given on {found.announced}",
        )
    return _over(model, view, found, emit)


def _period(found: Notice) -> str:
    told = f"the class '{found.klass}' has {found.promised} days of notice"
    if found.exception:
        told += f", shortened to {found.days} by {' and '.join(found.signers)} ({found.exception})"
    return told


def _moved(view: View, found: Notice, wished: str | None, today: date) -> None:
    """Refuse another day than the one that the notice was given with; another stage changes it."""
    if wished is None or _event(view, found).body.get("effective") == wished:
        return
    calendar.earliest(found.announced, found.days, _day(wished), today)
    if wished != found.sunset.isoformat():
        raise UsageError(
            f"notice was given for {found.sunset}; to move it run 'tenure retire postpone --model "
            f"{found.model} --until {wished} --because ...'"
        )


def _event(view: View, found: Notice) -> Event:
    given = view.events(act="note", name=NOTICE, model=found.model)
    return next(event for event in given if event.digest == found.event)


def _over(model: Model, view: View, found: Notice, emit: Emit) -> Evidence:
    terms = _event(view, found).body
    heir = terms.get("successor") or "none named"
    return Evidence(
        name=NOTICE,
        model=model.id,
        summary=f"Notice given to the class '{terms['class']}' ({found.days} days); it is over. "
        f"Successor: {heir}.",
        kind="record",
        files=_files(model, terms, emit, view.state(model.id).custody),
        findings={
            **terms,
            "state": "due",
            "feed": page.entry(model.id, terms),
            **_exception(found),
        },
        # The dates are those of the signed event, folded by tenure.dossier.retiring.
        runtime={
            "announced": found.announced.isoformat(),
            "sunset": found.sunset.isoformat(),
            "headers": calendar.headers(found.announced, found.sunset),
        },
    )


def _exception(found: Notice) -> dict[str, Any]:
    if not found.exception:
        return {}
    signed = {"days": found.days, "reason": found.exception, "signed_by": list(found.signers)}
    return {"exception": signed}


stage = Stage(
    name="retire/notice",
    spec=Spec,
    run=run,
    summary="Tell users what ends, what stays and when; wait for the notice period.",
    reads=("retire/exception", "retire/postpone"),
)
