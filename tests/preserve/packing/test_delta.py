"""A change to a base comes back bit for bit, whatever the bits are: NaN payloads, -0.0, infinities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.preserve.packing import codec, delta, writer
from tenure.preserve.packing.codec import Form

pytestmark = pytest.mark.slow
SPECIAL = (0x0000, 0x8000, 0x0001, 0x8001, 0x007F, 0x0080, 0x3F80, 0xBF80, 0x7F7F, 0x7F80, 0xFF80, 0x7F81,
           0xFFC1, 0x7FFF, 0xFFFF, 0x1234, 0x9ABC)  # fmt: skip


@pytest.mark.parametrize("base", SPECIAL)
def test_all_bf16_values_against_a_base_value(form, base):
    values = np.arange(1 << 16, dtype="<u2").tobytes()
    under = np.full(1 << 16, base, "<u2").tobytes()
    for data, other in ((values, under), (under, values)):
        frame = codec.encode(Form("delta", 2, 1), data, other)
        assert codec.decode(Form("delta", 2, 1), frame, len(data), other) == data


def test_the_order_is_kept_and_no_two_values_meet():
    values = np.arange(1 << 16, dtype="<u2")
    mapped = delta.ordered(values)
    assert len(np.unique(mapped)) == 1 << 16
    assert (delta.restored(mapped) == values).all()
    with np.errstate(invalid="ignore"):
        real = (values.astype(np.uint32) << 16).view(np.float32)
    finite = np.isfinite(real)
    by_map = real[finite][np.argsort(mapped[finite], kind="stable")]
    assert (np.diff(by_map) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(
    width=st.sampled_from([1, 2, 4, 8]),
    count=st.integers(0, 9000),
    seed=st.integers(0, 1 << 30),
    spread=st.integers(0, 63),
    rare=st.sampled_from([1.0, 0.5, 0.1, 0.01, 0.0]),
)
def test_both_forms_and_the_reader_agree(width, count, seed, spread, rare):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(f"<u{width}")
    under = rng.integers(0, 1 << (8 * width - 1), count, "u8").astype(dtype)
    under = np.sort(under) if seed & 1 else under & dtype.type(0xF1)
    step = rng.integers(0, 1 << min(spread, 8 * width - 1), count, "u8") * (
        rng.random(count) < rare
    )
    data, base = (under + step.astype(dtype)).tobytes(), under.tobytes()
    frame = delta.encode(data, base, width)
    assert delta.decode(frame, base, width) == data
    assert (
        codec.encode(Form("delta", width, 1), data, base) == frame
    )  # by the kernel where there is one
    assert codec.decode(Form("delta", width, 1), frame, len(data), base) == data
    reader = writer.stand_alone()
    assert reader.decode_chunk("delta", width, 1, frame, len(data), base) == data


@settings(max_examples=60, deadline=None)
@given(
    width=st.sampled_from([1, 2, 4, 8]), turn=st.integers(0, 1), count=st.integers(0, 3000),
    seed=st.integers(0, 1 << 30), bits=st.integers(0, 8),
)  # fmt: skip
def test_planes_in_both_forms_and_the_reader(width, turn, count, seed, bits):
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 1 << bits, count * width).astype(np.uint8).tobytes()
    planes = Form("planes", width, turn)
    frame = codec.encode(planes, data)
    assert codec.decode(planes, frame, len(data)) == data
    assert writer.stand_alone().decode_chunk("planes", width, turn, frame, len(data), b"") == data


@pytest.mark.parametrize("share", [0.0, 0.005, 0.05, 0.3, 1.0])
def test_long_rows_are_cut_into_four_and_agree(form, share):
    rng = np.random.default_rng(5)
    under = rng.integers(0x3000, 0x3F80, 600_000).astype("<u2")
    data = (under + (rng.random(600_000) < share) * rng.integers(0, 9, 600_000)).astype("<u2")
    frame = codec.encode(Form("delta", 2, 1), data.tobytes(), under.tobytes())
    assert frame == delta.encode(data.tobytes(), under.tobytes(), 2)
    assert codec.decode(Form("delta", 2, 1), frame, 1_200_000, under.tobytes()) == data.tobytes()
