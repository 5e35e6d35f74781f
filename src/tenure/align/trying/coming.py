"""Outcomes that come back: a file of rows, each held to the plan before any is kept."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict

from tenure.align.people.jsonl import rows_of, text_of
from tenure.align.trying.plan import YES_NO, Outcome
from tenure.align.trying.register import Came, Experiment
from tenure.errors import DocumentError, UsageError, unknown

FIELDS = ("unit", "arm", "value", "when", "source", "note", "corrects")
LARGEST = 1e300
YES: Mapping[str, bool] = {"yes": True, "no": False, "true": True, "false": False}


class Row(BaseModel):
    """One row: ``line`` of the file; ``corrects`` says that an earlier row of the unit was wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    line: int
    unit: str
    arm: str
    value: bool | float | None
    source: str
    when: str | None = None
    note: str = ""
    corrects: bool = False


class Rows(BaseModel):
    """The rows of a file of outcomes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: tuple[Row, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read JSON Lines with unit, arm, value and source, and if you like when, note and corrects.

        Raises:
            DocumentError: a field that is missing, unknown or not of its kind, a value that is no
                finite number, a day that is none; names the line.
        """
        return cls(rows=tuple(_row(row, (path, number)) for number, row in rows_of(path)))


def _row(row: Mapping[str, Any], where: tuple[Path, int]) -> Row:
    for name in row:
        if name not in FIELDS:
            raise DocumentError(
                *where, name, f"is not a field here; there are: {', '.join(FIELDS)}"
            )
    if "value" not in row:
        raise DocumentError(
            *where, "value", "true, false or a number; null where nothing will come"
        )
    when, note, corrects = row.get("when"), row.get("note", ""), row.get("corrects", False)
    if when is not None and _day(when) is None:
        raise DocumentError(*where, "when", f"{when!r} is no day or time as 2026-11-22 or 2026-11-22T09:30Z")  # fmt: skip
    if not isinstance(note, str) or not isinstance(corrects, bool):
        raise DocumentError(*where, "note or corrects", "note is words, corrects true or false")
    return Row(
        line=where[1],
        unit=text_of(row, "unit", where).strip(),
        arm=text_of(row, "arm", where).strip(),
        value=_value(row["value"], where),
        source=text_of(row, "source", where),
        when=cast("str | None", when),
        note=note,
        corrects=corrects,
    )


def _value(given: object, where: tuple[Path, int]) -> bool | float | None:
    if isinstance(given, str):
        given = YES.get(given.strip().lower(), given)
    if given is None or isinstance(given, bool):
        return given
    if not isinstance(given, int | float) or not abs(given) <= LARGEST:
        raise DocumentError(
            *where, "value", f"{given!r} is neither true, false, a finite number nor null (nothing will come)"
        )  # fmt: skip
    return float(given)


def _day(given: object) -> date | datetime | None:
    """Read a day or a time; a time without a zone is UTC."""
    if not isinstance(given, str):
        return None
    try:
        if len(given) == len("2026-11-22"):
            return date.fromisoformat(given)
        found = datetime.fromisoformat(given)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """The outcomes that stand, and how many rows were new, there already, and corrections."""

    outcomes: Mapping[str, Came]
    new: int
    again: int
    corrected: int


def fold(held: Experiment, rows: Sequence[Row]) -> Folded:
    """Add rows to the outcomes that stand; nothing is added unless every row is good.

    Raises:
        UsageError: a unit that was not assigned, an arm that is not there, a value of the wrong kind
            or out of range, an outcome from before the plan was signed, a unit that has another
            outcome already, or a correction of nothing; names the line and what mends it.
    """
    outcomes = dict(held.outcomes)
    new = again = corrected = 0
    for row in rows:
        _check(held, row)
        came = Came(
            unit=row.unit, arm=row.arm, value=_of_kind(held.plan.outcome, row), source=row.source,
            when=row.when, note=row.note,
        )  # fmt: skip
        there = outcomes.get(row.unit)
        same = there is not None and (there.arm, there.value) == (came.arm, came.value)
        if row.corrects and there is None:
            raise UsageError(f"line {row.line}: '{row.unit}' has no outcome to correct; leave 'corrects' out")  # fmt: skip
        if there is not None and not same and not row.corrects:
            raise UsageError(
                f"line {row.line}: '{row.unit}' has the outcome {_said(there)} already, here it is "
                f"{_said(came)}; if the earlier was wrong, add \"corrects\": true and say why in 'note'"
            )
        again, new = again + same, new + (there is None)
        corrected += there is not None and not same
        if not same:
            outcomes[row.unit] = came
    return Folded(outcomes=outcomes, new=new, again=again, corrected=corrected)


def _said(came: Came) -> str:
    value = "missing" if came.value is None else f"{came.value}"
    return f"{value} under '{came.arm}'"


def _check(held: Experiment, row: Row) -> None:
    where = f"line {row.line}"
    if row.unit not in held.assigned:
        raise UsageError(
            f"{where}: '{row.unit}' was not assigned, so it is not part of {held.plan.name}; units are "
            f"assigned before they are treated: tenure align experiment --model {held.model} --plan "
            f"{held.plan.name}.yaml --units units.txt"
        )
    arms = [arm.name for arm in held.plan.arms]
    if row.arm not in arms:
        raise UsageError(f"{where}: {unknown('arm', row.arm, arms)}")
    if row.when is not None and _before(row.when, held.since):
        raise UsageError(
            f"{where}: the outcome of '{row.unit}' is of {row.when}, and the plan was signed at "
            f"{held.since}; what was known before it cannot count: leave it out"
        )


def _before(when: str, since: str) -> bool:
    """Say whether a day or a time lies before an event; a day counts as its whole."""
    found, signed = _day(when), _day(since)
    assert isinstance(signed, datetime), "events bear times"
    if isinstance(found, datetime):
        return found < signed
    return found is not None and found < signed.date()


def _of_kind(outcome: Outcome, row: Row) -> bool | float | None:
    """Return the value as the plan has it."""
    value, where = row.value, f"line {row.line}: '{outcome.name}' of '{row.unit}'"
    if value is None:
        return None
    if outcome.kind == YES_NO:
        if value not in (0, 1):
            raise UsageError(f"{where} is {value}; the plan says yes/no: write true or false")
        return bool(value)
    low, high = outcome.range or (-math.inf, math.inf)
    if isinstance(value, bool) or not low <= value <= high:
        raise UsageError(
            f"{where} is {value}; the plan says a number from {low:g} to {high:g}: mend the row"
        )
    return value
