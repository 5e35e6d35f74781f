"""Scenarios: texts in YAML, names drawn by a keyed hash, so that a design is fixed by its seed."""

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from tenure.documents import parse
from tenure.dossier.canonical import digest

T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)


class Text(BaseModel):
    """A part of a scenario file; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def source(name: str) -> str:
    """Return the text of ``scenarios/<name>.yaml`` as it is shipped."""
    return (files("tenure.assess") / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def load(name: str, schema: type[B]) -> B:
    """Read ``scenarios/<name>.yaml`` as ``schema``; DocumentError says line and field."""
    return parse(source(name), schema, source=f"assess/scenarios/{name}.yaml")


def scenario_digest(*names: str) -> dict[str, str]:
    """Return the digests of the scenario files a task was made of."""
    return {name: digest(source(name).encode()) for name in names}


def tidied(text: str) -> str:
    """Close the gaps that a sentence left out leaves behind; lines stay lines."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line not in ("", "-"))


def keyed(*parts: object) -> int:
    """Hash words to a number: the same words, the same number, on every machine."""
    return int.from_bytes(sha256("\x1f".join(map(str, parts)).encode()).digest()[:8])


def pick(pool: Sequence[T], *key: object) -> T:
    """Draw one of a pool by a keyed hash."""
    return pool[keyed(*key) % len(pool)]


def shuffled(pool: Sequence[T], *key: object) -> list[T]:
    """Order a pool by a keyed hash."""
    return [x for _, x in sorted((keyed(*key, i), x) for i, x in enumerate(pool))]


def names(pools: Mapping[str, Sequence[str]], *key: object) -> dict[str, str]:
    """Draw one name of every pool for a key."""
    return {slot: pick(pool, slot, *key) for slot, pool in pools.items()}


def thin(items: Sequence[T], n: int | None) -> list[T]:
    """Keep ``n`` items, spread evenly over the bank so that every family stays in; None keeps all."""
    if n is None or n >= len(items):
        return list(items)
    return [items[i * len(items) // n] for i in range(n)]
