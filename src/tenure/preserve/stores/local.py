"""A plain folder on this machine or on a mounted disk (POSIX).

What is acknowledged survives a power cut right after it: bytes are fsynced under another name, then
given theirs, then the folder is fsynced. ``tests/preserve/test_powercut.py`` replays recorded calls
with whatever was not synced lost, to hold this.
"""

import errno
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
from tenure.preserve.sums import Sums

STAGING = "extensions/tenure-staging"
ASIDE = "extensions/tenure-set-aside"
LOCK_SECONDS = 60.0


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _writing(label: str, what: str) -> Iterator[None]:
    """Turn what the system refuses into an error with a remedy."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise UsageError(
                f"{what} could not be written to {label}: {error.strerror}; nothing was changed: the "
                "folder can be read only, so mount it for writing or name another one"
            ) from error
        raise RoomError(
            f"{what} could not be written to {label}: {error.strerror}; nothing was changed: make "
            "room and run the same command again"
        ) from error


def _readable(source: BinaryIO, key: str) -> Iterator[bytes]:
    """Read a source; what it cannot read is its fault, not that of the folder written to."""
    try:
        yield from chunks(source)
    except OSError as error:
        raise IntegrityError(
            f"{key} could not be read where it was taken from: {error.strerror}; nothing was stored: "
            "take it from another copy"
        ) from error


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

    @property
    def folder(self) -> Path:
        """Return the folder: others may read the files in it where they are."""
        return self.root

    def _path(self, key: str) -> Path:
        path = self._place(key)
        if path.is_symlink():
            raise IntegrityError(
                f"{key} leads out of the vault {self.label} by a link; a vault holds plain files only"
            )
        return path

    def _place(self, key: str) -> Path:
        """Return where a file is to lie; what lies there now may be a link that is to be replaced."""
        path, root = self.root / safe_path(key), self.root.resolve()
        if root not in (path.parent.resolve(), *path.parent.resolve().parents):
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
        try:
            with staged.open("xb") as target, Sums("sha512") as sums:
                for chunk in _readable(source, key):
                    sums.add(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
                found = sums.hex("sha512")
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        if found != sha512:
            staged.unlink()
            raise IntegrityError(
                f"{key}: expected sha512 {sha512[:16]}…, read {found[:16]}…; its source "
                "changed while it was read, or is damaged; nothing was stored"
            )
        staged.chmod(0o444)
        return staged

    def _give_name(self, staged: Path, path: Path) -> None:
        self._make_folder(path.parent)
        staged.rename(path)  # the lock makes us the only writer
        _sync_folder(path.parent)

    def put(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Store bytes under a new key; see :class:`tenure.preserve.store.Store`."""
        path = self._path(key)
        if path.exists():
            raise FileExistsError(key)
        with _writing(self.label, key):
            self._give_name(self._stage(source, sha512, key), path)

    def swap(self, key: str, content: bytes) -> None:
        """Replace a small file atomically."""
        path, sha512 = self._place(key), hashlib.sha512(content).hexdigest()
        with _writing(self.label, key):
            self._give_name(self._stage(BytesIO(content), sha512, key), path)

    def mend(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Put verified bytes in the place of damaged ones, which are set aside.

        At no moment is there no file: the sound part of a damaged one may be all that is left.
        """
        path = self._place(key)
        with _writing(self.label, key):
            staged = self._stage(source, sha512, key)
            if os.path.lexists(path):
                self._name_aside(path, key)
            self._give_name(staged, path)

    def _name_aside(self, path: Path, key: str) -> None:
        aside = self._aside(key)
        self._make_folder(aside.parent)
        try:
            os.link(path, aside, follow_symlinks=False)
        except OSError:  # a disk without hard links
            path.rename(aside)
        _sync_folder(aside.parent)

    def _aside(self, key: str) -> Path:
        number = 1
        while os.path.lexists(aside := self.root / f"{ASIDE}/{number}/{key}"):
            number += 1
        return aside

    def set_aside(self, key: str) -> str:
        """Move a file below the extensions folder; folders left empty are removed."""
        path, aside = self._place(key), self._aside(key)
        with _writing(self.label, key):
            self._make_folder(aside.parent)
            path.rename(aside)
            _sync_folder(aside.parent)
            folder = path.parent
            while folder != self.root and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent
            _sync_folder(folder)
        return aside.relative_to(self.root).as_posix()

    def open(self, key: str) -> BinaryIO:
        """Open for reading; KeyError when it is not there."""
        path = self._path(key)
        try:
            if path.is_file():
                return path.open("rb")
        except FileNotFoundError:  # another command has set it aside this moment
            pass
        raise KeyError(key)

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
        with _writing(self.label, "the vault"):
            self._make_folder(self.root.absolute())
            handle = os.open(self.root, os.O_RDONLY)
        try:
            self._wait(handle)
            with _writing(self.label, "the vault"):
                self._settle()
            yield
            self._clear_staging()
        finally:
            os.close(handle)

    def certain(self) -> None:
        """Make certain what a killed command left, unless somebody writes here, who has done it.

        For one who finds all well without writing, and says so: the next power cut must not undo it.
        """
        if not (self.root / STAGING).is_dir():
            return
        handle = os.open(self.root, os.O_RDONLY)
        try:
            with suppress(OSError):  # locked, or a disk that can only be read
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._settle()
        finally:
            os.close(handle)

    def _settle(self) -> None:
        """Make certain what a command that was killed had named already.

        A name outlives a power cut once its folder was synced, and nobody does that again for what
        is there. A command that ended well leaves no staging folder.
        """
        if (self.root / STAGING).is_dir() or not (self.root / "0=ocfl_1.1").exists():
            for parent in self.root.absolute().parents:
                with suppress(OSError):  # not ours to open
                    _sync_folder(parent)
            for folder, _, _ in os.walk(self.root):
                _sync_folder(Path(folder))
        self._clear_staging()

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
