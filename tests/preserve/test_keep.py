"""A real (tiny) model is kept, checked, added to and found again, through a real dossier."""

import json
import shutil
import subprocess
import sys

import pytest
from ocfl import StorageRoot

from tenure import models
from tenure.dossier import Dossier, Model
from tenure.errors import IntegrityError, RoomError, TenureError, UsageError
from tenure.models import tiny
from tenure.preserve import check, keep, ocfl, places, revive, vault
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow  # a vault for each test

URN = "urn:tenure:model:tulip@1"


PLAIN = "vault-copy"
PACK = "packed/model.safetensors.pack"


def folder(dossier, copy=PLAIN):
    return dossier.root / copy / ocfl.object_path(URN)


def inventory(dossier, copy=PLAIN):
    return vault.read(LocalStore(str(dossier.root / copy)), URN)[0]


def test_what_is_kept_comes_back_with_nothing_but_python(dossier, pristine, quick):
    evidence = dossier.run(keep.stage, "tulip@1", {"golden": "G2"})

    for copy in ("vault", "vault-copy"):
        script = dossier.root / copy / "read_vault.py"
        back = quick / f"back-{copy}"
        done = subprocess.run(
            [sys.executable, "-S", "-I", script, "restore", "tulip@1", back],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        for name in dossier.view().model("tulip").files:
            assert (back / "original" / name).read_bytes() == (
                pristine / "tulip" / name
            ).read_bytes()
        storage = StorageRoot(root=str(dossier.root / copy))
        assert storage.validate(log_warnings=False)
        assert storage.good_objects == 1
    exact = subprocess.run(
        [sys.executable, "-I", back / "env/numpy_reference.py", back / "original", "check", back / "golden/G2.json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    record = subprocess.run(
        [sys.executable, "-S", "-I", back / "dossier/verify_dossier.py", back / "dossier"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert exact.returncode == 0, exact.stdout
    assert "the same: 3 prompts" in exact.stdout
    assert record.returncode == 0, record.stdout
    assert "tulip@1" in (back / "RESTORE.txt").read_text()
    assert dossier.view().state("tulip@1").custody == "kept"
    assert evidence.findings["contents"] == [
        "LICENCE.txt",
        "RESTORE.txt",
        "dossier",
        "env",
        "golden",
        "kit.json",
        "model.json",
        "original",
    ]


def test_the_passport_names_every_file_and_table(kept):
    at, held = folder(kept), inventory(kept)
    passport = json.loads((at / held.manifest[held.state["model.json"]]).read_bytes())

    assert passport["digest"] == kept.view().model("tulip").digest
    assert set(passport["files"]) == set(kept.view().model("tulip").files)
    assert len(passport["tensors"]) == 20
    assert all(len(t["sha256"]) == 64 and t["dtype"] == "BF16" for t in passport["tensors"])


def test_nothing_kept_names_a_host_or_a_path_of_this_machine(kept, quick):
    at, held = folder(kept), inventory(kept)
    for name in ("model.json", "env/machine.json", "env/requirements.lock", "RESTORE.txt"):
        content = (at / held.manifest[held.state[name]]).read_text()
        assert str(quick) not in content
        assert "://" not in content
        assert "@ file" not in content


def test_a_report_becomes_version_2_and_weights_are_not_copied(kept):
    with kept.emitter("tulip@1", "test") as emit:
        digest = emit.file(b"<p>farewell</p>")
    before = (folder(kept) / "v1/inventory.json").read_bytes()

    evidence = kept.run(
        keep.stage, "tulip@1", {"golden": "G0", "add": {"report/page.html": digest}}
    )
    again = kept.run(
        keep.stage,
        "tulip@1",
        {"golden": "G0", "engine": "torch", "add": {"report/page.html": digest}},
    )

    held = inventory(kept)
    assert evidence.findings["version"] == again.findings["version"] == held.head == "v2"
    assert (folder(kept) / "v1/inventory.json").read_bytes() == before
    assert not (folder(kept) / "v2/content/original").exists()
    assert (
        held.state["original/model.safetensors"]
        == held.versions[0].state["original/model.safetensors"]
    )
    packed = inventory(kept, "vault")
    assert packed.head == "v2"
    assert not (folder(kept, "vault") / "v2/content/packed").exists()
    assert {"parity/v1.parity", "parity/v2.parity"} < set(packed.state)


def test_a_keeping_killed_before_its_evidence_finds_its_own_version_again(dossier, monkeypatch):
    class KilledError(Exception):
        pass

    def die(*_):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(keep, "_fact", die)
        with pytest.raises(KilledError):
            dossier.run(keep.stage, "tulip@1", {"golden": "G0"})

    evidence = dossier.run(keep.stage, "tulip@1", {"golden": "G0"})

    assert evidence.findings["version"] == inventory(dossier).head == "v1"


def test_another_model_under_the_same_name_is_refused(kept, quick):
    with Dossier.open(quick / "other") as other:
        models.register(other, str(tiny.make(quick / "else", seed=1)), "tulip")
        with pytest.raises(UsageError, match="already keeps another model"):
            other.run(keep.stage, "tulip@1", {"golden": "G0", "vault": str(kept.root / "vault")})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"add": {"../out": "sha256:" + "0" * 64}}, "is refused"),
        ({"add": {"original/extra": "sha256:" + "0" * 64}}, "a place of the kit itself"),
        ({"add": {"report": "retire/report"}}, "no evidence about tulip@1 named 'retire/report'"),
        ({"add": {"report/page": "sha256:" + "0" * 64}}, "sha256:0000"),
        ({"second": "vault"}, "a place of its own"),
        ({"golden": "G7"}, "there are: G0, G1, G2, G3"),
        ({"vault": "tape://1"}, "no store named 'tape'"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_kept(dossier, spec, message):
    with pytest.raises(TenureError, match=message):
        dossier.run(keep.stage, "tulip@1", {"golden": "G0", **spec})

    assert dossier.view().state("tulip@1").custody == "unkept"
    assert not (dossier.root / "vault").exists()


def test_a_full_disk_is_found_before_anything_is_written(dossier, monkeypatch):
    monkeypatch.setattr(LocalStore, "free", lambda _: 1 << 20)

    with pytest.raises(RoomError, match="make room"):
        dossier.run(keep.stage, "tulip@1", {"golden": "G0"})

    assert dossier.view().state("tulip@1").custody == "unkept"
    assert list((dossier.root / PLAIN).iterdir()) == []
    assert not (dossier.root / "vault").exists()


def test_a_drill_is_found_mended_and_labelled(kept):
    evidence = kept.run(check.stage, "tulip@1", {"drill": True})
    after = kept.run(check.stage, "tulip@1", {})

    assert evidence.findings["planted"]["label"].startswith("planted")
    assert evidence.findings["faults"] == [
        {
            "copy": "vault-copy",
            "file": "v1/content/original/model.safetensors",
            "problem": "damaged",
        }
    ]
    assert evidence.findings["repaired"][0]["from"] == "vault", "unpacked from the packed copy"
    assert evidence.findings["well"]
    assert after.findings["faults"] == []
    assert all(copy["bytes"] > 100_000 for copy in after.runtime["read"])


def test_a_check_without_repair_only_tells(kept):
    path = folder(kept) / "inventory.json"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:100])

    evidence = kept.run(check.stage, "tulip@1", {"repair": False})

    assert not evidence.findings["well"]
    assert [f["file"] for f in evidence.findings["faults"]] == ["inventory.json"]
    assert len(path.read_bytes()) == 100


@pytest.mark.parametrize(
    "harm", ["truncated inventory", "no sidecar", "wrong digest", "vault gone"]
)
def test_a_harmed_vault_is_mended_from_the_copy_by_the_next_keeping(kept, harm):
    at = folder(kept)
    if harm == "vault gone":
        shutil.rmtree(kept.root / "vault")
        vault.begin(LocalStore(str(kept.root / "vault")))
    for name in {
        "truncated inventory": ["inventory.json", "v1/inventory.json"],
        "no sidecar": ["inventory.json.sha512"],
        "wrong digest": ["v1/content/original/config.json"],
    }.get(harm, []):
        (at / name).chmod(0o644)
        (at / name).write_bytes((at / name).read_bytes()[:30])
    with kept.emitter("tulip@1", "test") as emit:
        digest = emit.file(b"<p>farewell</p>")

    evidence = kept.run(
        keep.stage, "tulip@1", {"golden": "G0", "add": {"report/page.html": digest}}
    )

    assert evidence.findings["version"] == "v2"
    assert kept.run(check.stage, "tulip@1", {}).findings["faults"] == []


def test_what_was_never_kept_cannot_be_checked_or_brought_back(dossier, quick):
    with pytest.raises(UsageError, match="tenure preserve keep --model tulip@1"):
        dossier.run(check.stage, "tulip@1", {})
    with pytest.raises(UsageError, match="is not kept"):
        revive.revive_to(dossier.view(), dossier.view().model("tulip"), quick / "into")


def test_a_model_behind_an_api_keeps_its_record_and_says_so(dossier, quick):
    model = dossier.register(Model(name="far", kind="api", source="openai-api/lab/far"))

    evidence = dossier.run(keep.stage, model.id, {})

    assert "no weights" in evidence.summary
    assert evidence.findings["golden"] == {}
    assert evidence.findings["weights"] is False
    assert dossier.view().state(model.id).custody == "record kept"
    store = LocalStore(str(dossier.root / "vault"))
    vault.restore(store, vault.read(store, places.object_id(model))[0], quick / "back")
    assert "NO WEIGHTS" in (quick / "back/RESTORE.txt").read_text()
    assert not (quick / "back/original").exists()
    with pytest.raises(UsageError, match="without weights"):
        dossier.run(revive.stage, model.id, {})
    with pytest.raises(IntegrityError, match="with its provider"):
        revive.revive_to(dossier.view(), model, quick / "into")


def test_the_gateway_gets_the_models_own_files(kept, quick):
    model = kept.view().model("tulip")

    back = revive.revive_to(kept.view(), model, quick / "into")

    assert {p.name for p in back.iterdir()} == set(model.files)
    assert revive.revive_to(kept.view(), model, quick / "into") == back
    weights = folder(kept) / "v1/content/original/model.safetensors"
    assert not weights.samefile(back / "model.safetensors")


def test_a_damaged_copy_is_passed_over(kept, quick):
    for copy, name in ((PLAIN, "original/model.safetensors"), ("vault", PACK)):
        weights = folder(kept, copy) / "v1/content" / name
        weights.chmod(0o644)
        weights.write_bytes(b"rubbish")
        if copy == PLAIN:
            back = revive.revive_to(kept.view(), kept.view().model("tulip"), quick / "into")
            assert (back / "model.safetensors").stat().st_size > 1000

    with pytest.raises(IntegrityError, match="no copy of"):
        revive.revive_to(kept.view(), kept.view().model("tulip"), quick / "elsewhere")
