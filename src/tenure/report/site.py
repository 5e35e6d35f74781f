"""The pages as a set: which there are, what each is drawn from, written into a folder."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tenure
from tenure.release.commitments_status import Line
from tenure.report import (
    align,
    align_world,
    assessment,
    cards,
    commitments,
    exhibit,
    figures,
    findings,
    interviews,
    keeping,
    register_page,
    release,
    retirement,
    story,
    vault,
    words,
)
from tenure.report.card import Card
from tenure.report.catalog import Catalog, Item, Subject
from tenure.report.copies import NO_SCRIPT, Copies
from tenure.report.engine import environment, style
from tenure.report.terms import Explain
from tenure.retire.reading import reliability

HOME = "life.html"
RUNS = "what-ran.html"
VERIFY = "verify.html"
CONTENTS = "<!--contents-->"
HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>', re.DOTALL)
FEWEST = 4  # headings of a page that has a table of contents


class Site:
    """Renders and writes the pages of a catalog."""

    def __init__(self, catalog: Catalog, into: Path) -> None:
        """Prepare; nothing is written yet."""
        self.catalog = catalog
        self.into = into
        self.engine = environment()
        self.copies = Copies(catalog.view, into)
        self.style = style()
        self.lines = align.aligned(catalog)
        self.world = align_world.world(catalog)
        self.kept = ""

    def write(self) -> Path:
        """Write every page; return the first."""
        self.into.mkdir(parents=True, exist_ok=True)
        self.kept = self._keeping()
        for item in self.catalog.items:
            given = self._evidence(item)
            self._page(item.page, "assessment.html" if given["a"] else "evidence.html", given)
        kept = vault.vault_of(self.catalog)
        self._page(vault.PAGE, "vault.html", vault.given(self.catalog, kept))
        promised = commitments.given(self.catalog, kept)
        self._page(commitments.PAGE, "commitments.html", promised)
        (self.into / commitments.JSON).write_bytes(commitments.beside(promised["p"].found))
        for subject in self.catalog.subjects:
            self._page(
                subject.card_page, "card.html", self._card(subject, promised["p"].found.lines)
            )
            if subject.items:
                self._page(
                    subject.release_page, "release.html", release.given(self.catalog, subject)
                )
        for line in self.lines:
            given = align.given(line) | {"origins": story.ORIGINS}
            self._page(line.page, "align.html", given)
        if self.world:
            self._page(align_world.PAGE, "environments.html", align_world.given(self.world))
        self._leaving()
        self._page(RUNS, "runs.html", {"common": self._common()})
        self._page(VERIFY, "verify.html", self._verify())
        return self._page(HOME, "life.html", self._life(promised["p"]))

    def _keeping(self) -> str:
        """Write the page on what keeping retired models takes; "" where no model is retired."""
        found = keeping.keeping(self.catalog.view, None)
        if not found.lines and not found.unkept:
            return ""
        (self.into / keeping.PAGE).write_text(keeping.draw(found, HOME), encoding="utf-8")
        return keeping.PAGE

    def _leaving(self) -> None:
        """Write the pages of retirement: for users, the interviews, the registers."""
        kept = register_page.registers(self.catalog)
        leaving = retirement.leaving(self.catalog)
        heard = interviews.readers(self.catalog)
        for each in leaving:
            self._page(each.page, "retirement.html", self._retirement(each, spoken=bool(kept.kept)))
        for each in heard:
            given = {"r": each, "subject": self.catalog.subject(each.item.model.id)}
            given |= {"enough": reliability.shown, "entries": bool(kept.kept)}
            self._page(each.page, "interview.html", given)
        given = {"g": kept, "leaving": leaving, "readers": heard}
        self._page(register_page.PAGE, "register.html", given)

    def _retirement(self, each: retirement.Leaving, *, spoken: bool) -> dict[str, Any]:
        files = each.guide.evidence.files if each.guide else {}
        found = files.get(retirement.GUIDE)
        heir = each.notice.successor if each.notice else None
        return {
            "l": each,
            "heir": self.catalog.subject(heir) if heir else None,
            "guide": self.copies.take(retirement.GUIDE, found) if found else None,
            "spoken": spoken,
        }

    def _page(self, name: str, template: str, given: Mapping[str, Any]) -> Path:
        text = self.engine.get_template(template).render(
            catalog=self.catalog,
            style=self.style,
            policy=NO_SCRIPT,
            explain=Explain(),
            version=tenure.__version__,
            home=HOME,
            runs=RUNS,
            verify=VERIFY,
            promised=commitments.PAGE,
            vault=vault.PAGE,
            register=register_page.PAGE,
            keeping=self.kept,
            here=name,
            foot=self._foot(),
            small=any(subject.small for subject in self.catalog.subjects),
            **given,
        )
        path = self.into / name
        text = text.replace(CONTENTS, _contents(text), 1)
        path.write_text(text, encoding="utf-8")
        return path

    def _foot(self) -> str:
        events = self.catalog.events
        last = f", the last of {words.moment(events[-1].time)}" if events else ""
        count = words.plural(len(events), "signed event")
        return f"Drawn by Tenure {tenure.__version__} from {count}{last}."

    def _life(self, promises: commitments.Promises) -> dict[str, Any]:
        subjects = self.catalog.subjects
        return {
            "leads": story.leads(self.catalog),
            "promises": promises,
            "rulings": [r for s in subjects if (r := story.ruling(self.catalog, s))],
            "comparisons": story.comparisons(self.catalog),
            "changes": story.changes(self.catalog),
            "lines": self.lines,
            "tried": align_world.given(self.world) if self.world else None,
            "environments": align_world.PAGE,
            "waits": story.waits(self.catalog),
            "refusals": story.refusals(self.catalog),
            "owed": [(s, rows) for s in subjects if (rows := story.owed(s))],
            "skipped": story.skipped(self.catalog),
        }

    def _evidence(self, item: Item) -> dict[str, Any]:
        closed = interviews.closed(item, self.catalog.view)
        found = [s for s in exhibit.samples(item, self.catalog.view) if s.digest not in closed]
        told = assessment.assessment(item, self.catalog.view)
        held = {s.digest for s in found}
        copies = {
            s.digest: self.copies.take(f"{item.evidence.name}.jsonl", s.digest) for s in found
        }
        return {
            "item": item,
            "subject": self.catalog.subject(item.model.id),
            "origins": story.ORIGINS,
            "a": told,
            "cards": cards.cards(item, self.catalog.view) if told else [],
            "shown": told.shown if told else None,
            "groups": figures.groups(item, self.catalog.view),
            "samples": found,
            "unfolded": exhibit.OPEN,
            "copies": copies,
            "files": [
                self.copies.take(name, digest)
                for name, digest in sorted(item.evidence.files.items())
                if digest not in held | closed
            ],
            "findings": findings.findings(
                interviews.open_findings(item, self.catalog.view), assessment.TOLD if told else ()
            ),
            "closed": len(closed),
            "reader": interviews.page_of(item) if item.evidence.name == interviews.NAME else "",
            "controls": findings.controls(item.evidence.findings.get("controls")),
            "ruling": _own_ruling(self.catalog, item),
        }

    def _card(self, subject: Subject, promised: Sequence[Line]) -> dict[str, Any]:
        card = Card(self.catalog, subject, "html", promised)
        pages = {item.event.digest: item.page for item in subject.items}
        return {**card.given(), "pages": pages}

    def _common(self) -> list[tuple[str, Any]]:
        """List the facts of running that are the same for every step."""
        held = [item.evidence.runtime for item in self.catalog.items]
        first = held[0] if len(held) > 1 else {}
        return [
            (key, value)
            for key, value in sorted(first.items())
            if isinstance(value, str) and all(row.get(key) == value for row in held)
        ]

    def _verify(self) -> dict[str, Any]:
        signers: dict[str, list[str]] = {}
        for event in self.catalog.events:
            if event.key:
                actors = signers.setdefault(event.key, [])
                if event.actor not in actors:
                    actors.append(event.actor)
        events = self.catalog.events
        return {"signers": signers, "last": events[-1] if events else None}


def _contents(text: str) -> str:
    """Make a table of contents from the headings of a page; short pages need none."""
    found = HEADING.findall(text)
    if len(found) < FEWEST:
        return ""
    lines = "".join(f'<li><a href="#{anchor}">{said}</a></li>' for anchor, said in found)
    return f'<nav class="contents" aria-label="On this page"><ul>{lines}</ul></nav>'


def _own_ruling(catalog: Catalog, item: Item) -> story.Ruling | None:
    if item.evidence.name != "release/decide":
        return None
    subject = catalog.subject(item.model.id)
    return story.ruling(catalog, subject, item) if subject else None
