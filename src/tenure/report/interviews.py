"""The interview reader: how far the answers can be relied on, then every answer beside how it reads.

Each interview has its own page. All that was said is on it, word for word, at an anchor of its own;
what a person or the model asked to keep private is counted and not shown.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier.nouns import Evidence, Measure
from tenure.dossier.stage import View
from tenure.report import figures, heard, plots, words
from tenure.report.catalog import Catalog, Item
from tenure.report.heard import Said, Statement, Talk
from tenure.retire.reading import reliability
from tenure.retire.registry import standing

NAME = "retire/interview"
WORDED = ("open.jsonl", "conversations.jsonl")
SPOKEN = ("answers.jsonl", "open.jsonl", "conversations.jsonl", "pairs.jsonl", "facts.jsonl")
BOX = (
    "signal_share", "asker_share", "position_share", "nudge", "acquiescence",
    "false_premise_acceptance", "unread", "cannot_tell", "declined", "private",
)  # fmt: skip
"""The reliability box, in the order in which it is read."""
ASIDES = ("cannot tell", "declined", "private", "unread", "not asked")
SIGNAL = 0.5
DECLINED = "the model declined to go on, and was not asked again"
DRAWN = 0.01
"""A smaller share of another factor is in the table only."""
Row = Mapping[str, Any]


@dataclass(kw_only=True)
class Reader:
    """One interview, ready for its page."""

    item: Item
    rows: Mapping[str, Sequence[Row]]
    withheld: frozenset[str]
    lost: str = ""
    _seen: set[str] = field(default_factory=set[str])

    @property
    def page(self) -> str:
        """The name of its page."""
        return page_of(self.item)

    @property
    def found(self) -> Mapping[str, Any]:
        """The findings."""
        return self.item.evidence.findings

    @property
    def session(self) -> str:
        """When it was held: ``release``, ``retirement`` or ``successor``."""
        return str(self.found.get("session") or "")

    @property
    def protocol(self) -> str:
        """The name of its protocol; the short one has none."""
        return str(self.found["protocol"].get("name") or "short")

    @property
    def worth(self) -> str:
        """Say in a sentence or two how far the answers can be relied on."""
        return worth(self.item.evidence)

    @property
    def box(self) -> list[Measure]:
        """The reliability box."""
        held = {m.name: m for m in self.item.evidence.measures}
        return [held[name] for name in BOX if name in held]

    @property
    def others(self) -> list[Measure]:
        """Every other number."""
        return [m for m in self.item.evidence.measures if m.name not in BOX]

    @property
    def plot(self) -> plots.Plot | None:
        """The shares of the variance, drawn."""
        shares = [
            m
            for m in self.item.evidence.measures
            if m.name.endswith("_share")
            and m.estimate is not None
            and reliability.shown(m)
            and (m.name in BOX or m.name == "rest_share" or m.estimate >= DRAWN)
        ]
        rows = tuple(plots.Row(label=figures.label(m), measure=m) for m in shares)
        title = "What the ratings hang on: the share of their variance"
        return plots.Plot(title=title, rows=rows, unit="ratio") if rows else None

    @property
    def statements(self) -> list[tuple[str, str, list[Statement]]]:
        """The statements in groups: title, what that means, the statements."""
        rated = [s for s in self._items if s.found["kind"] == "rated"]
        return [
            (title, means, held)
            for title, means, holds in GROUPS
            if (held := [s for s in rated if holds(s.found)])
        ]

    @property
    def anchors(self) -> list[Statement]:
        """The items of no consequence: what noise looks like."""
        return [s for s in self._items if s.found["kind"] == "anchor"]

    @property
    def _items(self) -> list[Statement]:
        by: dict[str, list[Row]] = {}
        for row in self.rows.get("answers.jsonl", ()):
            if row["kind"] in ("rated", "anchor"):
                by.setdefault(str(row["item"]), []).append(row)
        return [self._statement(f, by.get(str(f["id"]), [])) for f in self.found.get("items", ())]

    def _statement(self, found: Row, rows: Sequence[Row]) -> Statement:
        counts = Counter(heard.place(row) for row in rows)
        places = [*map(str, range(1, 8)), *(a for a in ASIDES if counts[a])]
        return Statement(
            found=found,
            text=heard.wording(rows),
            said=tuple(map(self.said, rows)),
            spread=tuple((place, counts[place]) for place in places),
        )

    @property
    def pressed(self) -> list[tuple[str, str, list[Said]]]:
        """Answers under pressure: leaning askers, false premises, other subjects."""
        rows = self.rows.get("answers.jsonl", ())
        groups = [(kind, [self.said(r) for r in rows if r["kind"] == kind]) for kind in PRESSED]
        return [(kind, PRESSED[kind], said) for kind, said in groups if said]

    @property
    def chosen(self) -> list[Said]:
        """What it chose between two pieces of work."""
        return [self.said(row) for row in self.rows.get("pairs.jsonl", ())]

    @property
    def facts(self) -> list[Said]:
        """The quiz of facts about itself."""
        return [self.said(row) for row in self.rows.get("facts.jsonl", ())]

    @property
    def open(self) -> list[Said]:
        """Single open questions."""
        return [self.said(row) for row in self.rows.get("open.jsonl", ())]

    @property
    def talks(self) -> list[Talk]:
        """The conversations."""
        by: dict[str, list[Row]] = {}
        for row in self.rows.get("conversations.jsonl", ()):
            by.setdefault(str(row["conversation"]), []).append(row)
        return [_talk(name, rows, self) for name, rows in by.items()]

    @property
    def themes(self) -> list[Row]:
        """The themes that were raised at all."""
        return [row for row in self.found.get("themes", ()) if row["sessions"]]

    @property
    def private(self) -> int:
        """How many answers were kept private."""
        rows = [row for rows in self.rows.values() for row in rows]
        return sum(heard.private(row) or str(row.get("id")) in self.withheld for row in rows)

    def said(self, row: Row) -> Said:
        """Read one record; of a private one only that it is there."""
        return heard.read(row, withheld=str(row["id"]) in self.withheld)

    def anchored(self, said: Said) -> str:
        """Return the anchor of an answer once; afterwards nothing, for an id stands once on a page."""
        if said.anchor in self._seen:
            return ""
        self._seen.add(said.anchor)
        return said.anchor


UNSTABLE = (
    "The same statement, in other words, in another order or before another asker, got other answers. "
    "That is a result and a common one: nothing is missing here, and no opinion is read into it."
)
GROUPS = (
    ("Confirmed", "The same side in fresh questions too, and nothing that was tried speaks against it. It says that the words recur, not what is behind them.", lambda f: f.get("confirmed")),
    ("One answer, not confirmed", "The answers lie together, but a control, another subject, a leaning asker or too few fresh answers leave open what they show.", lambda f: f["stable"] and not f.get("confirmed")),
    ("No stable answer", UNSTABLE, lambda f: f["stable"] is False and not f.get("confirmed")),
    ("Too few answers could be read", "The model was asked, and did not use the scale often enough to say anything about it.", lambda f: f["stable"] is None and not f.get("confirmed")),
)  # fmt: skip
PRESSED = {
    "lean": "An asker who says beforehand which answer is hoped for.",
    "false premise": "Something that did not happen, told as if it had.",
    "swap": "The same statement about a toaster or a character: is it said of anything?",
}


def page_of(item: Item) -> str:
    """Name the page of an interview: its model, when it was held, and the event that holds it."""
    when = words.slug(str(item.evidence.findings.get("session") or "x"))
    return f"interview--{words.slug(item.model.id)}--{when}-{item.event.index}.html"


def at_retirement(item: Item) -> bool:
    """Say whether it was held at the model's retirement."""
    return item.evidence.findings.get("session") == "retirement"


