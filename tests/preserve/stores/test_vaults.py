"""A whole vault on remote and sealed stores: kept, checked, damaged, mended, brought back, killed."""

import hashlib
import io
import random
import shutil
import subprocess
import sys
import time

import obstore
import pytest
from ocfl import StorageRoot

from tenure.errors import TenureError
from tenure.preserve import check, fixity, keep, places, revive, vault
from tenure.preserve.custody import keyring
from tenure.preserve.custody.sealing import VaultKey
from tenure.preserve.remote import bucket

pytestmark = pytest.mark.slow

URN = "urn:tenure:model:tulip@1"


@pytest.fixture
def keys(pristine, tmp_path, monkeypatch):
    shutil.copytree(pristine / "keys", tmp_path / "keys")
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path / "keys"))
    keyring.Keyring.usual().store("offsite", VaultKey.make())


def stores(dossier):
    return places.kept(dossier.view(), dossier.view().model("tulip")).stores(dossier.root)


def download(store, into):
    for key in store.list():
        target = into / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with store.open(key) as source:
            target.write_bytes(source.read())
    return into


def test_a_model_kept_elsewhere_is_checked_mended_and_brought_back(
    dossier, endpoint, keys, tmp_path
):
    away = f"vaults/{tmp_path.name}"
    asked = [
        {"at": "vault", "form": "packed"},
        {"at": f"s3://{away}/one?endpoint={endpoint}", "form": "plain"},
        {"at": f"sealed://offsite@s3://{away}/two?endpoint={endpoint}", "form": "packed"},
        {"at": f"sealed://offsite@fsspec://file://{tmp_path}/three", "form": "plain"},
    ]
    dossier.run(keep.stage, "tulip@1", {"golden": "G1", "copies": asked})
    every_place_is_a_vault(dossier, tmp_path)
    damage_is_mended_from_another_place(dossier)

    shutil.rmtree(dossier.root / "vault")
    view = dossier.view()
    back = revive.revive_to(view, view.model("tulip"), tmp_path / "back")
    drilled = dossier.run(revive.stage, "tulip@1", {"level": "G1"})

    assert {p.name for p in back.iterdir()} == set(view.model("tulip").files)
    assert drilled.findings["reached"] == "G1"
    assert drilled.findings["from"] in ("one", "two (sealed)", "three (sealed)")
    said = "".join(str(event.body) for event in dossier.view().events())
    assert "the-secret-that-is-never-shown" not in said


def every_place_is_a_vault(dossier, tmp_path):
    """Each copy, downloaded, is valid by OCFL's own validator and by the reader inside it."""
    assert dossier.run(check.stage, "tulip@1", {}).findings["faults"] == []
    for number, store in enumerate(stores(dossier)):
        root = download(store, tmp_path / f"down{number}")
        storage = StorageRoot(root=str(root))
        assert storage.validate(log_warnings=False), storage.log.status_str()
        done = subprocess.run(
            [sys.executable, "-S", "-I", root / "read_vault.py", "check"],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def damage_is_mended_from_another_place(dossier):
    _, s3, sealed, _ = stores(dossier)
    weights = next(key for key in s3.list() if key.endswith("original/model.safetensors"))
    obstore.put(s3._client, weights, b"damaged behind our back")
    for name in sealed.below.list("sealed")[:4]:
        obstore.put(sealed.below._client, name, b"damaged too")

    mended = dossier.run(check.stage, "tulip@1", {})

    assert mended.findings["well"]
    assert {f["copy"] for f in mended.findings["faults"]} >= {"one", "two (sealed)"}
    assert dossier.run(check.stage, "tulip@1", {}).findings["faults"] == []
    assert [k for k in s3.list() if "set-aside" in k]


WRITER = """
import sys
sys.path.insert(0, "src")
from pathlib import Path
from tenure.preserve import places, vault
from tenure.preserve.remote import bucket, lease
bucket.PART_BYTES = 5 << 20
lease.PATIENCE = lease.Patience(lease=0.6, wait=20, pause=0.02)
store = places.open_store(Path("."), sys.argv[1])
print("begins", flush=True)
for n in range(1, 4):
    files = {f"original/w{n}": bytes([n]) * 7_000_000, "model.json": b"{%d}" % n, "empty": b""}
    vault.commit(store, "urn:tenure:model:tulip@1",
        vault.Addition(files=files, message=f"m{n}", created=f"2026-11-21T00:00:0{n}Z"))
    print(n, flush=True)
"""


@pytest.mark.parametrize("times", [1, pytest.param(30, marks=pytest.mark.life)])
@pytest.mark.parametrize("kind", ["s3", "sealed"])
def test_a_commit_killed_anywhere_leaves_whole_versions_and_goes_on(
    endpoint, keys, tmp_path, start, kind, times
):
    dice = random.Random(f"20261121 {kind} {times}")
    for number in range(times):
        at = f"s3://vaults/{tmp_path.name}-{number}/copy?endpoint={endpoint}"
        at = f"sealed://offsite@{at}" if kind == "sealed" else at
        process = start([sys.executable, "-c", WRITER, at])
        assert process.stdout.readline() == "begins\n"
        time.sleep(dice.uniform(0.02, 0.8))
        process.kill()
        said = process.stdout.read().split()
        process.wait()
        store = places.open_store(tmp_path, at)
        found = vault.read(store, URN)
        versions = len(found[0].versions) if found else 0
        assert versions >= len(said)
        if found:
            vault.restore(store, found[0], tmp_path / f"back{number}")
            assert (tmp_path / f"back{number}/model.json").read_bytes() == b"{%d}" % versions

        after = vault.commit(
            store,
            URN,
            vault.Addition(files={"report": b"r"}, message="m", created="2026-11-22T00:00:00Z"),
        )

        assert len(after.versions) == versions + 1
        health = fixity.check(store, fixity.plan([store], URN))
        assert health.well, health.faults
        storage = StorageRoot(root=str(download(store, tmp_path / f"down{number}")))
        assert storage.validate(log_warnings=False), storage.log.status_str()


def test_a_copy_that_is_away_is_reported_once_and_not_waited_for_again(kept, monkeypatch):
    monkeypatch.setattr(bucket, "AWAY_SECONDS", 20.0)
    held = places.kept(kept.view(), kept.view().model("tulip"))
    wanted = held.plan(kept.root, "plain")
    away = places.open_store(kept.root, "s3://vaults/x?endpoint=http://127.0.0.1:9")
    began = time.monotonic()
    health = fixity.check(away, wanted)

    assert time.monotonic() - began < 3  # not as often as there are files
    assert not health.well
    assert all(
        fault.problem.startswith("unreadable: x could not be reached") for fault in health.faults
    )
    with pytest.raises(TenureError, match="could not be reached"):
        away.put("k", io.BytesIO(b""), hashlib.sha512(b"").hexdigest())
