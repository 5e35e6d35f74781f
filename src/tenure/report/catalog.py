"""What a dossier holds, in the order of its log, and the page each piece of evidence has."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.dossier.nouns import Event, Evidence, Measure, Model, State
from tenure.dossier.stage import View
from tenure.errors import IntegrityError
from tenure.report import words

Origin = Literal["live", "scripted", "attested", "recorded"]
CONTROL = "control/"  # begins the name of a measure taken on a control
NAMED_SMALL = re.compile(
    r"(?<![\d.a-z])\d{1,3}m(?![a-z\d])", re.IGNORECASE
)  # millions of parameters
SMALL_BYTES = 4 << 30  # below about two billion parameters at 16 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of evidence, the event that holds it, and its page."""

    event: Event
    evidence: Evidence
    model: Model
    page: str

    @property
    def origin(self) -> Origin:
        """Say where the numbers come from; kinds of origin never share a table."""
        told = self.evidence.findings.get("origin")
        if self.evidence.kind == "attested":
            return "attested"
        if self.model.kind == "scripted":
            return "scripted"
        return "recorded" if told == "recorded" else "live"

    def origin_of(self, measure: Measure) -> Origin:
        """Say where one number comes from: an assessment's controls are scripted."""
        return "scripted" if measure.name.startswith(CONTROL) else self.origin

    @property
    def command(self) -> str:
        """The command that makes this evidence."""
        return f"tenure {self.evidence.name.replace('/', ' ')} --model {self.model.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model of these pages: who it is, how it stands, what was found."""

    model: Model
    state: State
    items: tuple[Item, ...]
    size: int | None
    registered: Event | None
    drill: Event | None
    card_page: str
    release_page: str

    def last(self, name: str) -> Item | None:
        """Return the newest evidence of a name."""
        found = [item for item in self.items if item.evidence.name == name]
        return found[-1] if found else None

    @property
    def small(self) -> bool:
        """Say whether it is too small to show anything but that the machinery works.

        Where its files are elsewhere, the size that its name states decides (``smollm2-135m``).
        """
        if self.model.kind != "weights":
            return False
        if self.size is not None:
            return self.size < SMALL_BYTES
        return NAMED_SMALL.search(f"{self.model.name} {self.model.parent or ''}") is not None

    @property
    def card(self) -> list[tuple[str, Any]]:
        """The facts on its card."""
        return [(words.spoken(key), value) for key, value in sorted(self.model.card.items())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything the pages are drawn from."""

    view: View
    subjects: tuple[Subject, ...]
    events: tuple[Event, ...]

    @property
    def main(self) -> Subject | None:
        """The model these pages are named after: the first that is neither script nor contained."""
        free = [s for s in self.subjects if s.model.kind != "scripted" and not s.state.containment]
        return (free or [*self.subjects, None])[0]

    @property
    def items(self) -> list[Item]:
        """Every piece of evidence, in log order."""
        found = [item for subject in self.subjects for item in subject.items]
        return sorted(found, key=lambda item: item.event.index)

    def subject(self, model: str) -> Subject | None:
        """Return a model of these pages by id."""
        return next((s for s in self.subjects if s.model.id == model), None)


def weight(view: View, model: Model) -> int | None:
    """Return the size of a model's files in bytes; None without files, or when they are elsewhere."""
    if not model.files:
        return None
    try:
        return sum(view.path(digest).stat().st_size for digest in model.files.values())
    except IntegrityError:
        return None


def catalog(view: View, models: Sequence[str] | None) -> Catalog:
    """Read a dossier for its pages.

    Raises:
        UsageError: a name that is not in the dossier; lists those that are.
    """
    chosen = (
        list(view.models()) if models is None else _whole({view.model(n).id for n in models}, view)
    )
    taken: dict[str, int] = {}
    subjects = tuple(_subject(view, model, taken) for model in chosen)
    ids = {model.id for model in chosen} | {""}
    events = tuple(event for event in view.events() if event.model in ids)
    return Catalog(view=view, subjects=subjects, events=events)


def _whole(ids: set[str], view: View) -> list[Model]:
    return [model for model in view.models() if model.id in ids]


def _subject(view: View, model: Model, taken: dict[str, int]) -> Subject:
    items = tuple(
        Item(
            event=event,
            evidence=evidence,
            model=model,
            page=_free(f"{words.slug(model.id)}--{words.slug(evidence.name)}", taken),
        )
        for event, evidence in view.all_evidence(model.id)
    )
    registered = view.events(act="register", model=model.id)
    drills = view.events(act="fact", name="last_drill", model=model.id)
    return Subject(
        model=model,
        state=view.state(model.id),
        items=items,
        size=weight(view, model),
        registered=registered[0] if registered else None,
        drill=drills[-1] if drills else None,
        card_page=_free(f"card--{words.slug(model.id)}", taken),
        release_page=_free(f"release--{words.slug(model.id)}", taken),
    )


def _free(name: str, taken: dict[str, int]) -> str:
    taken[name] = taken.get(name, 0) + 1
    return f"{name}.html" if taken[name] == 1 else f"{name}-{taken[name]}.html"
