"""Noise in any small file of any package: an error of ours, or a file that no import reads."""

import hashlib
import random
import shutil

import pytest

from tenure.errors import TenureError
from tenure.preserve.exchange.arriving import Wanted, arrive

pytestmark = pytest.mark.slow

SIGNS = b'{}[]":,0123456789eE./\\abcdef \n'


def spoil(data, dice):
    """Change, cut, insert or exchange some bytes."""
    for _ in range(dice.randrange(1, 4)):
        if not data:
            return
        at, other = dice.randrange(len(data)), dice.randrange(len(data))
        kind = dice.randrange(4)
        if kind == 0:
            data[at] = dice.randrange(256)
        elif kind == 1:
            del data[at : at + dice.randrange(1, 200)]
        elif kind == 2:
            data[at:at] = bytes(dice.choices(SIGNS, k=dice.randrange(1, 20)))
        else:
            data[at : at + 8], data[other : other + 8] = data[other : other + 8], data[at : at + 8]


@pytest.mark.parametrize("times", [8, pytest.param(400, marks=pytest.mark.life)])
@pytest.mark.parametrize("form", ["bagit", "oci", "ocfl"])
def test_noise_is_an_error_of_ours_or_is_not_read(packages, away, quick, form, times):
    dice, refused = random.Random(f"20261121 {form} {times}"), 0
    for number in range(times):
        place = shutil.copytree(packages[0] / form, quick / f"p{number}")
        small = [p for p in place.rglob("*") if p.is_file() and p.stat().st_size < 20_000]
        small = [p for p in small if "extensions" not in p.parts]
        path = dice.choice(sorted(small))
        data = bytearray(path.read_bytes())
        spoil(data, dice)
        path.chmod(0o644)
        path.write_bytes(data)
        if path.name == "inventory.json":  # by somebody who can compute its sidecar
            sidecar = path.with_name("inventory.json.sha512")
            sidecar.chmod(0o644)
            sidecar.write_text(f"{hashlib.sha512(data).hexdigest()} inventory.json\n")
        if "blobs" in path.parts:  # or the digests that lead here
            new = path.rename(path.with_name(hashlib.sha256(data).hexdigest()))
            index = place / "index.json"
            index.write_text(index.read_text().replace(path.name, new.name))
        try:
            arrive(away, place, Wanted(name=f"noise-{number}"))
        except TenureError:
            refused += 1
        shutil.rmtree(place)

    assert refused >= times // 4
    assert {m.digest for m in away.view().models()} <= {packages[1]}
