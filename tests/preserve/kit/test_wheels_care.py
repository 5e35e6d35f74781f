"""The shared wheels are read with each model that names them, and mended from the other copy."""

import hashlib
import shutil
import time
from dataclasses import replace
from typing import cast

import pytest

from tenure import models
from tenure.dossier import Dossier, View, Waiting
from tenure.errors import IntegrityError
from tenure.models import tiny
from tenure.preserve import check, keep, ocfl, places, scrub
from tenure.preserve.kit import wheels, wheels_care

pytestmark = pytest.mark.slow
MODELS = ("tulip@1", "rose@1")


def needed(root="tenure"):
    """A real distribution list is not wanted here: one small file stands for it."""
    return [wheels.Needed("thing", "1.0", 1)]


@pytest.fixture(scope="module")
def sharing(tmp_path_factory):
    """A dossier with two models that were kept with the same wheels."""
    base = tmp_path_factory.mktemp("sharing")
    (base / "wheels").mkdir()
    (base / "wheels" / "thing-1.0-py3-none-any.whl").write_bytes(bytes(range(256)) * 64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wheels, "needed", needed)
        with Dossier.open(base / "dossier", keys=base / "keys") as opened:
            for seed, name in enumerate(MODELS):
                models.register(opened, str(tiny.make(base / name.partition("@")[0], seed=seed)))
                opened.run(keep.stage, name, {"golden": "G0", "wheels": str(base / "wheels")})
    return base


@pytest.fixture
def kept(sharing, quick):
    shutil.copytree(sharing / "dossier", quick / "dossier")
    with Dossier.open(quick / "dossier", keys=sharing / "keys") as opened:
        yield opened


def urn_of(dossier):
    return places.require(dossier.view(), dossier.view().model("tulip@1")).evidence.runtime[
        "vault"
    ]["wheels"]["object"]


def at(dossier, copy):
    return dossier.view().root / copy / ocfl.object_path(urn_of(dossier))


def flipped(folder):
    path = next(folder.rglob("thing*.whl"))
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def deleted(folder):
    next(folder.rglob("revival.lock")).unlink()


def no_inventory(folder):
    for path in folder.rglob("inventory.json"):
        path.write_bytes(b"{}")


def forged(folder):
    """Another wheel, and inventories that vouch for it by sha512 while sha256 stays as it was."""
    path = next(folder.rglob("thing*.whl"))
    was = hashlib.sha512(path.read_bytes()).hexdigest()
    flipped(folder)
    now = hashlib.sha512(path.read_bytes()).hexdigest()
    for path in folder.rglob(ocfl.INVENTORY):
        data = path.read_bytes().replace(was.encode(), now.encode())
        path.write_bytes(data)
        (path.parent / ocfl.SIDECAR).write_bytes(ocfl.sidecar(data))


DAMAGE = [flipped, deleted, no_inventory, shutil.rmtree]


