"""What a storage back end must do for an archive: put once, open, list. There is no delete."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from tenure.errors import BusyError, IntegrityError, UsageError

CHUNK_BYTES = 1 << 20
TRIES = 3


class Store(Protocol):
    """A place for keyed bytes; a key is a relative path with forward slashes.

    A back end is one file in ``stores/`` whose ``extension`` makes a Store from a location string.
    """

    @property
    def label(self) -> str:
        """The last part of the location: how reports call this copy."""
        ...

    def put(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Store bytes under a new key: whole and durable, or not at all.

        Raises:
            FileExistsError: the key is there already.
            IntegrityError: the bytes read from ``source`` do not have this sha512.
        """
        ...

    def swap(self, key: str, content: bytes) -> None:
        """Replace a small file atomically: only an object's root inventory and its sidecar."""
        ...

    def mend(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Put verified bytes where damaged ones lie; the damaged ones are set aside, not deleted."""
        ...

    def set_aside(self, key: str) -> str:
        """Move what no inventory names out of the way; returns its new key."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Open for reading; KeyError when there is no such key."""
        ...

    def list(self, prefix: str = "") -> list[str]:
        """List the keys under a prefix (a folder), sorted."""
        ...

    def size(self, key: str) -> int:
        """Return the size in bytes; KeyError when there is no such key."""
        ...

    def free(self) -> int:
        """Return how many bytes can still be stored."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Be the only writer; BusyError when another one does not finish. Readers never lock."""
        ...


@runtime_checkable
class InFolder(Protocol):
    """A store whose keys are plain files below a folder of this machine."""

    @property
    def folder(self) -> Path:
        """The folder."""
        ...


def safe_path(path: str) -> str:
    """Return a relative path that cannot leave its folder, or refuse it.

    Raises:
        UsageError: empty, absolute, with ``..``, a backslash, a control sign or an over-long part.
    """
    parts = path.split("/")
    try:
        long = any(len(part.encode("utf-8")) > 200 for part in parts)
    except UnicodeEncodeError:
        raise UsageError(f"path {path!r} is not valid Unicode; rename the file") from None
    wild = any(part in ("", ".", "..") or part[1:2] == ":" for part in parts)
    odd = any(sign < " " or sign in "\\\x7f" for sign in path)
    if wild or odd or long:
        raise UsageError(
            f"path {path!r} is refused: expected a relative path like 'report/page.html', without "
            "'..', backslashes or control signs, each part at most 200 bytes; rename the file"
        )
    return path


def chunks(source: BinaryIO) -> Iterator[bytes]:
    """Read a stream in pieces of constant size."""
    while chunk := source.read(CHUNK_BYTES):
        yield chunk


def sha512_of(source: BinaryIO) -> tuple[str, int]:
    """Digest a stream; returns the hex digest and how many bytes were read."""
    found, read = hashlib.sha512(), 0
    for chunk in chunks(source):
        found.update(chunk)
        read += len(chunk)
    return found.hexdigest(), read


def read_small(store: Store, key: str, limit: int = 64 << 20) -> bytes | None:
    """Read an inventory or a sidecar whole; None when it is missing, empty when it does not open.

    In a plain store damage shows as other bytes, in a sealed one as a file that does not open. One
    that is replaced between two requests to a service is asked for again.

    Raises:
        BusyError: it was replaced each time.
        OSError: the store is away.
    """
    try:
        data = _beginning(store, key, limit + 1)
    except KeyError:
        return None
    except IntegrityError:
        return b""
    if len(data) > limit:
        raise IntegrityError(f"{key} is larger than {limit} bytes; an inventory never is")
    return data


def _beginning(store: Store, key: str, count: int, tries: int = TRIES) -> bytes:
    try:
        with store.open(key) as source:
            return source.read(count)
    except BusyError:
        if tries == 1:
            raise
        return _beginning(store, key, count, tries - 1)
