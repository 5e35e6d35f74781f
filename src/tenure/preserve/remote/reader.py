"""Reading a remote file as if it lay here: seekable, in ranges that grow while it is read in order."""

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

SMALLEST, LARGEST = 256 << 10, 16 << 20

ReadRange = Callable[[int, int], bytes]
"""(offset, length) -> exactly these bytes."""


class _Ranges(io.RawIOBase):
    def __init__(self, read_range: ReadRange, size: int, smallest: int) -> None:
        super().__init__()
        self._read_range, self._size, self._smallest = read_range, size, smallest
        self.below: BinaryIO | None = None
        self._at = self._start = 0
        self._window = b""
        self._ahead = smallest

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a position before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if self.below is not None:
            self.below.close()
        super().close()

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        inside = self._at - self._start
        if not 0 <= inside < len(self._window):
            self._fetch(wanted)
            inside = 0
        piece = self._window[inside : inside + wanted]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _fetch(self, wanted: int) -> None:
        in_order = self._window and self._at == self._start + len(self._window)
        self._ahead = min(2 * self._ahead, LARGEST) if in_order else self._smallest
        length = min(max(wanted, self._ahead), LARGEST, self._size - self._at)
        data = self._read_range(self._at, length)
        if len(data) != length:
            raise OSError(5, f"{length} bytes were asked for and {len(data)} came; run this again")
        self._window, self._start = data, self._at


def ranges(read_range: ReadRange, size: int, below: BinaryIO | None = None) -> BinaryIO:
    """Return a buffered, seekable stream over a remote file of this size.

    ``below`` is a stream that is closed with it.

    Raises:
        OSError: while it is read, fewer bytes came than were asked for.
    """
    raw = _Ranges(read_range, size, SMALLEST)
    raw.below = below
    return io.BufferedReader(raw, 8192)


@contextmanager
def twice(source: BinaryIO) -> Iterator[BinaryIO]:
    """Give a stream that can be read twice: itself, or a temporary file with what it gave."""
    if source.seekable():
        yield source
        return
    with tempfile.TemporaryFile() as kept:
        spool: Any = kept
        shutil.copyfileobj(source, spool, SMALLEST)
        spool.seek(0)
        yield spool
