"""The head of a GGUF file, read without libraries (specification: ggml docs/gguf.md, versions 2-3).

Everything is bounded by the file's size, and the head by itself, so a hostile file costs little memory.
"""

import math
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from tenure.errors import ModelError

SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
STRING, ARRAY = 8, 9
HEAD_LIMIT = 100 << 20  # bytes; vocabularies of 260,000 pieces take about 10 MB
ARRAY_LIMIT = 1 << 23  # values of one array
# type number -> (name, values per block, bytes per block), the types that OpenVINO or gguf-py read
TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 30: ("BF16", 1, 2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor's place: type name, shape (innermost first), values, offset and bytes."""

    type: str
    shape: tuple[int, ...]
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Header:
    """A GGUF head: metadata by key, tensors by name, and where in the file their data begin."""

    metadata: dict[str, Any]
    tensors: dict[str, Tensor]
    start: int


class _Reader:
    def __init__(self, source: BinaryIO, size: int) -> None:
        self.source, self.size = source, size

    def take(self, count: int) -> bytes:
        if count < 0 or count > self.size - self.source.tell():
            raise ValueError("it ends too early")
        if self.source.tell() + count > HEAD_LIMIT:
            raise ValueError(f"its head is longer than {HEAD_LIMIT >> 20} MiB")
        return self.source.read(count)

    def number(self, code: str) -> Any:
        return struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]

    def text(self) -> str:
        return self.take(self.number("Q")).decode("utf-8", errors="replace")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind in SCALARS:
            return self.number(SCALARS[kind])
        if kind == STRING:
            return self.text()
        if kind == ARRAY and depth < 4:
            inner, count = self.number("I"), self.number("Q")
            if count > min(self.size, ARRAY_LIMIT):
                raise ValueError("an array is longer than the file, or than any vocabulary")
            return [self.value(inner, depth + 1) for _ in range(count)]
        raise ValueError(f"an unknown value type {kind}")


def read(path: Path) -> Header:
    """Read and check the head of a GGUF file.

    Raises:
        ModelError: not GGUF, an unknown version or type, truncated, tensors outside of the file.
    """
    about = path.stat()
    return _read_once(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=4)
def _read_once(path: Path, size: int, _changed: int) -> Header:
    with path.open("rb") as source:
        return read_from(source, size, path.name)


def read_from(source: BinaryIO, size: int, name: str) -> Header:
    """Read and check the head of a GGUF file of ``size`` bytes, wherever it lies; see :func:`read`."""
    try:
        return _read(_Reader(source, size))
    except (ValueError, struct.error) as error:
        raise ModelError(
            f"'{name}' is not a whole GGUF file: {error}; fetch it again and compare its digest"
        ) from None


def _read(reader: _Reader) -> Header:
    if reader.take(4) != b"GGUF":
        raise ValueError("it does not begin with the letters GGUF")
    version = reader.number("I")
    if version not in (2, 3):
        raise ValueError(f"version {version} is not 2 or 3")
    tensors, pairs = reader.number("Q"), reader.number("Q")
    if max(tensors, pairs) > reader.size:
        raise ValueError("it promises more entries than it has bytes")
    metadata: dict[str, Any] = {}
    for _ in range(pairs):
        key = reader.text()
        metadata[key] = reader.value(reader.number("I"))
    found = dict(_tensor(reader) for _ in range(tensors))
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment <= 0:
        raise ValueError("its alignment is not a positive number")
    start = -(-reader.source.tell() // alignment) * alignment
    end = max((start + t.offset + t.size for t in found.values()), default=start)
    if end > reader.size:
        raise ValueError(f"it holds {reader.size} bytes and its tensors need {end}")
    return Header(metadata, found, start)


def _tensor(reader: _Reader) -> tuple[str, Tensor]:
    name, dimensions = reader.text(), reader.number("I")
    if dimensions > 4:
        raise ValueError("a tensor has more than 4 dimensions")
    shape = tuple(reader.number("Q") for _ in range(dimensions))
    number, offset = reader.number("I"), reader.number("Q")
    if number not in TYPES:
        raise ValueError(f"tensor '{name}' has the unknown type {number}")
    type_name, per_block, block_bytes = TYPES[number]
    count = math.prod(shape)
    return name, Tensor(type_name, shape, count, offset, count // per_block * block_bytes)
