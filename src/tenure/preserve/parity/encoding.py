"""Parity inside a copy: a file from which damaged bytes are computed again, without another copy.

Systematic Cauchy Reed-Solomon over GF(2^8) with the polynomial 0x11d (I. S. Reed, G. Solomon 1960;
J. Bloemer et al. 1995). The format, ``tenure/parity/1``, is specified in ``in_vault/FORMAT.txt``;
``read_vault.py mend`` decodes it with the standard library alone.

The content files that are new in a version form one stream, in the order of their paths, cut into
``block`` bytes. Block ``i`` is member ``i // groups`` of group ``i % groups``, so that a run of
damage spreads over all groups. Parity block ``r`` of a group is the sum over its ``k`` members j of
``c(r, j) * member j`` with ``c(r, j) = (k ^ j) / ((k + r) ^ j)``: for r = 0 a plain exclusive or.
Up to ``m`` bad blocks a group, data or parity, are computed again. The sha256 of every block, kept
twice, says which are bad; the sha512 of the inventory decides over every file that comes out.

How a keeper calls it:

1. before a commit, ``make({logical path: source}, scratch file, version="v2")`` with what is new
   in that version (content of an older version is not among it), in the order of the addition; the
   scratch file is added to the addition under ``path_of("v2")``;
2. in a repair, ``recovery.recover(store, inventory, content path)`` gives a stream of the right
   bytes or None; hand it to ``store.mend(key, stream, sha512)``, which compares the sha512 before
   anything is replaced. An IntegrityError while it is read says: more is lost than parity can give
   back, try another copy.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tenure.errors import IntegrityError, UsageError
from tenure.preserve.parity.galois import add, over
from tenure.preserve.store import chunks, safe_path

FORMAT = "tenure/parity/1"
FOLDER = "parity/"
MAGIC = b"TENUREPA"
HEAD = struct.Struct("<8sIIQ32s")  # magic, version, zero, length of the table, its sha256
TAIL = struct.Struct("<Q32s8s")
SMALLEST, LARGEST = 1 << 12, 1 << 20
BLOCKS = 1024  # a stream is cut into at least so many where blocks of 4 KiB allow it
BATCH_BYTES = 1 << 20  # of each member, while encoding: k times as much in memory
LARGEST_TABLE = 1 << 28

# (content path, offset, length) -> the bytes there are: fewer, or none, where something is lost.
Read = Callable[[str, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Shape:
    """How much parity: ``m`` blocks for every ``k`` of data."""

    k: int = 20
    m: int = 2

    def __post_init__(self) -> None:
        if not (self.k >= 1 and self.m >= 1 and self.k + self.m <= 256):
            raise UsageError(
                f"parity of {self.k}+{self.m} blocks cannot be made; expected at least 1+1 and "
                "together at most 256, such as 20+2"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of the stream: its content path, size in bytes and sha512."""

    path: str
    bytes: int
    sha512: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a parity file says of itself: the files, the shape, and the sha256 of every block.

    ``data`` and ``parity`` hold 32 bytes a block, in the order of the stream and of the file.
    """

    shape: Shape
    block: int
    members: tuple[Member, ...]
    data: bytes
    parity: bytes

    @cached_property
    def count(self) -> int:
        """Return how many blocks of data there are."""
        return -(-sum(m.bytes for m in self.members) // self.block)

    @cached_property
    def groups(self) -> int:
        """Return how many groups the blocks form."""
        return -(-self.count // self.shape.k)

    def to_bytes(self) -> bytes:
        """Write it as JSON; its length follows from the files and the shape alone."""
        whole = {
            "format": FORMAT,
            "k": self.shape.k,
            "m": self.shape.m,
            "block": self.block,
            "files": [[m.path, m.bytes, m.sha512] for m in self.members],
            "data": self.data.hex(),
            "parity": self.parity.hex(),
        }
        return json.dumps(whole, ensure_ascii=True, separators=(",", ":")).encode()


def factor(shape: Shape, row: int, member: int) -> int:
    """Return c(r, j)."""
    return over(shape.k ^ member, (shape.k + row) ^ member)


def path_of(version: str) -> str:
    """Return the logical path of a version's parity."""
    return f"{FOLDER}{version}.parity"


