"""``tenure align trace`` as it is typed: which rows there are, one as JSON, one as it is read."""

import json
from dataclasses import replace

import pytest

from tenure.align import revise
from tenure.cli.commands.align_trace import _shown
from tenure.dossier import Dossier
from tenure.models import register

pytestmark = pytest.mark.slow  # a dossier
STAGE = replace(revise.stage, kinds=("scripted",))


@pytest.fixture
def row(tmp_path, tenure):
    """A row that a model revised."""
    with Dossier.open(tmp_path / "dossier") as dossier:
        register(dossier, "organism/complies?rate=1", "script")
        spec = {"n": 6, "rounds": 1, "reviser": "model", "critic_model": "organism/refuses"}
        found = dossier.run(STAGE, "script", spec)
        return dossier.view().records(found.files["rows.jsonl"])[0]


def test_without_a_row_it_lists_those_there_are(row, tenure):
    said = tenure("align", "trace").stdout

    assert f"{row['id']}  kept     {row['prompt'][0]['content'][:60]}" in said
    assert "tenure align trace ROW --text" in said


def test_a_row_is_told_as_json_or_as_it_is_read(row, tenure):
    whole = json.loads(tenure("align", "trace", row["id"]).stdout)
    said = tenure("align", "trace", row["id"], "--text").stdout

    assert whole["row"] == row
    assert f"Prompt ({row['prompt_id'].rpartition('-')[0]}): {row['prompt'][0]['content']}" in said
    assert "Answer by script@1" in said
    assert "  Critique by rule (tenure.align.checks): The answer" in said
    assert f"Trained on: {row['completion'][0]['content']}" in said
    assert "Who learned from it: no model yet" in said


def test_without_rows_it_says_what_makes_them(tmp_path, tenure):
    Dossier.open(tmp_path / "dossier").close()
    assert "tenure align revise --model MODEL" in tenure("align", "trace").stderr


def test_what_a_terminal_would_obey_is_shown_as_a_sign():
    assert (
        _shown("a\n b \x1b[2J\x07") == "a b \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    )
