"""What a name means, and what a wrong one is answered with."""

import pytest

from tenure import models
from tenure.dossier import Dossier, Model
from tenure.errors import EngineError, ModelError, UsageError
from tenure.models import embedded, place, resolve


def test_an_inspect_string_is_an_api_model():
    model = resolve("openai-api/lab/model-one")
    assert (model.kind, model.name, model.source) == (
        "api",
        "lab-model-one",
        "openai-api/lab/model-one",
    )
    assert not model.files
    with pytest.raises(ModelError, match="has no files"):
        place(model, None)


def test_the_embedded_model_is_named_without_being_opened():
    model = resolve("tenure/embedded")
    assert model.files == {embedded.FILE: embedded.GGUF}
    assert model.card["form"] == "gguf-q4_1"


def test_a_folder_is_named_by_its_files(tiny_folder):
    model = resolve(str(tiny_folder))
    assert model.card["form"] == "safetensors-bf16"
    assert set(model.files) == {p.name for p in tiny_folder.iterdir()}
    assert place(model, None) == tiny_folder


@pytest.mark.parametrize("name", ["nobody", "tenure/nobody"])
def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path, name):
    with Dossier.open(tmp_path / "dossier") as dossier:
        dossier.register(Model(name="somebody", kind="api", source="openai/x"))
        with pytest.raises(UsageError, match="somebody"):
            resolve(name, dossier.view())


def test_a_name_of_a_dossier_without_a_dossier_says_how_to_name_one():
    with pytest.raises(UsageError, match="TENURE_DOSSIER"):
        resolve("tenure/child")


def test_a_registered_model_is_found_by_name_version_and_source(tmp_path):
    with Dossier.open(tmp_path / "dossier") as dossier:
        for version in ("1", "2"):
            dossier.register(
                Model(name="m", version=version, kind="api", source=f"openai/m-{version}")
            )
        view = dossier.view()
        assert resolve("m", view).version == "2"
        assert resolve("tenure/m@1", view).version == "1"
        assert resolve("openai/m-1", view).id == "m@1"


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "model.gguf"])
def test_a_missing_path_says_what_to_give(name):
    with pytest.raises(ModelError, match="no model at"):
        resolve(name)


def test_an_engine_that_does_not_fit_says_which_do():
    model = resolve("organism/refuses")
    with pytest.raises(UsageError, match="There are: cpu, inspect, scripted, torch"):
        models.engine(model, None, "gpu")
    with pytest.raises(EngineError, match="use one of: scripted"):
        models.engine(model, None, "inspect")
