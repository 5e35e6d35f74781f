"""Bringing files back out of a copy, whatever its form: a whole object, the model's own files, one tensor.

Plain files are copied, packs are unpacked by several threads while they are read. Every check sum is
compared while the bytes are written, with what the signed inventory and the passport in it say.
"""

import hashlib
import json
import math
import shutil
import struct
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from tenure.errors import IntegrityError, RoomError, UsageError, unknown
from tenure.preserve import forms, ocfl, vault
from tenure.preserve.forms import ORIGINAL, PACKS
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed import across, packs, passports
from tenure.preserve.store import Store, safe_path

STEP_BYTES = 4 << 20
NEAR = 12  # names that are listed when one is unknown: a large model has tens of thousands
HEADER_BYTES = 100 << 20  # the longest header that safetensors itself allows

NUMBERS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "u1",
}  # fmt: skip

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor: its name, number format, shape, the file it is in, and its raw bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    data: bytes | memoryview

    @property
    def values(self) -> list[float] | None:
        """Return its values as numbers, flat; None for a format of blocks, which has no such list."""
        if self.dtype == "BF16":
            whole = np.frombuffer(self.data, "<u2").astype("<u4") << 16
            return whole.view("<f4").tolist()
        kind = NUMBERS.get(self.dtype)
        return None if kind is None else np.frombuffer(self.data, kind).astype("<f8").tolist()


def sizes(store: Store, inventory: Inventory, prefix: str = "") -> dict[str, int]:
    """Return the size in bytes of every file that comes back, by logical path."""
    found: dict[str, int] = {}
    for name, stored in forms.plain_names(inventory).items():
        if not name.startswith(prefix):
            continue
        if stored.startswith(PACKS):
            found[name] = packs.opened(store, inventory, stored).bytes
        else:
            try:
                found[name] = store.size(_key(inventory, stored))
            except KeyError:
                raise _lost(store, inventory, name) from None
    return found


def need_room(size: int, into: Path) -> None:
    """Refuse before the work when the target disk is too small for ``size`` bytes.

    Raises:
        RoomError: too little disk.
    """
    folder = into.absolute()
    while not folder.exists():
        folder = folder.parent
    free, size = shutil.disk_usage(folder).free, size + vault.SPARE_BYTES
    if free < size:
        raise RoomError(
            f"coming back needs {size >> 20} MiB of disk and {free >> 20} MiB are free; nothing was started"
        )


def _key(inventory: Inventory, logical: str) -> str:
    path = inventory.manifest[inventory.state[logical]]
    return f"{ocfl.object_path(inventory.id)}/{path}"


def _lost(store: Store, inventory: Inventory, name: str) -> IntegrityError:
    return IntegrityError(
        f"{store.label} has lost {name} of {inventory.id}; run 'tenure preserve check'"
    )


def damaged(store: Store, inventory: Inventory, name: str) -> IntegrityError:
    """Return the error for a file, or a part of one, whose bytes are not those that were signed."""
    return IntegrityError(
        f"{store.label}: {name} of {inventory.id} is damaged; run 'tenure preserve check' to mend "
        "it from another copy"
    )


def whole(
    store: Store,
    inventory: Inventory,
    into: Path,
    prefix: str = "",
    told: Told | None = None,
    leave: Collection[str] = (),
) -> dict[str, str]:
    """Bring a version's files below ``prefix`` back into a folder, as they were before packing.

    Returns logical path (without the prefix) -> ``sha256:<hex>``. ``told`` hears how many of how
    many bytes are written. Files in ``leave`` (logical paths) stay where they are.

    Raises:
        IntegrityError: a file is missing, is not what the inventory names, or its base has gone.
        RoomError: the disk is full; what was written stays, to be removed by the caller.
    """
    known = _passport_sums(store, inventory)
    length = sizes(store, inventory, prefix)
    total = sum(size for name, size in length.items() if name not in leave)
    meter, made = Meter(total, told), dict[str, str]()
    for name, stored in sorted(forms.plain_names(inventory).items()):
        if not name.startswith(prefix) or name in leave:
            continue
        target = into / safe_path(name.removeprefix(prefix))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with _Metered(target, meter) as out:
                sha256, wanted = _given(store, inventory, stored, cast(BinaryIO, out))
        except OSError as error:
            raise RoomError(
                f"{name} could not be written: {error.strerror}; make room or name another folder"
            ) from error
        if (known.get(name) if wanted is None else wanted) != sha256:
            target.unlink(missing_ok=True)
            raise damaged(store, inventory, name)
        made[name.removeprefix(prefix)] = "sha256:" + sha256
    return made


def stream(store: Store, inventory: Inventory, name: str, out: BinaryIO) -> str:
    """Write one file as it was before packing into a stream; returns its sha256, in hexadecimal.

    What was written may be used only once this has returned.

    Raises:
        IntegrityError: it is missing, is not what the inventory names, or its base has gone.
    """
    stored = forms.plain_names(inventory).get(name)
    if stored is None:
        raise _lost(store, inventory, name)
    sha256, wanted = _given(store, inventory, stored, out)
    if wanted is None:
        wanted = _passport_sums(store, inventory).get(name)
    if wanted != sha256:
        raise damaged(store, inventory, name)
    return sha256


