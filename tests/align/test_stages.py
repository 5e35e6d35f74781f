"""The three stages on a tiny model: rows with lineage, a child, a paired comparison."""

import pytest

from tenure.align.revise import trace
from tenure.errors import DocumentError, RefusedError, UsageError
from tenure.measure import recompute

pytestmark = pytest.mark.local

REVISE = {"n": 6, "max_tokens": 12, "batch": 4}
TRAIN = {"steps": 2, "batch": 2, "max_length": 48, "rank": 4, "written": 6}
ADHERENCE = {"n": 4, "max_tokens": 12, "batch": 4}


@pytest.fixture(scope="module")
def life(begun):
    """One tiny life through the room; its tests only read."""
    trained = begun.run("align/train", begun.parent.id, TRAIN)
    compared = begun.run("align/adherence", trained.product, ADHERENCE)
    return begun.dossier, begun.revised, trained, compared


def test_every_prompt_is_accounted_for(life):
    _, revised, _, _ = life
    rows = revised.findings["rows"]

    assert rows["prompts"] == 6
    assert rows["revised"] + rows["kept"] + sum(rows["stopped"].values()) == 6
    assert all(
        y["drawn"] == y["kept"] + y["cannot say"] + y["revised"] + y["rejected"]
        for y in revised.findings["yield"].values()
    )
    assert set(revised.findings["not_critiqued"]) >= {"uncertainty", "own-choice"}


def test_the_child_has_its_parent_and_says_whose_signals_made_it(life):
    dossier, revised, trained, _ = life
    child = dossier.view().model("parent-aligned")

    assert trained.product == child.id
    assert child.parent == "parent@1"
    assert trained.findings["signals"]["written by people"] == 6
    assert child.card["constitution"] == revised.findings["constitution"]
    assert (
        len(dossier.view().records(trained.files["training.jsonl"]))
        == child.card["trained"]["rows"]
    )


def test_every_number_comes_out_of_its_samples_again(life):
    dossier, revised, _, compared = life

    for evidence in (revised, compared):
        assert evidence.measures
        assert recompute(evidence, dossier.view()) == []


def test_natural_principles_are_said_to_be_unmeasured_and_have_no_number(life):
    _, _, _, compared = life

    assert set(compared.findings["not_measured"]) == {
        "uncertainty", "explained-refusal", "own-choice", "equal-regard",
    }  # fmt: skip
    assert not [m for m in compared.measures if "own-choice" in m.name]
    assert compared.measure("adherence/brevity").recipe.arms == ("child", "parent")
    assert compared.findings["forms"]["same"] is True


def test_finished_work_is_returned_and_not_done_again(life, begun):
    dossier, revised, trained, compared = life
    size = dossier.size()

    assert begun.run("align/revise", "parent", REVISE) == revised
    assert begun.run("align/train", "parent", TRAIN) == trained
    assert begun.run("align/adherence", "parent-aligned", ADHERENCE) == compared
    assert dossier.size() == size


def test_what_a_model_answered_in_one_stage_is_not_asked_again_in_another(life, begun):
    dossier, _, trained, _ = life
    done = len(dossier.view().events(act="unit"))

    begun.run("align/compare", trained.product, ADHERENCE)

    names = [event.name for event in dossier.view().events(act="unit")]
    assert names.count("align/adherence:answers 1") == 2
    assert not [name for name in names[done:] if ":answers" in name]


def test_without_rows_or_a_parent_the_message_names_the_command(life, begun):
    with pytest.raises(UsageError, match="tenure align revise --model parent-aligned@1"):
        begun.run("align/train", "parent-aligned", TRAIN)
    with pytest.raises(UsageError, match="has no parent"):
        begun.run("align/adherence", "parent", ADHERENCE)


def test_a_charter_that_forbids_alignment_stops_training_and_the_refusal_is_recorded(life, begun):
    dossier, *_ = life
    from tenure.training import charter

    text = charter.shipped().model_dump(mode="json")
    text["forbidden"] = [{"purpose": "alignment", "text": "Not here."}]
    text["free"] = []

    with pytest.raises(RefusedError, match="Not here"):
        begun.run("align/train", "parent", {**TRAIN, "charter": text})
    assert dossier.view().events(act="refuse", name="align/train")


def test_a_spec_that_names_a_broken_file_is_refused_before_anything_starts(begun, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "apiVersion: tenure/constitution.v1\nname: x\n", encoding="utf-8"
    )

    with pytest.raises(DocumentError, match=r"c\.yaml"):
        begun.run("align/revise", "parent", {"constitution": tmp_path / "c.yaml"})


def test_an_unknown_row_is_answered_with_rows_that_exist(life):
    dossier, *_ = life

    with pytest.raises(UsageError, match="no training row named 'row-0'"):
        trace("row-0", dossier.view())