def block_for(size: int) -> int:
    """Choose the block: a power of two from 4 KiB to 1 MiB."""
    block = SMALLEST
    while block < LARGEST and block * BLOCKS < size:
        block *= 2
    return block


class Stream:
    """The files of a table as one stream, zeros behind its end; what cannot be read is zeros too."""

    def __init__(self, members: tuple[Member, ...], read: Read) -> None:
        self._read, self._spans, at = read, list[tuple[int, Member]](), 0
        for member in members:
            self._spans.append((at, member))
            at += member.bytes

    def at(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes."""
        parts, end = list[bytes](), offset + length
        where = self._find(offset)
        while offset < end:
            if where == len(self._spans):
                parts.append(bytes(end - offset))
                break
            start, member = self._spans[where]
            size = min(end, start + member.bytes) - offset
            part = self._read(member.path, offset - start, size) if size > 0 else b""
            parts.append(part.ljust(max(size, 0), b"\0"))
            offset, where = offset + max(size, 0), where + 1
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _find(self, offset: int) -> int:
        low, high = 0, len(self._spans)
        while low < high:
            middle = (low + high) // 2
            start, member = self._spans[middle]
            low, high = (middle + 1, high) if start + member.bytes <= offset else (low, middle)
        return low


class _Files:
    """Range reads of files and bytes on this machine; the last file stays open."""

    def __init__(self, files: Mapping[str, Path | bytes]) -> None:
        self._files, self._open, self._name = files, None, ""

    def __call__(self, name: str, offset: int, length: int) -> bytes:
        source = self._files[name]
        if isinstance(source, bytes):
            return source[offset : offset + length]
        if self._open is None or self._name != name:
            self.close()
            self._open, self._name = source.open("rb"), name
        self._open.seek(offset)
        return self._open.read(length)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()


def _digest(source: Path | bytes) -> tuple[str, int]:
    found, size = hashlib.sha512(), 0
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        for chunk in chunks(stream):
            found.update(chunk)
            size += len(chunk)
    return found.hexdigest(), size


def make(
    files: Mapping[str, Path | bytes],
    target: Path,
    *,
    version: str,
    shape: Shape | None = None,
    known: Mapping[str, tuple[str, int]] | None = None,
) -> Table:
    """Write the parity of a version's new files, given by logical path; content twice counts once.

    The same files give the same bytes. Memory stays below 64 MiB whatever the size; every file is
    read twice, but for those whose sha512 and length are ``known``.

    Raises:
        UsageError: a path that is refused.
        IntegrityError: a file changed while it was read.
    """
    seen, sources = dict[str, Member](), dict[str, Path | bytes]()
    for name, source in files.items():
        sha512, size = (known or {}).get(name) or _digest(source)
        if sha512 not in seen:
            path = f"{version}/content/{safe_path(name)}"
            seen[sha512], sources[path] = Member(path=path, bytes=size, sha512=sha512), source
    members = tuple(sorted(seen.values(), key=lambda m: m.path))
    read = _Files(sources)
    try:
        with target.open("wb") as out:
            return encode(members, read, out, shape or Shape())
    finally:
        read.close()


def encode(members: tuple[Member, ...], read: Read, out: BinaryIO, shape: Shape) -> Table:
    """Write the parity of files that are read by range; ``members`` are in the order of their paths."""
    block = block_for(sum(m.bytes for m in members))
    empty = Table(shape=shape, block=block, members=members, data=b"", parity=b"")
    count, groups = empty.count, empty.groups
    data, parity = bytearray(32 * count), bytearray(32 * groups * shape.m)
    table = Table(shape=shape, block=block, members=members, data=bytes(data), parity=bytes(parity))
    begin = HEAD.size + len(table.to_bytes())
    stream, step = Stream(members, read), max(1, BATCH_BYTES // block)
    with ThreadPoolExecutor(1) as beside:  # hashed while they are added up
        for first in range(0, groups, step):
            width = min(step, groups - first)
            totals = [np.zeros(width * block, np.uint8) for _ in range(shape.m)]
            for member in range(shape.k):
                index = member * groups + first
                if index >= count:
                    break
                run = stream.at(index * block, width * block)
                noted = beside.submit(_note, data, index, run, block)
                for row, total in enumerate(totals):
                    add(total, run, factor(shape, row, member))
                noted.result()
            for row, total in enumerate(totals):
                run, index = total.tobytes(), row * groups + first
                _note(parity, index, run, block)
                out.seek(begin + index * block)
                out.write(run)
    table = Table(shape=shape, block=block, members=members, data=bytes(data), parity=bytes(parity))
    head, tail = ends(table)
    out.seek(0)
    out.write(head)
    out.seek(begin + shape.m * groups * block)
    out.write(tail)
    return table


def _note(digests: bytearray, index: int, run: bytes, block: int) -> None:
    for at in range(0, len(run), block):
        place = 32 * (index + at // block)
        if place < len(digests):
            digests[place : place + 32] = hashlib.sha256(run[at : at + block]).digest()


def ends(table: Table) -> tuple[bytes, bytes]:
    """Return the bytes that stand before and behind the parity blocks."""
    said = table.to_bytes()
    check = hashlib.sha256(said).digest()
    return HEAD.pack(MAGIC, 1, 0, len(said), check) + said, said + TAIL.pack(
        len(said), check, MAGIC
    )


def load(read: Read, path: str, size: int) -> Table:
    """Read the table of a parity file, from its beginning or, when that is damaged, from its end.

    Raises:
        IntegrityError: neither is whole, or what it says does not hold together.
    """
    with suppress(struct.error):
        magic, number, _, length, check = HEAD.unpack(read(path, 0, HEAD.size))
        if magic == MAGIC and number == 1 and length <= min(size, LARGEST_TABLE):
            said = read(path, HEAD.size, length)
            if hashlib.sha256(said).digest() == check:
                return _parse(said, path)
    with suppress(struct.error):
        length, check, magic = TAIL.unpack(read(path, max(0, size - TAIL.size), TAIL.size))
        if magic == MAGIC and length <= min(size, LARGEST_TABLE):
            said = read(path, size - TAIL.size - length, length)
            if hashlib.sha256(said).digest() == check:
                return _parse(said, path)
    raise IntegrityError(f"{path}: neither of its two tables is whole; it can be made again")


def _parse(said: bytes, path: str) -> Table:
    try:
        whole: dict[str, Any] = json.loads(said)
        fine = whole["format"] == FORMAT and isinstance(whole["block"], int)
        shape = Shape(k=int(whole["k"]), m=int(whole["m"]))
        members = tuple(
            Member(path=safe_path(name), bytes=int(size), sha512=str(sha512))
            for name, size, sha512 in whole["files"]
        )
        table = Table(
            shape=shape,
            block=whole["block"],
            members=members,
            data=bytes.fromhex(whole["data"]),
            parity=bytes.fromhex(whole["parity"]),
        )
        fine = fine and 1 <= table.block <= LARGEST and all(m.bytes >= 0 for m in members)
        fine = fine and len(table.data) == 32 * table.count
        fine = fine and len(table.parity) == 32 * table.groups * shape.m
    except (ValueError, KeyError, TypeError, AttributeError, UsageError, OverflowError) as error:
        raise IntegrityError(f"{path} is not a sound parity file: {error}") from None
    if not fine:
        raise IntegrityError(f"{path} is not a sound parity file: its numbers disagree")
    return table
