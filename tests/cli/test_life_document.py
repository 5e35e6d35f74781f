"""life.yaml: what it may say, and taking another model through it."""

import pytest

from tenure import config
from tenure.errors import DocumentError

FINE = """
name: a life
steps:
  - {do: register, makes: parent, with: {source: ./model, name: tulip}}
  - {do: assess/faking, of: parent, with: {pairs: 4}}
"""


def written(tmp_path, text):
    path = tmp_path / "life.yaml"
    path.write_text(text)
    return path


def test_a_file_beside_the_document_is_found_from_anywhere(tmp_path):
    life = config.load(written(tmp_path, FINE))

    assert config.settings_of(life.steps[0], tmp_path)["source"] == tmp_path / "model"


def test_another_model_is_meant_as_its_caller_sees_it(tmp_path, monkeypatch):
    life = config.load(written(tmp_path, FINE))
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)

    changed = config.on_model(life, "./mine")
    named = config.on_model(life, "openai/gpt-4o")

    assert config.settings_of(changed.steps[0], tmp_path / "elsewhere") == {
        "source": str(tmp_path / "mine")
    }
    assert named.steps[0].settings == {"source": "openai/gpt-4o"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nsteps: []\n", "steps"),
        ("name: x\nsteps:\n  - {do: assess/faking, of: nobody}\n", "names no model"),
        ("name: x\nname: y\nsteps: []\n", "written twice"),
        ("name: x\nsteps:\n  - {do: register, budget_seconds: -1}\n", "budget_seconds"),
        ("steps: [", "YAML"),
        (": :", "YAML"),
    ],
)
def test_what_is_no_life_is_refused_with_the_place(tmp_path, text, said):
    with pytest.raises(DocumentError) as refused:
        config.load(written(tmp_path, text))

    assert said in str(refused.value)
    assert "life.yaml" in str(refused.value)
