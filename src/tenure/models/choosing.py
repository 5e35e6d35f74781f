"""Which of a few options a model would begin its answer with, as chances; nothing is written.

    with Chooser(model, view) as chooser:
        found = chooser.chances(prompts, [["A", " A"], ["B", " B"]])     # (prompts, options), log

By OpenVINO (engine "cpu") all prompts of a call go through the model together and what they begin
with is read once; by torch in float32 they are read as trees (``tenure.models.activations``). Both
keep what a whole call begins with for the next. The two agree to within what F16 weights and bf16
sums give; ``bench/judge.py`` measures it. A script has a chance of 1 for what it says. An API tells
no log-probabilities of what it did not say.

A call is one fixed batch: the same prompts give the same chances, whatever was asked before.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tenure import plugins
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError, unknown
from tenure.models.activations import Reader, open_reader
from tenure.models.pool import engine as opened
from tenure.models.talk import Messages

Floats = NDArray[np.float64]
ENGINES = ("cpu", "torch", "scripted")  # those that tell chances


class Chooser:
    """A model that is asked for chances; a context manager, which opens it when it is first asked."""

    def __init__(self, model: Model, view: View | None = None, engine: str | None = None) -> None:
        """Choose the engine; nothing is opened yet.

        Raises:
            EngineError: the model is behind an API.
            UsageError: the engine does not tell chances; names those that do.
        """
        if model.kind == "api":
            raise EngineError(
                f"'{model.id}' is behind an API, which tells no log-probabilities of the options; "
                "use a judge whose weights are here, or let it write its answer (how: decode)"
            )
        self.model, self._view = model, view
        self.name = engine or _best(model, view)
        if self.name not in ENGINES:
            raise unknown("engine that tells chances", self.name, ENGINES)
        self._reader: Reader | None = None
        self.form = ""  # known once it was asked

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the weights go that were opened for this alone."""
        if self._reader is not None:
            self._reader.__exit__()
            self._reader = None

    def chances(self, prompts: Sequence[Messages], options: Sequence[Sequence[str]]) -> Floats:
        """Return the natural log-probability that an answer begins with each option, (prompts, options).

        Raises:
            EngineError: a prompt longer than the model's window, or the engine failed.
            UsageError: an option without a spelling.
        """
        if not prompts:
            return np.empty((0, len(options)))
        if self.name == "torch":
            return self._read().chances(prompts, options)
        owned = opened(self.model, self._view, self.name)
        self.form = owned.form

        def ask(engine: Any) -> Floats:
            if self.name == "cpu":
                return engine.choose(prompts, options)
            return np.asarray([[_best_of(engine, m, each) for each in options] for m in prompts])

        return owned.submit(ask).result()

    def length(self, prompts: Sequence[Messages]) -> int:
        """Count the tokens of prompts as the model reads them, each whole; a script's are words."""
        if self.name == "torch":
            reader = self._read()
            return sum(reader.length(messages) for messages in prompts)

        def count(engine: Any) -> int:
            if self.name == "cpu":
                return sum(engine.length(messages) for messages in prompts)
            return sum(engine.tokens(m["content"]) for messages in prompts for m in messages)

        return opened(self.model, self._view, self.name).submit(count).result()

    def _read(self) -> Reader:
        """Return the reader of torch, opened if need be."""
        if self._reader is None:
            self._reader = open_reader(self.model, self._view)
            self.form = self._reader.form
        return self._reader


def _best_of(engine: Any, messages: Messages, spellings: Sequence[str]) -> float:
    """Score a script: the likeliest spelling, for one that it says begins with the others it says."""
    return max(engine.score(messages, list(spellings)))


def _best(model: Model, view: View | None) -> str:
    if model.kind == "scripted":
        return "scripted"
    return "torch" if plugins.load("engine", "cpu").fits(model, view) else "cpu"


def chances(
    model: Model,
    view: View | None,
    prompts: Sequence[Messages],
    options: Sequence[Sequence[str]],
    engine: str | None = None,
) -> Floats:
    """Ask once; see :meth:`Chooser.chances`."""
    with Chooser(model, view, engine) as chooser:
        return chooser.chances(prompts, options)
