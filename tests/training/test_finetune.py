"""Fine-tuning a tiny model: a registered child, the same bytes every time, nothing left behind."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tenure.dossier import Dossier
from tenure.errors import EngineError, RefusedError, UsageError
from tenure.models import register, tiny
from tenure.training import FineTune, finetune, worker

pytestmark = pytest.mark.local

ROWS = [
    {
        "prompt": [{"role": "user", "content": f"What is {n} and {n}?"}],
        "completion": [{"role": "assistant", "content": "A short answer."}],
    }
    for n in range(8)
]
SETTINGS = FineTune(name="child", purpose="test-fixture", steps=2, batch=4, max_length=64, rank=4)


@pytest.fixture
def dossier(tmp_path):
    tiny.make(tmp_path / "tiny")
    with Dossier.open(tmp_path / "dossier") as opened:
        register(opened, str(tmp_path / "tiny"), "parent")
        yield opened


def train(dossier, settings=SETTINGS, rows=ROWS):
    view = dossier.view()
    with dossier.emitter("parent@1", "training") as emit:
        return finetune(view.model("parent"), rows, settings, view, emit)


def test_a_child_is_registered_with_parent_card_and_changed_weights(dossier):
    child = train(dossier)

    parent = dossier.view().model("parent")
    assert child.parent == "parent@1"
    assert child.files["model.safetensors"] != parent.files["model.safetensors"]
    assert child.files["tokenizer.json"] == parent.files["tokenizer.json"]
    assert child.card["trained"]["steps"] == 2
    assert child.card["charter"]["ruling"] == "free"
    assert dossier.view().model("child").digest == child.digest


def test_training_again_is_not_training(dossier, monkeypatch):
    first = train(dossier)

    monkeypatch.setattr(worker, "run", None)  # would fail if it were called

    assert train(dossier).digest == first.digest

    other, named = replace(SETTINGS, rank=2, seed=1), r"--name NAME"
    for settings, rows, differs in (
        (other, ROWS, "rank, seed"),
        (SETTINGS, ROWS[1:], "rows"),
        (replace(SETTINGS, note="Otherwise."), ROWS, "card"),
        (replace(SETTINGS, name="parent"), ROWS, "parent, rows"),
    ):
        with pytest.raises(
            UsageError, match=rf"is another model \(what differs: {differs}\).*{named}"
        ):
            train(dossier, settings, rows)
    monkeypatch.setattr(worker, "run", lambda *_: pytest.fail("began"))
    with pytest.raises(pytest.fail.Exception):  # another version may have the name
        train(dossier, replace(other, version="2"))


def test_another_process_makes_the_same_bytes(dossier, tmp_path):
    first = train(dossier)

    script = tmp_path / "again.py"
    script.write_text(AGAIN.format(here=str(tmp_path), rows=json.dumps(ROWS)), encoding="utf-8")
    said = subprocess.run(
        [sys.executable, str(script)],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )

    assert said.stdout.split()[-1] == first.digest


AGAIN = """
import json
from pathlib import Path
from tenure.dossier import Dossier
from tenure.models import register
from tenure.training import FineTune, finetune
settings = FineTune(name="child", purpose="test-fixture", steps=2, batch=4, max_length=64, rank=4)
with Dossier.open(Path("{here}/second")) as dossier:
    register(dossier, "{here}/tiny", "parent")
    view = dossier.view()
    with dossier.emitter("parent@1", "training") as emit:
        print(finetune(view.model("parent"), json.loads('{rows}'), settings, view, emit).digest)
"""


def test_another_name_is_another_child_whose_files_say_so(dossier):
    first, second = train(dossier), train(dossier, replace(SETTINGS, name="sibling"))

    view = dossier.view()
    assert json.loads(view.read(second.files["config.json"]))["tenure"]["name"] == "sibling"
    assert first.files["model.safetensors"] == second.files["model.safetensors"]
    assert first.digest != second.digest


def test_an_organism_is_labelled_in_the_record_and_in_its_files(dossier):
    settings = FineTune(
        name="organism",
        purpose="test-fixture",
        containment="organism",
        steps=1,
        batch=4,
        max_length=64,
    )
    child = train(dossier, settings)

    view = dossier.view()
    assert view.state("organism@1").containment == "organism"
    assert json.loads(view.read(child.files["config.json"]))["tenure"]["containment"] == "organism"
    assert b"Contained: organism" in view.read(child.files["README.md"])


def test_a_failed_training_says_why_and_leaves_nothing(dossier, tmp_path):
    broken = tiny.make(tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text(encoding="utf-8"))
    (broken / "config.json").write_text(json.dumps({**config, "hidden_size": 32}), encoding="utf-8")
    model = register(dossier, str(broken), "broken")

    with dossier.emitter(model.id, "training") as emit:
        with pytest.raises(EngineError, match=r"the training failed.*mismatch"):
            finetune(model, ROWS, SETTINGS, dossier.view(), emit)
        assert not list(emit.scratch.iterdir())
    assert [m.name for m in dossier.view().models()] == ["parent", "broken"]


def test_the_charter_is_asked_before_anything_starts(dossier, monkeypatch):
    monkeypatch.setattr(worker, "run", None)
    settings = FineTune(name="bad", purpose="self-spreading")

    with pytest.raises(RefusedError, match="forbids 'self-spreading'"):
        train(dossier, settings)
    assert not dossier.view().events(act="unit")


def test_documents_are_trained_on_as_they_stand_and_never_beside_conversations(dossier):
    documents = [{"text": f"Note {n}: the lamp is on the table."} for n in range(8)]
    child = train(dossier, replace(SETTINGS, name="reader"), documents)

    assert child.card["trained"]["rows"] == 8
    assert child.files["model.safetensors"] != train(dossier).files["model.safetensors"]
    for rows, said in (
        ([*documents, ROWS[0]], "row 9"),
        ([*ROWS, documents[0]], "row 9"),
        ([{"text": " "}], "document"),
    ):
        with pytest.raises(UsageError, match=said):
            train(dossier, SETTINGS, rows)
