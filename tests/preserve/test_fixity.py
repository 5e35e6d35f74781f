"""Damage is found wherever it is, and mended from the copy that the signature names."""

import hashlib
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.errors import IntegrityError, RoomError
from tenure.preserve import copies, damage, fixity, ocfl, vault
from tenure.preserve.fixity import Signed
from tenure.preserve.stores.local import LocalStore

ID = "urn:tenure:model:tulip@1"
FILES = {
    "original/weights": bytes(range(256)) * 40,
    "golden/G1.json": b"{}\n",
    "model.json": b"[]\n",
}


def keep(store, files, message="kept"):
    addition = vault.Addition(files=files, message=message, created="2026-11-21T00:00:00Z")
    return vault.commit(store, ID, addition)


def two_copies(folder):
    first, second = LocalStore(str(folder / "vault")), LocalStore(str(folder / "copy"))
    keep(first, FILES)
    keep(first, {"report/page.html": b"<p>farewell</p>"}, "report")
    wanted = fixity.plan([first], ID)
    copies.bring(second, [first], wanted)
    return first, second, wanted


def tree(store):
    keys = [k for k in store.list() if not k.startswith("extensions/tenure-")]
    return {k: (store.root / k).read_bytes() for k in keys}


def test_a_second_copy_is_the_same_bytes_of_its_own(quick):
    first, second, wanted = two_copies(quick)

    assert tree(first) == tree(second)
    for key in wanted.files:
        assert not (first.root / key).samefile(second.root / key)
    assert fixity.check(second, wanted).well


def test_a_check_that_read_nothing_is_not_well(quick):
    _, _, wanted = two_copies(quick)

    health = fixity.check(LocalStore(str(quick / "nowhere")), wanted)

    assert not health.well
    assert health.files == health.bytes == 0
    with pytest.raises(IntegrityError, match="nothing was checked"):
        fixity.plan([LocalStore(str(quick / "nowhere"))], ID)


@pytest.fixture
def pristine(quick):
    two_copies(quick / "before")
    return quick


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_to_any_file_of_one_copy_is_found_and_mended(pristine, data):
    folder = pristine / "both"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(pristine / "before", folder)
    first, second = LocalStore(str(folder / "vault")), LocalStore(str(folder / "copy"))
    wanted = fixity.plan([first], ID)
    before, victims = (
        tree(first),
        data.draw(
            st.lists(st.sampled_from(sorted(wanted.files)), min_size=1, max_size=4, unique=True)
        ),
    )
    for key in victims:
        path = second.root / key
        how, content = (
            data.draw(st.sampled_from(["flip", "cut", "delete", "longer"])),
            path.read_bytes(),
        )
        path.unlink()
        if how == "flip":
            at = data.draw(st.integers(0, len(content) - 1))
            path.write_bytes(content[:at] + bytes([content[at] ^ 0x40]) + content[at + 1 :])
        elif how != "delete":
            path.write_bytes(content[:-1] if how == "cut" else content + b"\n")

    found = {fault.key for fault in fixity.check(second, wanted).faults}
    outcome = copies.bring(second, [first], fixity.plan([second, first], ID, wanted.signed))

    assert found == set(victims)
    assert {repair.key for repair in outcome.repairs} == set(victims)
    assert outcome.after.well
    assert tree(first) == tree(second) == before


def test_the_signed_inventory_beats_a_majority_that_agrees(quick):
    first, second, wanted = two_copies(quick)
    third = LocalStore(str(quick / "third"))
    copies.bring(third, [first], wanted)
    at = ocfl.object_path(ID)
    for store in (second, third):  # whole, self-consistent, wrong
        forged = {k: v.replace(b"farewell", b"good buy") for k, v in tree(store).items()}
        old, new = (
            hashlib.sha512(b"<p>%s</p>" % word).hexdigest().encode()
            for word in (b"farewell", b"good buy")
        )
        old2, new2 = (
            hashlib.sha256(b"<p>%s</p>" % word).hexdigest().encode()
            for word in (b"farewell", b"good buy")
        )
        for key, content in forged.items():
            (store.root / key).chmod(0o644)
            (store.root / key).write_bytes(content.replace(old, new).replace(old2, new2))
        for inner in (at, f"{at}/v2"):
            whole = (store.root / inner / "inventory.json").read_bytes()
            (store.root / inner / "inventory.json.sha512").write_bytes(ocfl.sidecar(whole))
    assert fixity.plan([second, third], ID).inventory != wanted.inventory, (
        "the forgery holds together"
    )

    with pytest.raises(IntegrityError, match="none is signed"):
        fixity.plan([first, second, third], ID)
    right = fixity.plan([second, third, first], ID, wanted.signed)
    for store in (second, third):
        copies.bring(store, [first], right)

    assert right.inventory == wanted.inventory
    assert tree(first) == tree(second) == tree(third)
    with pytest.raises(IntegrityError, match="that the dossier signed"):
        fixity.plan([first], ID, Signed(inventories={"v1": "0" * 128, "v2": "0" * 128}))


def test_what_is_bad_in_every_copy_is_said_and_nothing_is_deleted(quick):
    first, second, wanted = two_copies(quick)
    key = next(k for k in wanted.files if k.endswith("original/weights"))
    for store in (first, second):
        (store.root / key).chmod(0o644)
        (store.root / key).write_bytes(b"rubbish")

    with pytest.raises(IntegrityError, match=r"in every other copy: .*original/weights"):
        copies.bring(second, [first], wanted)

    assert (second.root / key).read_bytes() == b"rubbish"


def test_damaged_and_foreign_files_are_set_aside_not_deleted(quick):
    first, second, wanted = two_copies(quick)
    key = next(k for k in wanted.files if k.endswith("original/weights"))
    foreign = f"{ocfl.object_path(ID)}/v1/content/added-by-hand"
    (second.root / key).chmod(0o644)
    (second.root / key).write_bytes(b"rubbish")
    (second.root / foreign).write_bytes(b"mine")

    outcome = copies.bring(second, [first], wanted)

    aside = {
        p.read_bytes()
        for p in (second.root / "extensions/tenure-set-aside").rglob("*")
        if p.is_file()
    }
    assert aside == {b"rubbish", b"mine"}
    assert outcome.before.faults
    assert outcome.after.well


def test_a_drill_plants_one_bit_and_never_twice(quick):
    first, second, wanted = two_copies(quick)

    planted, again = damage.plant(second, wanted), damage.plant(second, wanted)
    faults = fixity.check(second, wanted).faults

    assert planted == again
    assert planted.key.endswith("original/weights")
    assert [(f.key, f.problem) for f in faults] == [(planted.key, "damaged")]
    good, bad = (first.root / planted.key).read_bytes(), (second.root / planted.key).read_bytes()
    assert [i for i, (a, b) in enumerate(zip(good, bad, strict=True)) if a != b] == [planted.offset]
    assert copies.bring(second, [first], wanted).repairs[0].source == "vault"


def test_too_little_disk_for_a_copy_is_found_before_anything_is_written(quick, monkeypatch):
    first, _, wanted = two_copies(quick)
    third = LocalStore(str(quick / "third"))
    monkeypatch.setattr(third, "free", lambda: 1 << 20)

    with pytest.raises(RoomError, match="nothing was written"):
        copies.bring(third, [first], wanted)

    assert third.list() == []
