"""Huffman codes: whole, never longer than allowed, and what zlib understands."""

import zlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.preserve.packing import huffman, plane


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 1 << 20), min_size=2, max_size=257), st.sampled_from([9, 12, 15]))
def test_the_code_is_whole_and_short_enough(counts, limit):
    counts = [*counts, 1, 1 << 30]
    sizes = huffman.lengths(counts, limit)
    assert all((c > 0) == (s > 0) for c, s in zip(counts, sizes, strict=True))
    assert max(sizes) <= limit
    assert sum(Fraction(1, 1 << s) for s in sizes if s) == 1


def test_fibonacci_counts_are_cut_to_the_limit():
    counts = [1, 1]
    while len(counts) < 30:
        counts.append(counts[-1] + counts[-2])
    sizes = huffman.lengths(counts, 12)
    assert max(sizes) == 12
    assert sum(1 << (12 - s) for s in sizes) == 1 << 12


@pytest.mark.parametrize("distinct", [2, 3, 17, 256])
def test_zlib_reads_our_blocks(distinct):
    row = (np.arange(700, dtype=np.uint32) ** 2 // 3 % distinct).astype(np.uint8)
    assert zlib.decompress(plane.block(row), -15) == row.tobytes()


def test_rows_that_do_not_shrink_are_stored_and_equal_ones_take_two_bytes():
    noise = (np.arange(5000, dtype=np.uint32) * np.uint32(2654435761) >> 24).astype(np.uint8)
    assert len(plane.encode(noise)) == 5001
    assert plane.encode(np.full(5000, 7, np.uint8)) == bytes([plane.CONSTANT, 7])
