"""What the tests of the command line share."""

import sys
from types import SimpleNamespace

import pytest

from tenure import cli


@pytest.fixture
def tenure(tmp_path, monkeypatch, capsys):
    """Call the command line in this process: what a person types, and what they see."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TENURE_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tenure", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=ended.value.code or 0, stdout=out, stderr=err)

    return call
