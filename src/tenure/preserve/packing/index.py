"""The index and the ends of a pack (FORMAT.txt, "A pack"): written, read, and refused where not sound.

A pack is hostile input: every number is checked against the pack's size before anything is allocated.
"""

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenure.errors import IntegrityError
from tenure.preserve.packing import plane
from tenure.preserve.packing.codec import CODED, Form
from tenure.preserve.packing.layout import ReadRange

FORMAT = "tenure/pack/1"
MAGIC = b"TENUREPK"
HEAD = MAGIC + struct.pack("<II", 1, 0)
FOOT = struct.Struct("<QQ32s8s")
INDEX_BYTES = 32 << 20  # stored; what it inflates to is bounded too
INDEX_TEXT = 64 << 20
CHUNKS = range(1 << 12, (16 << 20) + 1)


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of the original's bytes and where they are coded (``frames``) or taken from (``of``)."""

    at: int
    bytes: int
    name: str
    dtype: str
    form: Form
    sha256: str
    of: int  # "delta", "same": offset in the base; "seen": offset in this file; else -1
    frames: tuple[tuple[int, int], ...]

    def record(self) -> dict[str, Any]:
        """Return the segment as it stands in the index."""
        whole = {
            "at": self.at,
            "bytes": self.bytes,
            "name": self.name,
            "dtype": self.dtype,
            "codec": self.form.codec,
            "sha256": self.sha256,
        }
        if self.form.codec in ("planes", "delta"):
            whole |= {"width": self.form.width, "turn": self.form.turn}
        if self.of >= 0:
            whole["of"] = {"at": self.of}
        if self.form.codec in CODED:
            whole["frames"] = [list(frame) for frame in self.frames]
        return whole


def closing(whole: dict[str, Any], at: int) -> bytes:
    """Return the coded index and the foot that end a pack, when the frames end at ``at``.

    The index is one Huffman-only DEFLATE block by our own writer: zlib's bytes differ between builds.
    """
    text = np.frombuffer(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode(), "u1")
    stored = plane.block(text)
    return stored + FOOT.pack(at, len(stored), hashlib.sha256(stored).digest(), MAGIC)


def refused(what: str) -> IntegrityError:
    """Return the error for a pack that is not sound."""
    return IntegrityError(
        f"this pack is damaged or was not written by Tenure: {what}; repair it with 'tenure scrub' "
        f"from parity or another copy"
    )


def opened(read: ReadRange, size: int) -> dict[str, Any]:
    """Read the index of a pack of ``size`` bytes: two range reads.

    Raises:
        IntegrityError: its ends, its check sum or its JSON are not sound.
    """
    if size < len(HEAD) + FOOT.size or read(0, len(HEAD)) != HEAD:
        raise refused("it does not begin as a pack of version 1")
    tail = read(size - FOOT.size, FOOT.size)
    if len(tail) != FOOT.size or tail[-8:] != MAGIC:
        raise refused("its last bytes are missing")
    at, length, digest, _ = FOOT.unpack(tail)
    if at < len(HEAD) or at + length + FOOT.size != size or length > INDEX_BYTES:
        raise refused("its index is not where its last bytes say")
    stored = read(at, length)
    if hashlib.sha256(stored).digest() != digest:
        raise refused("its index does not match its check sum")
    try:
        machine = zlib.decompressobj(-15)
        whole = json.loads(machine.decompress(stored, INDEX_TEXT))
        sound = machine.eof and whole["format"] == FORMAT
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise refused(f"its index cannot be read ({error})") from None
    if not sound:
        raise refused(f"its index is longer than {INDEX_TEXT} bytes or of another format")
    whole["frames_end"] = at
    return whole


def segments(whole: dict[str, Any]) -> list[Segment]:
    """Return the segments of an index, every one checked.

    Raises:
        IntegrityError: they do not cover the file in order, or their frames do not follow one another.
    """
    try:
        return _segments(whole)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refused(f"its index is not sound ({error})") from None


def _segments(whole: dict[str, Any]) -> list[Segment]:
    chunk, base = whole["chunk"], whole["base"]
    if type(chunk) is not int or chunk not in CHUNKS or chunk % 8:
        raise ValueError("the chunk size")
    found: list[Segment] = []
    sizes: dict[int, int] = {}
    at, frame_at = 0, len(HEAD)
    for entry in whole["segments"]:
        segment = _segment(entry)
        if segment.at != at or segment.bytes < 0:
            raise ValueError(f"the segment at {segment.at} leaves a gap or overlaps")
        _place(segment, base, sizes)
        frame_at = _follow(segment, chunk, frame_at)
        found.append(segment)
        if segment.form.codec != "seen":
            sizes[at] = segment.bytes
        at += segment.bytes
    if whole_number(whole["file"]["bytes"]) != at or frame_at != whole["frames_end"]:
        raise ValueError("the segments do not cover the file")
    return found


def whole_number(value: Any) -> int:
    """Return a count or an offset; ValueError for anything else."""
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError("a number that is no count")
    return value


def _segment(entry: dict[str, Any]) -> Segment:
    codec = entry["codec"]
    if codec not in (*CODED, "same", "seen"):
        raise ValueError(f"the unknown codec {str(codec)[:40]!r}")
    width, turn = entry.get("width", 1), entry.get("turn", 0)
    count = whole_number(entry["bytes"])
    if width not in (1, 2, 4, 8) or turn not in (0, 1) or count % width:
        raise ValueError("a width")
    of = whole_number(entry["of"]["at"]) if codec in ("delta", "same", "seen") else -1
    frames = entry.get("frames", ()) if codec in CODED else ()
    placed = tuple((whole_number(first), whole_number(length)) for first, length in frames)
    name, dtype, digest = entry["name"], entry["dtype"], entry["sha256"]
    if not all(isinstance(text, str) for text in (name, dtype, digest)):
        raise ValueError("a name")
    return Segment(
        whole_number(entry["at"]), count, name, dtype, Form(codec, width, turn), digest, of, placed
    )


def _place(segment: Segment, base: dict[str, Any] | None, earlier: dict[int, int]) -> None:
    """Refuse a reference to bytes that are not there."""
    if segment.form.codec == "seen" and earlier.get(segment.of) != segment.bytes:
        raise ValueError(f"the segment at {segment.at} repeats one that is not there")
    if segment.form.codec in ("same", "delta"):
        if base is None:
            raise ValueError("a base is used and none is named")
        if segment.of + segment.bytes > whole_number(base["bytes"]):
            raise ValueError(f"the segment at {segment.at} lies outside of its base")


def _follow(segment: Segment, chunk: int, at: int) -> int:
    """Check that the frames lie back to back from ``at`` on; return where they end."""
    wanted = -(-segment.bytes // chunk) if segment.form.codec in CODED else 0
    if len(segment.frames) != wanted:
        raise ValueError(f"the segment at {segment.at} has {len(segment.frames)} frames")
    for number, (first, length) in enumerate(segment.frames):
        most = min(chunk, segment.bytes - number * chunk)
        # A chunk that does not shrink is stored: at most a few bytes a row more than it has itself.
        if first != at or length > most + 4096:
            raise ValueError(f"a frame of the segment at {segment.at} is out of place")
        at += length
    return at
