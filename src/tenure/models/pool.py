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
# One engine of the embedded model at a time: a whole life must stay under 4 GiB, training included.
BUDGET_BYTES = 2_500 << 20
_END = object()


class Owned:
    """An engine and the one thread that may touch it."""

    def __init__(self, kind: EngineKind, model: Model, view: View | None) -> None:
        self.name, self.model = kind.name, model
        self.memory = kind.memory(model, view)
        self._kind, self._view = kind, view
        self._gate = threading.Lock()
        self._closed = False
        self._thread: ThreadPoolExecutor | None = None
        self._engine: Engine
        self.wake()
        self.form = self._engine.form

    @property
    def closed(self) -> bool:
        """Say whether it was closed for good."""
        return self._closed

    def wake(self) -> None:
        """Open the engine in a new thread of its own, if it is not open.

        Raises:
            EngineError: it cannot be opened.
        """
        if self._thread is not None:
            return
        thread = ThreadPoolExecutor(1, thread_name_prefix=f"tenure-{self.name}")
        try:
            self._engine = thread.submit(self._kind.open, self.model, self._view).result()
        except Exception as error:
            thread.shutdown()
            if isinstance(error, TenureError):
                raise
            raise EngineError(
                f"engine '{self.name}' could not open '{self.model.id}': {_line(error)}"
            ) from error
        with self._gate:
            self._thread = thread

    def submit(self, work: Callable[[Engine], T]) -> "Future[T]":
        """Hand work to the owning thread; an engine that rests is opened again first."""
        while True:
            with self._gate:
                if self._closed:
                    raise EngineError(
                        f"the engine of '{self.model.id}' was closed; "
                        "ask tenure.models.engine for it again"
                    )
                if self._thread is not None:
                    return self._thread.submit(self._guarded, work)
            _awake(self)

    def _guarded(self, work: Callable[[Engine], T]) -> T:
        try:
            return work(self._engine)
        except TenureError:
            raise
        except Exception as error:
            raise EngineError(
                f"engine '{self.name}' failed on '{self.model.id}': {_line(error)}"
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

    def rest(self) -> "Future[None] | None":
        """Give the memory back, after the work that is under way; it opens again when asked."""
        with self._gate:
            thread, self._thread = self._thread, None
        if thread is None:
            return None
        done = thread.submit(self._engine.close)
        # Not waited for: whoever makes room may be the reader of this engine's stream.
        thread.shutdown(wait=False)
        return done

    def close(self) -> None:
        """Close the engine for good, in its own thread; closing twice is harmless."""
        self._closed = True
        done = self.rest()
        if done is not None:
            done.result()


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


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
    exceeded, the least recently used engines rest; they open again when they are asked.

    Raises:
        UsageError: no engine has this name.
        EngineError: it cannot open this model, or opening failed.
    """
    kind = _pick(model, view, name)
    key = (kind.name, model.digest)
    with _lock:
        found = _open.pop(key, None)
        if found is None or found.closed:
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
        _open.popitem(last=False)[1].rest()


def _awake(owned: Owned) -> None:
    """Open an engine again that had to make room for others."""
    with _lock:
        _make_room(owned.memory)
        owned.wake()
        _open[(owned.name, owned.model.digest)] = owned


def close_all() -> None:
    """Close every engine, before a memory-hungry step or at the end."""
    with _lock:
        while _open:
            _open.popitem()[1].close()


def opened() -> list[tuple[str, str]]:
    """List the open engines as (engine name, model id), the least recently used first."""
    return [(e.name, e.model.id) for e in _open.values()]
