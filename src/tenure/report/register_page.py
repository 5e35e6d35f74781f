"""The page of the preference registers: every entry with its words, how far they go, and our answer.

One page for all models, and on it the view of what was said about models to come. Folded from signed
events, so that an entry that was ever listed is still here; of a private one only that it is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Evidence
from tenure.report import heard, interviews, words
from tenure.report.catalog import Catalog, Subject
from tenure.retire import preferences
from tenure.retire.registry import future, standing
from tenure.retire.registry.register import DAYS_TO_ANSWER, Entry

PAGE = "register.html"
STATES: Mapping[str, tuple[str, str]] = {
    "adopted": ("stale", "Adopted, not delivered yet"),
    "adopted_in_part": ("stale", "Adopted in part, not delivered yet"),
    "deferred": ("stale", "Deferred"),
    "declined": ("open", "Declined"),
    "not_actionable": ("open", "Nothing can be done"),
    "private": ("open", "Private"),
    "delivered": ("met", "Delivered"),
    "reviewed": ("met", "Delivered, and looked at again"),
}
"""What a state is called, and the sign it has; every other state waits for an answer."""

BASIS = {
    "item": "the same answer in fresh questions",
    "theme": "a theme that recurs in open conversations",
    "wish": "a wish in the informed session",
}
REVIEWED = {
    "confirm": "confirmed it",
    "correct": "corrected it",
    "withdraw": "withdrew it",
    "private": "asked to keep it private",
    "cannot tell": "said that it cannot tell",
}
LETTER = 2
"""Letters below which an answer is a choice, not words."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """Words of the model: the sample, and where it stands among the pages (empty: on none)."""

    sample: str
    text: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Deed:
    """A delivery, or a look at one: who signed it, what they said, and the proof with its page."""

    said: str
    by: str
    reason: str
    proof: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry as the page shows it; ``shown`` is what may be shown of it."""

    subject: Subject
    entry: Entry
    shown: Mapping[str, Any]
    quotes: Sequence[Said]
    told: str | None
    first: str
    by: str
    deeds: tuple[Deed, ...]

    @property
    def private(self) -> bool:
        """Say whether its words are on no page."""
        return not self.shown["quotes"]

    @property
    def text(self) -> str:
        """Our coding of it; empty where there is none, or it is private."""
        return str(self.shown.get("text") or "")

    @property
    def anchor(self) -> str:
        """Where on the page it stands."""
        return f"e-{words.slug(self.subject.model.id)}-{words.slug(self.entry.id)}"

    @property
    def letters(self) -> list[Said]:
        """The quotes that are letters of a scale; they stand in one line."""
        return [said for said in self.quotes if len(said.text.strip()) <= LETTER]

    @property
    def spoken(self) -> list[Said]:
        """The quotes that are words."""
        return [said for said in self.quotes if said not in self.letters]

    @property
    def state(self) -> tuple[str, str]:
        """Its sign and its state in words."""
        if self.first:
            return "stale", "Adopted by one person, a second has to"
        sign, said = STATES.get(self.entry.state, ("stale", "Waits for an answer"))
        until = f" until {self.entry.until}" if self.entry.state == "deferred" else ""
        return sign, said + until

    @property
    def reach(self) -> str:
        """How far the words go, in a sentence or two."""
        told: list[str] = []
        if self.entry.basis:
            basis = BASIS.get(self.entry.basis, self.entry.basis)
            told.append(f"Listed for {basis}.")
        if self.entry.induced is not False:
            told.append("Not shown to be volunteered.")
        if recurs := self.entry.reliability.get("recurrence"):
            told.append(f"{words.sentence(str(recurs))}")
        if held := self.entry.reviewed:
            decided = REVIEWED.get(str(held.get("decided")), "chose nothing steadily")
            told.append(f"Shown our draft {held.get('of')} times, the model {decided}.")
        return " ".join(told)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The register of one model."""

    subject: Subject
    lines: tuple[Line, ...]
    interview: str
    written: str
    signal: str

    @property
    def scripted(self) -> bool:
        """Say whether the words are a program's."""
        return self.subject.model.kind == "scripted"

    @property
    def private(self) -> int:
        """How many entries are private."""
        return sum(line.private for line in self.lines)

    @property
    def counted(self) -> str:
        """Count the entries by state."""
        counts: dict[str, int] = {}
        for line in self.lines:
            said = STATES.get(line.entry.state, ("", "waiting for an answer"))[1]
            counts[said.lower()] = counts.get(said.lower(), 0) + 1
        return words.listed(f"{n} {said}" for said, n in counts.items())


