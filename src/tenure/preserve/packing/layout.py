"""Where a file's tensors lie: safetensors and GGUF heads read, anything else one span without a name.

A head that lies (offsets outside of the file, overlaps, a name twice, too long) is not an error here:
the file is then packed as plain bytes, exactly as it is. Nothing is allocated on a head's word.
"""

import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenure.errors import ModelError
from tenure.models import gguf_header

ReadRange = Callable[[int, int], bytes]

HEAD_BYTES = 16 << 20  # longest safetensors head that is parsed; one of 100,000 tensors takes 12 MB
CONTAINERS = 1 << 20  # most lists and objects in it, so that no head turns into gigabytes of them
# name -> (bytes an element, turned by one bit); quantised blocks and all others count as bytes
DTYPES = {
    "BF16": (2, 1), "F16": (2, 1), "F32": (4, 1), "F64": (8, 1), "C64": (4, 1),
    "I16": (2, 0), "U16": (2, 0), "I32": (4, 0), "U32": (4, 0), "I64": (8, 0), "U64": (8, 0),
}  # fmt: skip
SIZES = {"F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1, "C64": 8}


@dataclass(frozen=True, slots=True)
class Span:
    """A run of a file's bytes: one tensor, or a head or padding (no name, no dtype)."""

    at: int
    bytes: int
    name: str = ""
    dtype: str = ""

    @property
    def form(self) -> tuple[int, int]:
        """Bytes an element, and whether it is turned by one bit."""
        width, turn = DTYPES.get(self.dtype, (1, 0))
        return (1, 0) if self.bytes % width else (width, turn)


def spans(path: Path) -> list[Span]:
    """Return the spans of a file, in order, without gap or overlap, from its first byte to its last."""
    size = path.stat().st_size
    with path.open("rb") as source:

        def read(at: int, count: int) -> bytes:
            source.seek(at)
            return source.read(count)

        try:
            tensors = _gguf(path) if read(0, 4) == b"GGUF" else _safetensors(read, size)
            return _filled(tensors, size)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ModelError):
            return [Span(0, size)] if size else []


def _safetensors(read: ReadRange, size: int) -> list[Span]:
    head = struct.unpack("<Q", read(0, 8))[0] if size >= 8 else size
    if head > min(HEAD_BYTES, size - 8):
        raise ValueError("the head is longer than it may be")
    text = read(8, head)
    if text.count(b"{") + text.count(b"[") > CONTAINERS:
        raise ValueError("the head holds too much")
    found = []
    for name, entry in json.loads(text.decode("utf-8"), object_pairs_hook=_once).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        dtype, shape = str(entry["dtype"]), entry["shape"]
        width = SIZES.get(dtype) or DTYPES.get(dtype, (0,))[0]
        if not all(type(n) is int and n >= 0 for n in (first, last, *shape)):
            raise ValueError("an offset or a dimension is not a whole number")
        if width and math.prod(shape) * width != last - first:
            raise ValueError("a tensor's shape does not fit its bytes")
        found.append(Span(8 + head + first, last - first, name, dtype))
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs):
        raise ValueError("a name stands twice")
    return whole


def _gguf(path: Path) -> list[Span]:
    head = gguf_header.read(path)
    return [Span(head.start + t.offset, t.size, n, t.type) for n, t in head.tensors.items()]


def _filled(tensors: list[Span], size: int) -> list[Span]:
    """Sort tensors and name what lies between them; ValueError for overlaps or bytes outside."""
    whole, at = [], 0
    for span in sorted(tensors, key=lambda s: (s.at, s.bytes)):
        if span.bytes < 0 or span.at < at or span.at + span.bytes > size:
            raise ValueError("a tensor overlaps another or lies outside")
        if span.at > at:
            whole.append(Span(at, span.at - at))
        whole.append(span)
        at = span.at + span.bytes
    if at < size:
        whole.append(Span(at, size - at))
    return whole