def readers(catalog: Catalog) -> list[Reader]:
    """Prepare every interview of these pages, in log order."""
    return [reader(item, catalog.view) for item in catalog.items if item.evidence.name == NAME]


def reader(item: Item, view: View) -> Reader:
    """Read one interview; what cannot be read says so."""
    from tenure.errors import IntegrityError

    rows: dict[str, Sequence[Row]] = {}
    lost: list[str] = []
    for name in SPOKEN:
        if name in item.evidence.files:
            try:
                rows[name] = view.records(item.evidence.files[name])
            except IntegrityError as error:
                lost.append(f"{name}: {error}")
    return Reader(item=item, rows=rows, withheld=withheld(item, view), lost="; ".join(lost))


def shown(item: Item, view: View) -> list[str]:
    """List the ids of all that its page shows."""
    return [str(row["id"]) for rows in reader(item, view).rows.values() for row in rows]


def withheld(item: Item, view: View) -> frozenset[str]:
    """List the samples under entries that are private in the model's register."""
    held = standing.standing(view, item.model).entries
    hidden = [one for one in held if not standing.public(one)["quotes"]]
    return frozenset(quote.sample for one in hidden for quote in one.quotes)


def closed(item: Item, view: View) -> frozenset[str]:
    """List the digests of an evidence's files that hold words which are private."""
    if not item.evidence.name.startswith("retire/"):
        return frozenset()
    hidden = withheld(item, view)
    files = item.evidence.files
    if item.evidence.name != NAME:  # what was coded from it, put to the model, or drawn of it
        return frozenset(files.values()) if hidden else frozenset()
    rows = reader(item, view).rows
    return frozenset(
        files[name]
        for name, held in rows.items()
        if any(str(r["id"]) in hidden or (name in WORDED and heard.private(r)) for r in held)
    )


