"""Content-addressed files: ``files/sha256/ab/<64 hex digits>``, written once, read-only.

A file is on the disk, whole and durable, before the event that names it is appended.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path, PurePosixPath

from tenure.dossier.canonical import CHUNK, digest_file
from tenure.errors import IntegrityError, UsageError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DRIVE = re.compile(r"[A-Za-z]:")


def is_digest(text: object) -> bool:
    """Say whether this is ``sha256:<64 hex digits>``."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def is_plain_name(name: object) -> bool:
    """Say whether a file name is relative, stays below its folder, and is plain to read."""
    if not isinstance(name, str) or not name or len(name) > 1024 or "\\" in name:
        return False
    if any(ord(c) < 32 or ord(c) == 127 for c in name) or _DRIVE.match(name):
        return False
    parts = PurePosixPath(name).parts
    return not name.startswith("/") and ".." not in parts and "/".join(parts) == name


def sync_folder(folder: Path) -> None:
    """Make a rename inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Files:
    """The files of one dossier."""

    def __init__(self, root: Path) -> None:
        """Name the dossier's folder; nothing is made until something is stored."""
        self.root = root
        self.folder = root / "files" / "sha256"

    def place(self, digest: str) -> Path:
        """Say where a file of this digest belongs, there or not.

        Raises:
            UsageError: this is not a digest (so that no path can be smuggled in).
        """
        if not is_digest(digest):
            raise UsageError(f"'{digest}' is not a digest; expected sha256:<64 hex digits>")
        found = digest.removeprefix("sha256:")
        return self.folder / found[:2] / found

    def has(self, digest: str) -> bool:
        """Say whether a file of this digest is stored."""
        return self.place(digest).is_file()

    def path(self, digest: str) -> Path:
        """Return where a stored file lies, checked to exist, not hashed.

        Raises:
            IntegrityError: it is missing.
        """
        found = self.place(digest)
        if not found.is_file():
            raise IntegrityError(
                f"the file {digest} is missing; restore it from a copy of the dossier"
            )
        return found

    def read(self, digest: str) -> bytes:
        """Return a stored file's bytes, checked.

        Raises:
            IntegrityError: it is missing or changed.
        """
        content = self.path(digest).read_bytes()
        if "sha256:" + hashlib.sha256(content).hexdigest() != digest:
            raise IntegrityError(
                f"the file {digest} was changed; restore it from a copy of the dossier"
            )
        return content

    def put(self, content: bytes | str | Path) -> str:
        """Store content and return its digest; a Path is streamed. Idempotent.

        Text is stored as UTF-8. When this returns, the file survives a power failure.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        temporary = Path(name)
        found = hashlib.sha256()
        try:
            with os.fdopen(descriptor, "wb") as target:
                if isinstance(content, Path):
                    with content.open("rb") as source:
                        while chunk := source.read(CHUNK):
                            found.update(chunk)
                            target.write(chunk)
                else:
                    raw = content.encode() if isinstance(content, str) else content
                    found.update(raw)
                    target.write(raw)
                target.flush()
                os.fchmod(target.fileno(), 0o444)
                digest = "sha256:" + found.hexdigest()
                place = self.place(digest)
                if not self._stored_whole(place, digest, temporary.stat().st_size):
                    os.fsync(target.fileno())
                    self._into_place(temporary, place)
            sync_folder(place.parent)
        finally:
            temporary.unlink(missing_ok=True)
        return digest

    def _into_place(self, temporary: Path, place: Path) -> None:
        if not place.parent.is_dir():
            place.parent.mkdir(exist_ok=True)
            for folder in (self.folder, self.folder.parent, self.root):
                sync_folder(folder)
        temporary.replace(place)

    def _stored_whole(self, place: Path, digest: str, size: int) -> bool:
        """Say whether the file is there already; a small one is read again, so damage heals."""
        try:
            if place.stat().st_size != size:
                return False
        except FileNotFoundError:
            return False
        return size > CHUNK or digest_file(place) == digest
