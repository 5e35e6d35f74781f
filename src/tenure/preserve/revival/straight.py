"""Out of a vault into memory: weights are decoded where an engine reads them, and no file is written.

A file of weights passes once, whatever form it is kept in. Its bytes go where they will lie, each
tensor is compared with the passport as soon as it is whole, and the file with its own check sum at
the end. Nothing is handed on before all of them are right. It takes one copy of the weights, and
the few chunks that are under way.
"""

import hashlib
import struct
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Any, BinaryIO, cast

from tenure.dossier import Model
from tenure.dossier.canonical import manifest_digest
from tenure.errors import IntegrityError, ModelError, RoomError, UsageError
from tenure.models import gguf_header, in_memory, weights
from tenure.models.in_memory import Array, Held
from tenure.preserve import forms, restore
from tenure.preserve.forms import ORIGINAL
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed import passports
from tenure.preserve.store import Store

SPARE_BYTES = 256 << 20  # chunks under way, and the engine beside its weights
GGUF = ".gguf"
Tables = Mapping[str, Mapping[str, Any]]
_Said = tuple[
    tuple[str, tuple[int, ...]], int, int
]  # number format and shape, where, how many bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came: the model (``source`` is the folder of its small files), its weights, their bytes."""

    model: Model
    held: Held
    bytes: int


def into_memory(
    store: Store, inventory: Inventory, into: Path, told: restore.Told | None = None
) -> Came:
    """Bring an object back: its weights into memory, every other file below ``into``.

    Raises:
        IntegrityError: bytes that are not as the inventory or the passport say, a header that lies,
            a base that has gone, or an object without weights.
        ModelError: weights that no engine opens.
        RoomError: too little memory or disk.
    """
    passport = passports.read(store, inventory)
    large = sorted(n for n in passport.get("files") or {} if n.endswith(forms.WEIGHTS))
    if not large:
        raise IntegrityError(
            f"{inventory.id} has no weights here: its record was kept, the weights are with its provider"
        )
    sizes = _sizes(store, inventory, passport, large)
    _need_memory(sum(sizes.values()))
    away = {ORIGINAL + name for name in large}
    small = restore.whole(store, inventory, into, leave=away)
    files = {n.removeprefix(ORIGINAL): d for n, d in small.items() if n.startswith(ORIGINAL)}
    (into / ORIGINAL).mkdir(exist_ok=True)
    source = _Source(store, inventory, passport, restore.Meter(sum(sizes.values()), told))
    poured = {name: source.poured(name, sizes[name]) for name in large}
    files |= {name: "sha256:" + sha256 for name, (_, sha256) in poured.items()}
    chosen = in_memory.shards(into / ORIGINAL, large)
    held = source.held(into, {name: poured[name][0] for name in chosen})
    model = _named(inventory, passport, files, into)
    return Came(model=model, held=held, bytes=sum(sizes.values()))


def _named(
    inventory: Inventory, passport: Mapping[str, Any], files: Mapping[str, str], into: Path
) -> Model:
    """Make the model that the passport names.

    Raises:
        IntegrityError: the files are not its, or it names none.
    """
    try:
        model = Model(
            name=passport["name"],
            version=passport["version"],
            source=str(into / ORIGINAL),
            files=files,
            card=passport["card"],
        )
        same = manifest_digest(files) == passport["digest"]
    except (KeyError, TypeError, ValueError, UsageError):
        same, model = False, None
    if model is None or not same:
        raise IntegrityError(
            f"{inventory.id}: what came back is not the model that its passport names"
        )
    return model


def _sizes(
    store: Store, inventory: Inventory, passport: Mapping[str, Any], names: list[str]
) -> dict[str, int]:
    """Return the size of each file of weights, where the passport and what is stored agree."""
    stored = restore.sizes(store, inventory, ORIGINAL)
    for name in names:
        if stored.get(ORIGINAL + name) != passport["files"][name]["bytes"]:
            raise restore.damaged(store, inventory, f"the size of {name}")
    return {name: stored[ORIGINAL + name] for name in names}


def _need_memory(size: int) -> None:
    try:
        said = Path("/proc/meminfo").read_text(encoding="ascii")
        free = int(said.partition("MemAvailable:")[2].split()[0]) << 10
    except (OSError, ValueError, IndexError):
        return  # another system: it says no by itself
    if free < size + SPARE_BYTES:
        raise RoomError(
            f"the weights take {size + SPARE_BYTES >> 20} MiB of memory and {free >> 20} MiB are free; "
            "nothing was started; free some, or bring the files back with --to FOLDER"
        )


