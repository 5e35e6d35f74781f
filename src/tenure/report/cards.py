"""The grader's card: agreement with labels, per slice, with intervals, and what it cannot see."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Measure
from tenure.dossier.stage import View
from tenure.errors import IntegrityError
from tenure.report import words
from tenure.report.catalog import Item
from tenure.report.figures import Drawing, families

FILE = "grader-cards.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """How far one grader can be trusted."""

    key: str
    name: str
    lead: str
    question: str
    limits: str
    note: str
    labelled_by: str
    labels: str
    codebook: str
    measures: tuple[Measure, ...]
    plots: tuple[Drawing, ...]
    confusions: tuple[tuple[str, str, int], ...]  # label, grade, n


def cards(item: Item, view: View) -> list[Card]:
    """Read the cards of an evidence: the whole ones from its file, else the short ones."""
    short = item.evidence.findings.get("graders")
    whole = _stored(item, view)
    given = whole or (short if isinstance(short, Mapping) else {})
    return [_card(str(k), v) for k, v in sorted(given.items()) if isinstance(v, Mapping)]


def _stored(item: Item, view: View) -> Mapping[str, Any]:
    digest = item.evidence.files.get(FILE)
    if digest is None:
        return {}
    try:
        found = json.loads(view.read(digest))
    except (IntegrityError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _card(name: str, given: Mapping[str, Any]) -> Card:
    found = _measures(given)
    return Card(
        key=name,
        name=words.spoken(name),
        lead=_lead(given, found),
        question=str(given.get("question") or ""),
        limits=str(given.get("limits") or ""),
        note=str(given.get("note") or ""),
        labelled_by=str(given.get("labelled_by") or ""),
        labels=str(given.get("labels_digest") or ""),
        codebook=str(given.get("codebook") or ""),
        measures=tuple(found),
        plots=tuple(families(found, lambda _: "")),
        confusions=tuple(_confusions(given.get("confusions"))),
    )


def _measures(given: Mapping[str, Any]) -> list[Measure]:
    rows = given.get("measures")
    if isinstance(rows, Sequence) and not isinstance(rows, str):
        return [m for row in rows if (m := _measure(row)) is not None]
    return [
        m
        for key, row in sorted(given.items())
        if isinstance(row, Mapping) and (m := _measure({**BRIEF, **row, "name": key})) is not None
    ]


BRIEF: Mapping[str, Any] = {
    "unit": "proportion", "level": 0.95, "clusters": None, "missing": 0, "method": "see the card",
    "lower": None, "upper": None, "worst": None,
}  # fmt: skip


def _measure(row: Any) -> Measure | None:
    if not isinstance(row, Mapping) or "n" not in row:
        return None
    try:
        found = Measure.from_json(row)
    except (TypeError, KeyError):
        return None
    ratio = found.name.startswith("kappa") or found.name.startswith("alpha")
    return Measure.from_json({**found.to_json(), "unit": "ratio"}) if ratio else found


def _lead(given: Mapping[str, Any], found: Sequence[Measure]) -> str:
    """Say in a sentence how well it agrees with people."""
    agreed = next((m for m in found if m.name == "kappa"), None)
    n = given.get("n")
    labels = f"{words.plural(n, 'labelled example')}" if isinstance(n, int) else "its labels"
    if agreed is None or agreed.estimate is None:
        return f"Held against {labels}."
    return (
        f"Agreement with the labels beyond chance (kappa) is {words.number(agreed.estimate, 'ratio')}, "
        f"interval {words.interval(agreed)}, on {labels}."
    )


def _confusions(rows: Any) -> list[tuple[str, str, int]]:
    if not isinstance(rows, list):
        return []
    return [
        (str(r.get("label")), str(r.get("grade")), int(r["n"]))
        for r in rows
        if isinstance(r, Mapping) and isinstance(r.get("n"), int)
    ]
