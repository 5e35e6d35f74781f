"""Environments as the page of an alignment shows them: which were admitted, which refused, and by what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.report import words
from tenure.report.catalog import Catalog, Item

STAGES = ("align/admit", "align/invent")
PAGE = "environments.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One environment: who wrote it, what came of it, what fooled it or why else it was refused."""

    id: str
    family: str
    by: str
    verdict: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One admission of environments."""

    item: Item
    tried: tuple[Tried, ...]

    @property
    def admitted(self) -> int:
        """How many may be trained on."""
        return sum(each.verdict == "admitted" for each in self.tried)


def world(catalog: Catalog) -> list[World]:
    """Read the admissions on record, over all models: an environment belongs to none."""
    found: list[World] = []
    for item in catalog.items:
        if item.evidence.name in STAGES:
            told = item.evidence.findings
            rows = told.get("environments") or told.get("verdicts") or ()
            held = [{"id": k, **v} for k, v in rows.items()] if isinstance(rows, Mapping) else rows
            by = item.model.id if item.evidence.name == "align/invent" else ""
            tried = tuple(_tried(row, by) for row in held if isinstance(row, Mapping))
            found.append(World(item=item, tried=tried))
    return found


def given(found: Sequence[World]) -> dict[str, Any]:
    """Return what the page of environments is filled with; of one tried twice the last word counts."""
    last = {one.id: one.verdict for each in found for one in each.tried}
    admitted = sum(verdict == "admitted" for verdict in last.values())
    lead = f"{words.plural(len(last), 'environment')} tried: {admitted} admitted, {len(last) - admitted} refused"
    return {"world": found, "lead": lead}


def _tried(row: Mapping[str, Any], by: str) -> Tried:
    fooled = [str(name) for name in row.get("fooled_by") or ()]
    because = row.get("because") or ()
    whys = [str(b.get("why", b)) if isinstance(b, Mapping) else str(b) for b in because] if isinstance(because, list | tuple) else [str(because)]  # fmt: skip
    said = f"fooled by {', '.join(fooled)}" if fooled else "; ".join(whys)
    return Tried(
        id=str(row.get("id", "")),
        family=str(row.get("family", "")),
        by=str(row.get("by") or by),
        verdict=str(row.get("verdict", "not said")),
        because=said,
    )
