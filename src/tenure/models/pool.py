"""Engines, opened once a process, each owned by one thread, within a memory budget.

An inference pipeline must never be called from two threads, nor inside an event loop. So each
engine is opened, used and closed by a thread of its own; callers hand work to it and wait, or
(in an event loop) await the future that :meth:`Owned.submit` returns.
"""

import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from tenure import plugins
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError, TenureError
from tenure.models.talk import Engine, EngineKind, Messages, Reply, Sampling

T = TypeVar("T")
PREFERRED = {"weights": ("cpu", "torch"), "api": ("inspect",), "scripted": ("scripted",)}
BUDGET_BYTES = 2_500 << 20  # a whole life must stay under 4 GiB, training and pages included
_END = object()


class Owned:
    """An engine and the one thread that may touch it."""

    def __init__(self, kind: EngineKind, model: Model, view: View | None) -> None:
        self.name, self.model = kind.name, model
        self.memory = kind.memory(model, view)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"tenure-{kind.name}")
        self._closed = False
        try:
            self._engine: Engine = self._thread.submit(kind.open, model, view).result()
        except TenureError:
            self._thread.shutdown()
            raise
        except Exception as error:
            self._thread.shutdown()
            raise EngineError(
                f"engine '{kind.name}' could not open '{model.id}': {type(error).__name__}: {error}"
            ) from error
        self.form = self._engine.form

    def submit(self, work: Callable[[Engine], T]) -> "Future[T]":
        """Hand work to the owning thread."""
        if self._closed:
            raise EngineError(
                f"the engine of '{self.model.id}' was closed; ask tenure.models.engine for it again"
            )
        return self._thread.submit(self._guarded, work)

    def _guarded(self, work: Callable[[Engine], T]) -> T:
        try:
            return work(self._engine)
        except TenureError:
            raise
        except Exception as error:
            raise EngineError(
                f"engine '{self.name}' failed on '{self.model.id}': {type(error).__name__}: {error}"
            ) from error

    def generate(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        """Answer one fixed batch; see :class:`tenure.models.talk.Engine`."""
        if not prompts:
            return []
        return self.submit(lambda engine: engine.generate(prompts, sampling)).result()

    def stream(self, messages: Messages, sampling: Sampling) -> Iterator[str]:
        """Answer piece by piece; leaving the loop early stops the generation at the next piece."""
        pieces: queue.Queue[Any] = queue.Queue(maxsize=64)
        left = threading.Event()

        def run(engine: Engine) -> None:
            try:
                for piece in engine.stream(messages, sampling):
                    if not _offer(pieces, piece, left):
                        return  # the engine's generator is closed here, and frees what it holds
            finally:
                _offer(pieces, _END, left)

        done = self.submit(run)
        try:
            while (piece := pieces.get()) is not _END:
                yield piece
            done.result()
        finally:
            left.set()

    def score(self, messages: Messages, continuations: Sequence[str]) -> list[float]:
        """Summed log-probabilities; see :class:`tenure.models.talk.Engine`."""
        return self.submit(lambda engine: engine.score(messages, continuations)).result()

    def tokens(self, text: str) -> int:
        """Count tokens."""
        return self.submit(lambda engine: engine.tokens(text)).result()

    def close(self) -> None:
        """Close the engine in its own thread; closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self._thread.submit(self._engine.close).result()
        self._thread.shutdown()
        del self._engine


def _offer(pieces: "queue.Queue[Any]", piece: object, left: threading.Event) -> bool:
    """Put a piece unless the reader has gone; a full queue waits for either."""
    while not left.is_set():
        try:
            pieces.put(piece, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False


_open: "OrderedDict[tuple[str, str], Owned]" = OrderedDict()
_lock = threading.RLock()


def engine(model: Model, view: View | None = None, name: str | None = None) -> Owned:
    """Return the engine of a model, opened at most once in this process.

    ``name`` None picks: scripts -> "scripted", APIs -> "inspect", weights -> "cpu" when OpenVINO
    can load them, else "torch". When the memory budget (TENURE_ENGINE_MIB, default 2,500) is
    exceeded, the least recently used engines are closed.

    Raises:
        UsageError: no engine has this name.
        EngineError: it cannot open this model, or opening failed.
    """
    kind = _pick(model, view, name)
    key = (kind.name, model.digest)
    with _lock:
        found = _open.pop(key, None)
        if found is None:
            _make_room(kind.memory(model, view))
            found = Owned(kind, model, view)
        _open[key] = found
        return found


def _pick(model: Model, view: View | None, name: str | None) -> EngineKind:
    if name is not None:
        kind: EngineKind = plugins.load("engine", name)
        if model.kind not in kind.kinds:
            raise EngineError(
                f"engine '{name}' does not open models of kind '{model.kind}'; "
                f"leave the engine out, or use one of: {', '.join(PREFERRED[model.kind])}"
            )
        why = kind.fits(model, view)
        if why:
            raise EngineError(f"engine '{name}' cannot open '{model.id}': {why}")
        return kind
    reasons: list[str] = []
    for candidate in PREFERRED[model.kind]:
        kind = plugins.load("engine", candidate)
        why = kind.fits(model, view)
        if not why:
            return kind
        reasons.append(f"{candidate}: {why}")
    raise EngineError(f"no engine can open '{model.id}': {'; '.join(reasons)}")


def budget() -> int:
    """Return the memory budget for engines in bytes."""
    text = os.environ.get("TENURE_ENGINE_MIB", "")
    return int(text) << 20 if text.isdigit() else BUDGET_BYTES


def _make_room(wanted: int) -> None:
    while _open and sum(e.memory for e in _open.values()) + wanted > budget():
        _, oldest = _open.popitem(last=False)
        oldest.close()


def close_all() -> None:
    """Close every engine, before a memory-hungry step or at the end."""
    with _lock:
        while _open:
            _open.popitem()[1].close()


def opened() -> list[tuple[str, str]]:
    """List the open engines as (engine name, model id), the least recently used first."""
    return [(e.name, e.model.id) for e in _open.values()]
