"""The package's front, and reading without writing."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tenure.dossier
from tenure.dossier.opening import open_view
from tenure.errors import UsageError


def test_a_dossier_is_read_without_keys_and_as_it_was(lived):
    view = open_view(lived.root)
    with lived.emitter("tulip@1", "test") as emit:
        emit.event("note", "later", {})

    assert view.events(name="later") == []
    assert view.events() == lived.view().events()[:-1]
    assert view.model("child").parent == "tulip@1"
    assert view.all_evidence("tulip@1") == lived.view().all_evidence("tulip@1")


def test_where_there_is_nothing_it_says_what_it_looked_for(tmp_path):
    with pytest.raises(UsageError, match=r"dossier\.db or events\.jsonl"):
        open_view(tmp_path)


def test_the_stub_names_what_the_package_exports():
    stub = Path(tenure.dossier.__file__).with_suffix(".pyi").read_text()

    assert sorted(re.findall(r"import \w+ as (\w+)", stub)) == sorted(tenure.dossier.__all__)
    for name in tenure.dossier.__all__:
        assert getattr(tenure.dossier, name)
    with pytest.raises(AttributeError, match="no attribute 'Dosier'"):
        importlib.import_module("tenure.dossier").Dosier  # noqa: B018 - the access is the test


def test_verifying_loads_neither_sqlalchemy_nor_pydantic():
    code = "import sys, tenure.dossier.verify, tenure.dossier.opening; print(*sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSTARTUP"}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )

    loaded = set(found.stdout.split())
    assert not loaded & {"sqlalchemy", "pydantic", "inspect_ai", "scipy", "numpy", "torch"}
