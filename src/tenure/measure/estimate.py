"""From sample records to a Measure, and from a Measure back to its records.

    measure = estimate(records, recipe, name="refusal", unit="proportion", samples=digest)
    recompute(evidence, view)      # [] when every number comes out of its records again

``low`` and ``high`` are about what was graded; ``lower`` and ``upper`` hold whatever the missing
grades would have been. Where nothing was graded the estimate is None.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, Unpack

from tenure.dossier.nouns import Evidence, Measure, Recipe
from tenure.dossier.stage import View
from tenure.errors import TenureError, unknown
from tenure.measure.columns import Row, select
from tenure.measure.consistency import CONSISTENCY
from tenure.measure.estimators import ESTIMATORS
from tenure.measure.preferring import PREFERRING
from tenure.measure.ranking import RANKING

Unit = Literal["proportion", "difference", "mean", "count", "ratio", "seconds"]
NUMBERS = ("estimate", "low", "high", "lower", "upper", "n", "clusters", "missing")
TOLERANCE = 1e-9  # two builds of the special functions may differ in the last digits


class Words(TypedDict, total=False):
    """What may be said of a measure besides: which way is better, and a note."""

    better: Literal["higher", "lower"] | None
    note: str | None


def estimate(
    records: Sequence[Row],
    recipe: Recipe,
    *,
    name: str,
    unit: Unit,
    samples: str | None,
    **words: Unpack[Words],
) -> Measure:
    """Make a measure out of sample records as the recipe says.

    ``samples`` is the digest of the stored records; ``better`` and ``note`` may be given. Raises
    UsageError for an unknown estimator or column, and for an outcome that is neither true, false,
    a number nor null.
    """
    known = {**ESTIMATORS, **RANKING, **CONSISTENCY, **PREFERRING}
    if recipe.estimator not in known:
        raise unknown("estimator", recipe.estimator, known)
    found = known[recipe.estimator](select(records, recipe.where), recipe)
    return Measure(
        name=name,
        unit=unit,
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        lower=found.lower,
        upper=found.upper,
        level=recipe.level,
        n=found.n,
        clusters=found.clusters,
        missing=found.missing,
        worst=found.worst,
        method=found.method,
        recipe=recipe,
        samples=samples,
        **words,
    )


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A number that does not come out of its records again."""

    measure: str
    field: str
    stored: Any
    found: Any

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.measure}: {self.field} is recorded as {self.stored}, its samples give {self.found}"


def recomputable(measure: Measure) -> bool:
    """Say whether a measure names its records and how it was made."""
    return measure.recipe is not None and measure.samples is not None


def _alike(stored: object, found: object) -> bool:
    if isinstance(stored, int | float) and isinstance(found, int | float):
        return math.isclose(stored, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return stored == found


def _compare(stored: Measure, again: Measure) -> list[Mismatch]:
    pairs: list[tuple[str, object, object]] = [
        (name, getattr(stored, name), getattr(again, name))
        for name in (*NUMBERS, "level", "method")
    ]
    for place, end in enumerate(("worst low", "worst high")):
        was, now = (None if m.worst is None else m.worst[place] for m in (stored, again))
        pairs.append((end, was, now))
    return [Mismatch(stored.name, n, a, b) for n, a, b in pairs if not _alike(a, b)]


def recompute(evidence: Evidence, view: View) -> list[Mismatch]:
    """Compute every measure of an evidence again from its stored records.

    Empty when all agree. A measure whose records are missing or changed is a mismatch of its
    ``samples``. Measures that name no records are left out (see :func:`recomputable`).
    """
    found: list[Mismatch] = []
    cache: dict[str, list[dict[str, Any]]] = {}
    for measure in evidence.measures:
        if measure.recipe is None or measure.samples is None:
            continue
        try:
            if measure.samples not in cache:
                cache[measure.samples] = view.records(measure.samples)
            again = estimate(
                cache[measure.samples],
                measure.recipe,
                name=measure.name,
                unit=measure.unit,
                samples=measure.samples,
            )
        except (TenureError, OSError, ValueError, TypeError, LookupError) as error:
            found.append(Mismatch(measure.name, "samples", measure.samples, str(error)))
            continue
        found.extend(_compare(measure, again))
    return found
