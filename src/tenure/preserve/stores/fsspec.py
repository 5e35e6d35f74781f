"""``fsspec://PROTOCOL://PATH``: anything that a package of the fsspec family reaches (SFTP, SMB, WebDAV, ...).

An adapter with weaker promises than a folder or a bucket: a file is written under another name and
then moved, which is one step on most file systems, and copy and remove on some; nothing says when
it is on a disk; and two writers are kept apart only where a file can be made exclusively. Every
byte is still checked by its digest. Settings and credentials come from fsspec's own configuration
(https://filesystem-spec.readthedocs.io, "Configuration"), never from the location.
"""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any, BinaryIO
from uuid import uuid4

import fsspec

from tenure.errors import IntegrityError, RoomError, TenureError, UsageError
from tenure.preserve.remote import aside
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.remote.lease import LOCK, Lease
from tenure.preserve.remote.reader import ranges
from tenure.preserve.store import chunks, safe_path

STAGING = "extensions/tenure-staging"


class FsspecStore:
    """Keys are files below one path of an fsspec file system; see ``tenure.preserve.store.Store``."""

    def __init__(self, system: Any, path: str) -> None:
        """``path`` is without the protocol."""
        self._system, self._root = system, path.rstrip("/")

    @property
    def label(self) -> str:
        """Return the last part of the path."""
        return self._root.rpartition("/")[2] or "fsspec"

    def _path(self, key: str) -> str:
        return f"{self._root}/{safe_path(key)}"

    @contextmanager
    def _reaching(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise KeyError(key) from None
        except (FileExistsError, TenureError):
            raise
        except Exception as error:  # every protocol has errors of its own
            raise OutOfReachError(
                f"{self.label} could not be reached for {key} ({type(error).__name__}); see that it is "
                "there and lets you in, and run this again"
            ) from error

    def _stage(self, key: str, source: BinaryIO, sha512: str) -> str:
        """Write a stream under another name and compare its digest."""
        staged = self._path(f"{STAGING}/{uuid4().hex}")
        found = hashlib.sha512()
        with self._reaching(key):
            self._system.makedirs(staged.rpartition("/")[0], exist_ok=True)
            try:
                with self._system.open(staged, "wb") as target:
                    for chunk in _read(key, source):
                        found.update(chunk)
                        target.write(chunk)
            except BaseException:
                self._drop(staged)
                raise
        if found.hexdigest() != sha512:
            self._drop(staged)
            raise IntegrityError(
                f"{key}: expected sha512 {sha512[:16]}…, read {found.hexdigest()[:16]}…; its source "
                "changed while it was read, or is damaged; nothing was stored"
            )
        return staged

    def _drop(self, staged: str) -> None:
        with suppress(Exception):  # what is left in the staging folder no inventory names
            self._system.rm_file(staged)

    def _move(self, old: str, new: str) -> None:
        self._system.makedirs(new.rpartition("/")[0], exist_ok=True)
        self._system.mv(old, new)
        self._system.invalidate_cache()

    def _exists(self, key: str) -> bool:
        with self._reaching(key):
            self._system.invalidate_cache()
            return bool(self._system.isfile(self._path(key)))

    def put(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Store bytes under a new key."""
        if self._exists(key):
            raise FileExistsError(key)
        staged = self._stage(key, source, sha512)
        with self._reaching(key):
            self._move(staged, self._path(key))

    def swap(self, key: str, content: bytes) -> None:
        """Replace a small file; in one step where the file system moves in one step."""
        staged = self._stage(key, BytesIO(content), hashlib.sha512(content).hexdigest())
        with self._reaching(key):
            self._move(staged, self._path(key))

    def mend(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Put verified bytes in the place of damaged ones, which are set aside."""
        staged = self._stage(key, source, sha512)
        if self._exists(key):
            self.set_aside(key)
        with self._reaching(key):
            self._move(staged, self._path(key))

    def set_aside(self, key: str) -> str:
        """Move a file below the extensions folder."""
        number = 1
        while self._exists(target := aside.place(key, number)):
            number += 1
        with self._reaching(key):
            self._move(self._path(key), self._path(target))
        return target

    def open(self, key: str) -> BinaryIO:
        """Open for reading in ranges; KeyError when it is not there."""
        path, size = self._path(key), self.size(key)

        def read_range(offset: int, length: int) -> bytes:
            with self._reaching(key):
                return bytes(self._system.cat_file(path, offset, offset + length))

        return ranges(read_range, size)

    def size(self, key: str) -> int:
        """Return the size in bytes."""
        with self._reaching(key):
            self._system.invalidate_cache()
            met = self._system.info(self._path(key))
        if met["type"] != "file":
            raise KeyError(key)
        return int(met["size"])

    def list(self, prefix: str = "") -> list[str]:
        """List files below a folder, by their keys."""
        top = self._path(prefix) if prefix else self._root
        with self._reaching(prefix or "the top"):
            self._system.invalidate_cache()
            if not self._system.isdir(top):
                return []
            found = self._system.find(top)
        start = len(self._system._strip_protocol(self._root)) + 1
        return sorted(self._system._strip_protocol(path)[start:] for path in found)

    def free(self) -> int:
        """Return the largest number there is: nobody here can tell."""
        return sys.maxsize

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer, by a lease; as good as the file system's exclusive creation."""
        with Lease(_LockFile(self._system, self._path(LOCK)), self.label).held():
            yield


def _read(key: str, source: BinaryIO) -> Iterator[bytes]:
    """Read a source; where it fails, it was not this place that did."""
    try:
        yield from chunks(source)
    except OSError as error:
        raise RoomError(
            f"{key}: its source cannot be read ({error.strerror}); nothing was stored"
        ) from error


class _LockFile:
    """The lock as a register; its version is the digest of what it holds."""

    def __init__(self, system: Any, path: str) -> None:
        self._system, self._path = system, path

    def read(self) -> tuple[bytes, str] | None:
        """Return what the lock file holds."""
        try:
            self._system.invalidate_cache()
            data = bytes(self._system.cat_file(self._path))
        except FileNotFoundError:
            return None
        return data, hashlib.sha256(data).hexdigest()

    def write(self, content: bytes, version: str | None) -> str | None:
        """Write over a version, or make it; what is read back must be ours."""
        self._system.makedirs(self._path.rpartition("/")[0], exist_ok=True)
        found = self.read()
        if (found[1] if found else None) != version:
            return None
        name = f"{self._path}.{uuid4().hex}" if found else self._path
        try:
            with self._system.open(name, "xb") as target:
                target.write(content)
            if found:
                self._system.mv(name, self._path)
        except FileExistsError:
            return None
        back = self.read()
        mine = hashlib.sha256(content).hexdigest()
        return mine if back and back[1] == mine else None


def extension(location: str) -> FsspecStore:
    """Open a copy at an fsspec address; ``location`` is what follows ``fsspec://``.

    Raises:
        UsageError: no such protocol, a package for it is missing, or a password in the address.
    """
    protocol, mark, rest = location.partition("://")
    if not mark or not rest.strip("/") or "?" in rest:
        raise UsageError(
            f"fsspec://{protocol}… does not name a place; expected fsspec://PROTOCOL://PATH"
        )
    if "@" in rest.split("/", 1)[0]:
        raise UsageError(
            f"fsspec://{protocol}: the address holds a name or password; give them in fsspec's configuration"
        )
    try:
        system, path = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as error:
        raise UsageError(f"fsspec cannot open {protocol}://: {error}") from None
    return FsspecStore(system, path)
