"""Writing and reading a vault's objects; the inventory's rename is the one moment of commit.

Order of a commit, each step durable before the next: content, ``vN/inventory.json`` and its
sidecar, the object's declaration, then the root inventory by atomic replacement, then its sidecar.
Killed before the root inventory, the version never was; killed after it, the next writer finishes.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from tenure.errors import BusyError, IntegrityError, RoomError, UsageError
from tenure.preserve import ocfl
from tenure.preserve.forms import Digests
from tenure.preserve.ocfl import DECLARATION, INVENTORY, SIDECAR, Inventory, Version
from tenure.preserve.store import InFolder, Store, chunks, read_small, safe_path, sha512_of
from tenure.preserve.sums import digests_of

SPARE_BYTES = 32 << 20
IN_VAULT = ("README-50-YEARS.txt", "FORMAT.txt", "read_vault.py", "mend_vault.py")
VECTORS = "extensions/tenure-vectors"  # small packs and parities with what they must give


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What a new version brings: logical path -> a file or bytes; and who says so, when, why.

    Content that stands under several paths is stored once, under the first of them. ``known`` are
    the check sums of files that were read just now: storing a file compares its sha512 again.
    """

    files: Mapping[str, Path | bytes]
    message: str
    created: str
    user: str = "tenure"
    known: Mapping[str, Digests] = field(default_factory=dict[str, Digests])


@dataclass(frozen=True, slots=True)
class _Hashed:
    source: Path | bytes
    sha512: str
    sha256: str
    size: int

    def open(self) -> BinaryIO:
        return BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")


@cache
def root_files() -> Mapping[str, bytes]:
    """Return the files of every vault's root: OCFL's own, the plain-word guide, formats, reader."""
    here = files("tenure.preserve.in_vault")
    found = {name: here / name for name in IN_VAULT}
    if (here / "vectors").is_dir():
        found |= {f"{VECTORS}/{each.name}": each for each in (here / "vectors").iterdir()}
    ours = {name: each.read_bytes() for name, each in found.items() if each.is_file()}
    return {**ocfl.ROOT_FILES, **ours}


def begin(store: Store, *, renew: bool = False) -> None:
    """Make a vault's root, or finish making it.

    An older guide or reader there is kept, unless ``renew`` says that it could not read what comes:
    then it is set aside for the newer one.
    """
    for key, content in root_files().items():
        digest = hashlib.sha512(content).hexdigest()
        if not _held(store, key):
            store.put(key, BytesIO(content), digest)
        elif renew and not _there(store, key, digest):
            store.mend(key, BytesIO(content), digest)


def _held(store: Store, key: str) -> bool:
    try:
        store.size(key)
    except KeyError:
        return False
    return True


def need_writable(store: Store) -> None:
    """Refuse a folder that cannot be written to, before anything is tried.

    Raises:
        UsageError: it is mounted or protected against writing.
    """
    if not isinstance(store, InFolder):
        return
    folder = store.folder.absolute()
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        raise UsageError(
            f"{store.label} can only be read: what must be written or mended there waits; mount it for "
            "writing, or name another folder. Nothing was changed"
        )


def _hash(source: Path | bytes, known: Digests | None = None) -> _Hashed:
    sums = known or digests_of(source)
    return _Hashed(source, sums.sha512, sums.sha256, sums.bytes)


def read(store: Store, object_id: str) -> tuple[Inventory, bytes] | None:
    """Read an object's newest committed inventory and its bytes, without a lock; None: no object.

    Where the root inventory and its sidecar disagree, the newest version whose own pair agrees
    stands in.

    Raises:
        IntegrityError: there is an object, but no inventory in it can be believed.
    """
    at = ocfl.object_path(object_id)
    data = read_small(store, f"{at}/{INVENTORY}")
    if data is not None and read_small(store, f"{at}/{SIDECAR}") == ocfl.sidecar(data):
        return ocfl.parse(data, object_id), data
    inner = [k for k in store.list(at) if k.count("/") == at.count("/") + 2]
    versions = [k for k in inner if k.endswith(f"/{INVENTORY}")]
    for key in sorted(versions, key=lambda k: (len(k), k), reverse=True):
        found = read_small(store, key)
        pair = read_small(store, key.removesuffix(INVENTORY) + SIDECAR)
        if found is not None and pair == ocfl.sidecar(found):
            whole = ocfl.parse(found, object_id)
            # Without a root inventory a lone first version was never committed.
            if data is not None or whole.head != "v1" or len(versions) > 1:
                return whole, found
    if data is None:
        return None
    raise IntegrityError(
        f"{object_id} in {store.label}: neither its inventory nor an older one matches its sidecar; "
        "run 'tenure preserve check' to mend it from another copy"
    )


