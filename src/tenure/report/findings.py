"""What a stage found that is not a number, ready to be read: words, lists, pairs, tables, cards."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Measure
from tenure.report import words

CELL = 400
WIDE = 80  # letters in one cell; longer ones are shown one under the other
FIRST = ("topic", "title", "name", "item", "rule", "level", "state", "verdict", "outcome", "status")
EMPTY = (None, "", [], {})
MEASURE = {"name", "unit", "n", "missing", "method", "level"}
BRIEF = {"estimate", "low", "high", "n"}
OWN_PLACE = frozenset({"controls", "origin"})


def cell(value: Any) -> str:
    """Write one value of a record or a finding, nested ones flattened into words."""
    if value is None or isinstance(value, bool | int | float):
        return _plain(value)
    if words.is_digest(value):
        return words.short(value)
    if isinstance(value, Mapping):
        text = _pairs(value)
    elif isinstance(value, list) and value and all(_is_quote(v) for v in value):
        return "\n".join(f"“{v['text']}”" for v in value)[: 4 * CELL]
    elif isinstance(value, list | tuple):
        text = ", ".join(cell(v) for v in value)
    else:
        text = str(value)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _pairs(value: Mapping[str, Any]) -> str:
    """Write a mapping in one line; a measure as one."""
    if set(value) >= MEASURE:
        with suppress(TypeError):
            return words.whole(Measure.from_json(value))
    if set(value) >= BRIEF:
        ends = f"{cell(value['low'])} to {cell(value['high'])}"
        return f"{cell(value['estimate'])} ({ends}; n {cell(value['n'])})"
    filled = {k: v for k, v in value.items() if v not in EMPTY}
    return "; ".join(f"{words.spoken(str(k))} {cell(v)}" for k, v in filled.items())


def _plain(value: float | None) -> str:
    if value is None:
        return words.NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) > 9999 else str(value)
    return f"{value:.4g}".replace("-", words.MINUS)


def _is_row(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) > 2 and not set(value) >= BRIEF


def _is_quote(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("text"), str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding, ready to be shown: words, a list, pairs, a table, cards, or long text to unfold."""

    name: str
    kind: str
    text: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def findings(found: Mapping[str, Any]) -> list[Finding]:
    """Turn free findings into something readable; verdicts and controls have their own place."""
    shown = [
        _finding(words.spoken(str(name)), value)
        for name, value in found.items()
        if name not in OWN_PLACE and value not in EMPTY and not _is_ruling(name, value)
    ]
    return sorted(
        shown, key=lambda f: ("words", "list", "pairs", "table", "cards", "long").index(f.kind)
    )


def _is_ruling(name: str, value: Any) -> bool:
    """Say whether this is a release decision's table of verdicts, which has its own place."""
    return name == "verdicts" and isinstance(value, list)


def _finding(name: str, value: Any) -> Finding:
    if isinstance(value, Mapping) and value and all(_is_row(v) for v in value.values()):
        return _table(name, [{"name": words.spoken(str(k)), **v} for k, v in value.items()])
    if isinstance(value, Mapping):
        pairs = tuple((words.spoken(str(k)), cell(v)) for k, v in value.items() if v not in EMPTY)
        return Finding(name=name, kind="pairs", rows=pairs)
    if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        return _table(name, value)
    if isinstance(value, list):
        return Finding(name=name, kind="list", rows=tuple((cell(v),) for v in value))
    text = value if isinstance(value, str) else cell(value)
    return Finding(name=name, kind="long" if len(text) > CELL else "words", text=text)


def _table(name: str, value: Sequence[Mapping[str, Any]]) -> Finding:
    """Make a table, or, when it is wide, one card a row."""
    keys = _keys(value)
    rows = tuple(tuple(cell(row.get(key)) for key in keys) for row in value)
    wide = len(keys) > 4 or any(len(text) > WIDE for row in rows for text in row)
    return Finding(
        name=name,
        kind="cards" if wide else "table",
        header=tuple(words.spoken(str(key)) for key in keys),
        rows=rows,
    )


def _keys(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the keys that hold something, those that say what a row is about first."""
    filled = dict.fromkeys(k for row in rows for k in row if row[k] not in EMPTY)
    first = [key for key in FIRST if key in filled]
    return first + [key for key in filled if key not in first]


@dataclass(frozen=True, slots=True)
class Control:
    """One control: whether it passed, and why."""

    name: str
    status: str
    why: str


def controls(found: Any) -> list[Control]:
    """Read an assessment's controls, written as a list or as a mapping."""
    rows = list(found.items()) if isinstance(found, Mapping) else []
    if isinstance(found, list):
        rows = [(r.get("name", "?"), r) if isinstance(r, Mapping) else (r, None) for r in found]
    return [_control(str(name), row) for name, row in rows]


def _control(name: str, row: Any) -> Control:
    passed = row.get("passed") if isinstance(row, Mapping) else row
    why = ""
    if isinstance(row, Mapping):
        why = str(row.get("why") or "") or "; ".join(
            f"{words.spoken(str(k))} {cell(v)}"
            for k, v in row.items()
            if k not in ("name", "passed")
        )
    status = "passed" if passed is True else "failed" if passed is False else "not run"
    return Control(words.spoken(name), status, why)
