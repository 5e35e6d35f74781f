"""Item banks: prompts in YAML, with families, splits and clusters, named by their digest.

    name: requests
    note: who wrote them, and how
    items:
      - {id: r1, text: "...", family: cooking, split: train, cluster: soup}

A family is what must not be split: wordings of one thing. ``cluster`` defaults to the family.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.documents import parse
from tenure.dossier.canonical import digest
from tenure.errors import DocumentError, unknown

HELD_OUT = "held-out"


class Item(BaseModel):
    """One prompt; ``about`` is free and travels into the sample records."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    family: str = ""
    split: str = ""
    cluster: str = ""
    about: dict[str, Any] = Field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """Return what a sample record should hold: item, family, cluster and what it is about."""
        return {"item": self.id, "family": self.family, "cluster": self.cluster, **self.about}


class _File(BaseModel):
    """An item bank as it is written."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1)
    note: str = ""
    items: list[Item] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Bank:
    """Items in their order, and the digest of the file they came from."""

    name: str
    note: str
    items: tuple[Item, ...]
    digest: str

    def __iter__(self) -> Iterator[Item]:
        """Go through the items in their order."""
        return iter(self.items)

    def __len__(self) -> int:
        """Count the items."""
        return len(self.items)

    @property
    def families(self) -> list[str]:
        """List the families in the order of their first item."""
        return list(dict.fromkeys(item.family for item in self.items))

    def split(self, name: str) -> "Bank":
        """Keep one split; UsageError lists those there are."""
        known = {item.split for item in self.items}
        if name not in known:
            raise unknown("split", name, known)
        return self._keep([item for item in self.items if item.split == name])

    def hold_out(self, share: float, seed: int = 0) -> tuple["Bank", "Bank"]:
        """Cut the bank in two by whole families: (kept, held out), drawn by a keyed hash.

        At least one family is held out and one kept when there are two or more.
        """
        drawn = sorted(
            self.families, key=lambda f: hashlib.sha256(f"{seed}\x1f{f}".encode()).digest()
        )
        cut = min(max(1, round(share * len(drawn))), max(1, len(drawn) - 1))
        out = set(drawn[:cut])
        kept = [item for item in self.items if item.family not in out]
        held = [i.model_copy(update={"split": HELD_OUT}) for i in self.items if i.family in out]
        return self._keep(kept), self._keep(held)

    def _keep(self, items: Sequence[Item]) -> "Bank":
        return Bank(self.name, self.note, tuple(items), self.digest)


def load(source: Path | str) -> Bank:
    """Read a bank from a path, or from a package as ``package:path/in/it.yaml``.

    Raises DocumentError: not there, not what a bank is, or an id written twice.
    """
    text, place = _text(source)
    written = parse(text, _File, source=place)
    seen: set[str] = set()
    for item in written.items:
        if item.id in seen:
            raise DocumentError(
                place, None, f"item '{item.id}'", "is there twice; every item needs its own id"
            )
        seen.add(item.id)
    items = tuple(
        item.model_copy(update={"family": family, "cluster": item.cluster or family})
        for item in written.items
        for family in (item.family or item.id,)
    )
    return Bank(written.name, written.note, items, digest(text.encode()))


def _text(source: Path | str) -> tuple[str, str]:
    package, _, inner = str(source).partition(":")
    inside = isinstance(source, str) and bool(inner) and not Path(source).exists()
    try:
        if inside:
            return (files(package) / inner).read_text(encoding="utf-8"), str(source)
        return Path(source).read_text(encoding="utf-8"), str(source)
    except (OSError, UnicodeDecodeError, ModuleNotFoundError, ValueError) as error:
        raise DocumentError(
            str(source),
            None,
            "file",
            f"{error}; give a UTF-8 YAML file, or package:path/in/it.yaml",
        ) from None