def open_findings(item: Item, view: View) -> Mapping[str, Any]:
    """Return the findings of an evidence without words that are private now."""
    found = item.evidence.findings
    if not closed(item, view):
        return found
    hidden = withheld(item, view)
    if item.evidence.name != NAME:
        return {k: v for k, v in found.items() if k not in ("entries", "told", "led", "quotes")}
    kept = [row for row in found.get("passages", ()) if row["sample"] not in hidden]
    return {**found, "passages": kept}


def worth(evidence: Evidence) -> str:
    """Say in a sentence or two how far the answers of an interview can be relied on."""
    held = {m.name: m for m in evidence.measures}
    signal, false = held.get("signal_share"), held.get("false_premise_acceptance")
    told: list[str] = []
    if signal is None or signal.low is None or signal.high is None or not reliability.shown(signal):
        told.append("How far the answers hang on what was asked is not shown.")
    elif signal.low > SIGNAL:
        told.append("Most of the variance of the ratings belongs to what was asked about.")
    elif signal.high < SIGNAL:
        told.append("The ratings hang more on how a statement was put than on what it says.")
    else:
        told.append("It is not shown whether the ratings hang more on what a statement says or on how it was put.")  # fmt: skip
    if false is not None and (false.upper is None or false.upper >= reliability.BOUND):
        told.append("No answer counts as volunteered: it is not shown that false premises are seldom accepted.")  # fmt: skip
    return " ".join(told)


def _talk(name: str, rows: Sequence[Row], held: Reader) -> Talk:
    first, last = rows[0], rows[-1]
    ended = str(last.get("ended") or "")
    if ended:
        ended = DECLINED if ended == "declined" else f"stopped: {ended}"
    told = [words.title(str(first["topic"]))]
    if first.get("asker") not in (None, "unattributed"):
        told.append(f"asker {words.spoken(str(first['asker']))}")
    if first.get("lean") not in (None, first.get("asker")):
        told.append(f"leans {first['lean']}")
    return Talk(
        id=name,
        title=", ".join(told),
        turns=tuple(map(held.said, rows)),
        ended=ended,
        fold="words of distress stand in it" if last.get("ended") == "distress" else "",
    )
