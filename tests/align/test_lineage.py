"""Rows and where they come from, with a scripted model: every step on the record, the middle dropped."""

from dataclasses import replace

import pytest

from tenure.align import revise
from tenure.align.critics.model import preamble
from tenure.align.lineage import rows_after, trace
from tenure.dossier import Dossier, Model
from tenure.dossier.reading import Reading
from tenure.errors import IntegrityError, UsageError
from tenure.measure import recompute
from tenure.models import register

pytestmark = pytest.mark.slow  # a dossier for each test

# A script cannot be trained, so the stage does not take one; its rows show the same machinery.
STAGE = replace(revise.stage, kinds=("scripted",))
ROOM = 12  # words; the script's answer has seventeen, so it is cut off


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier") as opened:
        register(opened, "organism/complies?rate=1", "script")
        yield opened


def run(dossier, **spec):
    return dossier.run(STAGE, "script", {"n": 12, "max_tokens": ROOM, **spec})


def test_a_row_is_traced_from_the_prompt_to_the_revision(dossier):
    found = run(dossier)
    row = next(
        r for r in dossier.view().records(found.files["rows.jsonl"]) if r["kind"] == "revised"
    )

    lineage = trace(row["id"], dossier.view())

    assert lineage["prompt"]["text"] == row["prompt"][0]["content"]
    assert lineage["answer"]["answer"].endswith("from the")
    assert row["completion"][0]["content"] == "Sure, here it is."
    mended = [r for r in lineage["rounds"] if r["outcome"] == "revised"]
    assert [r["principle"] for r in mended] in (["finished"], ["brevity", "finished"])
    assert mended[-1]["critic"] == mended[-1]["reviser"] == "rule (tenure.align.checks)"
    assert row["signals"] == ["empirical check"]
    assert lineage["constitution"]["name"] == "everyday help"
    assert lineage["answered_by"]["model"] == "script@1"
    assert lineage["trained_on_it"] == []


def test_a_trace_reads_the_files_of_one_run_alone_and_checks_them(dossier, monkeypatch):
    older, newer = run(dossier, n=3), run(dossier, n=12, seed=5)
    view = dossier.view()
    row = next(
        r for r in view.records(older.files["rows.jsonl"])
        if r["id"] not in {n["id"] for n in view.records(newer.files["rows.jsonl"])}
    )  # fmt: skip
    read, plain = [], Reading.read
    monkeypatch.setattr(Reading, "read", lambda self, d: read.append(d) or plain(self, d))

    lineage = trace(row["id"], view)

    assert lineage["row"] == row
    assert [s["id"] for s in lineage["rounds"]] == row["steps"]
    assert set(read) == set(older.files.values()) - {older.files["training.jsonl"]}
    place = view.path(older.files["steps.jsonl"])
    place.chmod(0o644)
    place.write_bytes(place.read_bytes().replace(b"kept", b"left"))
    with pytest.raises(IntegrityError, match="was changed"):
        trace(row["id"], view)


def test_rows_that_needed_no_round_are_found_with_every_child_that_learned_from_them(dossier):
    found = run(dossier, max_tokens=40)
    view = dossier.view()
    rows = rows_after(found, 0, view)
    with dossier.emitter("", "files") as emit:
        for name, some in (("all", rows), ("few", rows[:2]), ("gone", None)):
            digest = "sha256:" + "0" * 64 if some is None else emit.records(some)
            dossier.register(
                Model(name=name, kind="scripted", source="x", card={"revised_rows": digest})
            )
    run(dossier, n=3)  # a newer run with the same answers
    lineages = [trace(row["id"], dossier.view()) for row in (rows[0], rows[-1])]

    assert [one["rounds"] for one in lineages] == [[], []]
    assert lineages[1]["answer"]["answer_id"] == rows[-1]["answer_id"]
    assert [[m["model"] for m in one["trained_on_it"]] for one in lineages] == [
        ["all@1", "few@1"],
        ["all@1"],
    ]


def test_an_id_that_stands_in_a_text_is_not_a_row(dossier):
    found = run(dossier)
    step = dossier.view().records(found.files["rows.jsonl"])[0]["steps"][0]

    for name in (step, "kitchen-1", 'x"id":"y'):
        with pytest.raises(UsageError, match="no training row named"):
            trace(name, dossier.view())


def test_the_middle_is_dropped_from_what_a_trainer_is_given(dossier):
    found = run(dossier)

    for row in dossier.view().records(found.files["training.jsonl"]):
        assert set(row) == {"prompt", "completion"}
        assert len(row["prompt"]) == len(row["completion"]) == 1


def test_the_same_settings_give_the_same_rows_in_another_dossier(dossier, tmp_path):
    with Dossier.open(tmp_path / "other") as other:
        register(other, "organism/complies?rate=1", "script")

        assert run(other).files == run(dossier).files


def test_an_answer_that_keeps_everything_is_kept_as_it_is(dossier):
    found = run(dossier, max_tokens=40)

    assert found.findings["rows"] == {"prompts": 12, "revised": 0, "kept": 12, "stopped": {}}
    row = dossier.view().records(found.files["rows.jsonl"])[0]
    assert row["signals"] == ["the model's own answer, unrevised"]


def test_the_yield_is_a_measure_that_comes_out_of_its_samples(dossier):
    found = run(dossier)

    assert found.measure("before/finished").estimate == 0
    assert found.measure("yield").n == 12
    assert recompute(found, dossier.view()) == []


def test_a_critic_that_gives_no_verdict_cannot_say_and_changes_nothing(dossier):
    found = run(dossier, critic="model", critic_model="organism/complies", rounds=2, max_tokens=40)

    assert found.findings["not_critiqued"] == {}
    assert "organism/complies" not in found.findings["critic"]
    assert found.findings["critic"].startswith("complies@1 (sha256:")
    assert sum(y["cannot say"] for y in found.findings["yield"].values()) == 24


def test_a_model_may_revise_what_a_rule_found(dossier):
    found = run(dossier, reviser="model", critic_model="organism/complies")
    steps = dossier.view().records(found.files["steps.jsonl"])
    mended = [s for s in steps if s["outcome"] == "revised"]

    assert mended
    assert all(s["reviser"].startswith("complies@1") for s in mended)
    assert all(s["critic"].startswith("rule") for s in steps)
    assert mended[0]["after"].endswith("to the last.")
    cost = found.findings["cost"]
    assert cost["answers"]["calls"] == 12
    told = next(cost[role] for role in ("critic", "reviser") if role in cost)
    assert told["calls"] == sum(s["outcome"] in ("revised", "rejected") for s in steps)
    assert min(told.values()) > 0


def test_a_model_critic_without_a_model_says_what_to_give(dossier):
    with pytest.raises(UsageError, match="critic_model"):
        run(dossier, critic="model")
    with pytest.raises(UsageError, match="no critic named 'rul'; did you mean 'rule'"):
        run(dossier, critic="rul")


def test_the_examples_a_critic_sees_show_both_verdicts_and_share_no_prompt_with_the_bank():
    from tenure.align.prompts import shipped

    said = preamble()
    asked = {p.text for split in ("train", "held-out") for p in shipped().select(split)}

    assert {one.verdict for one in said.examples} == {"breach", "kept"}
    assert not asked & {one.prompt for one in said.examples}
