"""Every text of the YAML documents that models are measured with, so that training can be held against them.

What is asked is held out of training. A room that trains checks its rows against these texts, which
``life`` hands to it by the name ``held_out_texts``: no room reads another's files.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, cast

import yaml

_Yaml: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def texts(folders: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Return every text of the documents in these folders of packages: (package, folder).

    Each with its ``source`` (room, folder and file) and ``family`` (the nearest family, topic or id
    around it).
    """
    found: list[dict[str, str]] = []
    for package, folder in folders:
        for file in sorted((files(package) / folder).iterdir(), key=lambda each: each.name):
            name, dot, kind = file.name.rpartition(".")
            if dot + kind != ".yaml":
                continue
            held = yaml.load(file.read_text(encoding="utf-8"), Loader=_Yaml)  # noqa: S506 - a safe loader
            source = f"{package.rpartition('.')[2]}/{folder}/{file.name}"
            found += [
                {"source": source, "family": family, "text": text}
                for family, text in _walk(held, name)
            ]
    return found


def _walk(held: object, family: str) -> Iterator[tuple[str, str]]:
    """Walk through a document's texts, each with the family, topic or id that stands nearest."""
    if isinstance(held, str):
        yield family, held
    elif isinstance(held, Mapping):
        inner = cast("Mapping[str, object]", held)
        named = [inner[k] for k in ("family", "topic", "id") if isinstance(inner.get(k), str)]
        for value in inner.values():
            yield from _walk(value, str(named[0]) if named else family)
    elif isinstance(held, list):
        for value in cast("list[object]", held):
            yield from _walk(value, family)
