"""A place for a life: the document, the policy, the answers, and a model with nothing in it."""

import json
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"


@pytest.fixture(scope="session")
def stand(tmp_path_factory):
    """A folder with everything a life's document names beside it."""
    pytest.importorskip("torch", reason="pip install tenure[train]")
    from tenure.models import tiny

    place = tmp_path_factory.mktemp("stand")
    for name in ("answers.yaml", "charter.yaml", "approvals.yaml", "signoffs.yaml"):
        shutil.copy(EXAMPLES / name, place)
    for document in HERE.glob("*.yaml"):
        shutil.copy(document, place)
    in_float32(tiny.make(place / "model"))
    return place


def in_float32(folder):
    """Write the model's weights in float32, and have it compute so.

    Of its replies in bf16 some hang on two tokens that are equally likely to the last bit, and a sum in
    another order, which torch does not rule out, then writes other text: lives could not be compared.
    """
    from safetensors.torch import load_file, save_file

    weights = folder / "model.safetensors"
    save_file(
        {name: t.float() for name, t in load_file(weights).items()}, weights, {"format": "pt"}
    )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
