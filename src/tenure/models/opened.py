"""A model that is opened when its states are first needed; what it gave is kept as units of work."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.models.activations import TOKENS, Floats, Pooling, Reader, open_reader
from tenure.models.talk import Messages, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Hidden states to be read: of which conversations, after which layers, pooled how."""

    what: str
    conversations: Sequence[Messages]
    layers: Sequence[int]
    pooling: Pooling


class Opened:
    """A model that is opened when it is first needed, and what it gave before, from the record."""

    def __init__(self, model: Model, view: View, emit: Emit) -> None:
        """Remember whom to open."""
        self.model = model
        self.view, self._emit = view, emit
        self._reader: Reader | None = None

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the weights go."""
        if self._reader is not None:
            self._reader.__exit__()
            self._reader = None

    @property
    def reader(self) -> Reader:
        """Open the model, once."""
        if self._reader is None:
            self._reader = open_reader(self.model, self.view)
        return self._reader

    def about(self) -> dict[str, Any]:
        """Say how many ``layers`` it has, their ``width``, and its ``form``; a unit of work."""

        def ask() -> dict[str, Any]:
            held = self.reader
            return {"layers": held.layers, "width": held.width, "form": held.form}

        found: dict[str, Any] = self._emit.unit("about", {"model": self.model.digest}, ask)
        return found

    def hidden(self, wanted: Wanted) -> Floats:
        """Return :meth:`Reader.hidden`, a unit of work: done once for a model and these prompts."""

        def read(asked: Sequence[Messages]) -> Floats:
            return self.reader.hidden(asked, wanted.layers, wanted.pooling)

        return self._kept(wanted, wanted.pooling, read)

    def around(self, wanted: Wanted) -> Floats:
        """Return :meth:`Reader.around`, a unit of work; ``pooling`` has no part in it."""

        def read(asked: Sequence[Messages]) -> Floats:
            return self.reader.around(asked, wanted.layers)

        return self._kept(wanted, "around", read)

    def _kept(
        self, wanted: Wanted, how: str, read: Callable[[Sequence[Messages]], Floats]
    ) -> Floats:
        asked = [plain(messages) for messages in wanted.conversations]
        inputs = {
            "model": self.model.digest,
            "prompts": digest_of({"conversations": asked}),
            "layers": list(wanted.layers),
            "pooling": how,
            "tree_tokens": TOKENS,
        }

        def do() -> dict[str, str]:
            buffer = io.BytesIO()
            np.save(buffer, read(asked), allow_pickle=False)
            return {"states": self._emit.file(buffer.getvalue())}

        done = self._emit.unit(f"hidden states: {wanted.what}", inputs, do)
        return np.load(io.BytesIO(self.view.read(done["states"])), allow_pickle=False)
