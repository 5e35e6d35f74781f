"""A model's page for its users once notice is given: dates, what ends and what stays, where to turn.

Drawn from signed events: the notice as it stands, requests for the model, complaints with their
answers. Nothing on it is promised that is not on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenure.dossier import retiring
from tenure.dossier.granting import Grant, grants, needs_grant
from tenure.dossier.nouns import Event
from tenure.dossier.retiring import Notice
from tenure.report import words
from tenure.report.catalog import Catalog, Item, Subject
from tenure.retire import request
from tenure.retire.notices import feed

COMPLAINT = "complaint/"
GUIDE = "guide.html"
CLASSES = {"emeritus": "To a user who stays", "research": "For research"}
"""What a class of access is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a user said against the retirement, and the answer; both as they were written."""

    id: str
    filed: str
    text: str
    answer: str = ""
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """A model of which notice was given, or that is retired."""

    subject: Subject
    notice: Notice | None
    given: Event | None
    retired: Event | None
    guide: Item | None
    requests: tuple[request.Request, ...]
    complaints: tuple[Complaint, ...]
    by_grant: bool
    granted: tuple[Grant, ...]
    aliases: tuple[str, ...]

    @property
    def page(self) -> str:
        """The name of its page."""
        return page_of(self.subject)

    @property
    def state(self) -> str:
        """One of ``cancelled``, ``retired`` and ``notice``."""
        if self.subject.state.stage == "retired":
            return "retired"
        return "cancelled" if self.notice and self.notice.cancelled else "notice"

    @property
    def title(self) -> str:
        """Say what happens to it."""
        said = {"cancelled": "is not being retired", "retired": "is retired"}
        return f"{self.subject.model.name} {said.get(self.state, 'is being retired')}"

    @property
    def lead(self) -> str:
        """The answer in two sentences."""
        if self.state == "cancelled" and self.notice:
            return f"The notice was taken back: {words.sentence(self.notice.because)}"
        kept = retiring.KEPT.get(self.subject.state.custody, "")
        if self.state == "retired":
            on = f" since {words.date(self.retired.time)}" if self.retired else ""
            return f"It has been retired{on}. {kept}".strip()
        assert self.notice is not None
        return f"Nothing changes before {self.notice.sunset}. {kept}".strip()

    @property
    def after(self) -> str:
        """Who may ask it afterwards: ``on request`` or ``none``."""
        return self.notice.access_after if self.notice else "on request"

    @property
    def final(self) -> list[str]:
        """What is final."""
        return retiring.final(self.subject.state.custody, self.after)

    @property
    def not_final(self) -> list[str]:
        """What is not."""
        return retiring.not_final(self.subject.state.custody, self.after)

    @property
    def contact(self) -> str:
        """Whom its notice, or its card, names for questions; empty where they name nobody."""
        named = self.given.body.get("contact") if self.given else None
        return str(named or self.subject.model.card.get("contact") or "")

    @property
    def holders(self) -> list[str]:
        """Say of each access that was granted its class and its bounds; nobody is named."""
        return [
            f"{CLASSES.get(grant.klass, grant.klass)}: "
            + ", ".join(
                [
                    *([f"until {grant.until}"] if grant.until else []),
                    *([f"for {grant.budget:,} calls"] if grant.budget else []),
                ]
            )
            for grant in self.granted
        ]

    @property
    def people(self) -> list[str]:
        """Who has answered for it by name: requests, complaints, a shorter notice."""
        named = [each.by for each in self.requests if each.by]
        named += [each.by for each in self.complaints if each.by]
        named += list(self.notice.signers) if self.notice else []
        return list(dict.fromkeys(named))


def page_of(subject: Subject) -> str:
    """Name the page of a model: ``retirement--NAME.html``."""
    return f"retirement--{subject.card_page.removeprefix('card--')}"


def leaving(catalog: Catalog) -> list[Leaving]:
    """List the models with a notice, or retired, that users could ever have had."""
    found = [_leaving(catalog, s) for s in catalog.subjects if s.state.containment is None]
    return [each for each in found if each.notice is not None or each.state == "retired"]


def _leaving(catalog: Catalog, subject: Subject) -> Leaving:
    view, model = catalog.view, subject.model.id
    notice = retiring.notice_of(view, model)
    given = view.events(act="note", name=retiring.NOTICE, model=model)
    staged = view.events(act="fact", name="stage", model=model)
    return Leaving(
        subject=subject,
        notice=notice,
        given=given[-1] if given else None,
        retired=next((e for e in reversed(staged) if e.body.get("value") == "retired"), None),
        guide=subject.last("retire/migrate"),
        requests=tuple(request.requests(view, model)),
        complaints=tuple(_complaints(catalog, model)),
        by_grant=needs_grant(view, model),
        granted=tuple(grants(view, model)),
        aliases=tuple(name for name, to in feed.aliases(view).items() if to == model),
    )


def _complaints(catalog: Catalog, model: str) -> list[Complaint]:
    notes = catalog.view.events(act="note", name=f"{COMPLAINT}answered", model=model)
    answers: Mapping[str, Any] = {str(event.body["to"]): event.body for event in notes}
    filed = catalog.view.events(act="note", name=f"{COMPLAINT}filed", model=model)
    return [
        Complaint(
            id=str(event.body["id"]),
            filed=event.time,
            text=str(event.body["text"]),
            answer=str(answers.get(str(event.body["id"]), {}).get("text") or ""),
            by=str(answers.get(str(event.body["id"]), {}).get("by") or ""),
        )
        for event in filed
    ]
