"""The log as static files that any web server can hold: C2SP tlog-tiles.

``checkpoint``, ``tile/<L>/<N>[.p/<W>]`` (hashes) and ``tile/entries/<N>[.p/<W>]`` (entries, each after
its length in two bytes). A full tile is written once and never again; the checkpoint comes last, so
that whoever reads it finds what it stands for, also after a kill.
"""

import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenure.dossier.checkpoint import Checkpoint, parse
from tenure.dossier.files import sync_folder
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.source import Source
from tenure.errors import BusyError, IntegrityError, RefusedError, UsageError

FOLDER = "tile"
ENTRIES = "entries"
WIDTH = 256
_LEVELS = 8  # 256 is 2 to the 8th: a tile spans as many levels of the tree
_CHECKPOINT = "checkpoint"


def index_path(number: int) -> str:
    """Write a tile's number as a path: 1234067 is ``x001/x234/067``."""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return "/".join(parts)


def tile_path(level: int | str, number: int, width: int) -> str:
    """Write the path of a tile (``level`` a number) or an entry bundle (``entries``)."""
    partial = "" if width == WIDTH else f".p/{width}"
    return f"{FOLDER}/{level}/{index_path(number)}{partial}"


def shape(size: int) -> Iterator[tuple[int, int, int]]:
    """List the hash tiles of a tree as (level, number, width); level 0 also gives the bundles."""
    level = 0
    while size:
        full, rest = divmod(size, WIDTH)
        yield from ((level, number, WIDTH) for number in range(full))
        if rest:
            yield level, full, rest
        level, size = level + 1, full


def hashes(tree: Tree, level: int, number: int, width: int) -> bytes:
    """Return the bytes of one hash tile."""
    start = number * WIDTH
    return b"".join(tree.levels[_LEVELS * level][start : start + width])


def bundle(entries: Iterable[bytes]) -> bytes:
    """Write entries, each after its length (two bytes, big-endian)."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes) -> list[bytes]:
    """Read a bundle.

    Raises:
        IntegrityError: its last entry is cut.
    """
    found, place = list[bytes](), 0
    while place < len(data):
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        if place + 2 > len(data) or end > len(data):
            raise IntegrityError("an entry bundle is cut; fetch it again")
        found.append(data[place + 2 : end])
        place = end
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiled:
    """What an export into tiles did; ``before`` is how many events the folder held."""

    folder: Path
    before: int
    events: int
    written: int


def export_tiles(source: Source, into: Path | str, note: str) -> Tiled:
    """Write a log as tiles, or bring such a folder up to date; ``note`` is its newest checkpoint.

    Raises:
        UsageError: the folder holds something else.
        RefusedError: the folder holds another history than this log.
        IntegrityError: the log is not what its checkpoint says, or a tile there was changed.
        BusyError: another export into this folder is under way.
    """
    into, head = Path(into).absolute(), parse(note)
    leaves = [leaf_hash(entry) for index, entry in source.entries() if index < head.size]
    tree = Tree(leaves)
    if len(leaves) != head.size or tree.root() != head.root:
        raise IntegrityError("the log is not what its checkpoint says; run `tenure verify`")
    into.mkdir(parents=True, exist_ok=True)
    with _alone(into):
        before = _continued(into, head, tree)
        written = sum(_put(into / path, data) for path, data in _parts(source, tree))
        if before is None or before.note != note:
            _replace(into / _CHECKPOINT, note.encode())
        _tidy(into / FOLDER)
    size = before.size if before else 0
    return Tiled(folder=into, before=size, events=head.size, written=written)


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Hold the folder: of two exports at once the second is told so."""
    import fcntl  # not on every system on which tiles can be read

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError(f"another export into {folder} is under way; wait for it") from None
    finally:
        os.close(descriptor)


def _continued(folder: Path, head: Checkpoint, tree: Tree) -> Checkpoint | None:
    """Return the checkpoint that the folder holds, once it is clear that ours continues it."""
    place = folder / _CHECKPOINT
    if not place.is_file():
        if any(each.name != FOLDER for each in folder.iterdir()):
            raise UsageError(f"{folder} holds something else; give a new folder, or one of tiles")
        return None
    if not (folder / FOLDER).is_dir():
        raise UsageError(f"{folder} has a checkpoint and no tiles; give a new folder")
    old = parse(place.read_text(encoding="utf-8"))
    same = old.origin == head.origin and old.size <= head.size
    if not same or tree.root(old.size) != old.root:
        raise RefusedError(
            f"{folder} holds {old.size} events of {old.origin} that this log does not continue: "
            "one of the two was cut or written again; compare them with `tenure verify`"
        )
    return old


