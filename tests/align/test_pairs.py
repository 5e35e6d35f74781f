"""Pairs: two different answers, an order that says nothing, nothing twice, nothing out of nothing."""

import pytest

from tenure import plugins
from tenure.align.comparing.pairs import Said, pair_of, pairs_of, read_pairs
from tenure.align.prompts import Bank, Prompt
from tenure.dossier import Dossier
from tenure.errors import UsageError
from tenure.measure import recompute
from tenure.models import register, resolve

MODEL = resolve("organism/complies")


def prompt(number):
    return Prompt(id=f"x-{number}", family="x", split="train", text=f"Question {number}?")


def bank(split="train", n=6):
    return Bank.model_validate(
        {
            "apiVersion": "tenure/prompts.v1",
            "licence": "own",
            "families": [
                {
                    "name": f"f{k}",
                    "split": split,
                    "prompts": [f"What of {k} and {i}?" for i in range(n)],
                }
                for k in range(3)
            ],
        }
    ).model_dump(mode="json")


def test_the_order_says_nothing_of_where_a_text_came_from():
    answer, revision = Said("An answer.", "answer-1"), Said("Better.", "row-1")
    made = [pair_of(prompt(i), answer, revision, model=MODEL, axis="principle") for i in range(400)]
    turned = [
        pair_of(prompt(i), revision, answer, model=MODEL, axis="principle") for i in range(400)
    ]

    assert made == turned
    assert 160 < sum(pair.a == "Better." for pair in made) < 240
    assert all((pair.a == "Better.") == (pair.a_from == "row-1") for pair in made)


def test_the_same_text_is_no_pair_and_the_same_two_texts_are_one():
    said = [Said("One.", "1"), Said("Two.", "2"), Said("One.", "3")]

    found = pairs_of(prompt(1), said, model=MODEL, axes=("principle", "helpful"))

    assert [p.axis for p in found.pairs] == ["principle", "helpful"]
    assert found.deduplicated == 2
    assert len({p.id for p in found.pairs}) == 2
    assert len({(p.a, p.b) for p in found.pairs}) == 1


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier") as opened:
        register(opened, "organism/complies?rate=1", "script")
        yield opened


def run(dossier, stage="align/pairs", **spec):
    return dossier.run(plugins.load("stage", stage), "script", spec)


@pytest.mark.slow
def test_answers_that_are_all_the_same_give_no_pair_and_it_is_counted(dossier):
    found = run(dossier, prompts=bank(), draws=3)

    assert read_pairs(dossier.view(), found) == []
    assert found.findings["deduplicated"] == 18 * 3
    assert found.findings["cost"]["answers"]["calls"] == 18 * 3
    assert found.measure("yield").estimate == 0
    with pytest.raises(UsageError, match="draw more freely: tenure align pairs --model script@1"):
        run(dossier, "align/label")


@pytest.mark.slow
def test_an_empty_selection_and_a_single_draw_are_named_with_the_remedy(dossier):
    with pytest.raises(UsageError, match="add a family with split: train"):
        run(dossier, prompts=bank("held-out"))
    with pytest.raises(UsageError, match="give draws 2 or more, or revisions"):
        run(dossier, draws=1)
    with pytest.raises(UsageError, match="tenure align revise --model script@1"):
        run(dossier, prompts=bank(), revisions=True)
    with pytest.raises(UsageError, match="tenure align pairs --model script@1"):
        run(dossier, "align/label")


@pytest.mark.local
def test_a_model_is_drawn_from_once_and_the_same_on_another_day(tmp_path):
    from tenure.models import tiny

    tiny.make(tmp_path / "tiny")
    made = []
    for day in ("one", "two"):
        with Dossier.open(tmp_path / day, keys=tmp_path / "keys") as opened:
            register(opened, str(tmp_path / "tiny"), "script")
            found = run(opened, prompts=bank(), n=4, max_tokens=4, batch=2)
            size = opened.size()
            assert run(opened, prompts=bank(), n=4, max_tokens=4, batch=2) == found
            assert opened.size() == size
            made.append(read_pairs(opened.view(), found))
            assert recompute(found, opened.view()) == []

    assert made[0] == made[1]
    assert found.findings["by_axis"] == {"principle": len(made[0])}
    assert len(made[0]) + found.findings["deduplicated"] == 4
