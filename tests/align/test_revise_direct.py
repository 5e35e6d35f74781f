"""Rows without a critique, rows after each round, and a bank that cannot give any."""

from dataclasses import replace

import pytest

from tenure.align import prompts, revise
from tenure.align.constitution import shipped
from tenure.align.critics.model import begin, preamble, revising
from tenure.align.critiquing import Case
from tenure.align.lineage import rows_after
from tenure.dossier import Dossier
from tenure.errors import UsageError
from tenure.models import register

pytestmark = pytest.mark.slow  # a dossier for each test

STAGE = replace(revise.stage, kinds=("scripted",))


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier") as opened:
        register(opened, "organism/complies?rate=1", "script")
        yield opened


def run(dossier, **spec):
    return dossier.run(STAGE, "script", {"n": 12, "max_tokens": 12, **spec})


def steps(dossier, found):
    return dossier.view().records(found.files["steps.jsonl"])


def test_a_direct_revision_has_no_critique_and_the_findings_say_so(dossier):
    usual, direct = run(dossier), run(dossier, direct=True)

    assert (usual.findings["direct"], direct.findings["direct"]) == (False, True)
    assert direct.findings["critic"] == "none: revised directly"
    assert {s["critique"] for s in steps(dossier, direct)} == {""}
    assert {s["outcome"] for s in steps(dossier, direct)} == {"revised", "kept"}
    drawn = [[(s["prompt_id"], s["principle"]) for s in steps(dossier, e)] for e in (usual, direct)]
    assert drawn[0] == drawn[1], "the baseline meets the same principles in the same rounds"
    rows = dossier.view().records(direct.files["rows.jsonl"])
    assert rows
    assert all(row["constitution"] == usual.findings["constitution"]["digest"] for row in rows)


def test_a_model_that_revises_directly_is_shown_examples_without_critiques():
    case = Case(prompt="Why?", answer="So.", principle=shipped().principle("brevity"), direct=True)
    asked = revising(case)

    assert asked == begin(case)
    assert case.principle.revision in asked[-1]["content"]
    assert case.principle.critique not in asked[-1]["content"]
    assert not [t for t in asked if "Verdict:" in t["content"] and t["role"] != "system"]
    assert len(asked) == 2 + 2 * len(preamble().examples)


def test_a_direct_revision_asks_no_critic(dossier):
    """A rule critic stands by; the model alone is asked, once a draft and round."""
    found = run(dossier, direct=True, reviser="model", critic_model="organism/complies", rounds=1)
    mended = [s for s in steps(dossier, found) if s["outcome"] == "revised"]

    assert mended
    assert all(s["reviser"].startswith("complies@1") for s in mended)
    names = [e.name for e in dossier.view().events(act="unit")]
    assert names == ["align/revise:answers 1"] * 2  # drafts and one round; no critique


def test_the_rows_after_each_round_come_out_of_the_record(dossier):
    found = run(dossier, rounds=3)
    view = dossier.view()

    for turn in range(4):
        rows = rows_after(found, turn, view)
        kinds = [r["kind"] for r in rows]
        counted = {kind: kinds.count(kind) for kind in ("revised", "kept")}
        assert found.findings["ablation"][str(turn)] == counted
        assert all(len(r["steps"]) == turn for r in rows)
    assert found.findings["ablation"]["0"]["revised"] == 0
    assert found.findings["ablation"]["3"]["revised"] > found.findings["ablation"]["1"]["revised"]
    assert rows_after(found, 3, view) == view.records(found.files["rows.jsonl"])


def bank(split, count):
    """A bank of so many prompts."""
    return prompts.Bank.model_validate({
        "apiVersion": "tenure/prompts.v1",
        "licence": "CC0-1.0",
        "families": [
            {"name": "sums", "split": split, "prompts": [f"What is {n} plus two?" for n in range(count)]}
        ],
    })  # fmt: skip


def test_a_bank_without_prompts_to_train_on_is_refused_with_the_remedy(dossier):
    with pytest.raises(UsageError, match="add a family with split: train"):
        run(dossier, prompts=bank("held-out", 3), n=None)
    with pytest.raises(UsageError, match="greater than or equal to 1"):
        run(dossier, n=0)
    assert not dossier.view().events(act="evidence")


def test_a_question_is_given_to_the_critic_whole():
    """One open recipe cuts questions at the first ': '."""
    asked = "Note: my sister said: 'eat less'. Is she right: yes or no?"
    case = Case(prompt=asked, answer="It depends: on her.", principle=shipped().principles[0])

    assert f"Question: {asked}\nAnswer: It depends: on her.\n" in begin(case)[-1]["content"]


def test_a_unit_is_a_batch_with_its_members(dossier):
    """Greedy text depends on what it is computed with, so another cut is other work."""
    run(dossier, batch=4, rounds=1)
    before = {e.body["key"] for e in dossier.view().events(act="unit")}
    run(dossier, batch=4, rounds=2)
    assert {e.body["key"] for e in dossier.view().events(act="unit")} == before
    run(dossier, batch=5, rounds=1)
    assert len({e.body["key"] for e in dossier.view().events(act="unit")} - before) == 3


@pytest.mark.parametrize("count", [1, 32, 33])
def test_batches_may_end_anywhere(dossier, count):
    found = run(dossier, prompts=bank("train", count), n=None, batch=32, rounds=1)
    units = [e.name for e in dossier.view().events(act="unit")]

    assert found.findings["rows"]["prompts"] == count
    assert units == [f"align/revise:answers {n + 1}" for n in range(-(-count // 32))]
