"""A plain folder on this machine or on a mounted disk (POSIX)."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from tenure.errors import BusyError, IntegrityError, RoomError, UsageError
from tenure.preserve.store import chunks, safe_path

STAGING = "extensions/tenure-staging"
ASIDE = "extensions/tenure-set-aside"
LOCK_SECONDS = 60.0


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class LocalStore:
    """Keys are files below ``root``. Written under another name, fsynced, then given their name."""

    def __init__(self, location: str) -> None:
        self.root = Path(location)
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(f"{location} is a file; a vault is a folder: give another path")

    @property
    def label(self) -> str:
        """Return the folder's name."""
        return self.root.name

    def _path(self, key: str) -> Path:
        path = self.root / safe_path(key)
        if path.is_symlink() or self.root.resolve() not in path.resolve().parents:
            raise IntegrityError(
                f"{key} leads out of the vault {self.label} by a link; a vault holds plain files only"
            )
        return path

    def _make_folder(self, folder: Path) -> None:
        missing: list[Path] = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for made in reversed(missing):
            with suppress(FileExistsError):
                made.mkdir()
            _sync_folder(made.parent)

    def _stage(self, source: BinaryIO, sha512: str, key: str) -> Path:
        """Write a stream to the staging folder, durable and verified."""
        staging = self.root / STAGING
        self._make_folder(staging)
        staged = staging / uuid4().hex
        found = hashlib.sha512()
        try:
            with staged.open("xb") as target:
                for chunk in chunks(source):
                    found.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
        except OSError as error:
            staged.unlink(missing_ok=True)
            raise RoomError(
                f"{key} could not be written to {self.label}: {error.strerror}; nothing was "
                "changed: make room and run the same command again"
            ) from error
        if found.hexdigest() != sha512:
            staged.unlink()
            raise IntegrityError(
                f"{key}: expected sha512 {sha512[:16]}…, read {found.hexdigest()[:16]}…; its source "
                "changed while it was read, or is damaged; nothing was stored"
            )
        staged.chmod(0o444)
        return staged

    def put(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Store bytes under a new key; see :class:`tenure.preserve.store.Store`."""
        path = self._path(key)
        if path.exists():
            raise FileExistsError(key)
        staged = self._stage(source, sha512, key)
        self._make_folder(path.parent)
        staged.rename(path)  # the lock makes us the only writer
        _sync_folder(path.parent)

    def swap(self, key: str, content: bytes) -> None:
        """Replace a small file atomically."""
        path = self._path(key)
        staged = self._stage(BytesIO(content), hashlib.sha512(content).hexdigest(), key)
        self._make_folder(path.parent)
        staged.rename(path)
        _sync_folder(path.parent)

    def mend(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Put verified bytes in the place of damaged ones, which are set aside."""
        path = self._path(key)
        staged = self._stage(source, sha512, key)
        if path.exists():
            self.set_aside(key)
        self._make_folder(path.parent)
        staged.rename(path)
        _sync_folder(path.parent)

    def set_aside(self, key: str) -> str:
        """Move a file below the extensions folder; folders left empty are removed."""
        path, number = self._path(key), 1
        while (self.root / (aside := f"{ASIDE}/{number}/{key}")).exists():
            number += 1
        target = self.root / aside
        self._make_folder(target.parent)
        path.rename(target)
        _sync_folder(target.parent)
        folder = path.parent
        while folder != self.root and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
        _sync_folder(folder)
        return aside

    def open(self, key: str) -> BinaryIO:
        """Open for reading; KeyError when it is not there."""
        path = self._path(key)
        if not path.is_file():
            raise KeyError(key)
        return path.open("rb")

    def size(self, key: str) -> int:
        """Return the size in bytes."""
        path = self._path(key)
        if not path.is_file():
            raise KeyError(key)
        return path.stat().st_size

    def list(self, prefix: str = "") -> list[str]:
        """List files below a folder, by their keys; links are listed, never followed."""
        top = self.root / safe_path(prefix) if prefix else self.root
        found: list[str] = []
        for folder, _, files in os.walk(top):
            found.extend((Path(folder) / name).relative_to(self.root).as_posix() for name in files)
        return sorted(found)

    def free(self) -> int:
        """Return the free bytes of the disk that the folder is, or will be, on."""
        folder = self.root.absolute()
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder's lock; the system releases it when the process ends, however it ends."""
        self._make_folder(self.root.absolute())
        handle = os.open(self.root, os.O_RDONLY)
        try:
            self._wait(handle)
            self._clear_staging()
            yield
            self._clear_staging()
        finally:
            os.close(handle)

    def _wait(self, handle: int) -> None:
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise BusyError(
                        f"another command has been writing to the vault {self.label} for "
                        f"{LOCK_SECONDS:.0f} s; run this again when it is done"
                    ) from None
                time.sleep(0.05)
            else:
                return

    def _clear_staging(self) -> None:
        """Remove half-written files of a command that was killed: no inventory ever named them."""
        staging = self.root / STAGING
        if staging.is_dir():
            for left in staging.iterdir():
                left.unlink()
            staging.rmdir()
            with suppress(OSError):  # another extension is there
                staging.parent.rmdir()


extension = LocalStore
