"""How a row that is not shown, or shown in part, bears on one number. Nothing but Python.

A row counts for a number in one of three ways. What the recipe asks of it is shown: it is ``seen``.
Its part in the design is shown and its outcome is not: it is ``open``. Its part in the design is
not shown either: it is ``loose``, and may count anywhere, or nowhere.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast


class Hidden:
    """The one value of a cell that is not shown."""

    def __repr__(self) -> str:
        """Name it."""
        return "HIDDEN"


HIDDEN = Hidden()
Row = Mapping[str, Any]


@dataclass(slots=True)
class Side:
    """One arm: outcomes seen (NaN: missing) with their clusters, and the clusters of open ones."""

    values: list[float] = field(default_factory=list[float])
    clusters: list[Hashable] = field(default_factory=list[Hashable])
    open: list[Hashable] = field(default_factory=list[Hashable])
    loose: int = 0
    clustered: bool = False

    @property
    def graded(self) -> list[float]:
        """Return the outcomes that are not missing."""
        return [v for v in self.values if not math.isnan(v)]

    @property
    def missing(self) -> int:
        """Count those seen to be missing."""
        return len(self.values) - len(self.graded)

    @property
    def unknown(self) -> int:
        """Count the rows that could be anything."""
        return len(self.open) + self.loose

    def labels(self, *, filled: bool) -> list[Hashable]:
        """Return the clusters of the outcomes that surely count."""
        if filled:
            return [*self.clusters, *self.open]
        return [c for c, v in zip(self.clusters, self.values, strict=True) if not math.isnan(v)]

    def largest(self, *, filled: bool) -> int:
        """Say how large a cluster can be at most."""
        sizes = Counter(self.labels(filled=True) if filled else [*self.labels(filled=False), *self.open])  # fmt: skip
        return max(sizes.values(), default=0) + self.loose


@dataclass(slots=True)
class Pair:
    """Two sides of a pair: a number, NaN where missing (or no such row), HIDDEN where not shown."""

    first: float | Hidden = math.nan
    second: float | Hidden = math.nan
    key: Hashable = None
    cluster: Hashable = None

    @property
    def shut(self) -> bool:
        """Say whether a side is not shown."""
        return isinstance(self.first, Hidden) or isinstance(self.second, Hidden)

    @property
    def gone(self) -> bool:
        """Say whether a side is missing for sure."""
        return any(isinstance(s, float) and math.isnan(s) for s in (self.first, self.second))

    def gap(self, low: float, high: float) -> float:
        """Return first less second, an unknown first taken as ``low``, an unknown second as ``high``."""
        one, two = (
            fill if isinstance(s, Hidden) or math.isnan(s) else s
            for s, fill in ((self.first, low), (self.second, high))
        )
        return one - two

    def turned(self) -> "Pair":
        """Return it with its sides exchanged."""
        return Pair(self.second, self.first, self.key, self.cluster)


@dataclass(frozen=True, slots=True)
class Paired:
    """All pairs; ``loose`` rows may belong to any, or make new ones.

    ``repeated`` says that an item was put more than once: a loose row could then change which
    answer is held against which.
    """

    pairs: list[Pair]
    loose: int
    clustered: bool
    repeated: bool
    exchanged: bool = False

    @property
    def unknown(self) -> int:
        """Count what could be anything."""
        return self.loose + sum(p.shut for p in self.pairs)

    def turned(self) -> "Paired":
        """Return it with the arms exchanged."""
        pairs = [p.turned() for p in self.pairs]
        return replace(self, pairs=pairs, exchanged=not self.exchanged)


def _alike(found: object, wanted: object) -> bool:
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _fits(row: Row, where: Mapping[str, Any]) -> bool | None:
    """Say whether a row is selected; None where that is not shown."""
    cells = [(row.get(column), wanted) for column, wanted in where.items()]
    if any(found is not HIDDEN and not _alike(found, wanted) for found, wanted in cells):
        return False
    return None if any(found is HIDDEN for found, _ in cells) else True


def _number(value: object) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, bool | int | float) or math.isinf(value):
        raise ValueError(f"an outcome is {value!r}; expected true, false, a number or null")
    return float(value)


def _label(value: object) -> Hashable:
    if not isinstance(value, str | int | float | bool):
        raise ValueError(f"a label is {value!r}; expected a text or a number")  # noqa: TRY004 - bad data
    return value


def selected(rows: Iterable[Row], recipe: Mapping[str, Any]) -> tuple[list[Row], int]:
    """Return the rows that are selected, and how many may or may not be."""
    kept, loose = list[Row](), 0
    for row in rows:
        fits = _fits(row, recipe.get("where") or {})
        loose += fits is None
        if fits:
            kept.append(row)
    return kept, loose


def side(rows: Sequence[Row], recipe: Mapping[str, Any], loose: int) -> Side:
    """Read one arm out of rows that belong to it."""
    column: str | None = recipe.get("cluster")
    made = Side(loose=loose, clustered=column is not None)
    for index, row in enumerate(rows):
        cluster = index if column is None else row.get(column)
        value = row.get(recipe["value"])
        if cluster is HIDDEN:
            made.loose += 1
        elif value is HIDDEN:
            made.open.append(_label(cluster))
        else:
            made.values.append(_number(value))
            made.clusters.append(_label(cluster))
    return made


def arms(rows: Sequence[Row], recipe: Mapping[str, Any]) -> tuple[list[Row], list[Row], int]:
    """Split rows by arm; the last is how many do not show theirs."""
    column, named = recipe.get("arm"), recipe.get("arms")
    if column is None or named is None:
        raise ValueError("the recipe compares two arms and names none")
    first, second = ([r for r in rows if _alike(r.get(column), arm)] for arm in named)
    return first, second, sum(r.get(column) is HIDDEN for r in rows)


def paired(rows: Sequence[Row], recipe: Mapping[str, Any], loose: int) -> Paired:
    """Align two arms by the column of the pair; repeats are matched in their order."""
    first, second, unplaced = arms(rows, recipe)
    loose += unplaced
    found: dict[tuple[Hashable, int], Pair] = {}
    by_cluster: str | None = recipe.get("cluster")
    for name, arm in (("first", first), ("second", second)):
        turns: Counter[Hashable] = Counter()
        for row in arm:
            needed = [row.get(recipe["pair"])] + ([row.get(by_cluster)] if by_cluster else [])
            if any(cell is HIDDEN for cell in needed):
                loose += 1
                continue
            key = _label(needed[0])
            pair = found.setdefault((key, turns[key]), Pair(key=key))
            turns[key] += 1
            value = row.get(recipe["value"])
            setattr(pair, name, HIDDEN if value is HIDDEN else _number(value))
            if pair.cluster is None:
                pair.cluster = _label(needed[-1])
    repeated = any(turn for _, turn in found)
    clustered = by_cluster is not None or loose > 0 or repeated
    return Paired(list(found.values()), loose, clustered, repeated)


def hides(row: Row, recipe: Mapping[str, Any]) -> bool:
    """Say whether a cell that the recipe names is not shown."""
    options: Mapping[str, Any] = recipe.get("options") or {}
    named = [recipe.get(field) for field in ("value", "arm", "pair", "cluster")]
    for each in options.values():
        named += each if isinstance(each, list | tuple) else [each]
    return any(row.get(column) is HIDDEN for column in named if isinstance(column, str))


def numbers(rows: Iterable[Row], column: str) -> list[float]:
    """Return the outcomes that are shown and not missing."""
    shown = (row.get(column) for row in rows)
    made = [_number(v) for v in shown if v is not HIDDEN]
    return [v for v in made if not math.isnan(v)]


def reach_of(recipe: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the range that the recipe says its numbers keep to, or None."""
    options: Mapping[str, Any] = recipe.get("options") or {}
    given = options.get("range")
    if given is None:
        return None
    low, high = cast("Sequence[float]", given)
    return float(low), float(high)
