"""Notice periods by release class: which one binds, when it is over, what a gateway says meanwhile."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.errors import UsageError

Phase = Literal["announced", "in notice", "due"]
HOUSE_DAYS: Mapping[str, int] = {"internal": 0, "limited": 30, "public": 60}
"""The days used where no policy is on file."""


class NoticeClass(BaseModel):
    """What this room reads of a policy's release class; the rest is the release room's."""

    model_config = ConfigDict(extra="ignore")

    id: str
    notice_days: int = Field(0, ge=0)


class NoticePolicy(BaseModel):
    """What this room reads of a policy."""

    model_config = ConfigDict(extra="ignore")

    classes: tuple[NoticeClass, ...]

    @property
    def days(self) -> dict[str, int]:
        """Days of notice by class; a class above never has a shorter notice than one below."""
        return {found.id: found.notice_days for found in self.classes}


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


def headers(announced: date, sunset: date) -> dict[str, str]:
    """Write the two headers a gateway sends: Deprecation (RFC 9745) and Sunset (RFC 8594)."""

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), UTC)

    return {
        "Deprecation": f"@{int(midnight(announced).timestamp())}",
        "Sunset": format_datetime(midnight(sunset), usegmt=True),
    }


def day(moment: str) -> date:
    """Take the day of an event's time."""
    return datetime.fromisoformat(moment).date()
