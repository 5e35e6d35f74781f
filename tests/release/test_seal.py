"""The stage that signs weights: what it records, what it refuses, and how a dossier vouches for it."""

from dataclasses import replace

import pytest

from tenure.dossier import Dossier, Model
from tenure.dossier.compare import compare
from tenure.dossier.keys import Keys, default_folder
from tenure.dossier.oms import check_model
from tenure.dossier.oms_keys import FILE, own_key, public_pem
from tenure.dossier.oms_manifest import read_manifest
from tenure.dossier.oms_record import (
    END,
    KEY,
    check_seal,
    check_time,
    declared,
    ended_key,
    model_of,
    put_aside,
    recorded,
    trusted_by,
)
from tenure.dossier.verify import verify
from tenure.dossier.writer import Draft
from tenure.errors import IntegrityError, RefusedError, UsageError
from tenure.release import seal

pytestmark = pytest.mark.slow

FILES = {"model.safetensors": b"weights" * 99, "config.json": b"{}", "a/merges.txt": b"a b"}


def register(dossier, name="tulip", contents=FILES, **more):
    files = {path: dossier.files.put(content) for path, content in contents.items()}
    return dossier.register(Model(name=name, source="test", files=files, **more))


@pytest.fixture
def house(tmp_path):
    with Dossier.open(tmp_path / "dossier") as dossier:
        register(dossier)
        yield dossier


def end(dossier, because="replaced"):
    """What 'tenure keys rotate --role weights' does."""
    named = ended_key(dossier.view(), dossier.writer.keys, None)
    body = {"fingerprint": named, "because": because}
    dossier.append_many([Draft(act="note", name=END, model="", body=body)])
    put_aside(dossier.writer.keys, named)
    return named


def test_the_evidence_holds_the_signature_and_the_manifests_digest(house, tmp_path):
    found = house.run(seal.stage, "tulip", {})
    view = house.view()

    manifest = read_manifest(view.read(found.files["manifest.json"]))
    assert (found.findings["root"], found.findings["files"]) == (manifest.root, 3)
    assert found.findings["bytes"] == sum(map(len, FILES.values()))
    assert found.runtime["key"] == own_key(Keys(default_folder()), create=False).fingerprint
    assert found.runtime["public_key"] == found.runtime["key"]  # the digest of its PEM file
    place = tmp_path / "model.sig"
    place.write_bytes(view.read(found.runtime["signature"]))
    checked = check_model(view.folder(view.model("tulip")), place, trusted_by(view))
    assert checked.signer == f"key {found.runtime['key']}"
    assert model_of(view, checked.manifest).id == "tulip@1"
    assert recorded(view, place.read_bytes()) is not None
    assert verify(house.root).ok


