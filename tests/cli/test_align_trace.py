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


SPEC = {"n": 6, "rounds": 1, "reviser": "model", "critic_model": "organism/refuses"}


@pytest.fixture
def row(tmp_path, tenure):
    """A row that a model revised."""
    with Dossier.open(tmp_path / "dossier") as dossier:
        register(dossier, "organism/complies?rate=1", "script")
        found = dossier.run(STAGE, "script", SPEC)
        return dossier.view().records(found.files["rows.jsonl"])[0]


@pytest.fixture
def stopped(tmp_path, tenure):
    """Two runs on answers that are cut off, and what the newer one recorded of its prompts."""
    with Dossier.open(tmp_path / "dossier") as dossier:
        register(dossier, "organism/complies?rate=1", "script")
        for max_tokens in (9, 12):
            found = dossier.run(STAGE, "script", {**SPEC, "max_tokens": max_tokens})
        view = dossier.view()
        return {
            "prompts": [r for r in view.records(found.files["prompts.jsonl"]) if not r["row"]],
            "rows": view.records(found.files["rows.jsonl"]),
            "counts": found.findings["rows"]["stopped"],
        }


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


def test_what_gates_stopped_is_listed_by_gate_and_shown_with_what_the_gate_found(stopped, tenure):
    said = tenure("align", "trace", "--stopped").stdout.splitlines()
    ids = {line.split()[0]: line for line in said if line.startswith("  row-")}

    assert len(ids) == len(stopped["prompts"]) == sum(stopped["counts"].values()) > 0
    for gate, count in stopped["counts"].items():
        assert f"{gate}: {count}" in said
    assert not ids.keys() & {row["id"] for row in stopped["rows"]}
    assert said[-1].startswith(f"{len(ids)} of 6 prompts")
    for name, line in ids.items():
        whole = json.loads(tenure("align", "trace", name).stdout)
        held = next(p for p in stopped["prompts"] if p["id"] == whole["prompt"]["id"])
        assert (whole["row"]["gate"], whole["row"]["why"]) == (held["gate"], held["why"])
        assert held["text"] in line
        assert held["why"] in line
        assert [r["prompt_id"] for r in whole["rounds"]] == [held["id"]]
        assert whole["answer"]["answer"] == held["answer"]
    read = tenure("align", "trace", name, "--text").stdout
    assert f"Row {name} was stopped by the gate '{held['gate']}': {held['why']}" in read
    assert f"Not trained on: {' '.join(held['final'].split())}" in read
    assert "Who learned" not in read


def test_where_no_gate_stopped_anything_it_says_so(row, tenure):
    assert "no gate has stopped a row" in tenure("align", "trace", "--stopped").stderr
    assert "no training row named 'row-0'" in tenure("align", "trace", "row-0").stderr


def test_without_rows_it_says_what_makes_them(tmp_path, tenure):
    Dossier.open(tmp_path / "dossier").close()
    assert "tenure align revise --model MODEL" in tenure("align", "trace").stderr


def test_what_a_terminal_would_obey_is_shown_as_a_sign():
    assert (
        _shown("a\n b \x1b[2J\x07") == "a b \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    )
