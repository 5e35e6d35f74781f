"""Straight out of the vault into memory: the same tensors, nothing written, nothing half there."""

import shutil
from pathlib import Path

import pytest
from two_forms import ORIGINAL, PACK, ROSE, TULIP, at, store

from tenure.errors import IntegrityError, RoomError
from tenure.models import in_memory
from tenure.preserve import restore, vault
from tenure.preserve.revival import straight

pytestmark = pytest.mark.slow
KEPT = [(urn, copy) for urn in (TULIP, ROSE) for copy in ("vault", "vault-copy")]
LAST = "model.norm.weight"  # of the file


def come(dossier, copy, urn, into, told=None):
    held = store(dossier, copy)
    found = vault.read(held, urn)
    assert found is not None
    return straight.into_memory(held, found[0], into, told)


def flip(path, place):
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize(("urn", "copy"), KEPT)
def test_the_tensors_are_those_of_the_file_and_no_such_file_is_there(family, quick, urn, copy):
    heard = []
    came = come(family, copy, urn, quick / "into", lambda done, total: heard.append((done, total)))

    plain = at(family, "vault-copy", urn) / ORIGINAL
    wanted = plain.read_bytes()
    memory = came.held.arrays[LAST].memory
    assert memory[:] == wanted
    expected = in_memory.of_safetensors(memory, plain.name)
    assert came.held.arrays == expected
    assert came.held.form == "safetensors-bf16"
    assert came.bytes == len(wanted)
    assert heard[-1] == (len(wanted), len(wanted))
    assert came.model.id == urn.rpartition(":")[2]
    written = {p.name for p in (quick / "into").rglob("*") if p.is_file()}
    assert {"config.json", "tokenizer.json", "model.json"} <= written
    assert not [name for name in written if name.endswith((".safetensors", ".pack"))]


@pytest.mark.parametrize(("urn", "copy"), KEPT)
def test_a_bit_of_the_last_tensor_is_found_and_named(family, quick, urn, copy):
    if copy == "vault-copy":
        flip(at(family, copy, urn) / ORIGINAL, -1)
    else:
        found = vault.read(store(family, copy), urn)
        pack = restore.packs.opened(store(family, copy), found[0], "packed/model.safetensors.pack")
        frames = [frame for segment in pack.segments for frame in segment.frames]
        flip(at(family, copy, urn) / PACK, max(first + length for first, length in frames) - 1)

    with pytest.raises(IntegrityError, match=r"is damaged|not sound|damaged or was not"):
        come(family, copy, urn, quick / "into")
    if copy == "vault-copy":
        with pytest.raises(IntegrityError, match=f"the tensor {LAST} in model.safetensors"):
            come(family, copy, urn, quick / "again")


@pytest.mark.parametrize("how", ["cut", "longer", "gone"])
def test_a_file_of_another_length_is_refused_before_memory_is_taken(family, quick, how):
    path = at(family, "vault-copy") / ORIGINAL
    path.chmod(0o644)
    data = path.read_bytes()
    path.write_bytes(data[:-8] if how == "cut" else data + b"more")
    if how == "gone":
        path.unlink()

    with pytest.raises(IntegrityError, match=r"the size of model\.safetensors|has lost"):
        come(family, "vault-copy", ROSE, quick / "into")
    assert not (quick / "into").exists()


def test_a_base_that_has_gone_is_an_error(family, quick):
    shutil.rmtree(at(family, "vault", TULIP))
    with pytest.raises(IntegrityError, match=r"the base .* has gone"):
        come(family, "vault", ROSE, quick / "into")


def test_too_little_memory_is_found_before_the_work(family, quick, monkeypatch):
    whole = Path.read_text

    def little(path, *how, **more):
        told = "MemTotal: 9 kB\nMemAvailable:  1000 kB\n"
        return told if str(path) == "/proc/meminfo" else whole(path, *how, **more)

    monkeypatch.setattr(Path, "read_text", little)
    with pytest.raises(RoomError, match="MiB of memory and 0 MiB are free"):
        come(family, "vault", TULIP, quick / "into")
    assert not (quick / "into").exists()