class _Source:
    """One object of a vault, whose files of weights are poured into memory."""

    def __init__(
        self, store: Store, inventory: Inventory, passport: Mapping[str, Any], meter: restore.Meter
    ) -> None:
        self._store, self._inventory, self._meter = store, inventory, meter
        self._listed = list(passport.get("tensors") or ())

    def poured(self, name: str, size: int) -> tuple["_Filling", str]:
        """Bring one file into memory; returns it and its sha256."""
        tables = {str(t["name"]): t for t in self._listed if t["file"] == name}
        filling = _Filling(self, name, size, tables)
        sha256 = restore.stream(
            self._store, self._inventory, ORIGINAL + name, cast(BinaryIO, filling)
        )
        filling.finish()
        return filling, sha256

    def damaged(self, what: str) -> IntegrityError:
        """Return the error for a part that is not the one kept."""
        return restore.damaged(self._store, self._inventory, what)

    def came(self, count: int) -> None:
        """Count bytes."""
        self._meter.add(count)

    def held(self, into: Path, chosen: Mapping[str, "_Filling"]) -> Held:
        """Give the tensors of the chosen files; those of a GGUF file are dequantised."""
        folder, arrays = into / ORIGINAL, dict[str, Array]()
        for name, filling in chosen.items():
            found = filling.arrays
            if filling.header is not None:
                folder = into / "small"
                found = in_memory.of_gguf(filling.memory, filling.header, folder)
            if arrays.keys() & found.keys():
                raise ModelError(f"{name} holds a tensor that another file of the model holds too")
            arrays |= found
        form = weights.form_of((array.dtype, array.bytes) for array in arrays.values())
        return Held(folder=folder, form=form, arrays=arrays)


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a tensor lies in its file, and the sha256 that its bytes must have ("": none is known)."""

    name: str
    begin: int
    end: int
    sha256: str


class _Filling:
    """A file of weights as it arrives: a stream to write to, and the memory that it fills."""

    def __init__(self, source: _Source, name: str, size: int, tables: Tables) -> None:
        self._source, self._name, self._tables = source, name, tables
        self._at = self._hashed = 0
        self._todo: deque[_Span] = deque()
        self._digest = hashlib.sha256()
        # Bytes that must be there before the header can be read: GGUF does not say how long its is.
        self._needs = {".safetensors": 8, GGUF: size}.get(Path(name).suffix, 0)
        self.memory = mmap(-1, size)
        self.arrays: dict[str, Array] = {}
        self.header: gguf_header.Header | None = None

    def write(self, data: bytes) -> int:
        """Take the next bytes.

        Raises:
            IntegrityError: too many, a header that lies, or a tensor that is not the one kept.
        """
        end = self._at + len(data)
        if end > len(self.memory):
            raise self._source.damaged(self._name)
        self.memory[self._at : end] = data
        self._at = end
        if self._needs and self._at >= self._needs:
            self._look()
        self._compare()
        self._source.came(len(data))
        return len(data)

    def finish(self) -> None:
        """Refuse a file of which something is missing."""
        if self._needs or self._todo or self._at != len(self.memory):
            raise self._source.damaged(self._name)

    def _look(self) -> None:
        """Read the header once it is there."""
        if self._needs == 8:
            (length,) = struct.unpack("<Q", self.memory[:8])
            if self._at - 8 < length <= len(self.memory) - 8:
                self._needs += length
                return
        self._needs = 0
        try:
            said = self._gguf() if self._name.endswith(GGUF) else self._safetensors()
        except ModelError as error:
            raise self._source.damaged(f"the header of {self._name} ({error})") from None
        expected = {n: (t["dtype"], tuple(t["shape"])) for n, t in self._tables.items()}
        if self._tables and {n: kind for n, (kind, _, _) in said.items()} != expected:
            raise self._source.damaged(f"the header of {self._name}")
        spans = (
            _Span(n, at, at + count, str(self._tables.get(n, {}).get("sha256", "")))
            for n, (_, at, count) in said.items()
        )
        self._todo.extend(sorted(spans, key=lambda span: (span.begin, span.end)))

    def _safetensors(self) -> dict[str, _Said]:
        self.arrays = in_memory.of_safetensors(self.memory, self._name)
        return {n: ((a.dtype, a.shape), a.at, a.bytes) for n, a in self.arrays.items()}

    def _gguf(self) -> dict[str, _Said]:
        header = gguf_header.read_from(cast(BinaryIO, self.memory), len(self.memory), self._name)
        self.header = header
        return {
            n: ((t.type, t.shape[::-1]), header.start + t.offset, t.size)
            for n, t in header.tensors.items()
        }

    def _compare(self) -> None:
        """Hash what has come of the tensors, and compare each that is whole."""
        with memoryview(self.memory) as memory:
            while self._todo and self._at > self._todo[0].begin:
                span = self._todo[0]
                upto = min(span.end, self._at)
                with memory[max(self._hashed, span.begin) : upto] as part:
                    self._digest.update(part)
                self._hashed = upto
                if upto < span.end:
                    return
                if span.sha256 not in ("", self._digest.hexdigest()):
                    raise self._source.damaged(f"the tensor {span.name} in {self._name}")
                self._todo.popleft()
                self._digest = hashlib.sha256()
