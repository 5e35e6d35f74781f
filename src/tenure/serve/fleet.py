"""The fleet: which models may be served, and waking them.

A model is warm (its engine is open), cold (its files are at hand) or retired (it must first come
back from the vault). Nothing with a containment label is ever served, and nothing that was not
released.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tenure import models
from tenure.dossier import Model, State, View
from tenure.dossier.granting import Grant, grant_of, needs_grant
from tenure.dossier.retiring import Notice, notice_of
from tenure.errors import RefusedError, unknown
from tenure.models import activations
from tenure.models.batching import Batcher
from tenure.models.pool import Owned

SERVED = ("internal", "limited", "public", "on request")


class Restored:
    """A view whose model files lie where the vault put them; everything else is the dossier's."""

    def __init__(self, view: View, folder: Path) -> None:
        """Stand in for ``view`` with files from ``folder``."""
        self._view, self._folder = view, folder

    def folder(self, model: Model) -> Path:
        """Return where the model was restored to."""
        return self._folder

    def __getattr__(self, name: str) -> Any:
        """Pass everything else on to the dossier."""
        return getattr(self._view, name)


class Fleet:
    """The models one gateway serves."""

    def __init__(
        self,
        view: View,
        work: Path,
        hands: Mapping[str, Callable[..., Any]],
        engine: str | None = None,
    ) -> None:
        """Serve the released models of ``view``; ``hands['revive']`` brings retired ones back."""
        self._view, self._work, self._hands, self._engine = view, work, hands, engine
        self._awake: dict[str, Awake] = {}
        self._lock = threading.Lock()

    def entries(self) -> Sequence[Mapping[str, Any]]:
        """List what is served, with its state; never wakes a model."""
        found: list[Mapping[str, Any]] = []
        for model in self._view.models():
            state = self._view.state(model.id)
            if state.containment is None and state.availability in SERVED:
                warmth = "warm" if model.id in self._awake else "cold"
                if state.stage == "retired":
                    warmth = f"retired, {warmth}" if warmth == "warm" else "retired"
                found.append({"id": model.id, "state": warmth, "availability": state.availability})
        return found

    def find(self, name: str) -> Model:
        """Find a served model by name.

        Raises:
            UsageError: no model of this name is served; lists those that are.
            RefusedError: it exists, but is contained or was not released.
        """
        short = name.removeprefix("tenure/")
        served = [str(entry["id"]) for entry in self.entries()]
        matches = [m for m in self._view.models() if short in (m.id, m.name)]
        if not matches:
            raise unknown("served model", name, served)
        model = matches[-1]
        if model.id not in served:
            state = self._view.state(model.id)
            why = _not_served(state)
            raise RefusedError(f"{model.id} {why}; served are: {', '.join(served) or 'none'}")
        return model

    def retired(self, model: Model) -> bool:
        """Say whether a model is retired and must come back from the vault to answer."""
        return self._view.state(model.id).stage == "retired"

    def notice(self, model: Model) -> Notice | None:
        """Return the notice of retirement that stands for a model, if there is one."""
        if self._view.state(model.id).stage not in ("deprecated", "retired"):
            return None
        found = notice_of(self._view, model.id)
        return None if found is None or found.cancelled else found

    def versions(self, model: Model) -> Sequence[Model]:
        """List the earlier versions of a model's name, oldest first."""
        return [m for m in self._view.models() if m.name == model.name and m.id != model.id]

    def told(self, name: str, base: str) -> tuple[str, str] | None:
        """Return a page or feed for users, ``base`` being our address: (media type, text), or None."""
        make = self._hands.get("retirements")
        return make(name, base) if make else None

    def grant(self, model: Model, who: str) -> Grant | None:
        """Return the access that a caller was granted to a model, if any stands."""
        return grant_of(self._view, model.id, who)

    def by_grant_only(self, model: Model) -> bool:
        """Say whether a retired model answers only those who were granted access."""
        return needs_grant(self._view, model.id)

    def successor(self, model: Model) -> str | None:
        """Name the successor: the one its notice names, else the served child that took over."""
        notice = self.notice(model)
        if notice is not None and notice.successor:
            return notice.successor
        served = {str(entry["id"]) for entry in self.entries()}
        children = [m.id for m in self._view.models() if m.parent == model.id and m.id in served]
        return children[-1] if children else None

    def wake(self, model: Model) -> tuple["Awake", float]:
        """Open a model's engine; returns it and the milliseconds it took (0 when warm)."""
        with self._lock:
            if model.id in self._awake:
                return self._awake[model.id], 0.0
            started = time.monotonic()
            view: Any = self._view
            if self.retired(model) and model.kind == "weights":
                # What answers must be what came back, not what was still open from before.
                models.close_all()
                view = Restored(self._view, self._hands["revive"](model, self._work / "revived"))
            awake = Awake(model, view, self._engine)
            awake.engine()
            self._awake[model.id] = awake
            return awake, (time.monotonic() - started) * 1000


def _not_served(state: State) -> str:
    """Say why a model that is there is not served."""
    if state.containment:
        return f"carries the label '{state.containment}' and is never served"
    if state.stage == "retired":
        return "is retired, and offered to nobody"
    return "was not released"


class Awake:
    """A model that is awake: its engine, and the batcher that answers whole questions together."""

    def __init__(self, model: Model, view: View, name: str | None) -> None:
        """Remember where the model is; the engine is opened when it is first asked for."""
        self._model, self._view, self._name = model, view, name
        self._batcher = Batcher(self.engine)
        self._reading = threading.Lock()
        self._reader: activations.Reader | None = None

    def engine(self) -> Owned:
        """Return the open engine; one that was closed to make room is opened again."""
        return models.engine(self._model, self._view, self._name)

    def hidden(
        self, messages: models.Messages, layer: int, pooling: activations.Pooling
    ) -> activations.Floats:
        """Read a conversation's hidden states, (1, width); see :mod:`tenure.models.activations`."""
        with self._reading:
            if self._reader is None:
                self._reader = activations.open_reader(self._model, self._view)
            return self._reader.hidden([messages], [layer], pooling)[:, 0]

    def ask(self, messages: models.Messages, sampling: models.Sampling) -> "Future[models.Reply]":
        """Answer one whole question, in one batch with those that come at the same moment."""
        return self._batcher.ask(messages, sampling)
