"""An engine straight from the vault: the folder's answers bit for bit, golden answers, evidence."""

import argparse
import json
import shutil
import time

import pytest
from two_forms import ORIGINAL, PACK, at, store

from tenure import models
from tenure.dossier import Dossier
from tenure.errors import IntegrityError, RefusedError, UsageError
from tenure.models import Sampling, in_memory, tiny
from tenure.preserve import keep, revive, revive_process, tombstone
from tenure.preserve.sameness import golden

pytestmark = [pytest.mark.local, pytest.mark.slow]
ROWS = [[7, 99, 200, 3, 42, 11]]
HELLO = [[{"role": "user", "content": "Hello"}]]


@pytest.mark.parametrize("name", ["tulip", "rose"])
@pytest.mark.parametrize("copy", ["vault", "vault-copy"])
def test_the_same_logits_and_words_as_from_the_folder(family, quick, name, copy):
    from tenure.models.engines.torch import Torch

    view = family.view()
    revive.to_folder(view, view.model(name), quick / "folder", copy)
    other = Torch(quick / "folder")
    with revive.to_engine(view, view.model(name), at=copy) as engine:
        assert engine.logits(ROWS)[0].tobytes() == other.logits(ROWS)[0].tobytes()
        said = engine.generate(HELLO, Sampling(max_tokens=6))
        assert said == other.generate(HELLO, Sampling(max_tokens=6))
    assert engine._model is None  # closed


def test_a_damaged_copy_is_passed_over_and_two_open_nothing(family, monkeypatch):
    opened = []
    whole = in_memory.open_held
    monkeypatch.setattr(in_memory, "open_held", lambda *how: opened.append(1) or whole(*how))
    view, model = family.view(), family.view().model("rose")

    def damage(path):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1] + b"\x7f")

    damage(at(family, "vault-copy") / ORIGINAL)  # the last byte of the last tensor
    with revive.to_engine(view, model) as engine:
        assert engine.generate(HELLO, Sampling(max_tokens=2))[0].tokens
    assert opened == [1]
    damage(at(family, "vault") / PACK)
    with pytest.raises(IntegrityError, match=r"no copy of .*rose@1 is whole: vault-copy: .*norm"):
        revive.to_engine(view, model).__enter__()
    assert opened == [1]


def test_what_cannot_be_is_said_at_once(family):
    view, model = family.view(), family.view().model("rose")
    with pytest.raises(UsageError, match=r"engine 'cpu' cannot be opened from memory"):
        revive.to_engine(view, model, "cpu").__enter__()
    with pytest.raises(UsageError, match="engine 'cpu' cannot"):
        family.run(revive.stage, "rose@1", {"engine": "cpu"})
    family.run(tombstone.stage, "rose@1", {"reason": "kept for the record only"})
    view = family.view()
    with pytest.raises(RefusedError, match="answers nobody"):
        revive.to_engine(view, model).__enter__()
    with pytest.raises(RefusedError, match="answers nobody"):
        family.run(revive.stage, "rose@1", {"engine": "torch"})


@pytest.fixture(scope="module")
def golden_kept(tmp_path_factory):
    """A dossier with a tiny model that was kept up to G4."""
    base = tmp_path_factory.mktemp("golden")
    with Dossier.open(base / "dossier", keys=base / "keys") as dossier:
        models.register(dossier, str(tiny.make(base / "tulip")))
        dossier.run(keep.stage, "tulip@1", {"golden": "G4"})
        models.close_all()
        yield dossier


def test_it_meets_its_golden_answers_and_leaves_evidence(golden_kept):
    spec = {"engine": "torch", "ask": "Who are you?", "level": "G4", "at": "vault"}
    evidence = golden_kept.run(revive.stage, "tulip@1", spec)

    found, runtime = evidence.findings, evidence.runtime
    assert (found["reached"], found["from"], found["into"]) == ("G4", "vault", "torch")
    outcomes = {each["level"]: each["outcome"] for each in found["levels"]}
    assert outcomes.pop("G2") == "not tried"
    assert set(outcomes.values()) == {"same"}
    assert found["chat"]["messages"][0]["content"] == "Who are you?"
    assert found["chat"]["reply"]["tokens"] > 0
    assert 0 < runtime["first_token_seconds"] <= runtime["revive_seconds"] + 0.01
    assert runtime["memory"]["peak_bytes"] > runtime["memory"]["weights_bytes"] > 100_000
    assert golden_kept.view().state("tulip@1").last_drill == "came back at G4"


def test_g4_holds_where_g3_was_kept_with_another_engine(golden_kept, tmp_path):
    view = golden_kept.view()
    model = view.model("tulip")
    kept = at(golden_kept, "vault", "urn:tenure:model:tulip@1") / "v1/content/golden"
    for path in kept.iterdir():
        shutil.copy(path, tmp_path)
    said = json.loads((tmp_path / "G3.json").read_text())
    (tmp_path / "G3.json").write_text(json.dumps({**said, "engine": "cpu"}))

    with revive.to_engine(view, model) as engine:
        folder = view.folder(model)
        levels = [do() for _, do in golden.again(folder, tmp_path, model, "G4", engine)]
    g3, g4 = levels[2:]
    assert (g3.outcome, g3.why) == ("not tried", "its replies were kept with the engine cpu, this one is torch")  # fmt: skip
    assert (g4.outcome, g4.figures["bit_identical"]) == ("same", True)
    assert golden.reached(levels) == "G4"


def test_a_model_that_differs_is_asked_nothing(golden_kept, tmp_path, monkeypatch):
    def others(model, kept, names, ready=None):
        return [golden.Level(level=name, outcome="differs") for name in names if name == "G3"]

    monkeypatch.setattr(revive_process, "check", others)
    given = argparse.Namespace(
        object="urn:tenure:model:tulip@1", into=tmp_path / "a", level="G3", ask="Hi", straight="torch"
    )  # fmt: skip
    clock = revive_process.Clock(time.time())
    outcome = revive_process.straight(store(golden_kept), given, clock)

    assert outcome["chat"]["reply"] is None
    assert "reply" not in outcome["parts"]
