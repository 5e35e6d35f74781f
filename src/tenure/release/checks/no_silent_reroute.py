"""Was every answer by the model that was asked for, or did the caller learn of the other?"""

from datetime import timedelta

from pydantic import Field

from tenure.release.commitments_case import Case, Check, Day, Found, Proof, Terms, day_of, holes


class Days(Terms):
    """How late a day's digest may be, and how many clean days in a row mend a fault."""

    grace_days: int = Field(default=3, ge=1, le=30)
    clean_days: int = Field(default=30, ge=1, le=365)


def find(case: Case) -> Found:
    """Read the daily digests of the gateway's ledger, from the first day of the promise on."""
    first = day_of(case.since)
    days = tuple(day for day in case.days if day.day >= first.isoformat())
    bad = [day for day in days if _silent(day, case)]
    faults = tuple(
        Proof(event=day.event, says=f"{_silent(day, case)} answers by another model on {day.day}")
        for day in bad
    )
    proofs = tuple(
        Proof(event=day.event, says=f"the ledger of {day.day} holds none")
        for day in days
        if not any(_near(day, other, case.terms.clean_days) for other in bad)
    )
    spans = [(max(a, first), b) for a, b in case.subject.available(case.at) if b >= first]
    missing = holes(spans, case.days, case.at, case.terms.grace_days)
    unseen = ""
    if missing:
        unseen = (
            f"the ledger of {len(missing)} days is not in the dossier, the first is {missing[0]}"
        )
    return Found(
        begun=case.since if proofs or faults or missing else None,
        wanted="a digest of the ledger for each day, without an answer by another model",
        command="tenure serve daily",
        proofs=proofs,
        faults=faults,
        unseen=unseen,
    )


def _silent(day: Day, case: Case) -> int:
    return day.silent.get(case.subject.model.id, 0) + day.silent.get(case.subject.model.name, 0)


def _near(day: Day, bad: Day, clean: int) -> bool:
    """Say whether a day lies within so many days after a fault, or is that day."""
    gap = day_of(day.day) - day_of(bad.day)
    return timedelta(0) <= gap < timedelta(days=clean)


extension = Check(
    name="no_silent_reroute",
    summary="No answer by another model than the one asked for without the caller being told.",
    terms=Days,
    find=find,
)
