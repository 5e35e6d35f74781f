"""The codec ``planes``: elements turned by one bit, cut into byte planes, each plane a row (FORMAT.txt, "Planes").

Turning puts the sign last: the top byte of a bf16 or f32 is then exactly its exponent.
"""

import numpy as np
from numpy.typing import NDArray

from tenure.preserve.packing import plane


def elements(data: bytes | memoryview, width: int) -> NDArray[np.unsignedinteger]:
    """See bytes as little-endian unsigned integers of ``width`` bytes."""
    return np.frombuffer(data, f"<u{width}")


def turned(values: NDArray[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
    """Rotate every element left by one bit."""
    one, rest = values.dtype.type(1), values.dtype.type(8 * values.itemsize - 1)
    return (values << one) | (values >> rest)


def turned_back(values: NDArray[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
    """Rotate every element right by one bit."""
    one, rest = values.dtype.type(1), values.dtype.type(8 * values.itemsize - 1)
    return (values >> one) | (values << rest)


def rows(values: NDArray[np.unsignedinteger]) -> list[plane.Bytes]:
    """Cut elements into byte planes, the top one first."""
    width = values.itemsize
    table = values.view(np.uint8).reshape(-1, width)
    return [np.ascontiguousarray(table[:, width - 1 - at]) for at in range(width)]


def joined(found: list[plane.Bytes]) -> NDArray[np.unsignedinteger]:
    """Put byte planes, the top one first, together again."""
    width = len(found)
    table = np.empty((len(found[0]), width), np.uint8)
    for at, row in enumerate(found):
        table[:, width - 1 - at] = row
    return table.reshape(-1).view(f"<u{width}")


def encode(data: bytes | memoryview, width: int, turn: int) -> bytes:
    """Code one chunk; its length is a multiple of ``width``."""
    values = elements(data, width)
    return b"".join(plane.encode(row) for row in rows(turned(values) if turn else values))


def decode(frame: bytes, count: int, width: int, turn: int) -> bytes:
    """Decode one chunk of ``count`` elements; ValueError when the frame is not sound."""
    reader = plane.Reader(frame)
    values = joined([reader.row(count) for _ in range(width)])
    reader.finish()
    return (turned_back(values) if turn else values).tobytes()
