"""Where tensors lie; a head that lies makes the file plain bytes, never an error."""

import json
import struct

import numpy as np
import pytest

from tenure.preserve.packing import layout
from tenure.preserve.packing.layout import Span

from . import conftest as kit  # noqa: TID252

pytestmark = pytest.mark.slow


def test_tensors_and_what_lies_between(tmp_path):
    head = {"b": {"dtype": "BF16", "shape": [3], "data_offsets": [10, 16]},
            "a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}  # fmt: skip
    text = json.dumps(head).encode()
    path = tmp_path / "x"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(20))
    at = 8 + len(text)
    assert layout.spans(path) == [
        Span(0, at), Span(at, 4, "a", "F8_E4M3"), Span(at + 4, 6), Span(at + 10, 6, "b", "BF16"),
        Span(at + 16, 4),
    ]  # fmt: skip
    assert [s.form for s in layout.spans(path)] == [(1, 0), (1, 0), (1, 0), (2, 1), (1, 0)]


def entry(dtype="BF16", shape=(2,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


LIES = {
    "outside": {"a": entry(shape=(9,), offsets=(0, 18))},
    "overlap": {"a": entry(), "b": entry(offsets=(2, 6))},
    "backwards": {"a": entry(shape=(0,), offsets=(4, 0))},
    "shape": {"a": entry(shape=(3,))},
    "negative": {"a": entry(offsets=(-4, 0))},
    "huge": {"a": entry(shape=(1 << 62, 1 << 62), offsets=(0, 1 << 125))},
    "float": {"a": entry(offsets=(0.0, 4.0))},
    "three": {"a": entry(offsets=(0, 4, 4))},
    "no entry": {"a": 7},
    "a list": [1, 2],
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_head_makes_plain_bytes(tmp_path, lie):
    text = json.dumps(LIES[lie]).encode()
    path = tmp_path / "x"
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\x01\x80\xff\x7f\xc1\xff")
    size = path.stat().st_size
    assert layout.spans(path) == [Span(0, size)]
    assert kit.unpacked(kit.packed(path)[0]) == path.read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x01", struct.pack("<Q", 1 << 30), struct.pack("<Q", (1 << 64) - 1) + b"{}",
        struct.pack("<Q", 2) + b"{", struct.pack("<Q", 200_000) + b"[" * 200_000,
        b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60), b"GGUF", b"\x80\x02}q\x00." * 50,
        struct.pack("<Q", 60) + b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":1}  ',
    ],
)  # fmt: skip
def test_what_is_no_model_at_all_is_packed_as_it_is(tmp_path, data):
    path = tmp_path / "x"
    path.write_bytes(data)
    assert kit.unpacked(kit.packed(path)[0]) == data


def test_not_a_number_keeps_its_payload(tmp_path):
    bits = np.array([0x7FC1, 0xFFFF, 0x8000, 0x7F81, 0xFF80, 0x0001] * 40, np.uint16)
    path = kit.safetensors(tmp_path / "x", {"n": ("BF16", bits), "m": ("F16", bits)})
    data = kit.packed(path)[0]
    assert kit.unpacked(data) == path.read_bytes()
    assert kit.opened(data).tensor("n") == bits.tobytes()
