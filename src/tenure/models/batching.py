"""Single questions that arrive together are answered together.

For callers that ask one at a time (a plain ``inspect eval``): a thread waits until no further
question has come for a moment, and gives what is there to the engine as one batch. Which questions
share a batch then depends on timing, and greedy text may with it; what must be reproducible is
generated in fixed batches first (see ``tenure.models.replies``).
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol

from tenure.models.talk import Messages, Reply, Sampling

LARGEST = 32
QUIET_SECONDS = 0.03


class Answers(Protocol):
    """What the thread needs of an engine."""

    def generate(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        """Answer one batch."""
        ...


class _Asked(NamedTuple):
    messages: Messages
    sampling: Sampling
    future: "Future[Reply]"


class Batcher:
    """Collects questions for one engine; ``opened`` is called in the thread, at the first one."""

    def __init__(self, opened: Callable[[], Answers]) -> None:
        self._opened = opened
        self._waiting: queue.Queue[_Asked] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def ask(self, messages: Messages, sampling: Sampling) -> "Future[Reply]":
        """Queue one question; the future holds the reply or the error."""
        asked = _Asked(messages, sampling, Future())
        self._waiting.put(asked)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tenure-batch", daemon=True)
                self._thread.start()
        return asked.future

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < LARGEST:
                try:
                    batch.append(self._waiting.get(timeout=QUIET_SECONDS))
                except queue.Empty:
                    break
            for sampling in dict.fromkeys(asked.sampling for asked in batch):
                self._answer([a for a in batch if a.sampling == sampling], sampling)

    def _answer(self, batch: list[_Asked], sampling: Sampling) -> None:
        alive = [asked for asked in batch if asked.future.set_running_or_notify_cancel()]
        if not alive:
            return
        try:
            replies = self._opened().generate([a.messages for a in alive], sampling)
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for asked in alive:
                asked.future.set_exception(error)
            return
        for asked, reply in zip(alive, replies, strict=True):
            asked.future.set_result(reply)
