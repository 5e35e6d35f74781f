"""Check sums that are taken beside the work are those of hashlib, in whatever pieces they come."""

import hashlib
import random

import pytest

from tenure.preserve import sums

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(4))
def test_pieces_small_and_large_in_their_order(seed, tmp_path):
    draw = random.Random(seed)
    sizes = [draw.choice((0, 1, 999, sums.WORTH - 1, sums.WORTH, 3 << 20)) for _ in range(12)]
    pieces = [draw.randbytes(size) for size in sizes]
    whole = b"".join(pieces)

    with sums.both() as found:
        for piece in pieces:
            found.add(piece)
        assert found.digests.sha512 == hashlib.sha512(whole).hexdigest()
        found.add(b"more")  # asking does not end it
        assert found.hex("sha256") == hashlib.sha256(whole + b"more").hexdigest()

    (tmp_path / "file").write_bytes(whole)
    assert sums.digests_of(tmp_path / "file") == sums.digests_of(whole)
    assert sums.digests_of(whole).bytes == len(whole)
