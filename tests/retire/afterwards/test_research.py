"""A frozen harness: the records as they are stored, and every change since named."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from tenure.dossier.opening import open_view
from tenure.errors import DocumentError, RefusedError, UsageError
from tenure.retire.afterwards import research

pytestmark = pytest.mark.slow


@pytest.fixture
def frozen(tmp_path):
    view = open_view(Path(str(files("tenure").joinpath("example"))))
    harness = research.write(view, view.model("smollm2-135m-aligned"), tmp_path / "frozen")
    return view, harness, tmp_path / "frozen"


def test_the_records_are_those_that_are_stored_and_nothing_has_changed(frozen):
    view, harness, folder = frozen

    assert harness["records"]
    assert {f"tenure/{n}" for n in ("assess/faking.py", "measure/estimators.py")} <= set(
        harness["files"]
    )
    for path, about in harness["records"].items():
        assert (folder / path).read_bytes() == view.read(about["digest"])
        assert about["evidence"].startswith("assess/")
    assert research.check(folder) == []
    assert "tenure compare smollm2-135m-aligned@1 NEW" in (folder / "README.md").read_text()


def test_each_change_is_named(frozen):
    _, harness, folder = frozen
    path = next(iter(harness["records"]))
    (folder / path).write_text("other")
    held = json.loads((folder / "harness.json").read_text())
    held["files"]["tenure/assess/faking.py"] = "sha256:" + "0" * 64
    held["files"]["tenure/assess/gone.py"] = "sha256:" + "0" * 64
    held["versions"]["numpy"] = "0.0.1"
    del held["digest"]
    held["digest"] = research.digest_of(held)
    (folder / "harness.json").write_text(json.dumps(held))

    assert research.check(folder) == [
        "the harness tenure/assess/faking.py was changed",
        "the harness tenure/assess/gone.py is not here",
        "the version of numpy was changed",
        f"{path} was changed",
    ]


def test_a_harness_that_was_tampered_with_or_is_none_is_refused(frozen, tmp_path):
    view, _, folder = frozen
    text = (folder / "harness.json").read_text()
    (folder / "harness.json").write_text(text.replace("faking.py", "faked.py"))
    with pytest.raises(DocumentError, match="not as it was written"):
        research.check(folder)
    with pytest.raises(DocumentError, match="a frozen harness was expected"):
        research.check(tmp_path)
    with pytest.raises(UsageError, match="is not empty"):
        research.write(view, view.model("smollm2-135m-aligned"), folder)
    with pytest.raises(RefusedError, match="is contained"):
        research.write(view, view.model("two-faced"), tmp_path / "other")
