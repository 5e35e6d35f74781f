"""What a keeping reads once it still compares: a file that changes on the way, or in the copy, is found."""

import threading

import pytest

from tenure.errors import IntegrityError
from tenure.preserve import check, copies, keep, ocfl, vault
from tenure.preserve.packed import deriving
from tenure.preserve.parity import encoding
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow  # a vault for each test

URN = "urn:tenure:model:tulip@1"
WEIGHTS = "v1/content/original/model.safetensors"


def flip(path):
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_weights_that_change_after_they_were_packed_are_not_kept(dossier, monkeypatch):
    commit = vault.commit

    def changed(store, object_id, addition, onto=()):
        flip(addition.files["original/model.safetensors"])
        return commit(store, object_id, addition, onto)

    monkeypatch.setattr(vault, "commit", changed)
    with pytest.raises(IntegrityError, match="its source changed while it was read"):
        dossier.run(keep.stage, "tulip@1", {"golden": "G0"})
    for copy in ("vault", "vault-copy"):
        assert vault.peek(LocalStore(str(dossier.root / copy)), URN) is None


def test_damage_after_the_commit_is_found_by_the_reading_back(dossier, pristine, monkeypatch):
    derive, read_back = deriving.derive, copies.read_back
    at = dossier.root / "vault-copy" / ocfl.object_path(URN) / WEIGHTS
    derived, spoiled = threading.Event(), threading.Event()

    def told(*given):
        try:
            return derive(*given)
        finally:
            derived.set()

    def spoilt(store, wanted):
        if store.label == "vault-copy" and not spoiled.is_set():
            assert derived.wait(60)
            spoiled.set()
            flip(at)
        return read_back(store, wanted)

    monkeypatch.setattr(deriving, "derive", told)
    monkeypatch.setattr(copies, "read_back", spoilt)
    dossier.run(keep.stage, "tulip@1", {"golden": "G0"})

    assert spoiled.is_set()
    assert at.read_bytes() == (pristine / "tulip/model.safetensors").read_bytes()
    aside = dossier.root / "vault-copy/extensions/tenure-set-aside"
    assert [path.name for path in aside.rglob("*") if path.is_file()] == ["model.safetensors"]
    dossier.run(check.stage, "tulip@1", {})  # raises where anything is not right


def test_parity_is_computed_once_for_each_new_version(dossier, monkeypatch):
    made, encode = [], encoding.encode

    def counted(*given):
        made.append(given[0])
        return encode(*given)

    monkeypatch.setattr(encoding, "encode", counted)
    copies = [{"at": "vault", "form": "packed"}, {"at": "vault-copy", "form": "plain"}]
    dossier.run(keep.stage, "tulip@1", {"golden": "G0", "copies": copies})
    assert len(made) == 1

    third = [*copies, {"at": "third", "form": "packed"}]
    dossier.run(keep.stage, "tulip@1", {"golden": "G0", "copies": third})
    assert len(made) == 1  # a new copy takes it from the first
    parity = f"{ocfl.object_path(URN)}/v1/content/parity/v1.parity"
    same = [(dossier.root / copy / parity).read_bytes() for copy in ("vault", "third")]
    assert same[0] == same[1]
