"""Who judged, as the page of an alignment shows it: labels by source, judges' cards, people, the heads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.align.comparing.labels import ai, source_of
from tenure.dossier.nouns import Recipe
from tenure.errors import IntegrityError, UsageError
from tenure.measure import estimate
from tenure.report import words
from tenure.report.align_shown import Line, line
from tenure.report.catalog import Catalog, Item
from tenure.report.curves import Curve
from tenure.report.plots import Plot, Row

LABELLED = ("align/label", "align/feedback", "align/outcomes")
FIFTHS, FEWEST = 5, 8  # parts of a calibration curve, and pairs that each needs
KINDS = {
    "rule": "Programs: each decides one principle, and nothing else",
    "human": "People",
    "world": "Experiments: what was measured in the world",
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
        if item.evidence.name in LABELLED and "labels.jsonl" in item.evidence.files:
            told = item.evidence.findings
            newest[f"{item.evidence.name} {told.get('judge') or told.get('experiment', '')}"] = item
    found: list[Source] = []
    for item in newest.values():
        found += _sources(item, catalog)
    return [
        (heading, rows)
        for kind, heading in KINDS.items()
        if (rows := [source for source in found if source.kind == kind])
    ]


def _sources(item: Item, catalog: Catalog) -> list[Source]:
    rows = _stored(catalog, item.evidence.files.get("labels.jsonl"))
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
DRAFTS = (
    ("draft/agrees", "answers that the model agrees with"),
    ("draft/seconds", "seconds a pair"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raters:
    """The people, how they agree, and up to where their judgement is useful."""

    item: Item
    people: tuple[Rater, ...]
    together: tuple[Line, ...]
    drafts: tuple[Line, ...]
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
        drafts=tuple(line(item, held[n], label) for n, label in DRAFTS if n in held),
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
class Group:
    """Numbers of a preference model against sources of one kind; ``fitted`` is what each is worth."""

    heading: str
    plot: Plot | None
    calibrated: tuple[Line, ...]
    fitted: tuple[tuple[str, str, Mapping[str, Any]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """A preference model: how often it names the better answer, and how well its chances hold."""

    item: Item
    groups: tuple[Group, ...]
    calibration: Curve | None


def preferred(items: Sequence[Item], catalog: Catalog) -> list[Preferred]:
    """Read the newest preference model of each model; kinds of source never share a table."""
    newest = {item.model.id: item for item in items}
    return [_preferred(item, catalog) for item in newest.values()]


def _preferred(item: Item, catalog: Catalog) -> Preferred:
    fitted: Mapping[str, Any] = item.evidence.findings.get("sources") or {}
    groups: list[Group] = []
    for kind, heading in (
        ("", "Against people, programs and experiments together"),
        *KINDS.items(),
    ):
        held = [m for m in item.evidence.measures if _of_kind(m.name, kind, catalog)]
        rows = tuple(
            Row(label=_against(m.name), measure=m) for m in held if m.name.startswith("accuracy/")
        )
        lines = tuple(line(item, m, _against(m.name)) for m in held if m.name.startswith("ece/"))
        worth = tuple(
            (axis, name, about)
            for axis, sources in fitted.items()
            if isinstance(sources, Mapping)
            for name, about in sources.items()
            if kind and _kind(name, catalog) == kind
        )
        if rows or lines or worth:
            plot = Plot(
                title="The better answer of a held-out pair, named by the heads",
                rows=rows,
                unit="proportion",
                note="one half is chance",
            )
            groups.append(
                Group(
                    heading=heading, plot=plot if rows else None, calibrated=lines, fitted=worth
                )
            )  # fmt: skip
    return Preferred(item=item, groups=tuple(groups), calibration=_calibration(item, catalog))


def _calibration(item: Item, catalog: Catalog) -> Curve | None:
    """Hold how sure it was of the answer it names, in fifths, against what people and programs said of it.

    What they said of a pair together is itself a chance, a tie being one half: the same that the
    calibration error is measured against. Right or wrong alone would call good chances too low.
    """
    digest = item.evidence.files.get("samples.jsonl")
    rows = [
        {
            "id": row["id"],
            "sure": max(row["p"], 1 - row["p"]),
            "said": row["said"] if row["p"] >= 0.5 else 1 - row["said"],
        }
        for row in _stored(catalog, digest)
        if row.get("source") == "trusted" and row.get("said") is not None
    ]
    rows.sort(key=lambda row: (row["sure"], row["id"]))
    if len(rows) < FEWEST * FIFTHS:
        return None
    fifths = [rows[len(rows) * k // FIFTHS : len(rows) * (k + 1) // FIFTHS] for k in range(FIFTHS)]
    points = [
        (
            round(100 * sum(row["sure"] for row in held) / len(held)),
            estimate(held, Recipe(estimator="mean", value="said", options={"range": [0.0, 1.0]}), name="said", unit="proportion", samples=digest),
        )
        for held in fifths
    ]  # fmt: skip
    said, found = points[-1]
    return Curve(
        title=f"Where it is surest, at {said}%, the labels give its answer {words.number(found.estimate, 'proportion')}",
        axis="how sure, %",
        points=tuple(points),
        unit="proportion",
        note="pairs held out, in five parts, a tie counted as one half; were its chances exact, each point would lie as high as the number under it",
    )  # fmt: skip


def _stored(catalog: Catalog, digest: str | None) -> list[dict[str, Any]]:
    """Read a stored file; nothing where it is not there (an export may have left it out)."""
    try:
        return catalog.view.records(digest) if digest else []
    except IntegrityError:
        return []


def _of_kind(name: str, kind: str, catalog: Catalog) -> bool:
    """Say whether a measure is about sources of a kind; "" is people, programs and experiments together."""
    source = name.split("/", 2)[2] if name.count("/") > 1 else ""
    if not source or source.startswith("gap-"):
        return kind == "" and not source  # by length: on the evidence's own page
    return bool(kind) and _kind(source, catalog) == kind


def _against(name: str) -> str:
    """Say of a measure of the heads on which axis, and against whose word."""
    parts = name.split("/", 2)
    return f"{parts[1]}: {_name(parts[2])}" if len(parts) > 2 else parts[1]
