"""One of several copies lies with a service that is down, or goes down in the middle."""

import shutil
import time

import pytest
from s3_server import make_bucket, start_server

from tenure.errors import EngineError
from tenure.preserve import check, keep, overview, places, revive, scrub
from tenure.preserve.custody import keyring
from tenure.preserve.custody.sealing import VaultKey
from tenure.preserve.remote import bucket
from tenure.preserve.remote.bucket import Bucket

pytestmark = pytest.mark.slow

G0 = {"golden": "G0"}


@pytest.fixture
def service(tmp_path):
    process, where = start_server(tmp_path / "log")
    make_bucket(where)
    process.endpoint = where
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def away(request, dossier, service, pristine, tmp_path, monkeypatch):
    """Keep a model in three copies, one of them with the service; give the dossier and its place."""
    shutil.copytree(pristine / "keys", tmp_path / "keys")
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path / "keys"))
    monkeypatch.setattr(bucket, "AWAY_SECONDS", 20.0)
    keyring.Keyring.usual().store("offsite", VaultKey.make())
    at = f"s3://vaults/{tmp_path.name}/far?endpoint={service.endpoint}"
    at = f"sealed://offsite@{at}" if request.param == "sealed" else at
    form = "packed" if request.param == "packed" else "plain"
    asked = [{"at": at, "form": form}, {"at": "vault", "form": "packed"}, {"at": "vault-copy"}]
    dossier.spec = {**G0, "copies": asked}
    dossier.run(keep.stage, "tulip@1", dossier.spec)
    return dossier, at


def tree(root):
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file() and "set-aside" not in str(p)}


def hurt(root, ending):
    path = next(p for p in sorted(root.rglob("*")) if p.as_posix().endswith(ending))
    path.chmod(0o644)
    right = path.read_bytes()
    path.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))


def down(service):
    service.kill()
    service.wait()


@pytest.mark.parametrize("away", ["plain", "sealed"], indirect=True)
def test_the_other_copies_are_read_and_mended_in_no_more_than_a_few_seconds(
    away, service, tmp_path
):
    dossier, at = away
    before = {copy: tree(dossier.root / copy) for copy in ("vault", "vault-copy")}
    quiet = time.monotonic()
    dossier.run(check.stage, "tulip@1", {"repair": False})
    quiet = time.monotonic() - quiet
    down(service)
    hurt(dossier.root / "vault", "config.json")
    hurt(dossier.root / "vault-copy", "model.safetensors")

    began = time.monotonic()
    checked = dossier.run(check.stage, "tulip@1", {}).findings
    took = time.monotonic() - began
    read = dossier.run(scrub.stage, "tulip@1", {}).findings
    seen = overview.rows(dossier.view())[0].copies
    back = revive.to_folder(dossier.view(), dossier.view().model("tulip"), tmp_path / "back")

    assert took < quiet + 6
    assert not checked["well"]
    assert checked["whole"] == ["vault", "vault-copy"]
    assert [each["copy"] for each in checked["away"]] == [at]
    assert "could not be reached" in checked["away"][0]["problem"]
    assert {each["copy"] for each in checked["faults"]} == {"vault", "vault-copy"}
    assert len(checked["repaired"]) == len(checked["faults"])
    assert {copy: tree(dossier.root / copy) for copy in before} == before
    assert read["copies"] == {at: "away", "vault": "as signed", "vault-copy": "as signed"}
    assert [each.trouble[:4] for each in seen] == ["AWAY", "", ""]
    assert back.copy == "vault-copy"


@pytest.mark.parametrize("away", ["packed"], indirect=True)
def test_a_keeping_is_refused_before_anything_is_written(away, service):
    dossier, _ = away
    down(service)
    before = {copy: tree(dossier.root / copy) for copy in ("vault", "vault-copy")}

    with pytest.raises(EngineError, match=r"is away: .*nothing was written: mount it, or see"):
        dossier.run(keep.stage, "tulip@1", {**dossier.spec, "again": "today"})

    assert {copy: tree(dossier.root / copy) for copy in before} == before
    without = [each for each in dossier.spec["copies"] if "://" not in each["at"]]
    made = dossier.run(keep.stage, "tulip@1", {**G0, "copies": without})
    assert made.findings["roots"] == ["vault", "vault-copy"]


@pytest.mark.parametrize(
    ("away", "stage", "damaged"),
    [
        ("sealed", check.stage, False),
        pytest.param("plain", check.stage, True, marks=pytest.mark.life),
        pytest.param("packed", scrub.stage, False, marks=pytest.mark.life),
        ("sealed", scrub.stage, True),
    ],
    indirect=["away"],
)
def test_a_service_that_goes_down_in_the_middle_is_away_and_not_damaged(
    away, service, monkeypatch, stage, damaged
):
    dossier, at = away
    if damaged:
        store = places.open_store(dossier.root, at)
        key = next(key for key in store.list() if key.endswith("inventory.json"))
        getattr(store, "below", store).swap(hidden(store, key), b"damaged behind our back")
    count, opening, putting = [0], Bucket.open, Bucket._put_if

    def opened(bucket, key):
        count[0] += 1
        if count[0] == 12 and not damaged:
            down(service)
        return opening(bucket, key)

    def put(bucket, key, content, mode):
        down(service)  # at the first thing that is mended there
        return putting(bucket, key, content, mode)

    monkeypatch.setattr(Bucket, "open", opened)
    if damaged:
        monkeypatch.setattr(Bucket, "_put_if", put)
    began = time.monotonic()
    found = dossier.run(stage, "tulip@1", {}).findings

    assert service.poll() is not None
    assert time.monotonic() - began < 20
    assert not found["well"]
    if stage is check.stage:
        assert [each["copy"] for each in found["away"]] == [at]
        assert (found["whole"], found["faults"]) == (["vault", "vault-copy"], [])
    else:
        assert found["copies"] == {at: "away", "vault": "as signed", "vault-copy": "as signed"}


def hidden(store, key):
    return store._hide(key) if hasattr(store, "_hide") else key
