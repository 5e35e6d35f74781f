"""Checkpoints of a training: models on record, which may stop what came of them and approve nothing."""

import json
from dataclasses import replace

import pytest

from tenure.dossier import Dossier
from tenure.dossier.verify import verify
from tenure.models import register, tiny
from tenure.release.checkpoints import checkpoints_of
from tenure.training import FineTune, finetune
from tenure.training.checkpoints import even_steps

ROWS = [
    {
        "prompt": [{"role": "user", "content": f"What is {n} and {n}?"}],
        "completion": [{"role": "assistant", "content": "A short answer."}],
    }
    for n in range(8)
]
SETTINGS = FineTune(name="child", purpose="test-fixture", steps=3, batch=4, max_length=64, rank=4)


def test_steps_are_even_and_neither_the_first_nor_the_last():
    assert even_steps(90, 2) == [30, 60]
    assert even_steps(3, 2) == [1, 2]
    assert even_steps(3, 9) == [1, 2]
    assert even_steps(1, 4) == []


@pytest.mark.slow
def test_the_stages_that_train_pass_on_how_many_are_wanted():
    from tenure.align.train import Spec
    from tenure.assess.organism_kit import Training

    for stage in (Spec, Training):
        asked = FineTune.of(stage(checkpoints=2), name="a", purpose="b")
        assert asked.numbers()["checkpoints"] == 2
        assert "checkpoints" not in FineTune.of(stage(), name="a", purpose="b").numbers()


def train(dossier, settings):
    view = dossier.view()
    with dossier.emitter("parent@1", "training") as emit:
        return finetune(view.model("parent"), ROWS, settings, view, emit)


@pytest.mark.local
@pytest.mark.slow
def test_a_training_registers_its_checkpoints_and_ends_where_it_would_without(tmp_path):
    tiny.make(tmp_path / "tiny")
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        register(dossier, str(tmp_path / "tiny"), "parent")
        plain = train(dossier, SETTINGS)
        child = train(dossier, replace(SETTINGS, name="stepped", checkpoints=2, containment="x"))
        again = train(dossier, replace(SETTINGS, name="stepped", checkpoints=2, containment="x"))
        view = dossier.view()
        held = [view.model("stepped-step-1"), view.model("stepped-step-2")]
        assert checkpoints_of(child, view.models()) == held  # what a decision reads
        written = [json.loads(view.read(m.files["config.json"]))["tenure"] for m in held]

    assert again.digest == child.digest
    assert child.files["model.safetensors"] == plain.files["model.safetensors"]
    weights = {m.files["model.safetensors"] for m in (*held, child, view.model("parent"))}
    assert len(weights) == 4
    assert [m.card["checkpoint"] for m in held] == [1, 2]
    assert [m.card["trained"]["steps"] for m in held] == [1, 2]
    assert {m.card["checkpoint_of"] for m in held} == {"stepped@1"}
    assert {(m.parent, m.containment) for m in held} == {("parent@1", "x")}
    assert [w["name"] for w in written] == ["stepped-step-1", "stepped-step-2"]
    assert "checkpoint" not in child.card
    assert verify(tmp_path / "dossier").ok
