"""Feeding an upload from here while it runs in a thread of its own.

The library asks for the next piece in a thread that may not wait for another answer of the network,
and a piece may come from another bucket: so pieces are made here and handed over, two at most
waiting.
"""

import threading
from collections.abc import Callable, Iterator
from queue import Full, Queue

WAITING = 2


class _StopError(Exception):
    """Ends an upload so that nothing of it becomes visible."""


def send(upload: Callable[[Iterator[bytes]], object], pieces: Iterator[bytes]) -> None:
    """Run ``upload`` over ``pieces``; it ends well only when ``pieces`` did.

    Raises:
        Exception: what ``pieces`` raised (the upload is then given up), else what ``upload`` did.
    """
    queue: Queue[bytes | BaseException | None] = Queue(WAITING)
    failed: list[BaseException] = []

    def handed() -> Iterator[bytes]:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def work() -> None:
        try:
            upload(handed())
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            failed.append(error)

    thread = threading.Thread(target=work, name="tenure-upload", daemon=True)
    thread.start()
    try:
        for piece in pieces:
            if not _hand(queue, piece, thread):
                break
        else:
            _hand(queue, None, thread)
    except BaseException:
        _hand(queue, _StopError("given up"), thread)
        thread.join()
        raise
    thread.join()
    if failed:
        raise failed[0]


def _hand(
    queue: "Queue[bytes | BaseException | None]",
    item: bytes | BaseException | None,
    thread: threading.Thread,
) -> bool:
    """Hand one thing over; False when nobody takes it any more."""
    while thread.is_alive():
        try:
            queue.put(item, timeout=0.05)
        except Full:
            continue
        return True
    return False
