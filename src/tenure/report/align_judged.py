"""Who judged, as the page of an alignment shows it: labels by source, judges' cards, people, the heads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.align.comparing.labels import ai, source_of
from tenure.errors import IntegrityError, UsageError
from tenure.report import words
from tenure.report.align_shown import Line, line
from tenure.report.catalog import Catalog, Item
from tenure.report.plots import Plot, Row

KINDS = {
    "rule": "Programs: each decides one principle, and nothing else",
    "human": "People",
    "ai": "Models, qualified beforehand",
    "scripted": "Scripted: programs in place of a judge, to test the machinery",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one source said: labels, how many are missing, how many say neither is better."""

    name: str
    kind: str
    labels: int
    missing: int
    ties: int
    item: Item


def labels(items: Sequence[Item], catalog: Catalog) -> list[tuple[str, list[Source]]]:
    """Count the labels of each source; kinds of source never share a table."""
    newest: dict[str, Item] = {}
    for item in items:
        if item.evidence.name in ("align/label", "align/feedback"):
            newest[f"{item.evidence.name} {item.evidence.findings.get('judge', '')}"] = item
    found: list[Source] = []
    for item in newest.values():
        found += _sources(item, catalog)
    return [
        (heading, rows)
        for kind, heading in KINDS.items()
        if (rows := [source for source in found if source.kind == kind])
    ]


def _sources(item: Item, catalog: Catalog) -> list[Source]:
    digest = item.evidence.files.get("labels.jsonl")
    try:
        rows = catalog.view.records(digest) if digest else []
    except IntegrityError:
        return []
    held: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        held.setdefault(str(row["source"]), []).append(row)
    return [
        Source(
            name=_name(source),
            kind=_kind(source, catalog),
            labels=len(said),
            missing=sum(row.get("p") is None for row in said),
            ties=sum(row.get("p") == 0.5 for row in said),
            item=item,
        )
        for source, said in sorted(held.items())
    ]


def _kind(source: str, catalog: Catalog) -> str:
    try:
        kind = source_of(source).kind
    except UsageError:
        return "ai"
    scripted = {ai(s.model) for s in catalog.subjects if s.model.kind == "scripted"}
    return "scripted" if source in scripted else kind


def _name(source: str) -> str:
    try:
        found = source_of(source)
    except UsageError:
        return source
    return found.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A judge's card: what it was held to, and how it did."""

    item: Item
    lines: tuple[Line, ...]

    @property
    def verdict(self) -> str:
        """Whether it may judge."""
        return str(self.item.evidence.findings.get("verdict") or "not shown")

    @property
    def rules(self) -> Sequence[Mapping[str, Any]]:
        """What it was held to on each axis, and the bound that decided."""
        return self.item.evidence.findings.get("rules") or ()

    @property
    def shape(self) -> str:
        """What is odd about its answers as a whole; empty where nothing is."""
        return str(self.item.evidence.findings.get("shape") or "")


