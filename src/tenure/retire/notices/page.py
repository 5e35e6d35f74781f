"""What a notice says to users, before a day is set and after: a page, and an entry of a feed."""

from collections.abc import Sequence
from typing import Any

from tenure.dossier.retiring import Notice, final, not_final
from tenure.retire.reporting.pages import Page, Points, Section, Text


def entry(model: str, terms: Any) -> dict[str, Any]:
    """Write the entry of a feed of retirements; dates stand in the signed event beside it."""
    return {
        "schema": "tenure/retirement.v1",
        "model": model,
        "state": "deprecated",
        "class": terms["class"],
        "notice_days": terms["days"],
        "successor": terms.get("successor"),
        "rerouted": False,
        "after": terms.get("access_after") or "on request",
    }


def page(
    model: str,
    terms: Any,
    custody: str,
    stands: Notice | None = None,
    also: Sequence[str] = (),
) -> Page:
    """Write the notice for users: what is final, what is not, what to do.

    ``stands`` is the notice as it stands now: with it the page has the dates; the page that is stored
    with the signed event has none, for the event has its own. ``also`` are aliases that lead to it.
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
    if also:
        moving += (
            f" {' and '.join(repr(name) for name in also)} "
            f"{'leads' if len(also) == 1 else 'lead'} to it too, and elsewhere only by a decision on record."
        )
    whom = terms.get("contact")
    ask = [Section("Whom to ask", [Text(str(whom))])] if whom else []
    why = f" Reason: {terms['reason']}" if terms.get("reason") else ""
    return Page(
        title=_title(model, stands),
        lead=f"{period}{why}",
        sections=[
            Section("What is final", [Points(tuple(final(custody, after)))]),
            Section("What is not final", [Points(tuple(not_final(custody, after)))]),
            Section("Moving on", [Text(moving)]),
            *ask,
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
