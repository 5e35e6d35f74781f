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

from tenure import documents
from tenure.documents import FromFile
from tenure.dossier import Emit, Event, Evidence, Model, Stage, View, Waiting, canonical, now
from tenure.dossier.retiring import NOTICE, Notice, final, not_final, notice_of
from tenure.errors import UsageError
from tenure.retire import calendar
from tenure.retire.pages import Page, Points, Section, Text, html, markdown
from tenure.retire.record import Pen, successor_of


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


def policy_on_file(view: View) -> calendar.NoticePolicy | None:
    """Read what the policy of the newest release decision says of retirement; None without one."""
    for event in reversed(view.events(act="evidence", name="release/decide")):
        for name, digest in event.files.items():
            if "policy" in name:
                text = view.read(digest).decode()
                return documents.parse(text, calendar.NoticePolicy, source=name)
    return None


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
    custody = view.state(model.id).custody
    emit.event("note", NOTICE, body, files=_files(model, body, emit, custody))


def _day(text: str | None) -> date | None:
    return calendar.named(text) if text else None


def _files(model: Model, terms: Mapping[str, Any], emit: Emit, custody: str) -> dict[str, str]:
    shown = page(model.id, terms, custody)
    return {
        "notice.md": emit.file(markdown(shown)),
        "notice.html": emit.file(html(shown)),
        "feed.json": emit.file(canonical(feed(model, terms))),
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
        findings={**terms, "state": "due", "feed": feed(model, terms), **_exception(found)},
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


def feed(model: Model, terms: Any) -> dict[str, Any]:
    """Write the entry of a feed of retirements; dates stand in the signed event beside it."""
    return {
        "schema": "tenure/retirement.v1",
        "model": model.id,
        "state": "deprecated",
        "class": terms["class"],
        "notice_days": terms["days"],
        "successor": terms.get("successor"),
        "rerouted": False,
        "after": terms.get("access_after") or "on request",
    }


def page(model: str, terms: Any, custody: str, stands: Notice | None = None) -> Page:
    """Write the notice for users: what is final, what is not, what to do.

    ``stands`` is the notice as it stands now: with it the page has the dates; the page that is stored
    with the signed event has none, for the event has its own.
    """
    after = str(terms.get("access_after") or "on request")
    heir = terms.get("successor")
    days = stands.promised if stands else int(terms["days"])
    period = (
        f"The class '{terms['class']}' has {days} days of notice, counted from the signed event."
        if days
        else f"The class '{terms['class']}' has no notice period."
    )
    moving = (
        f"The successor is {heir}. The migration guide says, by kind of task, where it is better, "
        "worse, the same, or not known."
        if heir
        else "No successor is named. Say what you need to the people who run this model."
    )
    why = f" Reason: {terms['reason']}" if terms.get("reason") else ""
    return Page(
        title=_title(model, stands),
        lead=f"{period}{why}",
        sections=[
            Section("What is final", [Points(tuple(final(custody, after)))]),
            Section("What is not final", [Points(tuple(not_final(custody, after)))]),
            Section("Moving on", [Text(moving)]),
            Section("Dates", [_dates(stands)]),
        ],
    )


def _title(model: str, stands: Notice | None) -> str:
    if stands is not None and stands.cancelled:
        return f"{model} is not being retired: the notice was taken back"
    return f"{model} is being retired"


def _dates(stands: Notice | None) -> Text | Points:
    if stands is None:
        return Text("Each date is that of a signed event: 'tenure show' lists them.")
    told = [f"Announced on {stands.announced}."]
    if stands.cancelled:
        return Points((*told, f"Taken back: {stands.because}"))
    told.append(f"Retired on {stands.sunset} at the earliest.")
    if stands.exception:
        told.append(
            f"The notice is {stands.days} days instead of {stands.promised}: an exception, signed by "
            f"{' and '.join(stands.signers)}. Reason: {stands.exception}"
        )
    if stands.postponed:
        told.append(f"Postponed: {stands.postponed}")
    return Points((*told, "Each date is that of a signed event: 'tenure show' lists them."))


stage = Stage(
    name="retire/notice",
    spec=Spec,
    run=run,
    summary="Tell users what ends, what stays and when; wait for the notice period.",
    reads=("retire/exception", "retire/postpone"),
)
