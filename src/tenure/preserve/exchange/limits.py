"""What a package from a stranger may be: small texts, plain files, names that stay inside."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tenure.dossier.envelope import strict_json
from tenure.errors import IntegrityError, ModelError, UsageError
from tenure.preserve.store import safe_path

TEXT_BYTES = 64 << 20  # a manifest of about 300,000 files
JSON_BYTES = 4 << 20  # what registries allow for an OCI manifest
MOST_FILES = 100_000
PATH_SIGNS = 1000
STEP_BYTES = 1 << 20


def inside(name: str) -> str:
    """Return a name from a package that stays inside its folder.

    Raises:
        IntegrityError: it is absolute, climbs out, or holds signs no file name has.
    """
    try:
        if len(name) > PATH_SIGNS:
            raise UsageError("too long")  # noqa: TRY301 - the same answer
        return safe_path(name)
    except UsageError:
        raise IntegrityError(
            f"the package names {name[:100]!r}, which is no path inside it; nothing was imported: ask whoever "
            "made it, and do not unpack it with another program"
        ) from None


def once(names: Iterable[str]) -> set[str]:
    """Return names as a set.

    Raises:
        IntegrityError: a name stands twice, one is also a folder of another, or there are too many.
    """
    found = set[str]()
    for name in names:
        if name in found:
            raise IntegrityError(f"the package names {name!r} twice; nothing was imported")
        found.add(name)
        if len(found) > MOST_FILES:
            raise IntegrityError(
                f"the package has more than {MOST_FILES:,} files; nothing was imported"
            )
    for name in found:
        parts = name.split("/")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in found:
                raise IntegrityError(
                    f"the package names {name!r}, and a folder of it as a file; nothing was imported"
                )
    return found


def plain_files(folder: Path) -> dict[str, Path]:
    """List the files of a folder by their path in it; nothing else may be there.

    Raises:
        ModelError: a link, a device, a pipe or a name that is refused.
    """
    found: dict[str, Path] = {}
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        for name in [*folders, *names]:
            path = Path(place) / name
            relative = inside(path.relative_to(folder).as_posix())
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise ModelError(
                    f"{relative} is a link, and may lead anywhere; copy the folder with 'cp -rL' first"
                )
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise ModelError(f"{relative} is neither a file nor a folder; remove it first")
            if stat.S_ISREG(mode):
                found[relative] = path
        if len(found) > MOST_FILES:
            raise ModelError(
                f"{folder.name} has more than {MOST_FILES:,} files; name the model's folder"
            )
    return found


def _unreadable(error: OSError) -> None:
    raise ModelError(f"{error.filename} cannot be read: {error.strerror}; mend that first")


def small(path: Path, limit: int = TEXT_BYTES) -> bytes:
    """Read a small file whole.

    Raises:
        IntegrityError: it is missing, no plain file, or too large.
    """
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IntegrityError(f"{path.name} is no plain file; nothing was imported")
        with os.fdopen(descriptor, "rb", closefd=False) as source:
            data = source.read(limit + 1)
    except OSError as error:
        raise IntegrityError(
            f"{path.name} cannot be read: {error.strerror}; it is no whole package"
        ) from None
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    if len(data) > limit:
        raise IntegrityError(f"{path.name} is larger than {limit >> 20} MiB; nothing was imported")
    return data


def json_of(data: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object, strictly.

    Raises:
        IntegrityError: it is none, or a key stands twice.
    """
    try:
        found = strict_json(data)
    except IntegrityError as error:
        raise IntegrityError(f"{what}: {error}; nothing was imported") from None
    if not isinstance(found, dict):
        raise IntegrityError(f"{what} is no JSON object; nothing was imported")
    return found


def text_of(data: bytes, what: str) -> str:
    """Read UTF-8 text.

    Raises:
        IntegrityError: it is none.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise IntegrityError(f"{what} is not UTF-8; nothing was imported") from None