def _parts(source: Source, tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the tree: (path, content)."""
    for level, number, width in shape(tree.size):
        yield tile_path(level, number, width), hashes(tree, level, number, width)
    held: list[bytes] = []
    for index, entry in source.entries():
        if index >= tree.size:
            break
        held.append(entry)
        if len(held) == WIDTH or index == tree.size - 1:
            yield tile_path(ENTRIES, index // WIDTH, len(held)), bundle(held)
            held = []


def _put(place: Path, content: bytes) -> bool:
    """Write a file that is never written again; say whether it was not there yet."""
    if place.is_file():
        if place.read_bytes() != content:
            raise IntegrityError(f"{place} was changed; delete the folder and export again")
        return False
    _replace(place, content)
    return True


def _replace(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fchmod(target.fileno(), 0o644)
            os.fsync(target.fileno())
        Path(name).replace(place)
    finally:
        Path(name).unlink(missing_ok=True)
    sync_folder(place.parent)


def _tidy(folder: Path) -> None:
    """Delete the partial tiles whose full tile is there, and what a kill left half written."""
    for stale in folder.rglob(".new-*"):
        stale.unlink(missing_ok=True)
    for place in [p for p in folder.rglob("*.p") if p.is_dir()]:
        if place.with_suffix("").is_file():
            for each in place.iterdir():
                each.unlink()
            place.rmdir()


def is_tiles(root: Path) -> bool:
    """Say whether a folder holds a log in tiles."""
    return (root / FOLDER / ENTRIES).is_dir()


def read_entries(root: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (index, entry) of all that the folder's checkpoint covers.

    Raises:
        IntegrityError: a bundle is missing or holds another number of entries.
    """
    try:
        size = parse((root / _CHECKPOINT).read_text(encoding="utf-8")).size
    except (OSError, UnicodeDecodeError) as error:
        raise IntegrityError(f"cannot read the checkpoint of {root}: {error}") from None
    for number in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - number * WIDTH)
        path = tile_path(ENTRIES, number, width)
        place = root / path
        if width < WIDTH and not place.is_file():
            place = root / tile_path(ENTRIES, number, WIDTH)  # the log has gone on since
        try:
            entries = unbundle(place.read_bytes())
        except OSError:
            raise IntegrityError(f"{path} is missing; fetch it again") from None
        if len(entries) < width:
            raise IntegrityError(f"{path} holds {len(entries)} entries; expected {width}")
        yield from enumerate(entries[:width], number * WIDTH)


def problems(root: Path) -> list[tuple[str, str]]:
    """Check that the tiles of the checkpoint are there and are what the entries say: (where, what).

    A tile may hold more than the checkpoint covers (it was copied while the log went on); nothing is
    said of what lies beyond.
    """
    files: dict[str, list[str]] = {}  # the files of each tile: the full one and the partial ones
    for place in sorted(p for p in (root / FOLDER).rglob("*") if p.is_file()):
        path = place.relative_to(root).as_posix()
        files.setdefault(path.partition(".p/")[0], []).append(path)
    found: list[tuple[str, str]] = []

    def check(whole: str, content: bytes, needed: str) -> None:
        there = files.get(whole, [])
        if needed not in there and whole not in there:
            found.append((needed, "it is missing"))
        wrong = (p for p in there if not _agrees(p, (root / p).read_bytes(), content))
        found.extend((path, "it is not what the entries say") for path in wrong)

    leaves, held = list[bytes](), list[bytes]()
    for index, entry in read_entries(root):
        leaves.append(leaf_hash(entry))
        held.append(entry)
        if len(held) == WIDTH:
            path = tile_path(ENTRIES, index // WIDTH, WIDTH)
            check(path, bundle(held), path)
            held = []
    if held:
        number = len(leaves) // WIDTH
        whole, partial = (tile_path(ENTRIES, number, width) for width in (WIDTH, len(held)))
        check(whole, bundle(held), partial)
    tree = Tree(leaves)
    for level, number, width in shape(tree.size):
        content = hashes(tree, level, number, WIDTH)
        check(tile_path(level, number, WIDTH), content, tile_path(level, number, width))
    return found


def _agrees(path: str, data: bytes, content: bytes) -> bool:
    """Say whether a file holds as much as its name says, the same as this as far as both go."""
    _, _, width = path.partition(".p/")
    plain = width.isascii() and width.isdigit() and str(int(width)) == width and len(width) < 4
    count = WIDTH if not width else int(width) if plain else 0
    if not 0 < count <= WIDTH or not (content.startswith(data) or data.startswith(content)):
        return False
    if not path.startswith(f"{FOLDER}/{ENTRIES}/"):
        return len(data) == count * 32
    try:
        return len(unbundle(data)) == count
    except IntegrityError:
        return False
