"""Packs in a vault: made, opened, unpacked. The one module of the vault that calls ``packing``."""

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, cast

import numpy as np

from tenure.errors import IntegrityError, RoomError
from tenure.preserve import forms, ocfl, packing, vault
from tenure.preserve.forms import PACKS, Digests
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed.passports import BaseRef
from tenure.preserve.packing import BaseFile, Pack, PackBase, PlainBase, open_pack
from tenure.preserve.store import InFolder, Store, chunks
from tenure.preserve.sums import Sums, both

PAYS = 0.98  # a pack larger than this share of its file is not kept: the file is, as it is
THREADS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A pack in a working folder: where, its check sums, its file's, and whether it needs a base."""

    path: Path
    digests: Digests
    original: Digests
    needs_base: bool


class _Summed(RawIOBase):
    """A file that is written, with its check sums."""

    def __init__(self, out: BinaryIO, sums: Sums) -> None:
        self._out, self._sums = out, sums

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._sums.add(data)
        return self._out.write(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What packing a file told of it: its check sums, its tensors' (name -> bytes, sha256), the pack.

    There is no pack where it does not pay.
    """

    original: Digests
    tensors: Mapping[str, tuple[int, str]]
    made: Made | None


class Nowhere(RawIOBase):
    """A stream that takes bytes and keeps none."""

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: Any, /) -> int:
        """Take bytes."""
        return len(data)


class Ranges:
    """Reads ranges of a stored file, from any thread; it closes itself when nobody needs it."""

    def __init__(self, store: Store, key: str) -> None:
        """Open a file; KeyError when there is none."""
        self.size, self._lock = store.size(key), threading.Lock()
        self._handle, self._source = -1, store.open(key)
        with suppress(OSError, AttributeError):
            self._handle = os.dup(self._source.fileno())

    def __call__(self, offset: int, length: int) -> bytes:
        """Return bytes."""
        if self._handle >= 0:
            return os.pread(self._handle, length, offset)
        with self._lock:
            self._source.seek(offset)
            return self._source.read(length)

    def into_memory(self, offset: int, length: int) -> memoryview:
        """Return what there is of a long range, read where it stays: fresh memory costs most."""
        whole = np.empty(max(0, min(length, self.size - offset)), np.uint8)
        if self._handle < 0:
            return memoryview(self(offset, len(whole)))
        at = 0
        while at < len(whole) and (got := os.preadv(self._handle, [whole.data[at:]], offset + at)):
            at += got
        return whole.data[:at].toreadonly()

    def __del__(self) -> None:
        """Close."""
        if getattr(self, "_handle", -1) >= 0:
            os.close(self._handle)
        if hasattr(self, "_source"):
            self._source.close()


class _OwnBase(PlainBase):
    """A plain base that closes itself when nobody needs it."""

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self.close()


def opened(store: Store, inventory: Inventory, logical: str) -> Pack:
    """Open one pack of an object.

    Raises:
        IntegrityError: it is missing, or not a sound pack.
    """
    path = inventory.manifest[inventory.state[logical]]
    try:
        read = Ranges(store, f"{ocfl.object_path(inventory.id)}/{path}")
    except KeyError:
        raise IntegrityError(
            f"{store.label} has lost {logical} of {inventory.id}; run 'tenure preserve check'"
        ) from None
    return open_pack(read, read.size)


def original(pack: Pack) -> Digests:
    """Return what a pack says of the file it stands for."""
    return Digests(sha512=pack.sha512, sha256=pack.sha256, bytes=pack.bytes)


def originals(stores: Sequence[Store], inventory: Inventory) -> dict[str, Digests]:
    """Map each pack of an object (its sha512) to what it stands for, read in any of its copies.

    Packs that no copy can open are left out.
    """
    found: dict[str, Digests] = {}
    for version in inventory.versions:
        for logical, digest in version.state.items():
            if not logical.startswith(PACKS) or digest in found:
                continue
            for store in stores:
                try:
                    pack = opened(store, inventory, logical)
                except (IntegrityError, OSError):  # damaged, or away
                    continue
                found[digest] = original(pack)
                break
    return found


def base_file(store: Store, base: BaseRef) -> BaseFile:
    """Open a base in a vault, plain or packed, for reading ranges of its original bytes.

    Raises:
        IntegrityError: the base is not there, or needs a base itself.
    """
    inventory, packed = vault.peek(store, base.object), forms.pack_of(base.path)
    said = {"object": base.object, "path": base.path}
    if inventory is not None and base.path in inventory.state:
        key = f"{ocfl.object_path(inventory.id)}/{inventory.manifest[inventory.state[base.path]]}"
        try:
            return _OwnBase(local(store, key), **said, sha256=base.sha256)
        except (KeyError, FileNotFoundError):
            inventory = None
    if inventory is not None and packed in inventory.state:
        pack = opened(store, inventory, packed)
        if pack.base is None:
            return PackBase(pack, **said)
    raise IntegrityError(
        f"{store.label}: the base {base.path} of {base.object} has gone, and what was packed against "
        "it cannot be unpacked here; run 'tenure preserve check' for that model, or take another copy"
    )


def local(store: Store, key: str) -> Path:
    """Return a stored file as a file of this machine; one that lies elsewhere is brought here first.

    The file brought here has no name any more once it is open, and goes with the process.

    Raises:
        KeyError: there is no such file.
    """
    if isinstance(store, InFolder):
        store.size(key)
        return store.folder / key
    held = NamedTemporaryFile(prefix="tenure-base-")  # noqa: SIM115 - it lives as long as the process
    HELD.append(held)
    with store.open(key) as stream:
        for chunk in chunks(stream):
            held.write(chunk)
    held.flush()
    return Path(held.name)


HELD: list[Any] = []


def make(source: Path, target: Path, base: BaseFile | None = None) -> Tried:
    """Pack a file, unpack what was written and compare; where it does not pay, nothing is left.

    Raises:
        IntegrityError: what was unpacked is not the file.
        RoomError: too little disk in the working folder.
    """
    with both() as sums:
        try:
            with target.open("wb") as out:
                summed = cast(BinaryIO, _Summed(out, sums))
                done = packing.pack_file(source, summed, base=base, threads=THREADS)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise RoomError(
                f"{source.name} could not be packed: {error.strerror}; make room and run this again"
            ) from error
        digests = sums.digests
    whole = Digests(sha512=done.sha512, sha256=done.sha256, bytes=done.bytes)
    tensors = {
        str(each["name"]): (int(each["bytes"]), str(each["sha256"]))
        for each in done.index["segments"]
        if each["name"]
    }
    if done.stored > PAYS * done.bytes:
        target.unlink()
        return Tried(original=whole, tensors=tensors, made=None)
    with packing.opened(target) as pack:
        came = pack.unpack_into(
            cast(BinaryIO, Nowhere()), base if pack.base else None, threads=THREADS
        )
        needs_base = pack.base is not None
    if came["sha256"] != done.sha256:
        raise IntegrityError(
            f"{source.name}: what was packed does not unpack to the same bytes; nothing was kept"
        )
    made = Made(path=target, digests=digests, original=whole, needs_base=needs_base)
    return Tried(original=whole, tensors=tensors, made=made)


def bases_of(passport_bases: Mapping[str, BaseRef], store: Store, name: str) -> BaseFile | None:
    """Open the base of one file of a model; None when it has none."""
    base = passport_bases.get(name)
    return None if base is None else base_file(store, base)