def peek(store: Store, object_id: str) -> Inventory | None:
    """Read an object's newest inventory; None when there is none that can be believed."""
    try:
        found = read(store, object_id)
    except IntegrityError:
        return None
    return found[0] if found else None


def settle(store: Store, object_id: str) -> Inventory | None:
    """Finish a commit that was interrupted after its root inventory; the lock must be held.

    Raises:
        IntegrityError: the object is damaged, which is not what an interruption leaves.
    """
    at = ocfl.object_path(object_id)
    data = read_small(store, f"{at}/{INVENTORY}")
    if data is None:
        if f"{at}/v2/{SIDECAR}" in store.list(at):
            raise IntegrityError(
                f"{object_id} in {store.label} has lost its inventory; run 'tenure preserve check'"
            )
        return None
    inventory = ocfl.parse(data, object_id)
    if read_small(store, f"{at}/{SIDECAR}") == ocfl.sidecar(data):
        return inventory
    if read_small(store, f"{at}/{inventory.head}/{SIDECAR}") == ocfl.sidecar(data):
        store.swap(f"{at}/{SIDECAR}", ocfl.sidecar(data))
        return inventory
    raise IntegrityError(
        f"{object_id} in {store.label}: the inventory does not match its sidecar; run "
        "'tenure preserve check' to mend it from another copy before anything is added"
    )


def commit(
    store: Store, object_id: str, addition: Addition, onto: Sequence[Inventory | None] = ()
) -> Inventory:
    """Add a version that holds the newest version's files and these; same content adds nothing.

    ``onto`` names what the addition was made for, where it may be added to nothing else.

    Raises:
        RoomError: too little free disk; found before anything is written.
        UsageError: nothing to add, or a path that is refused.
        IntegrityError: the object there is damaged, or a source changed while it was read.
        BusyError: another command is writing to this vault, or has changed the object.
    """
    hashed = _hashed(addition)
    need_writable(store)
    with store.lock():
        _need_room(store, sum(item.size for item in hashed.values()))
        begin(store)
        current = settle(store, object_id)
        if onto and current not in onto:
            raise BusyError(
                f"another command has kept {object_id} in {store.label} while this one was at work; "
                "run the same command again. Nothing was added"
            )
        new = _next(object_id, current, addition, hashed)
        return new if new is current else _write(store, new, current, hashed)


def drafted(
    object_id: str, current: Inventory | None, addition: Addition
) -> tuple[Inventory, dict[str, Path | bytes]]:
    """Return the inventory that a commit would write, and its new content by sha512; write nothing.

    Raises:
        UsageError: nothing to add, or a path that is refused.
    """
    hashed = _hashed(addition)
    new = _next(object_id, current, addition, hashed)
    return new, {item.sha512: item.source for item in hashed.values()}


def _hashed(addition: Addition) -> dict[str, _Hashed]:
    if not addition.files:
        raise UsageError("nothing to keep: the addition holds no files")
    known = addition.known
    return {
        safe_path(name): _hash(source, known.get(name)) for name, source in addition.files.items()
    }


def _need_room(store: Store, size: int) -> None:
    free = store.free()
    if free < size + SPARE_BYTES:
        raise RoomError(
            f"{store.label}: {size >> 20} MiB are to be kept and {free >> 20} MiB are free; make room "
            "or name another folder; nothing was written"
        )