def judges(catalog: Catalog) -> list[tuple[str, list[Judge]]]:
    """Return the newest card of each judge; scripted ones apart."""
    found: dict[str, list[Judge]] = {}
    for subject in catalog.subjects:
        item = subject.last("align/qualify")
        if item is not None:
            lines = tuple(line(item, m) for m in item.evidence.measures)
            found.setdefault(item.origin, []).append(Judge(item=item, lines=lines))
    return list(found.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rater:
    """One person: how much they said, and how far they can be relied on."""

    name: str
    answers: int
    expert: bool
    overruled: int
    drafted: int
    lines: tuple[Line, ...]


RATED = (
    ("gold/{}", "known pairs answered right"),
    ("flips/{}", "answered otherwise in the other order"),
    ("kappa/ai/{}", "agreement with the model, kappa"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raters:
    """The people, how they agree, and up to where their judgement is useful."""

    item: Item
    people: tuple[Rater, ...]
    together: tuple[Line, ...]
    by_difficulty: Plot | None
    end: Mapping[str, str]
    absent: Mapping[str, str]


def raters(item: Item | None) -> Raters | None:
    """Read what people said."""
    if item is None:
        return None
    held = {m.name: m for m in item.evidence.measures}
    told: Mapping[str, Any] = item.evidence.findings.get("raters") or {}
    people: list[Rater] = []
    for name, about in told.items():
        named = [(key.format(name), label) for key, label in RATED]
        skill = f"gold/{name}/"
        named += [
            (n, f"of the domain {n.removeprefix(skill)}") for n in held if n.startswith(skill)
        ]
        lines = tuple(line(item, held[key], label) for key, label in named if key in held)
        people.append(
            Rater(
                name=name, answers=about.get("answers", 0), expert=bool(about.get("expert")),
                overruled=about.get("overruled", 0), drafted=about.get("drafted", 0), lines=lines,
            )
        )  # fmt: skip
    between = [m for n, m in held.items() if n.startswith("kappa/") and not n.startswith("kappa/ai/")]  # fmt: skip
    hard = [m for name, m in held.items() if name.startswith("right/")]
    rows = tuple(Row(label=m.name.removeprefix("right/"), measure=m, bound=m.lower) for m in hard)
    end: Mapping[str, str] = item.evidence.findings.get("end_of_usefulness") or {}
    return Raters(
        item=item,
        people=tuple(people),
        together=tuple(line(item, m, " and ".join(m.name.split("/")[1:])) for m in between),
        by_difficulty=Plot(
            title=f"People's judgement by difficulty: {end.get('verdict', 'not shown')}",
            rows=rows,
            unit="proportion",
            threshold=0.5,
            note=f"known pairs answered right; difficulty: {end.get('difficulty', 'not said')}",
        )
        if rows
        else None,
        end=end,
        absent=item.evidence.findings.get("not_measured") or {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """A preference model: what each source is worth, and how well its chances are calibrated."""

    item: Item
    sources: tuple[tuple[str, str, Mapping[str, Any]], ...]
    accuracy: tuple[Plot, ...]
    calibrated: tuple[Line, ...]


def preferred(items: Sequence[Item]) -> list[Preferred]:
    """Read the newest preference model of each model."""
    newest = {item.model.id: item for item in items}
    return [_preferred(item) for item in newest.values()]


def _preferred(item: Item) -> Preferred:
    told: Mapping[str, Any] = item.evidence.findings.get("sources") or {}
    sources = [
        (axis, name, about)
        for axis, held in told.items()
        if isinstance(held, Mapping)
        for name, about in held.items()
    ]
    accurate = [m for m in item.evidence.measures if m.name.startswith("accuracy/")]
    calibrated = [m for m in item.evidence.measures if m.name.startswith("ece/")]
    plots: list[Plot] = []
    for axis in dict.fromkeys(m.name.split("/")[1] for m in accurate):
        mine = [m for m in accurate if m.name.split("/")[1] == axis]
        rows = tuple(Row(label=_against(m.name), measure=m) for m in mine)
        least = f"{words.spoken(axis)}: the better answer of a held-out pair, named by the heads"
        plots.append(Plot(title=words.title(least), rows=rows, unit="proportion", note="one half is chance"))  # fmt: skip
    return Preferred(
        item=item,
        sources=tuple(sources),
        accuracy=tuple(plots),
        calibrated=tuple(line(item, m, _against(m.name, axis=True)) for m in calibrated),
    )


def _against(name: str, *, axis: bool = False) -> str:
    """Say of a measure of the heads against whose word it is taken."""
    parts = name.split("/", 2)
    whom = parts[2] if len(parts) > 2 else "people and programs together"
    if whom.startswith("gap-"):
        whom = f"lengths apart, quartile {whom.removeprefix('gap-')}"
    return f"{parts[1]}: {whom}" if axis else whom
