"""Opening a tar or zip from a stranger: plain files only, inside one folder, no larger than they say.

Refused: names that climb out or are absolute, links of both kinds, devices, pipes, sparse files, a
name twice, encrypted entries, entries that share bytes, sizes that lie, and what grows a hundredfold.
"""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tenure.errors import IntegrityError, RoomError, UsageError
from tenure.preserve.exchange.limits import MOST_FILES, STEP_BYTES, inside, once

GROWTH = 100  # text shrinks to a tenth, weights to two thirds
GRACE_BYTES = 64 << 20
SPARE_BYTES = 32 << 20
HEADER_BYTES = 1 << 20  # the longest extended header of a tar
SUFFIXES = (".tar", ".tar.gz", ".tgz", ".zip")
BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    OverflowError,
)


def is_archive(path: Path) -> bool:
    """Say whether a file's name is that of an archive we open."""
    return path.name.lower().endswith(SUFFIXES)


def unpack(archive: Path, into: Path) -> None:
    """Unpack an archive into a new folder.

    Raises:
        IntegrityError: anything of the list above, or it is broken.
        RoomError: the disk is too small for it.
        UsageError: no archive that we open.
    """
    if not is_archive(archive):
        raise UsageError(
            f"{archive.name} is no package we open; expected a folder, or {', '.join(SUFFIXES)}; a GGUF file "
            "by itself is put on the record by 'tenure register FILE'"
        )
    into.mkdir(parents=True)
    with _reading(archive.name):
        if archive.name.lower().endswith(".zip"):
            _unzip(archive, into)
        else:
            untar(archive, into, gzipped=not archive.name.lower().endswith(".tar"))


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise IntegrityError(
            f"{name} is broken ({type(error).__name__}); nothing was imported: fetch it again"
        ) from None


def _refuse(name: str, why: str) -> IntegrityError:
    return IntegrityError(f"the archive's {name[:100]!r} {why}; nothing was imported")


def _need_room(into: Path, size: int) -> None:
    if size + SPARE_BYTES > shutil.disk_usage(into).free:
        raise RoomError(
            f"the package says it unpacks to {size >> 20} MiB, more than is free; nothing was imported"
        )


class _Measured:
    """A stream that ends what grows too much, and what wants too large a piece at once."""

    def __init__(self, stream: Any, compressed: BinaryIO | None) -> None:
        self._stream, self._compressed = stream, compressed

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= HEADER_BYTES:
            raise IntegrityError("the archive's headers are absurdly long; nothing was imported")
        data = self._stream.read(size)
        if self._compressed is not None:
            grown = self._stream.tell() - GRACE_BYTES
            if grown > GROWTH * max(1, self._compressed.tell()):
                raise IntegrityError(
                    f"the archive grows more than {GROWTH} times when it is unpacked; nothing was imported"
                )
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def untar(archive: Path, into: Path, *, gzipped: bool) -> None:
    """Unpack a tar into a folder; see :func:`unpack`."""
    with archive.open("rb") as raw, _reading(archive.name):
        stream: Any = gzip.GzipFile(fileobj=raw) if gzipped else raw
        measured: Any = _Measured(stream, raw if gzipped else None)
        names, entries = set[str](), 0
        with tarfile.open(fileobj=measured, mode="r:", errorlevel=2) as tar:
            while (member := tar.next()) is not None:
                entries += 1
                if entries > 2 * MOST_FILES:
                    raise _refuse(member.name, "is one entry of too many")
                _untar_one(tar, member, into, names)
        while gzipped and measured.read(STEP_BYTES):
            pass  # the check sum of the compressed stream stands behind the tar's own end
        once(names)


def _untar_one(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path, names: set[str]) -> None:
    name = inside(member.name.removeprefix("./").rstrip("/") or ".x") if member.name != "." else ""
    if member.isdir() or not name:
        return
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        raise _refuse(name, "is a link, a device or a sparse file, and only plain files are taken")
    if name in names or len(names) >= MOST_FILES:
        raise _refuse(name, "stands there twice, or is one of too many")
    names.add(name)
    _need_room(into, member.size)
    source = tar.extractfile(member)
    assert source is not None, "it is a plain file"
    _write(into / name, member.size, source.read, name)


def _write(target: Path, size: int, read: Callable[[int], bytes], name: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        out = target.open("xb")
    except (FileExistsError, NotADirectoryError):
        raise _refuse(name, "stands there twice, or is a folder too") from None
    left = size
    with out:
        while left > 0:
            piece = read(min(left, STEP_BYTES))
            if not piece:
                raise _refuse(name, f"says it has {size} bytes, and {size - left} are there")
            out.write(piece)
            left -= len(piece)


def _unzip(archive: Path, into: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        entries = [e for e in opened.infolist() if not e.is_dir()]
        for entry in opened.infolist():
            _admit(entry)
        once(inside(entry.filename) for entry in entries)
        total, stored = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
        held = archive.stat().st_size
        if stored > held:
            raise IntegrityError("the archive's entries share bytes; nothing was imported")
        if total - GRACE_BYTES > GROWTH * held:
            raise IntegrityError(
                f"the archive grows more than {GROWTH} times when it is unpacked; nothing was imported"
            )
        _need_room(into, total)
        for entry in entries:
            with opened.open(entry) as source:
                _write(into / entry.filename, entry.file_size, source.read, entry.filename)
                if source.read(1):
                    raise _refuse(entry.filename, "is longer than it says")


def _admit(entry: zipfile.ZipInfo) -> None:
    name, mode = entry.filename, entry.external_attr >> 16
    if entry.orig_filename != name:
        raise _refuse(
            name, "has a name that is cut short by a zero byte, or written with backslashes"
        )
    if entry.flag_bits & 0x1:
        raise _refuse(name, "is encrypted: open it yourself first")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refuse(name, "is a link or a device, and only plain files are taken")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refuse(name, "is packed in a way we do not open; use stored or deflated")
    inside(name.rstrip("/") or ".x")
