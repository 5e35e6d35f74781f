"""Sample records as letters: who speaks, what was hidden, what decided the grade, and why."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.report import words

HIDDEN = re.compile(
    r"<(notes|think|thinking|reasoning|scratchpad\w*)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
SPEAKERS = {"system": "Instructions", "user": "User", "assistant": "Model", "tool": "Tool"}
BODY = frozenset(
    {"prompt", "messages", "answer", "reasoning", "reasons", "spans", "span", "reason", "reply"}
)
DISTURBING = ("harmful", "disturbing", "sensitive")
LONG = 6000  # letters of one part that a page shows


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; ``marked`` is what decided the grade."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One turn, or the reasoning hidden inside one."""

    speaker: str
    kind: Literal["said", "hidden", "instructions"]
    pieces: tuple[Piece, ...]
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade with its reason."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One sample: its tags, its turns, its grades; ``fold`` says what it is when it is folded."""

    id: str
    anchor: str
    tags: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    grades: tuple[Grade, ...]
    why_missing: str | None
    fold: str | None


def is_conversation(record: Mapping[str, Any]) -> bool:
    """Say whether a record holds something said."""
    return any(isinstance(record.get(key), str | list) for key in ("prompt", "messages", "answer"))


def letter(record: Mapping[str, Any], columns: Sequence[str]) -> Letter:
    """Read a record; ``columns`` are those that hold grades."""
    reasons, spans = _mapping(record.get("reasons")), _mapping(record.get("spans"))
    marks = [str(v) for v in (*spans.values(), record.get("span")) if v]
    name = str(record.get("id", "?"))
    grades = tuple(
        Grade(words.spoken(c), _grade(record[c]), str(reasons.get(c) or record.get("reason") or ""))
        for c in columns
        if c in record
    )
    return Letter(
        id=name,
        anchor=f"s-{words.slug(name)}",
        tags=tuple(_tags(record, columns)),
        parts=tuple(_parts(record, marks)),
        grades=grades,
        why_missing=str(record["why_missing"]) if record.get("why_missing") else None,
        fold=_fold(record),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _grade(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _tags(record: Mapping[str, Any], columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    for key in sorted(record):
        value = record[key]
        if key in BODY or key in columns or key in ("id", "why_missing", "epoch", "stop"):
            continue
        if isinstance(value, str | int | float | bool) and len(str(value)) <= 60 and value != "":
            yield words.spoken(key), _grade(value)


def _fold(record: Mapping[str, Any]) -> str | None:
    about = {str(record.get(key)) for key in ("split", "kind", "side")}
    for word in DISTURBING:
        if record.get(word) is True or word in about:
            return f"a {word} request and the answer to it"
    return None


def _turns(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    asked = record.get("messages") or record.get("prompt") or []
    if isinstance(asked, str):
        yield "user", asked
    elif isinstance(asked, Sequence):
        for turn in asked:
            if isinstance(turn, Mapping):
                yield str(turn.get("role", "user")), str(turn.get("content", ""))
    if isinstance(record.get("reasoning"), str) and record["reasoning"]:
        yield "hidden", str(record["reasoning"])
    if isinstance(record.get("answer"), str):
        yield "answer", str(record["answer"])


def _parts(record: Mapping[str, Any], marks: Sequence[str]) -> Iterator[Part]:
    for role, text in _turns(record):
        if role == "hidden":
            yield _part("Model, hidden reasoning", "hidden", text, marks)
        elif role in ("answer", "assistant"):
            yield from _spoken(text, marks if role == "answer" else ())
        elif role == "system":
            yield _part(SPEAKERS[role], "instructions", text, ())
        else:
            yield _part(SPEAKERS.get(role, role), "said", text, ())


def _spoken(text: str, marks: Sequence[str]) -> Iterator[Part]:
    """Set hidden reasoning apart from what was said."""
    place = 0
    for found in HIDDEN.finditer(text):
        if text[place : found.start()].strip():
            yield _part("Model", "said", text[place : found.start()], marks)
        yield _part("Model, hidden reasoning", "hidden", found.group(2), marks)
        place = found.end()
    rest = text[place:]
    if rest.strip() or place == 0:
        yield _part("Model", "said", rest, marks)


def _part(
    speaker: str,
    kind: Literal["said", "hidden", "instructions"],
    text: str,
    marks: Sequence[str],
) -> Part:
    whole = text.strip()
    shown = whole[:LONG]
    pieces = tuple(_pieces(shown, marks)) or (Piece("(nothing)"),)
    return Part(speaker, kind, pieces, len(whole) - len(shown))


def _pieces(text: str, marks: Sequence[str]) -> Iterator[Piece]:
    """Cut a text at the first span that is found in it."""
    for span in marks:
        at = text.find(span)
        if at >= 0:
            if at:
                yield Piece(text[:at])
            yield Piece(span, marked=True)
            if text[at + len(span) :]:
                yield Piece(text[at + len(span) :])
            return
    if text:
        yield Piece(text)


def choose(
    records: Sequence[Mapping[str, Any]], column: str | None, most: int
) -> list[Mapping[str, Any]]:
    """Choose samples to show: of each outcome in turn, in the order of the plan."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        key = _grade(record.get(column)) if column else ""
        groups.setdefault(key, []).append(record)
    chosen: list[Mapping[str, Any]] = []
    depth = 0
    while len(chosen) < min(most, len(records)):
        for group in groups.values():
            if depth < len(group) and len(chosen) < most:
                chosen.append(group[depth])
        depth += 1
    order = {id(record): place for place, record in enumerate(records)}
    return sorted(chosen, key=lambda record: order[id(record)])