def _passport_sums(store: Store, inventory: Inventory) -> dict[str, str]:
    """Return the sha256 of the model's own files by logical path, as the passport says."""
    if forms.form_of(inventory) == forms.PLAIN:
        return {}
    files = passports.read(store, inventory).get("files") or {}
    return {ORIGINAL + name: str(said["sha256"]) for name, said in files.items()}


class Meter:
    """Counts the bytes of all files, and tells."""

    def __init__(self, total: int, told: Told | None) -> None:
        """Tell ``told`` of so many bytes."""
        self._total, self._told, self._done = total, told, 0

    def add(self, count: int) -> None:
        """Count bytes."""
        self._done += count
        if self._told is not None:
            self._told(self._done, self._total)


class _Metered(FileIO):
    """A new file whose writing is counted."""

    def __init__(self, target: Path, meter: Meter) -> None:
        super().__init__(target, "x")
        self._meter = meter

    def write(self, data: Any, /) -> int:
        view, at = memoryview(data), 0
        while at < len(view):  # a write to a full or slow disk may take a part only
            at += super().write(view[at:])
        self._meter.add(at)
        return at


def _given(
    store: Store, inventory: Inventory, stored: str, out: BinaryIO
) -> tuple[str, str | None]:
    """Write a stored file out; returns its sha256 and the one wanted, None: see the passport."""
    if not stored.startswith(PACKS):
        return _copied(store, inventory, stored, out)
    try:
        return across.unpack(store, inventory, stored, out), None
    except UsageError as error:  # the base there is another file than the one that is needed
        raise IntegrityError(f"{store.label}: {inventory.id}: {error}") from None


def _copied(store: Store, inventory: Inventory, stored: str, out: BinaryIO) -> tuple[str, str]:
    """Copy a file; returns its sha256 and the one wanted (that of the inventory, or of its sha512)."""
    path = inventory.manifest[inventory.state[stored]]
    wanted = inventory.sha256.get(path, "")
    short, long = hashlib.sha256(), None if wanted else hashlib.sha512()
    try:
        source = store.open(_key(inventory, stored))
    except KeyError:
        raise _lost(store, inventory, stored) from None
    with source, ThreadPoolExecutor(1) as beside:
        while chunk := source.read(STEP_BYTES):
            hashed = beside.submit(short.update, chunk)
            if long is not None:
                long.update(chunk)
            out.write(chunk)
            hashed.result()
    if long is not None and long.hexdigest() == inventory.state[stored]:
        wanted = short.hexdigest()
    return short.hexdigest(), wanted


def tensor(store: Store, inventory: Inventory, name: str) -> Tensor:
    """Bring one tensor back by range reads, compared with the passport.

    Raises:
        UsageError: there is no such tensor; the nearest names are listed.
        IntegrityError: its bytes are not those the passport names.
    """
    tables = {str(t["name"]): t for t in passports.read(store, inventory).get("tensors") or ()}
    if name not in tables:
        near = get_close_matches(name, tables, n=NEAR, cutoff=0.3)
        raise unknown(f"tensor of {inventory.id}", name, near or sorted(tables)[:NEAR])
    said = tables[name]
    logical = ORIGINAL + str(said["file"])
    if logical in inventory.state:
        data = _from_plain(store, inventory, logical, name)
        sha256 = hashlib.sha256(data).hexdigest()
    else:
        data, sha256 = _from_packed(store, inventory, forms.pack_of(logical), name)
    if sha256 != said.get("sha256"):
        raise damaged(store, inventory, f"the tensor {name} in {logical}")
    return Tensor(
        name=name,
        dtype=str(said["dtype"]),
        shape=tuple(said["shape"]),
        file=str(said["file"]),
        data=data,
    )


def _from_packed(
    store: Store, inventory: Inventory, stored: str, name: str
) -> tuple[memoryview, str]:
    """Return a tensor's bytes and the sha256 they were compared with."""
    pack = packs.opened(store, inventory, stored)
    base = across.base_for(store, inventory, stored) if pack.base is not None else None
    data = pack.tensor(name, base, packs.THREADS)
    return data, next(each.sha256 for each in pack.segments if each.name == name)


def _from_plain(store: Store, inventory: Inventory, logical: str, name: str) -> bytes | memoryview:
    key = _key(inventory, logical)
    try:
        if logical.endswith(".gguf"):
            return _from_gguf(packs.local(store, key), name)
        read = packs.Ranges(store, key)
    except KeyError:
        raise _lost(store, inventory, logical) from None
    try:
        (length,) = struct.unpack("<Q", read(0, 8))
        begin, end = json.loads(read(8, min(length, HEADER_BYTES)))[name]["data_offsets"]
    except (ValueError, KeyError, TypeError, struct.error, RecursionError):
        raise damaged(store, inventory, f"the header of {logical}") from None
    return read.into_memory(8 + length + begin, end - begin)


def _from_gguf(path: Path, name: str) -> bytes:
    from tenure.models.gguf_header import TYPES
    from tenure.preserve.in_vault import numpy_reference as reference

    blocks: dict[str, Any] = {kind: (values, size) for kind, values, size in TYPES.values()}
    _, start, kind, shape = reference.gguf_tables(path)[1][name]
    values, size = blocks[kind]
    with path.open("rb") as source:
        source.seek(start)
        return source.read(math.prod(shape) * size // values)
