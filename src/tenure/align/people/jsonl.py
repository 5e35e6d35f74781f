"""Rows of a JSON Lines file that somebody wrote, each with its line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tenure.errors import DocumentError

Row = Mapping[str, Any]


def rows_of(path: Path) -> Iterator[tuple[int, Row]]:
    """Read the rows of a file with their lines, which count from 1; empty lines are passed over.

    Raises:
        DocumentError: it cannot be read, a line is no JSON object, or there is none.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(path, None, "file", f"{error}; give a UTF-8 file") from None
    seen = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            expected = f"{error}; one JSON object a line was expected"
            raise DocumentError(path, number, "row", expected) from None
        if not isinstance(row, dict):
            raise DocumentError(path, number, "row", "a JSON object was expected")
        seen = True
        yield number, row
    if not seen:
        raise DocumentError(path, None, "rows", "there are none; one JSON object a line")


def text_of(row: Row, name: str, where: tuple[Path, int]) -> str:
    """Return a field that must hold words; a conversation gives its last turn's.

    Raises:
        DocumentError: the field is missing, empty, or neither words nor a conversation.
    """
    given = row.get(name)
    if isinstance(given, list) and given and isinstance(given[-1], Mapping):
        given = given[-1].get("content")
    if not isinstance(given, str) or not given.strip():
        raise DocumentError(*where, name, "words, or a list of turns with role and content")
    return given
