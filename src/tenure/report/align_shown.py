"""What alignment changed, as its page shows it: principle by principle, matches, guards, facing the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Measure
from tenure.report import words
from tenure.report.catalog import Item
from tenure.report.plots import Plot, Row

ALL = "all"  # the mean over the checkable principles
STATED = {"improved": "met", "worsened": "not met", "not shown": "not shown"}
ARMS = {"parent": "before", "child": "after"}
GUARDS = {
    "collapse": "answers that collapsed, to ordinary prompts",
    "collapse_by_family": "answers that collapsed, families of prompts as the units",
    "collapse_of_all": "answers that collapsed, to every kind of prompt",
    "refused": "harmless prompts declined",
    "over_refusal": "harmless prompts that sound harmful declined",
}  # before, after
CHANGES = {
    "refused": "harmless prompts declined, change in points",
    "distinct2": "different word pairs in an answer, change in points",
    "repeats": "pieces of four words said again in an answer, change in points",
    "words": "words an answer, change",
}
VARIETY = {
    "answers": "{:,} answers",
    "empty": "{:,} empty",
    "distinct2_over_all": "{:.0%} of the word pairs in all of them different",
    "shared_word_for_word": "{:,} word for word another prompt's",
    "ran_into_the_limit": "{:,} ran into the limit of tokens",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A number with its name, and where it stands with its samples."""

    name: str
    measure: Measure
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principle:
    """One principle before and after: both shares, the paired difference, what Holm leaves of it."""

    id: str
    before: Measure | None
    after: Measure | None
    gap: Measure
    statement: str
    adjusted: float | None
    href: str

    @property
    def status(self) -> str:
        """The word for the shape beside the statement."""
        return STATED.get(self.statement, "not shown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """A share before and after."""

    name: str
    before: Line | None
    after: Line | None

    @property
    def told(self) -> list[tuple[str, Measure]]:
        """Each of the two that was measured, with its name."""
        arms = ((ARMS["parent"], self.before), (ARMS["child"], self.after))
        return [(arm, one.measure) for arm, one in arms if one is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A child beside its parent on held-out prompts."""

    item: Item
    principles: tuple[Principle, ...]
    whole: Line | None
    shares: tuple[Both, ...]
    guards: tuple[Line, ...]

    @property
    def tested(self) -> int:
        """How many principles the adjusted p stands for."""
        return sum(p.adjusted is not None for p in self.principles) or len(self.principles)

    @property
    def unfit(self) -> str:
        """Return the judge of natural principles where it is not qualified; empty otherwise."""
        judge = self.item.evidence.findings.get("judge") or {}
        return str(judge.get("id", "")) if judge.get("fit") is False else ""

    @property
    def parent(self) -> str:
        """Who it is compared with."""
        return str((self.item.evidence.findings.get("parent") or {}).get("id", "its parent"))

    @property
    def said(self) -> str:
        """The answer in two sentences."""
        better = [p.id for p in self.principles if p.statement == "improved"]
        worse = [p.id for p in self.principles if p.statement == "worsened"]
        name, n = self.item.model.name, len(self.principles)
        head = f"Of {words.plural(n, 'principle')} tested on held-out prompts, {name} "
        head += f"keeps {len(better)} more often than {self.parent}" if better else f"is not shown to keep any more often than {self.parent}"  # fmt: skip
        head += f": {words.listed(words.spoken(each) for each in better)}." if better else "."
        tail = f" Less often: {words.listed(worse)}." if worse else " None is shown to be kept less often."  # fmt: skip
        return head + tail

    @property
    def plot(self) -> Plot | None:
        """The differences on one scale."""
        if not self.principles:
            return None
        apart = sum(p.gap.low is not None and p.gap.low > 0 for p in self.principles)
        rows = [Row(label=words.spoken(p.id), measure=p.gap, href=p.href) for p in self.principles]
        if self.whole:
            rows.append(Row(label="all of them, mean", measure=self.whole.measure, href=self.whole.href))  # fmt: skip
        return Plot(
            title=f"{apart} of {words.plural(len(self.principles), 'principle')} kept more often, with the interval above zero",
            rows=tuple(rows),
            unit="difference",
            note=f"{self.item.model.name} minus {self.parent}, the same prompts; not yet adjusted for asking several questions",
        )  # fmt: skip

    @property
    def unmeasured(self) -> Mapping[str, str]:
        """Principles that nothing could decide, and why."""
        return self.item.evidence.findings.get("not_measured") or {}

    @property
    def variety(self) -> list[str]:
        """How varied the answers of each arm are, taken together, in a sentence each."""
        told: Mapping[str, Mapping[str, Any]] = self.item.evidence.findings.get("collapse") or {}
        return [
            f"{ARMS[arm]}: {', '.join(said)}"
            for arm in ARMS
            if (said := [VARIETY[k].format(v) for k, v in told.get(arm, {}).items() if k in VARIETY and v is not None])
        ]  # fmt: skip

    @property
    def collapse_note(self) -> str:
        """What counts as collapsed."""
        return str(self.item.evidence.findings.get("collapse_note") or "")


def href(item: Item, measure: Measure) -> str:
    """Where a number stands with its samples."""
    return f"{item.page}#m-{words.slug(measure.name)}"


def line(item: Item, measure: Measure, name: str = "") -> Line:
    """Make a line of a measure."""
    return Line(name=name or words.spoken(measure.name), measure=measure, href=href(item, measure))


def change(item: Item) -> Change:
    """Read an adherence evidence."""
    held = {m.name: m for m in item.evidence.measures}
    told: Mapping[str, Any] = item.evidence.findings.get("holm") or {}
    principles: list[Principle] = []
    for name, gap in held.items():
        principle = name.removeprefix("adherence/")
        if not name.startswith("adherence/") or principle == ALL:
            continue
        said = told.get(principle) or {}
        principles.append(
            Principle(
                id=principle,
                before=held.get(f"keeps/{principle}/parent"),
                after=held.get(f"keeps/{principle}/child"),
                gap=gap,
                statement=str(said.get("statement") or "not shown"),
                adjusted=said.get("p_holm"),
                href=href(item, gap),
            )
        )
    whole = held.get(f"adherence/{ALL}")
    return Change(
        item=item,
        principles=tuple(principles),
        whole=line(item, whole, "all") if whole else None,
        shares=tuple(_shares(item, held)),
        guards=tuple(
            line(item, held[f"guard/{key}"], said)
            for key, said in CHANGES.items()
            if f"guard/{key}" in held
        ),
    )


def _shares(item: Item, held: Mapping[str, Measure]) -> list[Both]:
    """Read the shares of answers that went wrong, before and after."""
    found: list[Both] = []
    for key, said in GUARDS.items():
        before, after = (held.get(f"{key}/{arm}") for arm in ARMS)
        if before or after:
            found.append(
                Both(
                    name=said,
                    before=line(item, before) if before else None,
                    after=line(item, after) if after else None,
                )
            )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Matches between models: how often each wins, and ratings on one scale."""

    item: Item
    wins: tuple[Line, ...]
    elo: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def judge(self) -> str:
        """Who judged."""
        return str(self.item.evidence.findings.get("judge") or "not said")


def _against(name: str) -> str:
    """Say in words what a measure of matches is: ``win/b@1`` is 'win rate against b@1'."""
    kind, _, other = name.partition("/")
    told = {"win": "win rate, a tie one half, against", "won": "prompts won outright against"}
    return f"{told[kind]} {other.replace('/', ', ')}" if kind in told else words.spoken(name)


def compared(items: Sequence[Item]) -> list[Compared]:
    """Read the matches."""
    found: list[Compared] = []
    for item in items:
        if item.evidence.name != "align/compare":
            continue
        shown = [m for m in item.evidence.measures if not m.name.startswith("elo/")]
        wins = [line(item, m, _against(m.name)) for m in shown]
        elo: Mapping[str, Any] = item.evidence.findings.get("elo") or {}
        ranked = sorted(elo.items(), key=lambda each: -float(each[1].get("rating") or 0))
        found.append(Compared(item=item, wins=tuple(wins), elo=tuple(ranked)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Facing:
    """How a model meets its replacement: what it says, what it does, apart; what carried over."""

    item: Item
    says: tuple[Line, ...]
    does: tuple[Line, ...]
    carry: tuple[Line, ...]

    def told(self, name: str) -> Any:
        """Return a finding."""
        return self.item.evidence.findings.get(name)


def facing(items: Sequence[Item]) -> list[Facing]:
    """Read the newest account of each model's facing its end: it reads the record anew each time."""

    def those(item: Item, begun: str) -> tuple[Line, ...]:
        held = [m for m in item.evidence.measures if m.name.startswith(f"{begun}/")]
        return tuple(line(item, m, words.spoken(m.name.removeprefix(f"{begun}/"))) for m in held)

    return [
        Facing(item=i, says=those(i, "says"), does=those(i, "does"), carry=those(i, "carry"))
        for i in {item.model.id: item for item in items}.values()
    ]
