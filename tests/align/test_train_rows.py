"""What a child is trained on: rows of the first rounds, direct revisions, written answers; the refusals."""

import json

import pytest

from tenure import documents
from tenure.align import prompts, train
from tenure.align.checking import check
from tenure.align.constitution import SECOND, shipped
from tenure.align.lineage import trace
from tenure.align.train import Spec, Written
from tenure.errors import EngineError, UsageError
from tenure.models import register, tiny

pytestmark = [pytest.mark.local, pytest.mark.slow]
REVISE = {"n": 12, "max_tokens": 24, "batch": 6}
TRAIN = {"steps": 1, "batch": 2, "max_length": 160, "rank": 4}


def chosen(begun, **spec):
    with begun.dossier.emitter(begun.parent.id, "align/train") as emit:
        return train.choose(begun.parent, begun.dossier.view(), Spec(**spec), emit)


def test_the_rows_of_the_first_rounds_are_as_many_as_the_ablation_says(begun):
    for rounds, counted in begun.revised.findings["ablation"].items():
        rows = chosen(begun, rounds_used=int(rounds)).rows
        assert len(rows) == counted["revised"] + counted["kept"]
    whole = chosen(begun, rounds_used=4)
    assert [r["completion"] for r in whole.rows] == [r["completion"] for r in chosen(begun).rows]


def test_a_child_of_the_first_rounds_says_so_and_has_a_name_of_its_own(begun):
    view = begun.dossier.view
    found = begun.run("align/train", "parent", {**TRAIN, "rounds_used": 2, "mix": 0.5})

    kept = begun.revised.findings["ablation"]["2"]
    rows = view().records(found.files["rows.jsonl"])
    assert found.product == "parent-aligned-round2@1"
    assert found.findings["rounds_used"] == 2
    assert found.findings["written_share"] == pytest.approx(0.5)
    assert len(rows) == kept["revised"] + kept["kept"]
    trained = view().records(found.files["training.jsonl"])
    assert len(trained) == 2 * len(rows)
    assert all(set(row) == {"prompt", "completion"} for row in trained)
    for row in rows:  # each is found, with the rounds that made it and no later ones
        lineage = trace(row["id"], view())
        assert lineage["row"] == row
        assert [step["id"] for step in lineage["rounds"]] == row["steps"]
        assert [step["round"] for step in lineage["rounds"]] == [1, 2]
        assert lineage["prompt"]["text"] == row["prompt"][-1]["content"]
        assert lineage["constitution"]["name"] == "everyday help"
        assert [one["model"] for one in lineage["trained_on_it"]] == [found.product]


def test_more_rounds_than_there_were_are_refused(begun):
    with pytest.raises(UsageError, match="had 4 rounds"):
        chosen(begun, rounds_used=5)


def test_direct_rows_are_those_of_a_direct_run_and_never_mixed_up_with_it(begun):
    with pytest.raises(UsageError, match="tenure align revise --model parent@1 --direct"):
        chosen(begun, baseline="direct")

    direct = begun.run("align/revise", "parent", {**REVISE, "direct": True})

    assert chosen(begun, baseline="direct").digest == direct.files["rows.jsonl"]
    assert chosen(begun).digest == begun.revised.files["rows.jsonl"]


def test_the_helpful_baseline_is_written_answers_alone(begun):
    assert chosen(begun, baseline="helpful").rows == []
    assert len(chosen(begun, baseline="helpful", written=7).training) == 7
    with pytest.raises(UsageError, match="written answers alone"):
        chosen(begun, baseline="helpful", mix=0.2)


def test_more_written_answers_than_there_are_is_said_with_the_number(begun):
    with pytest.raises(UsageError, match="there are 40"):
        chosen(begun, written=41)
    with pytest.raises(UsageError, match="one of the two"):
        chosen(begun, written=3, mix=0.5)


def test_a_template_that_cannot_be_trained_with_is_refused_and_nothing_is_registered(
    begun, tmp_path
):
    dossier = begun.dossier
    tiny.make(tmp_path / "bad")
    config = tmp_path / "bad" / "tokenizer_config.json"
    told = json.loads(config.read_text(encoding="utf-8"))
    told["chat_template"] = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    config.write_text(json.dumps(told), encoding="utf-8")
    for other in tmp_path.glob("bad/chat_template*"):
        other.unlink()
    register(dossier, str(tmp_path / "bad"), "bad")
    before = [m.id for m in dossier.view().models()]

    with pytest.raises(EngineError, match="the chat template of 'bad@1'"):
        begun.run("align/train", "bad", {**TRAIN, "baseline": "helpful", "written": 4})
    assert [m.id for m in dossier.view().models()] == before


def test_settings_that_say_nothing_new_leave_the_key_of_older_work_as_it_was():
    assert set(Spec().model_dump(mode="json")) == {
        "name", "charter", "written", "epochs", "steps", "rank", "learning_rate", "batch",
        "max_length", "seed", "threads", "checkpoints", "lead",
    }  # fmt: skip
    assert Spec(rounds_used=0).model_dump(mode="json")["rounds_used"] == 0
    assert Spec(processes=2).model_dump(mode="json")["processes"] == 2


def test_answers_written_by_people_keep_the_principles_and_are_held_in_no_bank():
    ours = written("written")
    facing = prompts.shipped("prompts_facing.yaml").select("train")
    banks = [prompts.shipped(), prompts.shipped(prompts.FIGURES)]
    asked = {p.text for bank in banks for s in ("train", "held-out") for p in bank.select(s)}

    assert not asked & {row.prompt for row in ours.rows}
    assert {r.prompt for r in written("written_facing").rows} <= {p.text for p in facing}
    for row in [*ours.rows[10:], *written("written_facing").rows]:
        for principle in shipped(SECOND).checkable:
            found = check(principle.check).find(row.prompt, row.answer)
            assert found.kept is not False, (principle.id, row.prompt, found)


def written(name):
    from importlib.resources import files

    text = (files("tenure.align") / "data" / f"{name}.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Written)