def _next(
    object_id: str, current: Inventory | None, addition: Addition, hashed: Mapping[str, _Hashed]
) -> Inventory:
    version = f"v{len(current.versions) + 1 if current else 1}"
    manifest = dict(current.manifest) if current else {}
    sha256 = dict(current.sha256) if current else {}
    for logical, item in hashed.items():
        if item.sha512 not in manifest:
            manifest[item.sha512] = f"{version}/content/{logical}"
            sha256[manifest[item.sha512]] = item.sha256
    state = {**(current.state if current else {}), **{n: h.sha512 for n, h in hashed.items()}}
    try:
        ocfl.refuse_nested(state)
    except ValueError as error:
        raise UsageError(f"{error}; give the added file another path") from None
    if current is not None and state == current.state:
        return current
    new = Version(
        created=addition.created, message=addition.message, user=addition.user, state=state
    )
    return Inventory(
        id=object_id,
        manifest=manifest,
        sha256=sha256,
        versions=(*(current.versions if current else ()), new),
    )


def _write(
    store: Store, new: Inventory, current: Inventory | None, hashed: Mapping[str, _Hashed]
) -> Inventory:
    at, data = ocfl.object_path(new.id), new.to_bytes()
    sources = {item.sha512: item for item in hashed.values()}
    old = set(current.manifest) if current else set[str]()
    fresh = {f"{at}/{path}": sources[d] for d, path in new.manifest.items() if d not in old}
    for name, small in ((INVENTORY, data), (SIDECAR, ocfl.sidecar(data))):
        fresh[f"{at}/{new.head}/{name}"] = _hash(small)
    if current is None:
        fresh[f"{at}/{DECLARATION}"] = _hash(ocfl.DECLARATION_BYTES)
    _clear(store, at, current, fresh)
    for key, item in fresh.items():
        if not _there(store, key, item.sha512):
            with item.open() as source:
                store.put(key, source, item.sha512)
    store.swap(f"{at}/{INVENTORY}", data)
    store.swap(f"{at}/{SIDECAR}", ocfl.sidecar(data))
    return new


def _there(store: Store, key: str, sha512: str) -> bool:
    try:
        with store.open(key) as source:
            return sha512_of(source)[0] == sha512
    except KeyError:
        return False


def _clear(store: Store, at: str, current: Inventory | None, fresh: Mapping[str, _Hashed]) -> None:
    """Set aside what no inventory names and this version does not bring either."""
    named = names(current) if current else set[str]()
    for key in store.list(at):
        if key in named or (key in fresh and _there(store, key, fresh[key].sha512)):
            continue
        if key in (f"{at}/{INVENTORY}", f"{at}/{SIDECAR}"):
            continue  # replaced by the commit itself
        store.set_aside(key)


def names(inventory: Inventory) -> set[str]:
    """List every key an object consists of."""
    at = ocfl.object_path(inventory.id)
    found = {f"{at}/{path}" for path in inventory.manifest.values()}
    for number in range(len(inventory.versions)):
        found |= {f"{at}/v{number + 1}/{name}" for name in (INVENTORY, SIDECAR)}
    return found | {f"{at}/{name}" for name in (INVENTORY, SIDECAR, DECLARATION)}


def restore(store: Store, inventory: Inventory, into: Path, prefix: str = "") -> dict[str, str]:
    """Copy a version's files below ``prefix`` into a new folder, each verified while it is read.

    Returns logical path (without the prefix) -> ``sha256:<hex>``.

    Raises:
        IntegrityError: a file is missing or is not what the inventory names.
    """
    at, made = ocfl.object_path(inventory.id), dict[str, str]()
    for logical, digest in sorted(inventory.state.items()):
        if not logical.startswith(prefix):
            continue
        target = into / safe_path(logical.removeprefix(prefix))
        target.parent.mkdir(parents=True, exist_ok=True)
        long, short = hashlib.sha512(), hashlib.sha256()
        try:
            with (
                store.open(f"{at}/{inventory.manifest[digest]}") as source,
                target.open("xb") as out,
            ):
                for chunk in chunks(source):
                    long.update(chunk)
                    short.update(chunk)
                    out.write(chunk)
        except KeyError:
            raise IntegrityError(
                f"{store.label} has lost {logical} of {inventory.id}; run 'tenure preserve check'"
            ) from None
        if long.hexdigest() != digest:
            target.unlink()
            raise IntegrityError(
                f"{store.label}: {logical} of {inventory.id} is damaged; run 'tenure preserve check' "
                "to mend it from another copy"
            )
        made[logical.removeprefix(prefix)] = "sha256:" + short.hexdigest()
    return made
