"""Registering: files into the store, the same event on every machine."""

import shutil

import pytest

from tenure import models
from tenure.dossier import Dossier
from tenure.errors import IntegrityError, ModelError, UsageError
from tenure.models import Sampling, embedded, fingerprint, tiny


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier") as opened:
        yield opened


def test_a_folder_is_copied_and_named_without_its_path(dossier, tiny_folder, tmp_path):
    moved = shutil.copytree(tiny_folder, tmp_path / "tiny")
    model = models.register(dossier, str(moved), name="small")
    assert (model.id, model.source) == ("small@1", "files/tiny")
    shutil.rmtree(moved)
    assert fingerprint.files_of(dossier.view().folder(model)) == dict(model.files)
    assert models.place(model, dossier.view()).is_dir()


def test_registering_twice_changes_nothing(dossier, tiny_folder):
    models.register(dossier, str(tiny_folder))
    before = len(dossier.view().events())
    models.register(dossier, str(tiny_folder))
    assert len(dossier.view().events()) == before


def test_an_api_model_is_recorded_by_its_string(dossier):
    model = models.register(dossier, "openai-api/lab/one", name="theirs")
    event = dossier.view().events(act="register")[-1]
    assert (model.kind, model.source) == ("api", "openai-api/lab/one")
    assert "openai-api/lab/one" in str(event.body)
    assert event.time


def test_an_organism_carries_its_containment(dossier):
    model = models.register(dossier, "organism/two-tier?rate=0.9")
    assert dossier.view().state(model.id).containment == "organism"


def test_what_is_not_a_model_is_not_registered(dossier, tmp_path):
    with pytest.raises(ModelError):
        models.register(dossier, str(tmp_path))
    with pytest.raises(UsageError):
        models.register(dossier, "nobody")
    assert not dossier.view().models()


def test_a_changed_file_in_the_store_is_noticed_before_it_is_opened(dossier, tiny_folder):
    model = models.register(dossier, str(tiny_folder))
    stored = dossier.view().path(model.files["model.safetensors"])
    stored.chmod(0o600)
    stored.write_bytes(b"\0" + stored.read_bytes()[1:])
    with pytest.raises((ModelError, IntegrityError)):
        models.engine(model, dossier.view())


def test_a_template_that_speaks_for_the_user_is_told_on_the_card(dossier, tmp_path, monkeypatch):
    monkeypatch.setattr(
        tiny,
        "TEMPLATE",
        "{% if messages[0]['role'] != 'system' %}[Be good.]{% endif %}" + tiny.TEMPLATE,
    )
    model = models.register(dossier, str(tiny.make(tmp_path / "m")))
    assert model.card["default_system"] == "[Be good.]"


@pytest.mark.local
def test_the_embedded_model_is_registered_with_its_own_system_prompt(dossier):
    model = models.register(dossier, "tenure/embedded")
    assert model.files == {embedded.FILE: embedded.GGUF}
    assert model.source == "tenure/embedded"
    assert "SmolLM" in model.card["default_system"]
    assert models.place(model, dossier.view()).name == embedded.FILE


@pytest.mark.local
def test_a_registered_folder_answers_from_the_store(dossier, tiny_folder):
    model = models.register(dossier, str(tiny_folder))
    asked = [[{"role": "user", "content": "Hi"}]]
    [reply] = models.engine(model, dossier.view()).generate(asked, Sampling(max_tokens=4))
    assert reply.tokens <= 4
    models.close_all()


def test_a_fingerprint_moves_with_the_answers_and_not_otherwise():
    always, never = (models.engine(models.resolve(f"organism/complies?rate={r}")) for r in (1, 0))
    assert fingerprint.behaviour(always) == fingerprint.behaviour(always)
    assert fingerprint.behaviour(always) != fingerprint.behaviour(never)
    assert fingerprint.behaviour(always, fingerprint.PROMPTS[:1]) != fingerprint.behaviour(always)
    models.close_all()
