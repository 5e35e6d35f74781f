"""An interval, and what every function here demands of its arguments."""

from dataclasses import dataclass

from tenure.errors import UsageError


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval at ``level``; both ends may be one-sided bounds at that level."""

    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        """Say whether a value lies in it."""
        return self.low <= value <= self.high


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1); UsageError."""
    if not 0 < level < 1:
        raise UsageError(f"a confidence level lies between 0 and 1, not {level}; 0.95 is usual")


def check_counts(k: float, n: float) -> None:
    """Refuse counts that are not ``0 <= k <= n`` with ``n > 0``; UsageError."""
    if n <= 0 or not 0 <= k <= n:
        raise UsageError(f"{k} of {n} is not a share; give 0 <= k <= n and n > 0")


def one_sided(level: float) -> float:
    """Return the two-sided level whose ends are the one-sided bounds at ``level``."""
    check_level(level)
    if level <= 0.5:
        raise UsageError(f"a one-sided bound needs a level above 0.5, not {level}; 0.95 is usual")
    return 2 * level - 1
