"""Records in stored files of JSON Lines, found by their ids without reading the rest."""

import json
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from tenure.dossier.canonical import canonical
from tenure.dossier.stage import View
from tenure.errors import IntegrityError


def here(view: View, digest: str) -> bool:
    """Say whether a stored file is here; an export may leave it out."""
    try:
        return bool(view.path(digest))
    except IntegrityError:
        return False


def one(content: bytes, name: str, start: int = 0) -> tuple[dict[str, Any] | None, int]:
    """Find one record of a stored file of JSON Lines by its id, and where it ends.

    The others are not parsed; the search begins at ``start`` and goes on from the beginning.
    """
    mark = b'"id":' + canonical(name)
    for begin, stop in ((start, len(content)), (0, start)):
        place = begin - 1
        while (place := content.find(mark, place + 1, stop)) >= 0:
            first = content.rfind(b"\n", 0, place) + 1
            last = content.find(b"\n", place)
            last = len(content) if last < 0 else last
            found: dict[str, Any] = json.loads(content[first:last])
            if found.get("id") == name:
                return found, last
    return None, start


def several(content: bytes, names: Sequence[str]) -> list[dict[str, Any] | None]:
    """Find several records; those of one draft lie one after the other."""
    found, end = list[dict[str, Any] | None](), 0
    for name in names:
        this, end = one(content, name, end)
        found.append(this)
    return found


def may_hold(path: Path, name: str, key: str = "id") -> bool:
    """Say whether a file may hold a record: its bytes are searched, and not checked."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as source, mmap(source.fileno(), 0, access=ACCESS_READ) as mapped:
        return mapped.find(canonical(key) + b":" + canonical(name)) >= 0
