"""Coming back in a fresh process, from the vault alone."""

import json
import shutil

import pytest

from tenure import models
from tenure.dossier import Dossier, Model
from tenure.errors import IntegrityError
from tenure.models import Sampling, tiny
from tenure.preserve import keep, ocfl, revive, revive_process, vault
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.local
URN = "urn:tenure:model:tulip@1"


@pytest.fixture
def golden_kept(quick, monkeypatch):
    monkeypatch.setenv("TENURE_CACHE", str(quick / "cache"))  # the drill sets its own in a process
    with Dossier.open(quick / "dossier") as dossier:
        models.register(dossier, str(tiny.make(quick / "tulip")))
        dossier.run(keep.stage, "tulip@1", {})
        yield dossier
    models.close_all()


def test_a_model_comes_back_at_g3_when_all_else_is_gone(golden_kept, quick):
    shutil.rmtree(quick / "tulip")
    shutil.rmtree(golden_kept.root / "work")
    for path in (golden_kept.root / "files").rglob("*"):
        if path.is_file() and path.stat().st_size > 100_000:
            path.unlink()  # the weights, in the dossier's own store

    evidence = golden_kept.run(revive.stage, "tulip@1", {})

    assert evidence.findings["reached"] == "G3"
    assert [level["outcome"] for level in evidence.findings["levels"]] == ["same"] * 4
    assert evidence.summary.startswith("Came back at level G3")
    assert golden_kept.view().state("tulip@1").last_drill == "came back at G3"
    assert set(evidence.runtime["levels"]) == {"G0", "G1", "G2", "G3"}
    model = golden_kept.view().model("tulip")
    back = revive.revive_to(golden_kept.view(), model, quick / "into")
    engine = models.engine(Model(name="back", source=str(back), files=model.files), None)
    assert (
        engine.generate([[{"role": "user", "content": "Hello"}]], Sampling(max_tokens=3))[0].tokens
        == 3
    )


def test_a_model_that_answers_otherwise_is_told_apart(golden_kept, quick, capsys):
    assert (
        revive_process.main(
            [
                "--vault",
                str(golden_kept.root / "vault"),
                "--object",
                URN,
                "--into",
                str(quick / "a"),
                "--level",
                "G2",
            ]
        )
        == 0
    )
    at = golden_kept.root / "vault" / ocfl.object_path(URN)
    inventory = json.loads((at / "inventory.json").read_bytes())
    place = next(p[0] for p in inventory["manifest"].values() if p[0].endswith("golden/G2.json"))
    golden = json.loads((at / place).read_bytes())
    golden["answers"][0]["sha256"] = "0" * 64
    with golden_kept.emitter("tulip@1", "test") as emit:
        forged = emit.file(json.dumps(golden).encode())
    addition = vault.Addition(
        files={"golden/G2.json": golden_kept.view().path(forged)},
        message="other",
        created="2026-11-21T00:00:00Z",
    )
    vault.commit(LocalStore(str(golden_kept.root / "vault")), URN, addition)
    capsys.readouterr()

    status = revive_process.main(
        [
            "--vault",
            str(golden_kept.root / "vault"),
            "--object",
            URN,
            "--into",
            str(quick / "b"),
            "--level",
            "G2",
        ]
    )

    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert status == 3
    assert last["reached"] == "G1"
    assert last["levels"][2]["outcome"] == "differs"


def test_an_object_that_is_not_there_is_named(golden_kept, quick, capsys):
    status = revive_process.main(
        [
            "--vault",
            str(golden_kept.root / "vault"),
            "--object",
            "urn:x",
            "--into",
            str(quick / "a"),
        ]
    )

    assert status == IntegrityError.code
    assert "holds no urn:x" in json.loads(capsys.readouterr().out.splitlines()[-1])["message"]
