"""A place for a life: the document, the policy, the answers, and a model with nothing in it."""

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
    tiny.make(place / "model")
    return place