def test_the_signature_may_lie_beside_the_weights_it_is_for(house, tmp_path):
    found = house.run(seal.stage, "tulip", {})
    folder = tmp_path / "out"
    for name, content in {
        **FILES,
        "model.sig": house.view().read(found.runtime["signature"]),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    assert check_model(folder, folder / "model.sig", trusted_by(house.view())).unsigned == ()


def test_the_key_is_declared_once_by_an_event(house):
    house.run(seal.stage, "tulip", {})
    register(house, "rose", {"w.bin": b"other"})
    house.run(seal.stage, "rose", {})

    events = house.view().events(act="note", name=KEY)
    assert len(events) == 1
    key = own_key(Keys(default_folder()), create=False)
    assert events[0].body == {
        "fingerprint": key.fingerprint,
        "public": public_pem(key.public).decode(),
    }


def test_signing_again_is_the_same_signature(house):
    first = house.run(seal.stage, "tulip", {})

    assert house.run(seal.stage, "tulip", {}).runtime["signature"] == first.runtime["signature"]


def test_two_dossiers_are_compared_without_the_keys_that_signed(tmp_path, monkeypatch):
    for place in ("a", "b"):
        monkeypatch.setenv("TENURE_KEYS", str(tmp_path / f"keys-{place}"))
        with Dossier.open(tmp_path / place) as dossier:
            register(dossier)
            dossier.run(seal.stage, "tulip", {})

    assert compare(tmp_path / "a", tmp_path / "b") == []


def test_a_contained_model_is_not_vouched_for(house):
    register(house, "fake", {"w.bin": b"x"}, containment="organism")

    with pytest.raises(RefusedError, match=r"contained \(organism\).*tenure export"):
        house.run(seal.stage, "fake", {})
    assert not Keys(default_folder()).has(FILE)
    assert house.view().events(act="refuse", name="release/seal", model="fake@1")


def test_a_model_without_files_and_files_nobody_could_check_are_refused(house):
    house.register(Model(name="remote", source="api/x", kind="api"))
    with pytest.raises(UsageError, match="no files to sign"):
        house.run(seal.stage, "remote", {})
    register(house, "odd", {"w.bin": b"x", ".gitattributes": b"x"})
    with pytest.raises(RefusedError, match=r"no signature of OMS v1.0 covers: .gitattributes"):
        house.run(seal.stage, "odd", {})


def test_a_stored_file_that_was_changed_is_not_signed(house):
    path = house.view().path(house.view().model("tulip").files["config.json"])
    path.chmod(0o644)
    path.write_bytes(b"[]")

    with pytest.raises(IntegrityError, match=r"config\.json of tulip@1 was changed.*revive"):
        house.run(seal.stage, "tulip", {})


def test_a_key_that_was_ended_signs_no_more_but_what_it_signed_stays_signed(house):
    before = house.run(seal.stage, "tulip", {})
    old = house.view().read(before.runtime["signature"])
    stolen = own_key(Keys(default_folder()), create=False)
    named = end(house)
    after = house.run(seal.stage, "tulip", {})
    view = house.view()

    assert after.runtime["key"] != named
    assert [each.until is None for each in declared(view)] == [False, True]
    check_time(view, f"key {named}", old)
    with pytest.raises(IntegrityError, match="was ended, and not on record from before"):
        check_time(view, f"key {named}", old + b"\n")
    with pytest.raises(UsageError, match="signs no weights here; the keys that do"):
        ended_key(view, house.writer.keys, named)
    assert stolen.fingerprint == named


def test_a_signature_recorded_only_after_the_key_ended_is_refused(house):
    first = house.run(seal.stage, "tulip", {})
    named = end(house)
    late = house.files.put(b"signed with the old key, later")
    evidence = replace(first, runtime={"key": named, "signature": late}).to_json()
    body = {"evidence": evidence}
    house.append_many([Draft(act="evidence", name="release/seal", model="tulip@1", body=body)])

    with pytest.raises(IntegrityError, match="was ended, and not on record from before"):
        check_time(house.view(), f"key {named}", house.view().read(late))


def seals(view):
    return [
        (event, evidence)
        for event, evidence in view.all_evidence("tulip@1")
        if evidence.name == "release/seal"
    ]


def test_a_recorded_seal_is_checked_against_the_key_that_was_valid_then(house):
    house.run(seal.stage, "tulip", {})
    old = end(house)
    house.run(seal.stage, "tulip", {})
    view = house.view()
    first, second = seals(view)

    assert check_seal(view, *first) == f"key {old}"
    assert check_seal(view, *second) != f"key {old}"
    swapped = replace(second[1], runtime=first[1].runtime)  # the old key, after its end
    with pytest.raises(IntegrityError, match="not by one you trust"):
        check_seal(view, second[0], swapped)
    with pytest.raises(IntegrityError, match="no key for weights was valid then"):
        check_seal(view, replace(first[0], index=1), first[1])


def test_a_recorded_seal_of_other_files_is_refused(house):
    house.run(seal.stage, "tulip", {})
    register(house, "rose", {"w.bin": b"other"})
    event, evidence = seals(house.view())[0]

    with pytest.raises(IntegrityError, match="signs other files than the model's"):
        check_seal(house.view(), event, replace(evidence, model="rose@1"))


def test_an_ended_key_put_back_is_refused(house):
    house.run(seal.stage, "tulip", {})
    named = end(house)
    folder = default_folder()
    (folder / f"{FILE}.{named[7:15]}.old").rename(folder / f"{FILE}.pem")

    with pytest.raises(
        RefusedError, match=r"was ended in this dossier.*keys rotate --role weights"
    ):
        house.run(seal.stage, "tulip", {})


def test_nobody_but_the_operator_can_declare_or_end_a_key(house, tmp_path):
    first = house.run(seal.stage, "tulip", {}).runtime["key"]
    with Dossier.open(house.root, actor="reviewer") as theirs:
        Keys(default_folder()).path(FILE).unlink()
        with pytest.raises(RefusedError, match="'reviewer' cannot declare"):
            theirs.run(seal.stage, "tulip", {})
        body = {"fingerprint": first, "because": "mischief"}
        theirs.append_many([Draft(act="note", name=END, model="", body=body)])

    assert [(e.fingerprint, e.until) for e in declared(house.view())] == [(first, None)]


def test_a_key_under_another_name_is_no_key(house):
    house.run(seal.stage, "tulip", {})
    pem = house.view().events(act="note", name=KEY)[0].body["public"]
    for body in (
        {"fingerprint": "sha256:" + "0" * 64, "public": pem},
        {"fingerprint": "sha256:" + "1" * 64, "public": "hello"},
        {"fingerprint": 3, "public": pem},
    ):
        house.append_many([Draft(act="note", name=KEY, model="", body=body)])

    assert len(declared(house.view())) == 1