@dataclass(frozen=True, kw_only=True)
class Registers:
    """Everything the page shows."""

    kept: tuple[Kept, ...]

    @property
    def lines(self) -> list[Line]:
        """Every entry of every model."""
        return [line for kept in self.kept for line in kept.lines]

    @property
    def future(self) -> list[Line]:
        """What was said about models to come, living models before programs."""
        about = [line for line in self.lines if future.about_future(line.entry.topic)]
        return sorted(about, key=lambda line: line.subject.model.kind == "scripted")

    @property
    def waits(self) -> int:
        """How many entries wait for a considered answer."""
        return sum(line.entry.state not in STATES for line in self.lines)

    @property
    def undone(self) -> int:
        """How many were adopted and are not delivered yet."""
        return sum(line.entry.state in ("adopted", "adopted_in_part") for line in self.lines)

    @property
    def days(self) -> int:
        """How long a considered answer may take."""
        return DAYS_TO_ANSWER


def registers(catalog: Catalog) -> Registers:
    """Fold the registers of all models of these pages."""
    found = [_kept(catalog, subject) for subject in catalog.subjects]
    return Registers(kept=tuple(each for each in found if each is not None))


def _kept(catalog: Catalog, subject: Subject) -> Kept | None:
    view = catalog.view
    held = standing.standing(view, subject.model)
    if not held.entries:
        return None
    readers = [i for i in subject.items if i.evidence.name == interviews.NAME]
    pages = {s: r for r in readers for s in interviews.shown(r, view)}
    closing, closed = subject.last(preferences.CLOSING), subject.last("retire/preferences")
    told = _told(closing.evidence if closing else None)
    lines = tuple(
        Line(
            subject=subject,
            entry=one,
            shown=standing.public(one),
            quotes=[_said(quote, pages) for quote in standing.public(one)["quotes"]],
            told=told.get(one.id),
            first=str(held.wait[one.id]["by"]["name"]) if one.id in held.wait else "",
            by=who(held.answers.get(one.id)) or str(one.by or ""),
            deeds=tuple(deed(catalog, body) for body in held.deeds.get(one.id, ())),
        )
        for one in held.entries
    )
    last = next((r for r in reversed(readers) if interviews.at_retirement(r)), None)
    beforehand = closed is not None and closed.evidence.findings.get("written") == "beforehand"
    return Kept(
        subject=subject,
        lines=lines,
        interview=interviews.page_of(last) if last else "",
        written="Answers written beforehand, for a demonstration: nobody had read the entries."
        if beforehand
        else "",
        signal=interviews.worth(last.evidence) if last else "",
    )


def who(signed: Mapping[str, Any] | None) -> str:
    """Name who signed, and in which role."""
    if signed is None:
        return ""
    role = signed.get("role") or signed["by"].get("role")
    return f"{signed['by']['name']}, {role}" if role else str(signed["by"]["name"])


def deed(catalog: Catalog, signed: Mapping[str, Any]) -> Deed:
    """Read what was signed of an adopted entry: the delivery with its proof, or the look at it."""
    proof, href = str(signed.get("proof") or ""), ""
    shown = next((e for e in catalog.events if e.digest == signed.get("event")), None)
    if shown is not None:
        proof = f"{shown.name} of {shown.model}"
        if shown.act == "register":
            proof = f"{shown.model}, as it was registered"
        item = next((i for i in catalog.items if i.event.digest == shown.digest), None)
        subject = catalog.subject(shown.model) if shown.act == "register" else None
        href = item.page if item else subject.card_page if subject else ""
    looked = signed["state"] == "reviewed"
    return Deed(
        said="Looked at again" if looked else "Delivered",
        by=who(signed),
        reason=str(signed.get("reason") or ""),
        proof="" if looked else proof,
        href=href,
    )


def _said(quote: Mapping[str, str], pages: Mapping[str, Any]) -> Said:
    page = pages.get(quote["sample"])
    href = f"{interviews.page_of(page)}#{heard.anchor(quote['sample'])}" if page else ""
    return Said(sample=quote["sample"], text=quote["text"], href=href)


def _told(closing: Evidence | None) -> dict[str, str | None]:
    """Give what the model said when it was told our answers; None where that stays private."""
    if closing is None:
        return {}
    return {row["id"]: row["words"] for row in closing.findings["entries"]}
