"""Code and decode one chunk: by the kernel where it could be built, else by numpy and zlib; the same bytes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import IntegrityError
from tenure.preserve.packing import delta, kernel, planes

CHUNK_BYTES = 4 << 20  # bytes of the original in one frame; a multiple of every width
CODED = ("raw", "planes", "delta")  # codecs with frames; "same" and "seen" have none


@dataclass(frozen=True, slots=True)
class Form:
    """How a segment's chunks are coded: codec, bytes an element, turned by one bit or not."""

    codec: str
    width: int = 1
    turn: int = 0


def encode(form: Form, data: bytes, base: bytes = b"") -> bytes:
    """Code one chunk; ``base`` is the same chunk of the base, for ``delta``.

    Raises:
        IntegrityError: the base's chunk is not as long.
    """
    if form.codec == "raw":
        return data
    if form.codec == "delta" and len(base) != len(data):
        raise IntegrityError(
            "the base became shorter while it was read; compare its sha256 and pack again"
        )
    fast = kernel.get()
    if form.codec == "planes":
        if fast:
            return fast.planes_encode(data, form.width, form.turn)
        return planes.encode(data, form.width, form.turn)
    if fast:
        return fast.delta_encode(data, base, form.width)
    return delta.encode(data, base, form.width)


def decode(form: Form, frame: bytes, count: int, base: bytes = b"") -> bytes:
    """Decode one chunk of ``count`` bytes; ValueError when the frame is not sound."""
    if form.codec == "raw":
        if len(frame) != count:
            raise ValueError("it is not as long as what it stands for")
        return frame
    if form.codec == "delta" and len(base) != count:
        raise ValueError("its base ends too early")
    fast = kernel.get()
    if form.codec == "planes":
        found = fast.planes_decode(frame, count, form.width, form.turn) if fast else None
        if found is None:
            found = planes.decode(frame, count // form.width, form.width, form.turn)
        return found
    found = fast.delta_decode(frame, base, form.width) if fast else None
    return delta.decode(frame, base, form.width) if found is None else found


def decode_into(form: Form, frame: bytes, out: NDArray[np.uint8], base: bytes = b"") -> None:
    """Decode one chunk of ``len(out)`` bytes where it is to lie; ValueError as ``decode`` raises it.

    Without a copy where the kernel is there: fresh memory costs more than the decoding.
    """
    fast, done = kernel.get(), False
    if fast and form.codec == "planes":
        done = fast.planes_decode_into(frame, out, form.width, form.turn)
    elif fast and form.codec == "delta" and len(base) == len(out):
        done = fast.delta_decode_into(frame, base, out, form.width)
    if not done:
        out[:] = np.frombuffer(decode(form, frame, len(out), base), np.uint8)
