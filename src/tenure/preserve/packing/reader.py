"""Open a pack: any range of the original, one tensor, or the whole file; nothing is trusted unchecked."""

import hashlib
import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tenure.errors import IntegrityError, UsageError
from tenure.preserve.packing import codec, flow, index
from tenure.preserve.packing.base import BaseFile
from tenure.preserve.packing.index import Segment
from tenure.preserve.packing.layout import ReadRange, Span

KEPT_CHUNKS = 8  # decoded chunks kept for reads of small ranges


class Pack:
    """A pack whose index was read and found sound (specification: in_vault/FORMAT.txt)."""

    def __init__(self, read: ReadRange, whole: dict[str, Any]) -> None:
        """Use ``open_pack`` or ``opened`` instead."""
        self._read, self._chunk = read, whole["chunk"]
        self.segments: list[Segment] = index.segments(whole)
        self.bytes: int = whole["file"]["bytes"]
        self.sha256 = str(whole["file"]["sha256"])
        self.sha512 = str(whole["file"]["sha512"])
        self.base: dict[str, Any] | None = whole["base"]
        self._places = [s.at for s in self.segments]
        self._by_place = {s.at: s for s in self.segments if s.form.codec != "seen" and s.bytes}
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """The tensors' names, in the file's order."""
        return [s.name for s in self.segments if s.name]

    def pieces(self, segment: Segment) -> Iterator[tuple[int, int]]:
        """Yield the places and lengths of a segment's chunks in the original."""
        for at in range(0, segment.bytes, self._chunk):
            yield segment.at + at, min(self._chunk, segment.bytes - at)

    def piece(self, segment: Segment, number: int, base: BaseFile | None) -> bytes:
        """Decode one chunk of a segment; ``base`` is not checked here.

        Raises:
            IntegrityError: the frame is not sound, or the base ends too early.
        """
        segment, count = self._origin(segment), self._length(segment, number)
        under = self._under(segment, number, base)
        if segment.form.codec == "same":
            return under
        frame = self._read(*segment.frames[number])
        try:
            return codec.decode(segment.form, frame, count, under)
        except ValueError as error:
            raise self._unsound(segment, number, base, error) from None

    def piece_into(
        self, segment: Segment, number: int, base: BaseFile | None, whole: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Decode one chunk of a segment into its place in the ``whole`` segment; return that part.

        Raises:
            IntegrityError: the frame is not sound, or the base ends too early.
        """
        segment, at = self._origin(segment), number * self._chunk
        part = whole[at : at + self._length(segment, number)]
        under = self._under(segment, number, base)
        if segment.form.codec == "same":
            part[:] = np.frombuffer(under, np.uint8)
            return part
        frame = self._read(*segment.frames[number])
        try:
            codec.decode_into(segment.form, frame, part, under)
        except ValueError as error:
            raise self._unsound(segment, number, base, error) from None
        return part

    def _origin(self, segment: Segment) -> Segment:
        """Return the segment that a repeated one repeats."""
        while segment.form.codec == "seen":
            segment = self._by_place[segment.of]
        return segment

    def _length(self, segment: Segment, number: int) -> int:
        return min(self._chunk, segment.bytes - number * self._chunk)

    def _under(self, segment: Segment, number: int, base: BaseFile | None) -> bytes:
        """Return the base's bytes for one chunk; all of them where they are the chunk."""
        count = self._length(segment, number)
        at = segment.of + number * self._chunk
        under = base.read(at, count) if segment.of >= 0 and base else b""
        if segment.form.codec == "same" and len(under) != count:
            raise IntegrityError(self._wrong_base(base))
        return under

    def _unsound(
        self, segment: Segment, number: int, base: BaseFile | None, error: ValueError
    ) -> IntegrityError:
        """Say which frame does not decode, or that the base is another one."""
        what = segment.name or f"the bytes from {segment.at}"
        said = f"frame {number} of '{what[:80]}': {error}"
        return IntegrityError(self._wrong_base(base, said))

    def read(self, at: int, count: int, base: BaseFile | None = None) -> bytes:
        """Return a range of the original's bytes; the few last decoded chunks are kept.

        Raises:
            IntegrityError: a frame is not sound.
            UsageError: the pack needs a base and none was given.
        """
        self.check_base(base)
        end, parts = min(at + count, self.bytes), []
        for segment in self._covering(at, end):
            for number, (place, length) in enumerate(self.pieces(segment)):
                if place < end and place + length > at:
                    chunk = self._cached(segment, number, place, base)
                    parts.append(chunk[max(0, at - place) : end - place])
        return b"".join(parts)

    def _covering(self, at: int, end: int) -> Iterator[Segment]:
        for segment in self.segments[max(0, bisect_right(self._places, at) - 1) :]:
            if segment.at >= end:
                return
            yield segment

    def _cached(self, segment: Segment, number: int, place: int, base: BaseFile | None) -> bytes:
        with self._lock:
            if place in self._kept:
                self._kept.move_to_end(place)
                return self._kept[place]
        chunk = self.piece(segment, number, base)
        with self._lock:
            self._kept[place] = chunk
            while len(self._kept) > KEPT_CHUNKS:
                self._kept.popitem(last=False)
        return chunk

    def tensor(self, name: str, base: BaseFile | None = None, threads: int = 2) -> memoryview:
        """Return one tensor's bytes, read-only, checked against its sha256.

        Every chunk is decoded where it is to lie, and hashed while others are decoded.

        Raises:
            UsageError: there is no such tensor, or the pack needs a base.
            IntegrityError: the bytes are not the ones that were packed.
        """
        self.check_base(base)
        found = next((s for s in self.segments if name and s.name == name), None)
        if found is None:
            near = get_close_matches(name, self.names, n=3, cutoff=0.3) or self.names[:3]
            raise UsageError(
                f"no tensor named '{name}' among {len(self.names)}; did you mean one of these? {', '.join(near)}"
            )
        numbers = range(-(-found.bytes // self._chunk))
        whole, digest = np.empty(found.bytes, np.uint8), hashlib.sha256()
        jobs = flow.in_order(lambda n: self.piece_into(found, n, base, whole), numbers, threads)
        for _, part in jobs:
            digest.update(part.data)
        if digest.hexdigest() != found.sha256:
            raise IntegrityError(self._wrong_base(base))
        return whole.data.toreadonly()

    def unpack_into(
        self,
        target: Path | BinaryIO,
        base: BaseFile | None = None,
        *,
        threads: int = 2,
        digests: Sequence[str] = ("sha256",),
    ) -> dict[str, str]:
        """Write the original and return its digests, computed while writing and found equal.

        A ``Path`` must not exist; it is removed again when the bytes are not the ones packed.

        Raises:
            UsageError: the pack needs a base and none, or one of another size, was given.
            IntegrityError: the bytes are not the ones that were packed; the base is another one.
        """
        self.check_base(base)
        if not isinstance(target, Path):
            return self._unpack(target, base, threads, digests)
        with target.open("xb") as writing:
            try:
                return self._unpack(writing, base, threads, digests)
            except BaseException:
                target.unlink()
                raise

    def _unpack(
        self, out: BinaryIO, base: BaseFile | None, threads: int, digests: Sequence[str]
    ) -> dict[str, str]:
        found = {name: hashlib.new(name) for name in {"sha256": 0, **dict.fromkeys(digests, 0)}}
        jobs = ((s, n) for s in self.segments for n, _ in enumerate(self.pieces(s)))
        with ThreadPoolExecutor(len(found)) as beside:  # hashed while they are written
            for _, chunk in flow.in_order(lambda j: self.piece(j[0], j[1], base), jobs, threads):
                hashed = [beside.submit(machine.update, chunk) for machine in found.values()]
                out.write(chunk)
                for each in hashed:
                    each.result()
        whole = {name: machine.hexdigest() for name, machine in found.items()}
        if any(whole.get(n, d) != d for n, d in (("sha256", self.sha256), ("sha512", self.sha512))):
            raise IntegrityError(self._wrong_base(base))
        return whole

    def check_base(self, base: BaseFile | None) -> None:
        """Refuse a base that is missing, or that cannot be the one.

        Raises:
            UsageError: none was given, or one of another size.
        """
        if self.base is None:
            return
        wanted = f"'{self.base.get('path')}' of {self.base.get('object') or 'its base model'}"
        if base is None:
            raise UsageError(
                f"this pack is a change to {wanted} (sha256 {self.base.get('sha256')}): give that file as "
                f"the base; 'tenure vault status' says where it is kept"
            )
        if base.size != self.base["bytes"]:
            raise UsageError(
                f"this pack needs {wanted} with {self.base['bytes']} bytes; the base given has {base.size}: "
                f"give the file whose sha256 is {self.base.get('sha256')}"
            )

    def _wrong_base(
        self, base: BaseFile | None, what: str = "what it decodes to does not match its check sum"
    ) -> str:
        """Say what is wrong: the base is another file, or the pack is damaged (``what``)."""
        if self.base is not None and base is not None and base.digest() != self.base.get("sha256"):
            return (
                f"the base given is another file: its sha256 is {base.digest()}, this pack needs "
                f"{self.base.get('sha256')} ('{self.base.get('path')}' of {self.base.get('object')}); give that"
            )
        return str(index.refused(what))


class PackBase:
    """A base that lies in a pack: chunks are decoded as they are asked for."""

    def __init__(
        self,
        pack: Pack,
        *,
        object: str = "",  # noqa: A002 - what the index calls it
        path: str = "",
    ) -> None:
        """Take an opened pack that needs no base itself.

        Raises:
            UsageError: it is itself a change to a base.
        """
        if pack.base is not None:
            raise UsageError(
                "a base must not itself be a change to another one: name that one, "
                f"'{pack.base.get('path')}' of {pack.base.get('object')}"
            )
        self._pack, self.object, self.path = pack, object, path
        self.size = pack.bytes
        self.spans = [Span(s.at, s.bytes, s.name, s.dtype) for s in pack.segments]
        self._digests = {s.at: s.sha256 for s in pack.segments}

    def read(self, at: int, count: int) -> bytes:
        """Return original bytes."""
        return self._pack.read(at, count)

    def digest(self) -> str:
        """Return the sha256 of the original, in hex."""
        return self._pack.sha256

    def span_digest(self, span: Span) -> str:
        """Return the sha256 of one span, in hex."""
        return self._digests[span.at]


def open_pack(read: ReadRange, size: int) -> Pack:
    """Open a pack of ``size`` bytes; ``read(offset, length)`` gives its bytes, from several threads.

    Raises:
        IntegrityError: it is not sound.
    """
    return Pack(read, index.opened(read, size))


@contextmanager
def opened(path: Path) -> Iterator[Pack]:
    """Open a pack that lies as a file.

    Raises:
        IntegrityError: it is not sound.
    """
    with path.open("rb") as file:
        handle = file.fileno()
        yield open_pack(lambda at, count: os.pread(handle, count, at), os.fstat(handle).st_size)
