"""Damage in a copy of one form is mended from the other, and the signature decides."""

import hashlib
import json
import shutil

import pytest
from two_forms import G0, ORIGINAL, PACK, TULIP, at, change, store, tree

from tenure.preserve import check, keep, ocfl, places, revive, vault
from tenure.preserve.custody.keyring import Keyring
from tenure.preserve.custody.sealing import VaultKey

pytestmark = pytest.mark.slow


HARMS = {
    "a pack has a flipped bit": ("vault", PACK, "flip"),
    "a pack is gone": ("vault", PACK, "gone"),
    "a pack is cut": ("vault", PACK, "cut"),
    "a parity is gone": ("vault", "v1/content/parity/v1.parity", "gone"),
    "a parity is zeroed": ("vault", "v1/content/parity/v1.parity", "zeroed"),
    "a packed inventory is cut": ("vault", "inventory.json", "cut"),
    "a plain file has a flipped bit": ("vault-copy", ORIGINAL, "flip"),
    "a plain file is gone": ("vault-copy", ORIGINAL, "gone"),
    "a plain inventory is gone": ("vault-copy", "inventory.json", "gone"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_damage_in_one_form_is_mended_from_the_other_to_the_same_bytes(family, harm):
    copy, name, how = HARMS[harm]
    before = {each: tree(family.root / each) for each in ("vault", "vault-copy")}
    change(at(family, copy) / name, how)

    told = family.run(check.stage, "rose@1", {"repair": False})
    evidence = family.run(check.stage, "rose@1", {})

    assert not told.findings["well"]
    assert [(f["copy"], f["file"]) for f in evidence.findings["faults"]] == [(copy, name)]
    assert evidence.findings["well"]
    assert {each: tree(family.root / each) for each in before} == before


@pytest.mark.parametrize("copy", ["vault", "vault-copy"])
def test_a_copy_that_is_lost_as_a_whole_is_made_again_from_the_other_form(family, copy):
    before = {each: tree(family.root / each) for each in ("vault", "vault-copy")}
    shutil.rmtree(family.root / copy)
    vault.begin(store(family, copy))

    for name in ("tulip@1", "rose@1"):
        evidence = family.run(check.stage, name, {})
        assert evidence.findings["well"]
        assert family.run(check.stage, name, {}).findings["faults"] == []

    assert {each: tree(family.root / each) for each in before} == before


def test_pack_and_parity_and_every_inventory_lost_together_are_made_again(family):
    before = tree(family.root / "vault")
    for name in (PACK, "v1/content/parity/v1.parity", "inventory.json", "v1/inventory.json"):
        change(at(family) / name, "gone")

    family.run(check.stage, "rose@1", {})

    assert tree(family.root / "vault") == before


def forged(folder):
    """Change content in a copy and everything that depends on it, so that it holds together."""
    whole = json.loads((folder / "inventory.json").read_bytes())
    place = folder / ORIGINAL
    data = place.read_bytes()
    wrong = data[:-1] + bytes([data[-1] ^ 1])
    text = json.dumps(whole, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    for kind in (hashlib.sha512, hashlib.sha256):
        text = text.replace(kind(data).hexdigest(), kind(wrong).hexdigest())
    for path, content in (
        (place, wrong),
        *((folder / v / "inventory.json", text.encode()) for v in ("", "v1")),
        *((folder / v / "inventory.json.sha512", ocfl.sidecar(text.encode())) for v in ("", "v1")),
    ):
        path.chmod(0o644)
        path.write_bytes(content)


def test_two_of_three_copies_wrong_and_agreeing_lose_against_the_signature(dossier):
    asked = [
        {"at": "vault", "form": "packed"},
        {"at": "vault-copy", "form": "plain"},
        {"at": "third", "form": "plain"},
    ]
    dossier.run(keep.stage, "tulip@1", {**G0, "copies": asked})
    before = {place["at"]: tree(dossier.root / place["at"]) for place in asked}
    for copy in ("vault-copy", "third"):
        forged(at(dossier, copy, TULIP))
    assert tree(dossier.root / "third") == tree(dossier.root / "vault-copy") != before["third"]
    assert vault.peek(store(dossier, "third"), TULIP) is not None, "the forgery holds together"

    evidence = dossier.run(check.stage, "tulip@1", {})

    assert {f["copy"] for f in evidence.findings["faults"]} == {"vault-copy", "third"}
    assert {place["at"]: tree(dossier.root / place["at"]) for place in asked} == before
    back = revive.revive_to(dossier.view(), dossier.view().model("tulip"), dossier.root / "back")
    assert (back / "model.safetensors").read_bytes() == before["third"][
        f"{ocfl.object_path(TULIP)}/{ORIGINAL}"
    ]


@pytest.mark.parametrize("far", ["fsspec://file://{}/far", "sealed://offsite@{}/far"])
def test_a_packed_copy_elsewhere_or_sealed_is_brought_back_from_and_mended_like_any_other(
    dossier, quick, monkeypatch, far
):
    monkeypatch.setenv("TENURE_KEYS", str(quick / "keys"))
    Keyring.usual().store("offsite", VaultKey.make())
    asked = [{"at": "vault", "form": "plain"}, {"at": far.format(quick), "form": "packed"}]
    dossier.run(keep.stage, "tulip@1", {**G0, "copies": asked})
    tulip, before = dossier.view().model("tulip"), tree(dossier.root / "vault")

    back = revive.to_folder(dossier.view(), tulip, quick / "back", asked[1]["at"])
    tensor, _ = revive.one_tensor(dossier.view(), tulip, "model.norm.weight", asked[1]["at"])
    shutil.rmtree(dossier.root / "vault")
    vault.begin(store(dossier, "vault"))
    mended = dossier.run(check.stage, "tulip@1", {})
    shutil.rmtree(quick / "far")
    vault.begin(places.open_store(dossier.root, asked[1]["at"]))
    again = dossier.run(check.stage, "tulip@1", {})

    assert (back.form, back.files) == ("packed", dict(tulip.files))
    assert len(tensor.data) == 128
    assert mended.findings["well"]
    assert again.findings["well"]
    assert tree(dossier.root / "vault") == before
    assert dossier.run(check.stage, "tulip@1", {}).findings["faults"] == []


@pytest.mark.parametrize("by", ["check", "keep"])
def test_one_form_lost_and_the_first_copy_of_the_other_damaged_is_mended_from_the_last(dossier, by):
    asked = [
        {"at": "vault", "form": "packed"},
        {"at": "vault-copy", "form": "plain"},
        {"at": "third", "form": "plain"},
    ]
    spec = {**G0, "copies": asked}
    dossier.run(keep.stage, "tulip@1", spec)
    before = {place["at"]: tree(dossier.root / place["at"]) for place in asked}
    shutil.rmtree(dossier.root / "vault")
    vault.begin(store(dossier, "vault"))
    forged(at(dossier, "vault-copy", TULIP))

    if by == "check":
        dossier.run(check.stage, "tulip@1", {})
    else:
        dossier.run(keep.stage, "tulip@1", {**spec, "again": "today"})

    assert {place["at"]: tree(dossier.root / place["at"]) for place in asked} == before
