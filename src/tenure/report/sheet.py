"""A page whose every number can be computed again: pieces of text, and what its numbers rest on.

A sheet is written once and printed in two forms, Markdown and HTML. Numbers of the dossier are
claims (``tenure.measure.claims``); numbers in words that somebody else wrote, and thresholds, are
constants with the reason why they were not measured.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markupsafe import Markup, escape

from tenure.dossier.nouns import Event, Measure
from tenure.measure.claims import Claim, Claims
from tenure.report import words
from tenure.report.catalog import Item

Form = Literal["markdown", "html"]
SPACE = re.compile(r"\s+")
BETWEEN = re.compile(r"[\s()\[\]{}<>|*\"'“”‘’,;:=≤≥≈~±/]+")
UNREAD = re.compile(r"https?://\S+|sha256:[0-9a-f]+|\d{4}-\d\d-\d\d(?:T[\d:]+Z)?")
BREAKS = frozenset("`<|")  # would end code, or the cell it stands in
SPECIAL = str.maketrans({c: f"&#{ord(c)};" for c in "&<>`[]*|$\\"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A few words of a line: plain, a number that leads to what it rests on, or code."""

    text: str
    kind: Literal["plain", "number", "code"] = "plain"
    to: str = ""

    def markdown(self) -> Markup:
        """Write it into Markdown; what would be read as markup is escaped."""
        plain = SPACE.sub(" ", self.text)
        if self.kind == "code":
            if BREAKS.isdisjoint(plain):
                return Markup(f"`{plain}`")  # noqa: S704 - Markdown shows code as it stands
            return Markup("<code>{}</code>").format(Markup(plain.translate(SPECIAL)))  # noqa: S704 - escaped
        told = plain.translate(SPECIAL) if self.kind == "plain" else plain
        if self.kind == "number":
            told = f"[{told}](#{self.to})"
        return Markup(told)  # noqa: S704 - escaped above

    def html(self) -> Markup:
        """Write it into HTML, escaped."""
        if self.kind == "code":
            return Markup("<code>{}</code>").format(self.text)
        if self.kind == "number":
            return Markup('<a href="#{}">{}</a>').format(self.to, self.text)
        return escape(self.text)


Said = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, a list, a table with its head, or commands on lines of their own."""

    kind: Literal["text", "list", "table", "code"]
    lines: tuple[Said, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[Said, ...], ...] = ()
    code: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """Return what links call it."""
        return words.slug(self.title)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What some numbers rest on: ids of the numbers, and the measure or the finding behind them."""

    ids: tuple[str, ...]
    event: Event
    measure: Measure | None
    place: str = ""


def form_of(value: float | None, measure: Measure) -> str:
    """Choose how a number of this measure is written: enough digits to tell it from nothing."""
    unit = words.unit_of(measure)
    if unit == "count":
        return "count"
    if unit in ("proportion", "difference"):
        digits = 2 if value is not None and 0 < abs(value) < 0.001 else 1
        return f"{'percent' if unit == 'proportion' else 'points'}:{digits}"
    return "number:1" if unit == "seconds" else "number:3"


def numbers_in(text: str) -> bool:
    """Say whether a text holds a number, and not only names with digits (``m@1``, ``Apache-2.0``)."""
    tokens = [token for token in BETWEEN.split(text) if token and "@" not in token]
    return any(any(c.isdigit() for c in token) and not token[0].isalpha() for token in tokens)


