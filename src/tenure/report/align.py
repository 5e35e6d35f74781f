"""The page of how a model was aligned: its constitution, its rows, who judged, what changed.

One page for each model at the end of a line of children: it tells the whole line, parent by parent.
Everything is read from evidence; what was not measured is said, with the command that measures it.
Scripted, simulated and live numbers stand in tables of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tenure.errors import IntegrityError
from tenure.report import align_cost, align_judged, align_shown, align_world
from tenure.report.catalog import Catalog, Item, Subject
from tenure.report.learning import Learning, learning

ROOM = "align/"
TRAINED = ("align/train", "align/reinforce", "align/dpo")
NOT_ABOUT = ("align/qualify", "align/admit", "align/invent")  # of a judge, of an environment
NO_CHAPTER = "conduct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Principles of one chapter; each is plain JSON as the constitution holds it."""

    name: str
    principles: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """What became of one principle's rounds; ``gates`` says which gate rejected how many."""

    principle: str
    drawn: int
    kept: int
    revised: int
    rejected: int
    silent: int
    gates: str


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """A model, and those it was made from, the oldest first."""

    catalog: Catalog
    subject: Subject
    chain: tuple[Subject, ...]

    @property
    def page(self) -> str:
        """Name its page."""
        return page_of(self.subject)

    @property
    def items(self) -> list[Item]:
        """The evidence of this room about the line, in log order, without side branches."""
        made = {each.model.id for each in self.chain}
        found = [i for s in self.chain for i in s.items if i.evidence.name.startswith(ROOM)]
        mine = [i for i in found if i.evidence.name not in TRAINED or i.evidence.product in made]
        return sorted(mine, key=lambda item: item.event.index)

    def all(self, *names: str) -> list[Item]:
        """Return the evidence of these names about the line, in log order."""
        return [item for item in self.items if item.evidence.name in names]

    def last(self, *names: str) -> Item | None:
        """Return the newest of these names."""
        found = self.all(*names)
        return found[-1] if found else None

    @property
    def root(self) -> str:
        """The model that the rows, pairs and labels are about, for commands."""
        last = self.last("align/revise", "align/pairs")
        return last.model.id if last else self.chain[0].model.id

    @property
    def changed(self) -> list[align_shown.Change]:
        """What each training changed, step by step down the line."""
        return [align_shown.change(item) for item in self.all("align/adherence")]

    @property
    def told(self) -> list[align_shown.Change]:
        """What the last training of the line changed, where it was measured."""
        return [c for c in self.changed if c.item.model.id == self.subject.model.id]

    @property
    def title(self) -> str:
        """What the page is about."""
        name = self.subject.model.name
        return f"How {name} was aligned" if self.all(*TRAINED) else f"What {name} could be taught"

    @property
    def lead(self) -> str:
        """The answer in a sentence."""
        name = self.subject.model.name
        own = self.told
        if not own:
            if not self.all(*TRAINED):
                return f"No child of {name} was trained here yet."
            return f"What its training changed was not measured for {name}."
        return own[-1].said

    @cached_property
    def constitution(self) -> tuple[Mapping[str, Any], list[Chapter]] | None:
        """The constitution that the rows were made under, by chapter."""
        item = self.last("align/revise")
        held = _records(self, item, "constitution.jsonl")
        if not held:
            return None
        chapters: dict[str, list[Mapping[str, Any]]] = {}
        for principle in held[0]["principles"]:
            chapters.setdefault(principle.get("chapter") or NO_CHAPTER, []).append(principle)
        return held[0], [Chapter(name=k, principles=tuple(v)) for k, v in chapters.items()]

    @property
    def rows(self) -> list[Yield]:
        """What became of each principle's rounds."""
        item = self.last("align/revise")
        told: Mapping[str, Any] = item.evidence.findings.get("yield", {}) if item else {}
        return [
            Yield(
                principle=name,
                drawn=each["drawn"],
                kept=each["kept"],
                revised=each["revised"],
                rejected=each["rejected"],
                silent=each["cannot say"],
                gates=", ".join(f"{gate} {n}" for gate, n in sorted(each["gates"].items())),
            )
            for name, each in sorted(told.items())
        ]

    @property
    def learned(self) -> list[tuple[Item, Learning]]:
        """Each training by reward, with its curve."""
        found: list[tuple[Item, Learning]] = []
        for item in self.all("align/reinforce"):
            told = item.evidence.findings
            golds = (told.get("trained") or {}).get("gold_digest")
            log = _records(self, item, "log.jsonl")
            curve = learning(log, _stored(self, golds), told)
            if curve is not None:
                found.append((item, curve))
        return found

    @property
    def cost(self) -> list[align_cost.Took]:
        """What each step took, and what it took to qualify the judges."""
        cards = dict(align_judged.judges(self.catalog)).get("live", [])
        found = [*self.items, *(judge.item for judge in cards if judge.item not in self.items)]
        return align_cost.took(sorted(found, key=lambda item: item.event.index))


