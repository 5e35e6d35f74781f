"""Reading a copy slowly: within a budget of bytes a second, from the disk itself, until a deadline."""

import os
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from tenure.preserve.store import Store


class Pace:
    """How fast may be read (bytes a second; None: as fast as it goes), and how long (seconds)."""

    def __init__(self, rate: float | None = None, seconds: float | None = None) -> None:
        self.rate, self._began = rate, time.monotonic()
        self._until = None if seconds is None else self._began + seconds
        self.read = 0

    def spend(self, count: int) -> None:
        """Count bytes, and wait until so many may have been read."""
        self.read += count
        if self.rate:
            ahead = self._began + self.read / self.rate - time.monotonic()
            time.sleep(max(0.0, ahead))

    @property
    def over(self) -> bool:
        """Say whether the time is up."""
        return self._until is not None and time.monotonic() >= self._until

    @property
    def said(self) -> str:
        """Write the rate since the beginning for people."""
        seconds = max(time.monotonic() - self._began, 1e-3)
        return f"{self.read / 1e6:,.1f} MB at {self.read / 1e6 / seconds:,.1f} MB/s"


class _Stream:
    """A file whose reading is counted."""

    def __init__(self, inner: BinaryIO, pace: Pace) -> None:
        self._inner, self._pace = inner, pace

    def read(self, size: int = -1) -> bytes:
        """Read, then wait as long as the budget asks."""
        found = self._inner.read(size)
        self._pace.spend(len(found))
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Paced:
    """A store whose files are read within a budget; all else as it is."""

    def __init__(self, inner: Store, pace: Pace) -> None:
        self._inner, self._pace = inner, pace

    def open(self, key: str) -> BinaryIO:
        """Open a file; what the machine remembers of it is dropped first, so that the disk is read."""
        found = self._inner.open(key)
        with suppress(OSError, AttributeError):  # not a file of this machine, or not this system
            os.posix_fadvise(found.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return cast(BinaryIO, _Stream(found, self._pace))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def paced(store: Store, pace: Pace) -> Store:
    """Return the same store, read within a budget."""
    return cast(Store, _Paced(store, pace))
