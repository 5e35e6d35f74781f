"""Bytes of one copy, computed again from the parity in the same copy; see ``encoding``."""

import hashlib
from contextlib import suppress
from io import BufferedReader, BytesIO, RawIOBase
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import numpy as np

from tenure.errors import IntegrityError
from tenure.preserve import ocfl
from tenure.preserve.ocfl import Inventory
from tenure.preserve.parity import encoding
from tenure.preserve.parity.encoding import HEAD, Member, Read, Shape, Stream, Table, factor
from tenure.preserve.parity.galois import add, inverse
from tenure.preserve.store import CHUNK_BYTES, Store


class _Group:
    """Reads blocks, and computes the bad ones of a group again."""

    def __init__(self, table: Table, read: Read, path: str) -> None:
        self.table, self._read, self._path = table, read, path
        self._stream = Stream(table.members, read)
        self._begin = HEAD.size + len(table.to_bytes())
        self._last: tuple[int, dict[int, bytes]] = (-1, {})

    def block(self, index: int) -> bytes:
        """Return block ``index`` of the stream; from ``count`` on, of the parity."""
        found = self._sound(index)
        if found is not None:
            return found
        group = (
            index if index < self.table.count else index - self.table.count
        ) % self.table.groups
        if self._last[0] != group:
            self._last = (group, self._rebuilt(group))
        return self._last[1][index]

    def _sound(self, index: int) -> bytes | None:
        table = self.table
        if index < table.count:
            found = self._stream.at(index * table.block, table.block)
        else:
            place = self._begin + (index - table.count) * table.block
            found = self._read(self._path, place, table.block)
        return found if hashlib.sha256(found).digest() == self._wanted(index) else None

    def _wanted(self, index: int) -> bytes:
        table = self.table
        digests = table.data if index < table.count else table.parity
        at = 32 * (index if index < table.count else index - table.count)
        return digests[at : at + 32]

    def _rebuilt(self, group: int) -> dict[int, bytes]:
        table, shape = self.table, self.table.shape
        inside = [j * table.groups + group for j in range(shape.k)]
        inside = [index for index in inside if index < table.count]
        blocks = {index: self._sound(index) for index in inside}
        rows = [table.count + r * table.groups + group for r in range(shape.m)]
        checks = {index: self._sound(index) for index in rows}
        bad = [j for j, index in enumerate(inside) if blocks[index] is None]
        good = [r for r, index in enumerate(rows) if checks[index] is not None]
        if len(bad) > len(good):
            lost = len(bad) + len(rows) - len(good)
            raise IntegrityError(
                f"{self._path}: {lost} blocks of one group are bad and parity gives back "
                f"{shape.m}; mend it from another copy"
            )
        left = list[np.ndarray]()  # what the bad members must add up to, in each good row used
        for row in good[: len(bad)]:
            total = np.frombuffer(checks[rows[row]] or b"", np.uint8).copy()
            for j, index in enumerate(inside):
                if (found := blocks[index]) is not None:
                    add(total, found, factor(shape, row, j))
            left.append(total)
        matrix = [[factor(shape, row, j) for j in bad] for row in good[: len(bad)]]
        for place, weights in enumerate(inverse(matrix)):
            total = np.zeros(table.block, np.uint8)
            for weight, part in zip(weights, left, strict=True):
                add(total, part.tobytes(), weight)
            blocks[inside[bad[place]]] = self._checked(inside[bad[place]], total)
        for row in (r for r in range(shape.m) if r not in good):
            total = np.zeros(table.block, np.uint8)
            for j, index in enumerate(inside):
                add(total, blocks[index] or b"", factor(shape, row, j))
            checks[rows[row]] = self._checked(rows[row], total)
        return {index: found for index, found in {**blocks, **checks}.items() if found is not None}

    def _checked(self, index: int, block: np.ndarray) -> bytes:
        made = block.tobytes()
        if hashlib.sha256(made).digest() != self._wanted(index):
            raise IntegrityError(f"{self._path}: a block was computed again and is not right")
        return made


class _Recovered(RawIOBase):
    """A run of blocks as a file: sound ones as they lie there, bad ones computed again."""

    def __init__(self, group: _Group, start: int, size: int) -> None:
        self._group, self._next, self._end = group, start, start + size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._end - self._next)
        if size <= 0:
            return 0
        index, inside = divmod(self._next, self._group.table.block)
        part = self._group.block(index)[inside : inside + size]
        buffer[: len(part)] = part
        self._next += len(part)
        return len(part)


