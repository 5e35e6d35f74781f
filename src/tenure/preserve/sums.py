"""Check sums of a stream, taken in threads of their own while the caller reads, packs or writes it."""

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from tenure.preserve.forms import Digests
from tenure.preserve.store import chunks

WORTH = 1 << 18  # bytes that are worth a thread
WAITING = 8  # pieces that may wait to be hashed


class Sums:
    """One or more check sums of what is added, piece by piece; close it (``with``)."""

    def __init__(self, *names: str) -> None:
        """Begin; ``names`` are those of hashlib."""
        self._machines = {name: hashlib.new(name) for name in names}
        self._threads: list[ThreadPoolExecutor] = []
        self._waiting: deque[list[Future[None]]] = deque()
        self.bytes = 0

    def __enter__(self) -> "Sums":
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.shutdown(wait=True, cancel_futures=True)

    def add(self, piece: bytes) -> None:
        """Add a piece, which must not change afterwards; at most ``WAITING`` pieces are held."""
        self.bytes += len(piece)
        if len(piece) < WORTH:
            self._catch_up(0)
            for machine in self._machines.values():
                machine.update(piece)
            return
        if not self._threads:
            self._threads = [ThreadPoolExecutor(1) for _ in self._machines]
        pairs = zip(self._threads, self._machines.values(), strict=True)
        self._waiting.append([thread.submit(machine.update, piece) for thread, machine in pairs])
        self._catch_up(WAITING)

    def _catch_up(self, left: int) -> None:
        while len(self._waiting) > left:
            for each in self._waiting.popleft():
                each.result()

    def hex(self, name: str) -> str:
        """Return the check sum of all that was added, in hexadecimal."""
        self._catch_up(0)
        return self._machines[name].hexdigest()

    @property
    def digests(self) -> Digests:
        """Return sha512, sha256 and the count of bytes."""
        return Digests(sha512=self.hex("sha512"), sha256=self.hex("sha256"), bytes=self.bytes)


def both() -> Sums:
    """Begin the two check sums that an inventory names a file by."""
    return Sums("sha512", "sha256")


def digests_of(source: Path | bytes) -> Digests:
    """Digest a file or bytes, read once."""
    stream: BinaryIO = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with stream, both() as sums:
        for chunk in chunks(stream):
            sums.add(chunk)
        return sums.digests