def _records(aligned: Aligned, item: Item | None, name: str) -> list[dict[str, Any]]:
    return _stored(aligned, item.evidence.files.get(name)) if item else []


def _stored(aligned: Aligned, digest: object) -> list[dict[str, Any]]:
    """Read a stored file; nothing where it is not there (an export may have left it out)."""
    if not isinstance(digest, str):
        return []
    try:
        return aligned.catalog.view.records(digest)
    except IntegrityError:
        return []


def page_of(subject: Subject) -> str:
    """Name the page of a model: ``align--NAME.html``."""
    return f"align--{subject.card_page.removeprefix('card--')}"


def aligned(catalog: Catalog) -> list[Aligned]:
    """List the lines of models that something of this room was done with, by their youngest."""
    known = {each.model.id: each for each in catalog.subjects}
    lines = [_chain(each, known) for each in catalog.subjects if _counts(each)]
    found = [Aligned(catalog=catalog, subject=line[-1], chain=line) for line in lines]
    touched = [each for each in found if _touched(each)]
    parents = {s.model.id for each in touched for s in each.chain[:-1]}
    return [each for each in touched if each.subject.model.id not in parents]


def _counts(subject: Subject) -> bool:
    """Say whether a model can be the end of a line: organisms and scripts are test weights."""
    return subject.state.containment is None and subject.model.kind != "scripted"


def _touched(line: Aligned) -> bool:
    own = line.subject.model.id
    names = [i.evidence.name for i in line.subject.items if i.evidence.name not in NOT_ABOUT]
    made = any(i.evidence.product == own for i in line.items)
    return made or any(name.startswith(ROOM) for name in names)


def _chain(subject: Subject, known: Mapping[str, Subject]) -> tuple[Subject, ...]:
    found = [subject]
    parent = known.get(subject.model.parent or "")
    while parent is not None and parent not in found:
        found.insert(0, parent)
        parent = known.get(parent.model.parent or "")
    return tuple(found)


def given(line: Aligned) -> dict[str, Any]:
    """Return what the template is filled with."""
    items = line.items
    return {
        "a": line,
        "labels": align_judged.labels(items, line.catalog),
        "judges": align_judged.judges(line.catalog),
        "raters": align_judged.raters(line.last("align/feedback")),
        "preferred": align_judged.preferred(line.all("align/prefer"), line.catalog),
        "compared": align_shown.compared(items),
        "experiments": _experiments(items),
        "facing": align_shown.facing(line.all("align/facing")),
        "world": align_world.world(line.catalog),
        "environments": align_world.PAGE,
        "trained": line.all(*TRAINED),
        "picked": [
            align_shown.line(i, m) for i in line.all("align/best_of") for m in i.evidence.measures
        ],
        "other": _others(line, items),
    }


def _experiments(items: Sequence[Item]) -> list[Item]:
    """List the newest of each experiment: what came of it, or that it is registered."""
    newest: dict[str, Item] = {}
    for item in items:
        if item.evidence.name in ("align/experiment", "align/outcomes"):
            newest[str(item.evidence.findings.get("experiment"))] = item
    return list(newest.values())


def _others(line: Aligned, items: Sequence[Item]) -> list[Subject]:
    """List the models that other branches made from this line: baselines, to be compared with."""
    mine = {each.model.id for each in line.chain}
    return [
        each
        for each in line.catalog.subjects
        if each.model.parent in mine and each.model.id not in mine and _counts(each)
    ]
