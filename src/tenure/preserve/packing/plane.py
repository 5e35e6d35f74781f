"""One row of bytes, coded: stored, constant, or raw DEFLATE with Huffman codes only (FORMAT.txt, "Rows").

This is the reference: numpy writes the bits, zlib reads them. kernel.c writes the same bytes.
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from tenure.preserve.packing import huffman

Bytes = NDArray[np.uint8]

STORED, CONSTANT, ONE, FOUR = range(4)
FOUR_FROM = 1 << 17  # rows from this many bytes on are cut into four streams


class Plan:
    """How a row with these 257 counts (the last is the end mark) is coded, and how many bytes it takes."""

    def __init__(self, counts: NDArray[np.int64], count: int, streams: int = 0) -> None:
        self.streams = streams or (4 if count >= FOUR_FROM else 1)
        self.kind, self.bytes = STORED, 1 + count
        if np.count_nonzero(counts) == 1:
            self.kind, self.bytes = CONSTANT, 2
            return
        whole = [*counts.tolist(), self.streams]
        sizes = huffman.lengths(whole, huffman.LIMIT)
        self.head = huffman.head(sizes)
        bits = sum(c * s for c, s in zip(whole, sizes, strict=True))
        # Each stream ends on a whole byte: at most 7 bits more, counted as 7 so that no row is cut to know.
        coded = 1 + 4 * self.streams + (bits + self.streams * (self.head.count + 7)) // 8
        self.sizes = sizes
        if coded * 128 < count * 127:
            self.kind, self.bytes = (FOUR if self.streams == 4 else ONE), coded


def counts(row: Bytes) -> NDArray[np.int64]:
    """Count every byte value."""
    return np.bincount(row, minlength=256)


def cost(row: Bytes) -> int:
    """Return how many bytes the coded row takes, a few more at most."""
    return Plan(counts(row), len(row)).bytes if len(row) else 0


def encode(row: Bytes) -> bytes:
    """Code a row; nothing at all for an empty one."""
    if not len(row):
        return b""
    plan = Plan(counts(row), len(row))
    if plan.kind == STORED:
        return bytes([STORED]) + row.tobytes()
    if plan.kind == CONSTANT:
        return bytes([CONSTANT, row[0]])
    piece = -(-len(row) // plan.streams)
    parts = [_block(row[at : at + piece], plan) for at in range(0, len(row), piece)]
    sizes = struct.pack(f"<{len(parts)}I", *map(len, parts))
    return b"".join((bytes([plan.kind]), sizes, *parts))


def block(row: Bytes) -> bytes:
    """Write a row of at least two different bytes as one DEFLATE stream, whether that pays or not."""
    return _block(row, Plan(counts(row), len(row), streams=1))


def _block(row: Bytes, plan: Plan) -> bytes:
    """Write one final dynamic block: its head, a code for every byte, the end mark.

    Four codes at a time are joined to at most 48 bits, shifted to their place and summed by word.
    """
    sizes = np.array(plan.sizes, np.uint64)
    codes = np.array(huffman.codes(plan.sizes), np.uint64)
    padded = np.full(-(-(len(row) + 1) // 4) * 4, huffman.END, np.intp)
    padded[: len(row)] = row
    width, code = sizes[padded], codes[padded]
    code[len(row) + 1 :] = 0
    width[len(row) + 1 :] = 0
    for _ in range(2):
        code = code[0::2] | code[1::2] << width[0::2]
        width = width[0::2] + width[1::2]
    ends = np.cumsum(width) + np.uint64(plan.head.count)
    starts = ends - width
    words = (starts >> np.uint64(6)).astype(np.intp)
    first = np.flatnonzero(np.diff(words, prepend=-1))
    shift = starts & np.uint64(63)
    total = int(ends[-1])
    out = np.zeros(total // 64 + 2, "<u8")
    out[words[first]] = np.add.reduceat(code << shift, first)
    # Shifted twice: a shift by 64 places is not defined.
    high = (code >> np.uint64(1)) >> (np.uint64(63) - shift)
    out[words[first] + 1] += np.add.reduceat(high, first)
    block = bytearray(out.tobytes()[: (total + 7) // 8])
    lead = (plan.head.count + 7) // 8
    joined = int.from_bytes(block[:lead], "little") | plan.head.bits
    block[:lead] = joined.to_bytes(lead, "little")
    return bytes(block)


class Reader:
    """Walks through a frame; every length is checked against what the frame holds.

    Raises ValueError for whatever is not sound; the caller says which frame.
    """

    def __init__(self, frame: bytes) -> None:
        self.frame, self.at = memoryview(frame), 0

    def take(self, count: int) -> memoryview:
        """Return the next ``count`` bytes."""
        if count > len(self.frame) - self.at:
            raise ValueError("it ends too early")
        self.at += count
        return self.frame[self.at - count : self.at]

    def row(self, count: int) -> Bytes:
        """Decode the next row, which stands for ``count`` bytes."""
        if not count:
            return np.empty(0, np.uint8)
        kind = self.take(1)[0]
        if kind == STORED:
            return np.frombuffer(self.take(count), np.uint8)
        if kind == CONSTANT:
            return np.full(count, self.take(1)[0], np.uint8)
        if kind not in (ONE, FOUR):
            raise ValueError(f"a row has the unknown kind {kind}")
        pieces = 4 if kind == FOUR else 1
        piece = -(-count // pieces)
        sizes = struct.unpack(f"<{pieces}I", self.take(4 * pieces))
        parts = [
            inflate(self.take(size), max(0, min(piece, count - at * piece)))
            for at, size in enumerate(sizes)
        ]
        return np.frombuffer(b"".join(parts), np.uint8)

    def finish(self) -> None:
        """Refuse a frame with something left over."""
        if self.at != len(self.frame):
            raise ValueError("it is longer than what it stands for")


def inflate(data: bytes | memoryview, count: int) -> bytes:
    """Inflate a raw DEFLATE stream that must give exactly ``count`` bytes; ValueError otherwise."""
    machine = zlib.decompressobj(-15)
    try:
        # One byte more than expected is allowed for, so that a stream that goes on is seen, not followed.
        found = machine.decompress(data, count + 1)
    except zlib.error as error:
        raise ValueError(f"its DEFLATE stream is damaged: {error}") from None
    if len(found) != count or not machine.eof or machine.unused_data:
        raise ValueError("its DEFLATE stream does not give the bytes it stands for")
    return found
