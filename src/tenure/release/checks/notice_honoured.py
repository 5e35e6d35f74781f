"""Did users have as many days as they were promised before a model was retired?

A withdrawal for safety is no retirement: it needs no notice, and this check does not read it.
"""

from collections.abc import Sequence

from pydantic import Field, model_validator

from tenure.dossier.nouns import Event
from tenure.dossier.retiring import CHANGED, NOTICE
from tenure.release.commitments_case import Case, Check, Found, Proof, Terms, day_of, later


class Days(Terms):
    """The fewest days of notice; a release that was published with more keeps those."""

    limited: int = Field(ge=0, le=3650)
    public: int = Field(ge=0, le=3650)

    @model_validator(mode="after")
    def _the_public_hears_first(self) -> "Days":
        if self.public < self.limited:
            raise ValueError("'public' must be at least as long as 'limited'")
        return self


def find(case: Case) -> Found:
    """Compare the day of the notice with the day of the retirement."""
    subject = case.subject
    given = _given(subject.events)
    retired = next((e for e in subject.facts("stage") if e.body.get("value") == "retired"), None)
    days = _promised(case)
    command = f"tenure retire notice --model {subject.model.id}"
    wanted = f"{days} days between the notice and the retirement"
    if retired is None or retired.time < case.since:
        if given is not None and retired is None:
            wanted += f"; not before {later(given.time, days)[:10]}"
        return Found(begun=None, wanted=wanted, command=command)
    had = 0 if given is None else (day_of(retired.time) - day_of(given.time)).days
    proof = Proof(event=retired, says=f"{had} days of notice; {days} were promised")
    kept = had >= days
    return Found(
        begun=retired.time,
        wanted=wanted,
        command=command,
        proofs=(proof,) if kept else (),
        faults=() if kept else (proof,),
        lasting=not kept,
    )


def _given(events: Sequence[Event]) -> Event | None:
    """Find the notice that stood: the first one after the last that was taken back."""
    found: Event | None = None
    for event in events:
        if event.act == "note" and event.name == CHANGED and event.body.get("cancelled"):
            found = None
        elif event.act == "note" and event.name == NOTICE and found is None:
            found = event
    return found


def _promised(case: Case) -> int:
    """The days of the widest class it was ever available to, or those it was published with."""
    ever = {str(e.body.get("value")) for e in case.subject.facts("availability")}
    days = [getattr(case.terms, name) for name in ("limited", "public") if name in ever]
    for _, evidence in case.subject.evidence("release/publish"):
        noticed = evidence["findings"].get("notice_days")
        if isinstance(noticed, int):
            days.append(noticed)
    return max(days, default=0)


extension = Check(
    name="notice_honoured",
    summary="Users had the days of notice they were promised before a retirement.",
    terms=Days,
    find=find,
)
