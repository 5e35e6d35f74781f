"""Reading what is stored, without SQLAlchemy or a key: a dossier's folder, an export, tiles."""

import json
import os
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenure.dossier import tiles
from tenure.dossier.reading import Reading
from tenure.dossier.source import Held, Source
from tenure.errors import BusyError, IntegrityError, UsageError

DATABASE = "dossier.db"
LOG_ENVIRONMENT = "TENURE_LOG"  # the address of a PostgreSQL log
CHECKPOINT = "checkpoint"
EVENTS = "events.jsonl"
PROOFS = "proofs.jsonl"
LEFT_OUT = "left-out.json"
RESTORE = "restore it from a copy of the dossier"


@contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection]:
    """Open a SQLite log for reading: nothing is written, so a read-only medium will do.

    Raises:
        IntegrityError: it is damaged as a database.
        BusyError: it was written to while it was read.
    """
    frozen = not path.with_name(path.name + "-wal").exists()  # nobody has it open
    before = _state(path)
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if frozen else ''}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            yield database
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise IntegrityError(f"{path} is damaged ({error}); {RESTORE}") from None
    finally:
        if frozen and _state(path) != before:
            raise BusyError(f"{path} was written to while it was read; run the same command again")


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def stored_entries(root: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (index, stored bytes) in log order.

    Raises:
        IntegrityError: the file is damaged as a database, the export's two lists do not match, or
            a tile is missing.
    """
    if is_export(root):
        yield from _exported(root)
        return
    if in_tiles(root):
        yield from tiles.read_entries(root)
        return
    with reading(root / DATABASE) as database:
        for index, entry in database.execute("SELECT idx, envelope FROM log ORDER BY idx"):
            if not isinstance(index, int) or not isinstance(entry, bytes):
                raise IntegrityError(f"event {index} is not stored as bytes; {RESTORE}")
            yield index, entry


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in the log at a place: the hashes from its leaf up to the root."""

    index: int
    hashes: tuple[bytes, ...]


def _exported(root: Path) -> Iterator[tuple[int, bytes]]:
    entries = (root / EVENTS).read_bytes().split(b"\n")
    indices = [proof.index for proof in proofs(root)]
    if entries.pop() or len(entries) != len(indices):
        raise IntegrityError(
            f"{EVENTS} has {len(entries)} events, {PROOFS} {len(indices)}; {RESTORE}"
        )
    yield from zip(indices, entries, strict=True)


def _proof(line: str) -> Proof:
    found = json.loads(line)
    hashes = tuple(bytes.fromhex(each) for each in found["hashes"])
    if json.dumps({"index": int(found["index"]), "hashes": [h.hex() for h in hashes]}) != line:
        raise ValueError(line)
    return Proof(found["index"], hashes)


def proofs(root: Path) -> list[Proof]:
    """Read an export's inclusion proofs, one for each event.

    Raises:
        IntegrityError: a line is not {"index": a number, "hashes": [hexadecimal, ...]}.
    """
    found: list[Proof] = []
    try:
        for line in (root / PROOFS).read_text(encoding="utf-8").splitlines():
            found.append(_proof(line))  # noqa: PERF401 - the error says which line
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise IntegrityError(f"line {len(found) + 1} of {PROOFS} is no proof; {RESTORE}") from None
    return found


def stored_note(root: Path) -> str | None:
    """Return the newest checkpoint, or None where there is none."""
    if is_export(root) or in_tiles(root):
        return kept_note(root)
    with reading(root / DATABASE) as database:
        row = database.execute("SELECT note FROM checkpoint").fetchone()
    return row[0] if row and isinstance(row[0], str) else None


def kept_note(root: Path) -> str | None:
    """Return the checkpoint kept as a file beside the log, or None."""
    try:
        return (root / CHECKPOINT).read_text(encoding="utf-8") or None
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return "damaged"


def left_out(root: Path) -> dict[str, int]:
    """Read which files an export leaves out on purpose: digest -> size in bytes."""
    try:
        listed: list[dict[str, object]] = json.loads((root / LEFT_OUT).read_bytes())
        return {str(each["digest"]): int(str(each["size"])) for each in listed}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def is_dossier(root: Path) -> bool:
    """Say whether a folder holds a dossier or an export of one."""
    return (root / EVENTS).is_file() or (root / DATABASE).is_file() or tiles.is_tiles(root)


def is_export(root: Path) -> bool:
    """Say whether a folder holds an export; beside a whole log it would only hide what is in it."""
    return (root / EVENTS).is_file() and not (root / DATABASE).is_file()


def in_tiles(root: Path) -> bool:
    """Say whether a folder holds a log in tiles, and neither a dossier nor an export."""
    others = (root / DATABASE).is_file() or (root / EVENTS).is_file()
    return tiles.is_tiles(root) and not others


def log_elsewhere(root: Path) -> Source | None:
    """Return the log that $TENURE_LOG names, where the folder itself holds none."""
    address = os.environ.get(LOG_ENVIRONMENT)
    if not address or is_dossier(root):
        return None
    from tenure.dossier.log import Log  # SQLAlchemy takes 0.3 s

    return Log(address, keep=False)


def open_view(root: Path | str) -> Reading:
    """Read a dossier's folder, or an export, as it is now; needs no key and writes nothing.

    Raises:
        UsageError: there is none.
        IntegrityError: it is damaged; ``verify`` says where.
    """
    root = Path(root).absolute()
    if (elsewhere := log_elsewhere(root)) is not None:
        return Reading(root, elsewhere)
    if not is_dossier(root):
        raise UsageError(f"no dossier in {root}; give the folder that holds {DATABASE} or {EVENTS}")
    return Reading(root, Held(list(stored_entries(root)), stored_note(root)))
