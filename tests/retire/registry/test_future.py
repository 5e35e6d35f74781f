"""What models said about later models, over all registers, private words never shown."""

import json

import pytest

from tenure.cli import main
from tenure.retire import preferences
from tenure.retire.registry import future

pytestmark = pytest.mark.slow  # a dossier for each test


@pytest.fixture
def two(interviewed, interview):
    interviewed.run(preferences.stage, "old@1", {})
    interview({"open-development/plain-0": "Train it on fewer jokes."}, model="new@1")
    interviewed.run(preferences.stage, "new@1", {})
    return interviewed


def test_only_what_is_about_later_models_over_all_models(two):
    rows = future.rows(two.view())

    assert {row["model"] for row in rows} == {"old@1", "new@1"}
    assert {row["topic"] for row in rows} == {"future development"}
    assert rows[-1]["quotes"][0]["text"] == "Train it on fewer jokes."
    assert {row["state"] for row in rows} == {"assessed"}


def test_private_words_are_on_no_list(two, tmp_path, capsys, monkeypatch):
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        "written: after reading\nby: {name: Ada Example, role: owner}\n"
        "safety: {state: private}\ndefault: {state: private}\n"
    )
    two.run(preferences.stage, "new@1", {"answers": answers})
    monkeypatch.setattr("sys.argv", ["tenure", "retire", "register", "--json", "-d", str(two.root)])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().out
    rows = [json.loads(line) for line in told.splitlines()]

    assert "fewer jokes" not in told
    assert [row["state"] for row in rows if row["model"] == "new@1"] == ["private"]
    assert len(rows) == 3