class Reader:
    """Range reads of an object's files in a store; the last one stays open, a lost one is empty."""

    def __init__(self, store: Store, object_id: str) -> None:
        self._store, self._at = store, ocfl.object_path(object_id)
        self._name, self._open, self._place = "", cast("BinaryIO | None", None), 0

    def __call__(self, path: str, offset: int, length: int) -> bytes:
        """Read a part of one file; see ``encoding.Read``."""
        try:
            if self._name != path or self._place > offset:
                self._turn_to(path)
            stream = self._open
            if stream is None:
                return b""
            if stream.seekable():
                stream.seek(offset)
            else:
                _skip(stream, offset - self._place)
            found = stream.read(length)
        except (OSError, IntegrityError):
            self._name = ""
            return b""
        self._place = offset + len(found)
        return found

    def _turn_to(self, path: str) -> None:
        self.close()
        self._name, self._place = path, 0
        with suppress(KeyError):
            self._open = self._store.open(f"{self._at}/{path}")

    def close(self) -> None:
        """Let go of the file that is open."""
        if self._open is not None:
            self._open.close()
        self._name, self._open = "", None


def _skip(stream: BinaryIO, length: int) -> None:
    while length > 0 and (part := stream.read(min(length, CHUNK_BYTES))):
        length -= len(part)


class _Joined(RawIOBase):
    """Several streams, one behind the other; closing it lets go of what they read from."""

    def __init__(self, read: Reader, *parts: BinaryIO) -> None:
        self._read, self._parts = read, list(parts)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._parts:
            part = self._parts[0].read(len(buffer))
            if part:
                buffer[: len(part)] = part
                return len(part)
            self._parts.pop(0)
        return 0

    def close(self) -> None:
        self._read.close()
        super().close()


def _buffered(raw: RawIOBase) -> BinaryIO:
    return cast(BinaryIO, BufferedReader(raw, encoding.LARGEST))


def recover(store: Store, inventory: Inventory, path: str) -> BinaryIO | None:
    """Give the bytes of a damaged or lost content file again, from the parity of its version.

    ``path`` is a content path (``v1/content/...``), the parity file itself among them. None: that
    version has no parity. The bytes are not yet compared with the inventory: ``Store.mend`` does.
    Close the stream (``with``).

    Raises:
        IntegrityError: (now, or while it is read) more is lost than parity can give back.
    """
    version = path.split("/", 1)[0]
    own = f"{version}/content/{encoding.path_of(version)}"
    if own not in inventory.manifest.values():
        return None
    read = Reader(store, inventory.id)
    try:
        size = store.size(f"{ocfl.object_path(inventory.id)}/{own}")
        table = encoding.load(read, own, size)
        _refuse_foreign(table, inventory, version)
    except (KeyError, IntegrityError):
        read.close()
        if path == own:
            return _made_again(store, inventory, version)
        raise IntegrityError(
            f"{path} in {store.label}: its parity is lost; mend it from another copy"
        ) from None
    group = _Group(table, read, own)
    if path == own:
        blocks = _Recovered(group, table.count * table.block, len(table.parity) // 32 * table.block)
        head, tail = encoding.ends(table)
        return _buffered(_Joined(read, BytesIO(head), _buffered(blocks), BytesIO(tail)))
    start = 0
    for member in table.members:
        if member.path == path:
            run = _Recovered(group, start, member.bytes)
            return _buffered(_Joined(read, _buffered(run)))
        start += member.bytes
    read.close()
    return None


def _refuse_foreign(table: Table, inventory: Inventory, version: str) -> None:
    """Refuse the parity of something else, sound as it may be, in the place of this version's."""
    covered = {(member.path, member.sha512) for member in table.members}
    if covered != {(path, sha512) for sha512, path in _covered(inventory, version)}:
        raise IntegrityError(f"the parity of {version} covers other files")


def _covered(inventory: Inventory, version: str) -> list[tuple[str, str]]:
    """List what the parity of a version covers: (sha512, content path)."""
    inside = f"{version}/content/"
    return [
        (sha512, path)
        for sha512, path in inventory.manifest.items()
        if path.startswith(inside) and not path.startswith(f"{inside}{encoding.FOLDER}")
    ]


def _made_again(store: Store, inventory: Inventory, version: str) -> BinaryIO:
    """Make a lost parity file again from the files it covers, which must be sound."""
    at, members = ocfl.object_path(inventory.id), list[Member]()
    for sha512, path in _covered(inventory, version):
        try:
            size = store.size(f"{at}/{path}")
        except KeyError:
            raise IntegrityError(
                f"{path} in {store.label} and its parity are lost; mend them from another copy"
            ) from None
        members.append(Member(path=path, bytes=size, sha512=sha512))
    read = Reader(store, inventory.id)
    out = cast(BinaryIO, TemporaryFile())  # noqa: SIM115 - the caller reads it and lets it go
    encoding.encode(tuple(sorted(members, key=lambda m: m.path)), read, out, Shape())
    read.close()
    out.seek(0)
    return out