class Sheet:
    """Collects the numbers of a page while its words are put together."""

    def __init__(self, model: str, form: Form) -> None:
        """Begin a page about a model id."""
        self.form = form
        self.claims = Claims(model)
        self._rests: dict[tuple[str, str], Rest] = {}
        self._newest: dict[str, str] = {}

    def know(self, events: Iterable[Event]) -> None:
        """Say which evidence there is, so that a number from older evidence is marked as such."""
        self._newest = {event.name: event.digest for event in events}

    def number(self, event: Event, measure: Measure, named: str, form: str = "") -> Piece:
        """Write one field of a measure; None is written as not shown."""
        value = None if named in ("n", "missing", "clusters") else getattr(measure, named)
        form = form or (
            "count" if named in ("n", "missing", "clusters") else form_of(value, measure)
        )
        made = self._claim(event, measure, (named, form))
        return Piece(made.shown, "number", made.id)

    def at_level(self, event: Event, measure: Measure, named: str, form: str) -> Piece:
        """Write one field of a measure that was computed at another confidence than the recorded one."""
        piece = self.number(event, measure, named, form)
        options = measure.recipe.options if measure.recipe else {}
        self.claims.claims[-1] = replace(
            self.claims.claims[-1], level=measure.level, bounds=options.get("bounds")
        )
        return piece

    def found(self, item: Item, place: str, form: str) -> Piece:
        """Write a number of an evidence's findings: it rests on the signature alone."""
        made = self.claims.found(item.event, item.evidence, place, form)
        key = (item.event.digest, place)
        self._rests[key] = Rest(ids=(made.id,), event=item.event, measure=None, place=place)
        return Piece(made.shown, "number", made.id)

    def front(self, event: Event, measure: Measure, named: str, path: str) -> None:
        """Note a number that stands in the front matter, at this path."""
        form = "count" if named in ("n", "missing") else "number:4"
        self._claim(event, measure, (named, form), path)

    def _claim(
        self, event: Event, measure: Measure, how: tuple[str, str], path: str | None = None
    ) -> Claim:
        made = self.claims.claim(event, measure, *how, path=path)
        if self._newest.get(event.name, event.digest) != event.digest:
            made = self.claims.claims[-1] = replace(made, superseded=True)
        key = (event.digest, measure.name)
        held = self._rests.get(key, Rest(ids=(), event=event, measure=measure))
        if path is None:
            self._rests[key] = replace(held, ids=(*held.ids, made.id))
        return made

    def quoted(self, text: str, why: str) -> Piece:
        """Write words that somebody else wrote; numbers in them are theirs, not of this page."""
        plain = SPACE.sub(" ", text).strip()
        for part in UNREAD.split(plain):
            if numbers_in(part):
                self.constant(self._shown(part.strip()), why)
        return Piece(plain)

    def constant(self, text: str, why: str) -> Piece:
        """Write a number that was set, not measured (a threshold, a size)."""
        if text not in {held["shown"] for held in self.claims.constants}:
            self.claims.constant(text, why)
        return Piece(text)

    def _shown(self, plain: str) -> str:
        return plain.translate(SPECIAL) if self.form == "markdown" else str(escape(plain))

    def code(self, text: str, why: str = "a name") -> Piece:
        """Write a name, a digest or a command; Markdown's code is never read as a number."""
        read = self.form == "html" or not BREAKS.isdisjoint(text)
        if read and numbers_in(UNREAD.sub("", text)):
            self.constant(self._shown(text), why)
        return Piece(text, "code")

    def commands(self, lines: Sequence[str]) -> Block:
        """Write commands on lines of their own."""
        if self.form == "html":
            for line in lines:
                self.code(line, "a command")
        return Block(kind="code", code=tuple(lines))

    @property
    def rests(self) -> list[Rest]:
        """What the numbers rest on, in the order in which they were written."""
        return [rest for rest in self._rests.values() if rest.ids]


def text(*pieces: Piece | str) -> Said:
    """Put pieces together; plain words may be given as they are, without numbers in them."""
    return tuple(Piece(each) if isinstance(each, str) else each for each in pieces)


def para(*pieces: Piece | str) -> Block:
    """Write a paragraph."""
    return Block(kind="text", lines=(text(*pieces),))


def bullets(lines: Iterable[Said]) -> Block:
    """Write a list."""
    return Block(kind="list", lines=tuple(lines))


def table(head: Sequence[str], rows: Iterable[Sequence[Said]]) -> Block:
    """Write a table; the first column names the row."""
    return Block(kind="table", head=tuple(head), rows=tuple(tuple(row) for row in rows))