def whole(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.mark.parametrize("copy", ["vault", "vault-copy"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_check_finds_and_mends_them(kept, damage, copy):
    right = whole(at(kept, copy))
    damage(at(kept, copy))

    evidence = kept.run(check.stage, "tulip@1", {})

    assert whole(at(kept, copy)) == right
    assert evidence.findings["well"]
    assert evidence.findings["repaired"]
    for line in (*evidence.findings["faults"], *evidence.findings["repaired"]):
        assert line["file"].startswith(f"{urn_of(kept)}/")
        assert line["copy"].endswith(copy)
    assert len(evidence.runtime["read"]) == 2  # a line a copy: others count the copies by them


def test_a_check_that_must_not_mend_says_what_is_wrong(kept):
    flipped(at(kept, "vault"))
    damaged = whole(at(kept, "vault"))

    evidence = kept.run(check.stage, "rose@1", {"repair": False})

    assert not evidence.findings["well"]
    assert [f["problem"] for f in evidence.findings["faults"]] == ["damaged"]
    assert whole(at(kept, "vault")) == damaged


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_scrub_finds_and_mends_them_and_its_events_name_them(kept, damage):
    right = whole(at(kept, "vault"))
    damage(at(kept, "vault"))

    evidence = kept.run(scrub.stage, "tulip@1", {})

    assert whole(at(kept, "vault")) == right
    assert evidence.findings["copies"] == {"vault": "repaired", "vault-copy": "as signed"}
    about = [e for e in evidence.findings["events"] if e["object"]["object"] == urn_of(kept)]
    told = [(e["type"], e["outcome"]) for e in about if e["object"]["copy"] == "vault"]
    assert told[0] == ("fixity check", "fail")
    assert told[-1] == ("fixity check", "pass")
    assert set(told[1:-1]) <= {("recovery", "success"), ("replication", "success")}
    assert len(told) > 2


def test_two_models_that_share_them_have_them_read_once_a_round(kept):
    def read():
        events = [e for m in MODELS for e in kept.run(scrub.stage, m, {}).findings["events"]]
        about = [e["detail"]["files"] for e in events if e["object"]["object"] == urn_of(kept)]
        assert len(about) == 4  # two models, two copies
        return [files > 0 for files in about]

    assert read() == [True, True, False, False]
    time.sleep(1.1)  # the time of an event is in seconds
    assert read() == [True, True, False, False]  # the next round reads them again


def test_a_scrub_that_is_stopped_among_them_goes_on_there(kept):
    time.sleep(1.1)  # what was read in the second of the keeping is read again
    copy, rounds = "vault", 0
    while isinstance(
        done := kept.run(scrub.stage, "tulip@1", {"copy_at": copy, "seconds": 1e-6}), Waiting
    ):
        rounds += 1
        assert rounds < 300
    files = {e["object"]["object"]: e["detail"]["files"] for e in done.findings["events"]}
    assert files[urn_of(kept)] == len(whole(at(kept, copy)))
    assert rounds == sum(files.values()) - 2  # one run reads the last of it and the first of them


def test_bad_in_every_copy_is_not_well_and_keeping_them_again_brings_them_back(
    kept, sharing, monkeypatch
):
    right = whole(at(kept, "vault"))
    for copy in ("vault", "vault-copy"):
        flipped(at(kept, copy))

    assert not kept.run(scrub.stage, "tulip@1", {}).findings["well"]
    with pytest.raises(IntegrityError, match="still bad after the repair"):
        kept.run(check.stage, "tulip@1", {})
    monkeypatch.setattr(wheels, "needed", needed)
    spec = {"golden": "G0", "wheels": str(sharing / "wheels"), "again": "wheels"}
    kept.run(keep.stage, "tulip@1", spec)
    assert whole(at(kept, "vault")) == whole(at(kept, "vault-copy")) == right
    assert kept.run(check.stage, "tulip@1", {}).findings["well"]


def test_where_no_keeping_signed_them_the_digest_in_their_name_decides(kept):
    view, urn = kept.view(), urn_of(kept)
    stores = [copy.store for copy in places.require(view, view.model("tulip@1")).opened(view.root)]

    class Old:
        """The same dossier, its keepings as they were written before they signed wheels."""

        def models(self):
            return view.models()

        def all_evidence(self, model):
            return [(e, replace(found, runtime={})) for e, found in view.all_evidence(model)]

    forged(at(kept, "vault"))
    accept = wheels_care.accepting(cast(View, Old()), stores, urn)
    wanted = wheels_care.plan(stores[0], stores, urn, accept)
    done = wheels_care.read(stores[0], wanted, stores)
    assert len(done.repairs) == 5  # the wheel, two inventories, two sidecars
    assert whole(at(kept, "vault")) == whole(at(kept, "vault-copy"))

    for copy in ("vault", "vault-copy"):
        flipped(at(kept, copy))
    with pytest.raises(IntegrityError, match="keep --wheels download"):
        wheels_care.plan(
            stores[0], stores, urn, wheels_care.accepting(cast(View, Old()), stores, urn)
        )
