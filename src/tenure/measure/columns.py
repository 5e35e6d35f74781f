"""Sample records read as columns: outcomes, arms, pairs, clusters; nothing is dropped.

A record is one planned sample. Its outcome is true, false or a number, or null (or absent) when
it is missing; missing outcomes stay in the columns as NaN and are counted.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError, unknown
from tenure.stats.clustered import Codes, Floats, codes_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """One arm: ``values`` (NaN = missing) and the cluster of each, or None when unclustered."""

    values: Floats
    codes: Codes | None
    binary: bool

    @property
    def missing(self) -> int:
        """Count the missing outcomes."""
        return int(np.isnan(self.values).sum())

    def graded(self) -> tuple[Floats, Codes | None]:
        """Return what was graded; clusters that lost every member are gone."""
        held = ~np.isnan(self.values)
        codes = None if self.codes is None else np.unique(self.codes[held], return_inverse=True)[1]
        return self.values[held], codes

    def filled(self, value: float) -> Floats:
        """Return all outcomes with ``value`` for the missing ones."""
        return np.where(np.isnan(self.values), value, self.values)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two arms aligned: one row a pair, NaN where a side is missing."""

    first: Floats
    second: Floats
    codes: Codes | None
    binary: bool


def same(found: object, wanted: object) -> bool:
    """Compare a column with a wanted value; true is not 1."""
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def select(records: Sequence[Row], where: Mapping[str, Any]) -> list[Row]:
    """Keep the records whose columns equal these values; UsageError on a column none has."""
    for column in where:
        _known(records, column)
    return [r for r in records if all(same(r.get(c), v) for c, v in where.items())]


def _known(records: Sequence[Row], column: str) -> None:
    if records and not any(column in r for r in records):
        raise unknown("column", column, {name for r in records for name in r})


def _number(row: Row, column: str) -> float:
    value = row.get(column)
    if value is None:
        return math.nan
    if not isinstance(value, bool | int | float) or math.isinf(value):
        raise UsageError(
            f"record {row.get('id')!r}: '{column}' is {value!r}; an outcome is true, false, "
            "a number or null"
        )
    return float(value)


def label(row: Row, column: str) -> Hashable:
    """Read a label of a record; UsageError when it has none."""
    value = row.get(column)
    if not isinstance(value, str | int | float | bool):
        raise UsageError(
            f"record {row.get('id')!r}: '{column}' is {value!r}; every record needs a text or number"
        )
    return value


def _binary(records: Sequence[Row], recipe: Recipe) -> bool:
    """Say whether the outcomes are true/false (0 and 1 count as such); a given range says no.

    Where nothing is graded nobody can tell, and nothing is bounded by 0 and 1.
    """
    seen = [v for r in records if not math.isnan(v := _number(r, recipe.value))]
    return bool(seen) and recipe.options.get("range") is None and all(v in (0, 1) for v in seen)


def _codes(records: Sequence[Row], cluster: str | None) -> Codes | None:
    """Number the clusters; None when there are none or none repeats."""
    if cluster is None:
        return None
    _known(records, cluster)
    return codes_of([label(r, cluster) for r in records]) if records else None


def outcomes(records: Sequence[Row], recipe: Recipe, among: Sequence[Row] = ()) -> Outcomes:
    """Read the outcome column of the records; ``among`` are all that say if it is true/false."""
    _known(among or records, recipe.value)
    values = np.asarray([_number(r, recipe.value) for r in records], dtype=float)
    return Outcomes(values, _codes(records, recipe.cluster), _binary(among or records, recipe))


def by_arm(records: Sequence[Row], recipe: Recipe) -> tuple[list[Row], list[Row]]:
    """Split the records into the two arms; others are not part of this measure."""
    if recipe.arm is None or recipe.arms is None:
        raise UsageError(f"'{recipe.estimator}' compares two arms; give arm and arms in the recipe")
    _known(records, recipe.arm)
    first, second = ([r for r in records if same(r.get(recipe.arm), arm)] for arm in recipe.arms)
    return first, second


def pairs(records: Sequence[Row], recipe: Recipe) -> Pairs:
    """Align the arms by the pair column; repeats within a pair are matched in their order.

    A side that is not there is missing. Where pairs repeat and no cluster is named, the pair is
    the cluster.
    """
    if recipe.pair is None:
        raise UsageError(
            "a paired difference needs the column of the pair; give pair in the recipe"
        )
    arms = by_arm(records, recipe)
    _known(records, recipe.value)
    sides: tuple[dict[tuple[Hashable, int], Row], ...] = ({}, {})
    order: dict[tuple[Hashable, int], None] = {}
    for side, rows in zip(sides, arms, strict=True):
        turn: dict[Hashable, int] = {}
        for row in rows:
            key = label(row, recipe.pair)
            place = (key, turn.get(key, 0))
            turn[key] = place[1] + 1
            side[place] = row
            order.setdefault(place)
    columns = [
        np.asarray([_number(side.get(place, {}), recipe.value) for place in order], dtype=float)
        for side in sides
    ]
    either: list[Row] = [sides[0].get(place) or sides[1][place] for place in order]
    repeated = any(turn for _, turn in order)
    cluster = recipe.cluster or (recipe.pair if repeated else None)
    binary = _binary([*arms[0], *arms[1]], recipe)
    return Pairs(columns[0], columns[1], _codes(either, cluster), binary)
