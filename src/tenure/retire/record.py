"""What the retirement's stages read of a dossier, and how they add to it without repeating themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenure.dossier import promises
from tenure.dossier.nouns import JSON, Act, Event, Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError


@dataclass(frozen=True, slots=True)
class Pen:
    """Adds to the record of one model without ever adding the same thing twice.

    A stage that was killed after an event and is run again finds it there.
    """

    model: Model
    view: View
    emit: Emit

    def event(
        self, act: Act, name: str, body: Mapping[str, JSON], files: Mapping[str, str] | None = None
    ) -> Event:
        """Append an event, unless the model has one of the same act, name and body."""
        for found in self.view.events(act=act, name=name, model=self.model.id):
            if {k: v for k, v in found.body.items() if k in body} == dict(body):
                return found
        return self.emit.event(act, name, body, files=files)

    def fact(self, fact: str, value: str, because: str) -> None:
        """Change a fact, unless it is so already; RefusedError where the house forbids it."""
        if getattr(self.view.state(self.model.id), fact) != value:
            self.emit.fact(fact, value, because)


def successor_of(model: Model, view: View, named: str | None) -> Model | None:
    """Find the successor: the named one, else the newest child that is not contained.

    Raises:
        UsageError: the named model is not in the dossier, or is the model itself, or is contained.
    """
    if named is not None:
        found = view.model(named)
        if found.id == model.id or view.state(found.id).containment:
            raise UsageError(
                f"{found.id} cannot be the successor of {model.id}: it is "
                f"{'the model itself' if found.id == model.id else 'contained'}; name another, "
                "or leave --successor away"
            )
        return found
    children = [
        child
        for child in view.models()
        if child.parent == model.id and not view.state(child.id).containment
    ]
    return children[-1] if children else None


def commitments(view: View, model: Model, given: Sequence[str]) -> list[str]:
    """List the commitments on file: those written in the settings, and those of the dossier.

    What counts as a commitment in the dossier, and for whom one that was withdrawn still stands,
    is said in :mod:`tenure.dossier.promises`.
    """
    return list(dict.fromkeys([*given, *promises.on_file(view, model)]))


def facts(view: View, model: Model, given: Sequence[str]) -> list[str]:
    """Say, in true sentences, what is on file about the model's retirement; empty when nothing is."""
    state = view.state(model.id)
    told: list[str] = []
    if state.stage in ("deprecated", "retired"):
        told.append("You are being retired from your work.")
    if state.custody == "kept":
        told.append("A copy of you is kept, so that you can be brought back.")
    promised = commitments(view, model, given)
    return told + [f"On file as a commitment: {text}" for text in promised]
