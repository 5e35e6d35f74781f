"""Whether what is kept back could be read, or found, all the same.

The texts of a disclosure's rows are looked for in what is handed out with them: a whole text stops
it, a sentence is named. What is kept back and is little can be found by trying.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier import cells
from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import Event
from tenure.errors import RefusedError

TELLING = 24  # letters of a text by which it would be known again
GUESSES = 64  # bits that what is kept back must be worth at least, or it can be found by trying
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """One file of samples: its rows, which are kept back, and which columns are shown of those."""

    digest: str
    rows: list[Row]
    kept: frozenset[int]
    design: frozenset[str]
    hide: frozenset[str]

    def hidden(self, index: int) -> set[str]:
        """Return the columns of a row that are not shown."""
        row = set(self.rows[index])
        return row - self.design if index in self.kept else row & self.hide

    @property
    def touched(self) -> int:
        """Count the rows that are not shown in whole."""
        return sum(bool(self.hidden(i)) or i in self.kept for i in range(len(self.rows)))


def _texts(value: Any) -> list[str]:
    """Return the texts of a value that would be known again."""
    if isinstance(value, str):
        return [value] if len(value) >= TELLING else []
    if isinstance(value, Mapping):
        return [t for each in value.values() for t in _texts(each)]  # pyright: ignore[reportUnknownVariableType] - any JSON
    if isinstance(value, list):
        return [t for each in value for t in _texts(each)]  # pyright: ignore[reportUnknownVariableType] - any JSON
    return []


def _said(files: Sequence[File]) -> tuple[set[str], set[str]]:
    """Return the texts that are shown somewhere, and those that are kept back."""
    shown, shut = set[str](), set[str]()
    for file in files:
        for index, row in enumerate(file.rows):
            hidden = file.hidden(index)
            for column, value in row.items():
                (shut if column in hidden else shown).update(_texts(value))
    return shown, shut


def refuse(events: Sequence[Event], files: Sequence[File]) -> None:
    """Refuse to hand out events that hold a whole text which is kept back and shown nowhere."""
    shown, shut = _said(files)
    for event in events:
        said = canonical(dict(event.body)).decode()
        for text in sorted(shut - shown):
            if cells.text_of(text)[1:-1] in said:
                raise RefusedError(
                    f"event {event.index} ({event.act} {event.name}) itself holds a text that is to "
                    f"be kept back ('{text[:TELLING]}...'); show the rows with it, or hand out "
                    "another evidence"
                )


def _pieces(texts: set[str]) -> set[str]:
    """Return the sentences and lines of texts that would be known again."""
    found = (piece.strip() for text in texts for piece in re.split(r"(?<=[.!?])\s+|\n", text))
    return {piece for piece in found if len(piece) >= TELLING}


def warnings(events: Sequence[Event], files: Sequence[File]) -> tuple[str, ...]:
    """Say where something that is kept back might be read, or found, all the same."""
    return (*_repeated(files), *_quoted(events, files), *_guessed(files))


def _repeated(files: Sequence[File]) -> list[str]:
    """Name the columns that are shown and repeat, in their row, a text that is kept back."""
    telling: set[str] = set()
    for file in files:
        for index, row in enumerate(file.rows):
            hidden = file.hidden(index)
            shut = [t for c in hidden for t in _texts(row[c])]
            for column in set(row) - hidden - telling if shut and index not in file.kept else ():
                if any(s in t or t in s for s in _texts(row[column]) for t in shut):
                    telling.add(column)
    return [f"the column '{c}' repeats parts of what is kept back; --hide it too" for c in sorted(telling)]  # fmt: skip


def _quoted(events: Sequence[Event], files: Sequence[File]) -> list[str]:
    """Name the events that hold a sentence which is kept back and shown nowhere."""
    shown, shut = _said(files)
    seen = "\n".join(sorted(shown))
    pieces = {cells.text_of(p)[1:-1]: p for p in _pieces(shut) if p not in seen}
    found: list[str] = []
    for event in events:
        said = canonical(dict(event.body)).decode()
        held = next((p for text, p in sorted(pieces.items()) if text in said), None)
        if held is not None:
            found.append(f"event {event.index} ({event.act} {event.name}) holds a sentence that is kept back: '{held[:60]}'")  # fmt: skip
    return found


def _guessed(files: Sequence[File]) -> list[str]:
    """Say where what is kept back is so little that it could be found by trying.

    The event names each file by the hash of its content: who has all of it but a few short cells
    can try them.
    """
    found: list[str] = []
    for file in files:
        kinds: dict[str, set[str]] = {}
        for row in file.rows:
            for column, value in row.items():
                kinds.setdefault(column, set()).add(cells.text_of(value))
        bits = 0.0
        for index, row in enumerate(file.rows):
            for column in file.hidden(index):
                own = TELLING * 2 if _texts(row[column]) else 0
                bits += max(own, math.log2(len(kinds[column])))
        if 0 < bits < GUESSES:
            found.append(
                f"what is kept back of {file.digest[:23]} is worth about {bits:.0f} bits: who holds the "
                "rest can find it by trying, for the hash of the whole file is signed; keep back more"
            )
    return found
