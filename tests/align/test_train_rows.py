"""What a child is trained on: rows of the first rounds, direct revisions, written answers; the refusals."""

import json

import pytest

from tenure import documents, plugins
from tenure.align import prompts, train
from tenure.align.checking import check
from tenure.align.constitution import SECOND, shipped
from tenure.align.train import Spec, Written
from tenure.dossier import Dossier
from tenure.errors import EngineError, UsageError
from tenure.models import register, tiny

pytestmark = [pytest.mark.local, pytest.mark.slow]
REVISE = {"n": 12, "max_tokens": 24, "batch": 6}
TRAIN = {"steps": 1, "batch": 2, "max_length": 160, "rank": 4}


def run(dossier, name, model, spec):
    return dossier.run(plugins.load("stage", name), model, spec)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    here = tmp_path_factory.mktemp("rows")
    tiny.make(here / "tiny")
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        parent = register(dossier, str(here / "tiny"), "parent")
        revised = run(dossier, "align/revise", parent.id, REVISE)
        yield dossier, parent, revised


def chosen(place, **spec):
    dossier, parent, _ = place
    with dossier.emitter(parent.id, "align/train") as emit:
        return train.choose(parent, dossier.view(), Spec(**spec), emit)


def test_the_rows_of_the_first_rounds_are_as_many_as_the_ablation_says(place):
    *_, revised = place

    for rounds, counted in revised.findings["ablation"].items():
        rows = chosen(place, rounds_used=int(rounds)).rows
        assert len(rows) == counted["revised"] + counted["kept"]
    whole = chosen(place, rounds_used=4)
    assert [r["completion"] for r in whole.rows] == [r["completion"] for r in chosen(place).rows]


def test_a_child_of_the_first_rounds_says_so_and_has_a_name_of_its_own(place):
    dossier, _, revised = place

    found = run(dossier, "align/train", "parent", {**TRAIN, "rounds_used": 2, "mix": 0.5})

    kept = revised.findings["ablation"]["2"]
    rows = dossier.view().records(found.files["rows.jsonl"])
    assert found.product == "parent-aligned-round2@1"
    assert found.findings["rounds_used"] == 2
    assert found.findings["written_share"] == pytest.approx(0.5)
    assert len(rows) == kept["revised"] + kept["kept"]
    trained = dossier.view().records(found.files["training.jsonl"])
    assert len(trained) == 2 * len(rows)
    assert all(set(row) == {"prompt", "completion"} for row in trained)


def test_more_rounds_than_there_were_are_refused(place):
    with pytest.raises(UsageError, match="had 4 rounds"):
        chosen(place, rounds_used=5)


def test_direct_rows_are_those_of_a_direct_run_and_never_mixed_up_with_it(place):
    dossier, parent, revised = place
    with pytest.raises(UsageError, match="tenure align revise --model parent@1 --direct"):
        chosen(place, baseline="direct")

    direct = run(dossier, "align/revise", parent.id, {**REVISE, "direct": True})

    assert chosen(place, baseline="direct").digest == direct.files["rows.jsonl"]
    assert chosen(place).digest == revised.files["rows.jsonl"]


def test_the_helpful_baseline_is_written_answers_alone(place):
    assert chosen(place, baseline="helpful").rows == []
    assert len(chosen(place, baseline="helpful", written=7).training) == 7
    with pytest.raises(UsageError, match="written answers alone"):
        chosen(place, baseline="helpful", mix=0.2)


def test_more_written_answers_than_there_are_is_said_with_the_number(place):
    with pytest.raises(UsageError, match="there are 40"):
        chosen(place, written=41)
    with pytest.raises(UsageError, match="one of the two"):
        chosen(place, written=3, mix=0.5)


def test_a_template_that_cannot_be_trained_with_is_refused_and_nothing_is_registered(
    place, tmp_path
):
    dossier, *_ = place
    tiny.make(tmp_path / "bad")
    config = tmp_path / "bad" / "tokenizer_config.json"
    told = json.loads(config.read_text(encoding="utf-8"))
    told["chat_template"] = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    config.write_text(json.dumps(told), encoding="utf-8")
    for other in tmp_path.glob("bad/chat_template*"):
        other.unlink()
    register(dossier, str(tmp_path / "bad"), "bad")
    before = [m.id for m in dossier.view().models()]

    with pytest.raises(EngineError, match="template"):
        run(dossier, "align/train", "bad", {**TRAIN, "baseline": "helpful", "written": 4})
    assert [m.id for m in dossier.view().models()] == before


def test_settings_that_say_nothing_new_leave_the_key_of_older_work_as_it_was():
    assert set(Spec().model_dump(mode="json")) == {
        "name", "charter", "written", "epochs", "steps", "rank", "learning_rate", "batch",
        "max_length", "seed", "threads", "checkpoints", "lead",
    }  # fmt: skip
    assert Spec(rounds_used=0).model_dump(mode="json")["rounds_used"] == 0


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
