"""What the tests of packs share: files of known tensors, and both forms of the codecs."""

import io
import json
import struct

import numpy as np
import pytest

from tenure.preserve import packing
from tenure.preserve.packing import kernel


def bf16(values):
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def floats(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def safetensors(path, tensors, metadata=None):
    """Write (dtype, array) by name; arrays are written as their bytes."""
    head, at = {"__metadata__": metadata} if metadata else {}, 0
    for name, (dtype, array) in tensors.items():
        head[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [at, at + array.nbytes],
        }
        at += array.nbytes
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    body = b"".join(array.tobytes() for _, array in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return path


def vector_tensors():
    """The tensors of the test vectors: every codec, several widths, from whole numbers alone."""
    state = np.arange(1, 60_000, dtype=np.uint32) * np.uint32(2654435761)
    noise = state ^ (state >> np.uint32(13))
    exponent = 110 + np.minimum(15, np.cumsum(noise[:12_000] % 3) % 16)
    sign = (noise[:12_000] >> 8) & 1
    weights = (sign << 15 | exponent << 7 | (noise[:12_000] >> 3) & 0x7F).astype(np.uint16)
    wide = (exponent[:3000] << 23 | noise[20_000:23_000] & 0x7FFFFF).astype(np.uint32)
    base = {
        "a": ("BF16", weights.reshape(120, 100)),
        "b": ("F32", wide),
        "c": ("U8", noise[30_000:32_000].astype(np.uint8)),
        "d": ("I64", np.arange(500)),
        "e": ("BF16", weights.reshape(120, 100)),
        "f": ("F16", np.zeros(900, np.uint16)),
        "g": ("BF16", np.zeros(0, np.uint16)),
    }
    moved = noise[40_000:52_000] % np.where(exponent < 115, 40, 4) == 0
    change = (moved * (1 + noise[40_000:52_000] // 7 % 3)).astype(np.uint16)
    tuned = dict(base)
    tuned["a"] = ("BF16", (weights + change).reshape(120, 100))
    tuned["b"] = ("F32", wide ^ (noise[53_000:56_000] & 3))
    tuned["e"] = ("BF16", weights[::-1].copy().reshape(120, 100))
    return base, tuned


def packed(path, base=None, **options):
    """Pack a file in memory: the bytes and what was said."""
    out = io.BytesIO()
    said = packing.pack_file(path, out, base=base, **options)
    return out.getvalue(), said


def opened(data):
    return packing.open_pack(lambda at, count: data[at : at + count], len(data))


def unpacked(data, base=None, threads=2):
    out = io.BytesIO()
    opened(data).unpack_into(out, base, threads=threads)
    return out.getvalue()


@pytest.fixture
def pair(tmp_path):
    """The two files of the test vectors, and the first as a base."""
    first, second = vector_tensors()
    one = safetensors(tmp_path / "base.safetensors", first, {"format": "pt"})
    two = safetensors(tmp_path / "tuned.safetensors", second)
    with packing.PlainBase(one, object="urn:tenure:model:base@1", path="original/base") as base:
        yield one, two, base


@pytest.fixture(params=["pure", "kernel"])
def form(request, monkeypatch):
    """Both forms of the codecs, one after the other."""
    if request.param == "kernel":
        if kernel.state().kernel is None:
            pytest.skip(kernel.state().why)
    else:
        monkeypatch.setattr(kernel, "_found", [kernel.State(None, "forbidden by this test")])
    return request.param
