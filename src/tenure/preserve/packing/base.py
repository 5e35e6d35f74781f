"""The file a delta is taken against: its original bytes by range, whatever form they are kept in.

A base is never itself a delta: stars of depth 1, so that one more file is all that a model needs.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from tenure.preserve.packing import codec, layout
from tenure.preserve.packing.codec import Form
from tenure.preserve.packing.layout import Span

READ_BYTES = 4 << 20
BLOCKS, BLOCK = 8, 8192  # a tensor is judged by so many blocks of so many elements
TENSORS = 48  # and a file by so many of its tensors
WORTH = 0.95  # a base is used when it makes the sampled bytes at least this much smaller


class BaseFile(Protocol):
    """Ranges of a base's original bytes. ``object`` and ``path`` say in the pack where it is kept."""

    object: str
    path: str

    @property
    def size(self) -> int:
        """Bytes of the whole original."""
        ...

    @property
    def spans(self) -> Sequence[Span]:
        """Its tensors, and what lies between them."""
        ...

    def read(self, at: int, count: int) -> bytes:
        """Return original bytes; threads may call it side by side."""
        ...

    def digest(self) -> str:
        """Return the sha256 of the whole original, in hex; it may take a while the first time."""
        ...

    def span_digest(self, span: Span) -> str:
        """Return the sha256 of one span, in hex."""
        ...


class PlainBase:
    """A base that lies as a plain file."""

    def __init__(
        self,
        source: Path,
        *,
        object: str = "",  # noqa: A002 - what the index calls it
        path: str = "",
        sha256: str = "",
    ) -> None:
        """Open ``source``; ``sha256`` spares reading it where the digest is known."""
        self.object, self.path, self._sha256 = object, path or source.name, sha256
        self._file = source.open("rb")
        self._source, self.size = source, os.fstat(self._file.fileno()).st_size
        self._spans: list[Span] | None = None
        self._digests: dict[int, str] = {}

    @property
    def spans(self) -> Sequence[Span]:
        """Its tensors, and what lies between them."""
        if self._spans is None:
            self._spans = layout.spans(self._source)
        return self._spans

    def read(self, at: int, count: int) -> bytes:
        """Return bytes of the file."""
        return os.pread(self._file.fileno(), count, at)

    def digest(self) -> str:
        """Return the sha256 of the file, in hex."""
        self._sha256 = self._sha256 or _hashed(self, 0, self.size)
        return self._sha256

    def span_digest(self, span: Span) -> str:
        """Return the sha256 of one span, in hex."""
        if span.at not in self._digests:
            self._digests[span.at] = _hashed(self, span.at, span.bytes)
        return self._digests[span.at]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "PlainBase":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _hashed(base: BaseFile, at: int, count: int) -> str:
    found = hashlib.sha256()
    for place in range(at, at + count, READ_BYTES):
        found.update(base.read(place, min(READ_BYTES, at + count - place)))
    return found.hexdigest()


def record(base: BaseFile | None) -> dict[str, Any] | None:
    """Return what a pack's index says of its base."""
    if base is None:
        return None
    return {"object": base.object, "path": base.path, "sha256": base.digest(), "bytes": base.size}


def sample(read: layout.ReadRange, span: Span) -> bytes:
    """Return blocks of a span, spread evenly; all of a small one."""
    width = span.form[0]
    block, count = BLOCK * width, span.bytes
    if count <= BLOCKS * block:
        return read(span.at, count)
    steps = ((count - block) * at // (BLOCKS - 1) // width * width for at in range(BLOCKS))
    return b"".join(read(span.at + step, block) for step in steps)


def chosen(data: bytes, under: bytes, span: Span) -> tuple[Form, int]:
    """Return the codec that makes a sample smallest, and how small; ``under``: the base's, or nothing."""
    width, turn = span.form
    best, least = Form("raw"), len(data) - len(data) // 128
    planes = Form("planes", width, turn)
    size = len(codec.encode(planes, data))
    if size < least:
        best, least = planes, size
    if under and len(under) == len(data):
        delta = Form("delta", width, turn)
        size = len(codec.encode(delta, data, under))
        if size < least:
            best, least = delta, size
    return best, least


class Tensors:
    """A base's tensors by name and by size; empty without a base."""

    def __init__(self, base: BaseFile | None) -> None:
        """Look them up once: models of many experts have a hundred thousand."""
        self._named: dict[str, Span] = {}
        self._sized: dict[int, list[Span]] = {}
        for span in base.spans if base else ():
            if span.name and span.bytes:
                self._named[span.name] = span
                self._sized.setdefault(span.bytes, []).append(span)

    def twin(self, span: Span) -> Span | None:
        """Return the tensor of the same name, type and size."""
        found = self._named.get(span.name)
        fits = found and (found.dtype, found.bytes) == (span.dtype, span.bytes)
        return found if fits else None

    def alike(self, span: Span) -> list[Span]:
        """Return the tensors of the same size."""
        return self._sized.get(span.bytes, []) if span.name else []


def _ratios(source: Path, bases: Sequence[BaseFile]) -> tuple[float, list[float]]:
    """Estimate stored bytes per byte of ``source``: by itself, and with each base."""
    tensors = [s for s in layout.spans(source) if s.name and s.bytes]
    step = max(1, -(-len(tensors) // TENSORS))
    whole, alone, with_base = 0.0, 0.0, [0.0] * len(bases)
    tables = [Tensors(base) for base in bases]
    with source.open("rb") as file:
        for span in tensors[::step]:
            data = sample(lambda at, count: os.pread(file.fileno(), count, at), span)
            share = span.bytes / len(data)
            single = chosen(data, b"", span)[1]
            whole += span.bytes
            alone += single * share
            for number, base in enumerate(bases):
                other = tables[number].twin(span)
                under = sample(base.read, other) if other else b""
                size = 0 if under == data else chosen(data, under, span)[1] if under else single
                with_base[number] += size * share
    return (alone / whole, [size / whole for size in with_base]) if whole else (1.0, [])


def similarity(source: Path, base: BaseFile) -> float:
    """Estimate, from samples, the stored bytes per byte of ``source`` when packed against ``base``."""
    return (_ratios(source, [base])[1] or [1.0])[0]


def choose_base(source: Path, candidates: Sequence[BaseFile]) -> BaseFile | None:
    """Return the candidate that makes ``source`` smallest; None where none is worth it."""
    alone, found = _ratios(source, candidates)
    best = min(zip(found, range(len(found)), strict=True), default=None)
    return candidates[best[1]] if best and best[0] < WORTH * alone else None
