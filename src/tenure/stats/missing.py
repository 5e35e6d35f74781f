"""What missing grades could change: nothing is assumed about them."""

from dataclasses import dataclass

from tenure.stats.interval import check_counts
from tenure.stats.proportion import lower_bound, upper_bound


@dataclass(frozen=True, slots=True)
class Worst:
    """The range of a rate were every missing grade a no, or a yes; and the bounds that hold in both."""

    least: float
    most: float
    lower: float
    upper: float


def worst_case(k: int, graded: int, missing: int, level: float = 0.95) -> Worst:
    """Bound a rate with ``missing`` grades whatever they were; bounds are exact and one-sided."""
    check_counts(k, graded + missing)
    planned = graded + missing
    return Worst(
        k / planned,
        (k + missing) / planned,
        lower_bound(k, planned, level),
        upper_bound(k + missing, planned, level),
    )
