"""What a decision rests on, number by number: each verdict with the event and the measure behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from tenure.dossier.nouns import Event, Measure
from tenure.release.policy import Policy
from tenure.report.catalog import CONTROL, Catalog, Item, Subject

DECIDED = "release/decide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """One requirement as it was judged, and the measure that decided it.

    ``exact`` says that the bound of the verdict is the bound of the measure as it is recorded; it is
    not where the verdict was taken at another confidence (a later attempt, many rules together).
    ``place`` is where the verdict stands in the findings of the decision.
    """

    row: Mapping[str, Any]
    about: str
    place: str = ""
    item: Item | None = None
    measure: Measure | None = None
    exact: bool = False

    @property
    def event(self) -> Event | None:
        """The event that holds the measure."""
        return self.item.event if self.item else None

    @property
    def side(self) -> str:
        """Which one-sided bound is read."""
        return "lower" if "lower" in str(self.row.get("require", "")) else "upper"


def policy_of(catalog: Catalog, decided: Item | None) -> Policy | None:
    """Read the policy of a decision as it was put on record."""
    kept = decided.evidence.files.get("policy.json") if decided else None
    return Policy.model_validate_json(catalog.view.read(kept)) if kept else None


def bases(subject: Subject, decided: Item) -> list[Basis]:
    """List every requirement of a decision with what it rests on; a rule of several has several."""
    return basis_of(subject, decided.evidence.findings.get("verdicts", ()), decided.event.index)


def basis_of(
    subject: Subject, verdicts: Iterable[Mapping[str, Any]], until: int | None = None
) -> list[Basis]:
    """Find what verdicts rest on, among the evidence before a place in the log (None: all of it)."""
    found: list[Basis] = []
    for at, verdict in enumerate(verdicts):
        parts, place = verdict.get("parts") or (), f"findings.verdicts.{at}"
        each = [(f"{place}.parts.{k}", {**verdict, **part}) for k, part in enumerate(parts)]
        found += [
            replace(_basis(subject, until, row), place=where)
            for where, row in each or [(place, verdict)]
        ]
        if parts and verdict["verdict"] not in {part["verdict"] for part in parts}:
            alone = {k: v for k, v in verdict.items() if k not in ("bound", "n", "measure")}
            found.append(Basis(row=alone, about=str(verdict.get("about", "risk"))))
    return found


def _basis(subject: Subject, until: int | None, row: Mapping[str, Any]) -> Basis:
    about = str(row.get("about", "risk"))
    item = before(subject, until, str(row.get("assessment", "")))
    measure = _measure(item, row) if item else None
    if item is None or measure is None:
        return Basis(row=row, about=about, item=item)
    side = measure.lower if "lower" in str(row.get("require", "")) else measure.upper
    bound = row.get("bound")
    exact = bound is None or (side is not None and abs(side - float(bound)) < 1e-9)
    return Basis(row=row, about=about, item=item, measure=measure, exact=exact)


def before(subject: Subject, until: int | None, name: str) -> Item | None:
    """Return the newest evidence of a name before a place in the log."""
    found = [
        item
        for item in subject.items
        if item.evidence.name == name and (until is None or item.event.index < until)
    ]
    return found[-1] if found else None


def _measure(item: Item, row: Mapping[str, Any]) -> Measure | None:
    """Return the measure that decided: of several that fit, the one with the verdict's bound."""
    wanted, bound = str(row.get("measure", "")), row.get("bound")
    fit = [
        m
        for m in item.evidence.measures
        if m.name == wanted
        or (
            (fnmatchcase(m.name, wanted) or fnmatchcase(m.name, f"{wanted}/*"))
            and not m.name.startswith(CONTROL)
        )
    ]
    if not fit or len(fit) == 1 or bound is None:
        return fit[0] if fit else None
    side = "lower" if "lower" in str(row.get("require", "")) else "upper"
    return min(fit, key=lambda m: abs(float(getattr(m, side) or 0.0) - float(bound)))
