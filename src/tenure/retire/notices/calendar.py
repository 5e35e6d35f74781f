"""Notice periods by release class: which one binds, when it is over, what a gateway says meanwhile."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.retiring import day, headers
from tenure.errors import UsageError

__all__ = [
    "HOUSE_DAYS",
    "NoticePolicy",
    "day",
    "days_of",
    "due",
    "earliest",
    "headers",
    "named",
    "phase",
]

Phase = Literal["announced", "in notice", "due"]
HOUSE_DAYS: Mapping[str, int] = {"internal": 0, "limited": 30, "public": 60}
"""The days used where no policy is on file."""


class NoticeClass(BaseModel):
    """What this room reads of a policy's release class; the rest is the release room's."""

    model_config = ConfigDict(extra="ignore")

    id: str
    notice_days: int = Field(0, ge=0)


class Owed(BaseModel):
    """What this room reads of a policy's section on retirement."""

    model_config = ConfigDict(extra="ignore")

    requires: tuple[str, ...] = ()
    access_after: Literal["on request", "none"] = "on request"


class Named(BaseModel):
    """The name of a policy."""

    model_config = ConfigDict(extra="ignore")

    id: str = ""


class NoticePolicy(BaseModel):
    """What this room reads of a policy; ``retirement`` is None where the policy says nothing."""

    model_config = ConfigDict(extra="ignore")

    classes: tuple[NoticeClass, ...]
    retirement: Owed | None = None
    metadata: Named = Named()

    @property
    def days(self) -> dict[str, int]:
        """Days of notice by class; a class above never has a shorter notice than one below."""
        return {found.id: found.notice_days for found in self.classes}


def named(text: str) -> date:
    """Read a day as people write it in a setting.

    Raises:
        UsageError: there is no such day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no day of the calendar; write it as 2027-01-31") from None


def days_of(release: str, days: Mapping[str, int]) -> int:
    """Return the notice period of a class, in days.

    Raises:
        UsageError: the policy has no such class; lists those it has.
    """
    if release not in days:
        raise UsageError(
            f"no notice period for the class '{release}'; the policy has: {', '.join(sorted(days))}; "
            "add the class to the policy, or give --policy another"
        )
    return days[release]


def due(announced: date, days: int) -> date:
    """Return the first day on which the retirement may take effect."""
    return announced + timedelta(days=days)


def phase(announced: date, days: int, today: date) -> Phase:
    """Say where a notice stands: announced today, running, or over.

    Raises:
        UsageError: the notice is dated in the future, which only a wrong clock does.
    """
    if today < announced:
        raise UsageError(
            f"the notice is dated {announced}, after today ({today}); set this machine's clock right"
        )
    if today >= due(announced, days):
        return "due"
    return "announced" if today == announced else "in notice"


def earliest(announced: date, days: int, wished: date | None, today: date) -> date | None:
    """Check the day a retirement is meant for; returns it, or None where none was named.

    Raises:
        UsageError: it has passed, or is before the notice is over; names the earliest day.
    """
    if wished is None:
        return None
    first = max(due(announced, days), today)
    if wished < today:
        raise UsageError(
            f"{wished} is in the past; the earliest day is {first}: --effective {first}"
        )
    if wished < first:
        raise UsageError(
            f"{wished} is before the notice is over: {days} days from {announced} is {first}; give "
            f"--effective {first} or later. A shorter notice is an exception, signed by two people: "
            "tenure retire exception --help"
        )
    return wished
