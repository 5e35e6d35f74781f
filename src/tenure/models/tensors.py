"""Reading and writing safetensors with numpy alone: the same bytes with any library version.

bf16 has no numpy type: it is read into float32 exactly (it is a float32's upper half) and written
with rounding to nearest, ties to even.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ModelError
from tenure.models.weights import safetensors_header

Floats = NDArray[np.float32]
DIRECT = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}


def read(folder: Path) -> Iterator[tuple[str, Floats]]:
    """Give every tensor of a folder as float32, one at a time, sorted by name.

    Raises:
        ModelError: a broken file, or a type that is not a float.
    """
    places = {
        name: (path, tensor)
        for path in sorted(folder.glob("*.safetensors"))
        for name, tensor in safetensors_header(path).items()
    }
    for name in sorted(places):
        path, tensor = places[name]
        with path.open("rb") as source:
            start = 8 + struct.unpack("<Q", source.read(8))[0]
            begin, end = tensor["data_offsets"]
            source.seek(start + begin)
            raw = source.read(end - begin)
        yield name, _floats(raw, tensor["dtype"], name).reshape(tensor["shape"])


def _floats(raw: bytes, kind: str, name: str) -> Floats:
    if kind == "BF16":
        return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
    if kind not in DIRECT:
        raise ModelError(
            f"tensor '{name}' is {kind}; only F64, F32, F16 and BF16 weights can be converted"
        )
    return np.frombuffer(raw, DIRECT[kind]).astype("<f4")


def bf16(values: Floats) -> bytes:
    """Round float32 to bf16, to nearest, ties to even; return little-endian bytes."""
    bits = np.ascontiguousarray(values, "<f4").view("<u4")
    rounded = (bits + (0x7FFF + ((bits >> 16) & 1))) >> 16
    return rounded.astype("<u2").tobytes()


def write(path: Path, tensors: Mapping[str, Floats]) -> None:
    """Write tensors as bf16 into one safetensors file, sorted by name."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in sorted(tensors):
        size = 2 * tensors[name].size
        shape = list(tensors[name].shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as target:
        target.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            target.write(bf16(tensors[name]))
