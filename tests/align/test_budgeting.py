"""How many answers of people a win rate needs: the worst before anything is known, fewer beside a good judge."""

import random

import pytest
from pydantic import BaseModel

from tenure.align.people import said
from tenure.align.people.budgeting import budget, needed
from tenure.align.people.gold import made_pair
from tenure.align.people.said import Answer
from tenure.cli.commands.align_budget import extension
from tenure.dossier import Dossier, Evidence, Model, Stage
from tenure.errors import UsageError
from tenure.stats import wilson

chance = random.Random(0)
TRUTH = [float(chance.random() < 0.6) for _ in range(2000)]


class Games(BaseModel):
    """How many games, and of how many people spoke."""

    people: int = 0


def played(model, view, spec, emit):
    rows = [
        {"id": str(i), "first": "c@1", "second": "p@1", "p": None if i == 0 else t,
         "human": t if 0 < i <= spec.people else None}
        for i, t in enumerate(TRUTH[:201])
    ]  # fmt: skip
    return Evidence(
        name="align/compare", model=model.id, summary="", files={"matches.jsonl": emit.records(rows)},
        findings={"base": "p@1"},
    )  # fmt: skip


@pytest.fixture
def view(tmp_path):
    """Two models, compared; people spoke of so many games."""
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as held:
        for name in ("p", "c"):
            held.register(Model(name=name, kind="scripted", source="organism/refuses"))

        def compared(people=0, answers=0):
            stage = Stage(name="align/compare", spec=Games, run=played, summary="", repeat=True)
            held.run(stage, "c@1", {"people": people})
            with held.emitter("c@1", said.STAGE) as emit:
                for i in range(answers):
                    pair = made_pair(f"Q{i}", "a", "b", axis="principle", family="f", came="t")
                    said.sign(Answer(pair=pair.id, by="Ada", principle="all", first="a", say="a",
                                     kind="uniform", about={"seconds": 36.0}), emit)  # fmt: skip
            return held.view()

        yield compared


def test_before_anything_is_known_it_takes_the_worst():
    assert needed([0.5] * 100, [], 0.05) == 385
    assert needed([0.5] * 100, [(1.0, 1.0)] * 19, 0.05) == 385


def test_a_judge_that_agrees_saves_answers_and_one_that_guesses_costs_none():
    agrees = [(t, t if i % 20 else 1 - t) for i, t in enumerate(TRUTH[:400])]
    guesses = [(t, chance.random()) for t in TRUTH[:400]]
    alone = needed([0.5] * 2000, [(t, 0.5) for t in TRUTH[:400]], 0.05)

    assert needed(TRUTH, agrees, 0.05) < alone / 2
    assert needed([g for _, g in guesses] * 5, guesses, 0.05) <= alone + 1


@pytest.mark.slow
def test_so_many_answers_give_an_interval_of_that_width():
    n = needed([0.5] * 100, [], 0.05)
    found = wilson(n // 2, n)

    assert (found.high - found.low) / 2 == pytest.approx(0.05, abs=0.002)


@pytest.mark.slow
def test_hours_and_money_follow_from_the_seconds_that_were_measured(
    view, capsys, monkeypatch, tmp_path
):
    held = budget(view(people=0, answers=10).model("c@1"), view(), 0.1)
    assert (held.need, held.have, held.pairs) == (97, 0, 200)
    assert held.answers == 117  # two of twelve test the rater
    assert held.hours == pytest.approx(1.17)
    monkeypatch.setenv("TENURE_DOSSIER", str(tmp_path / "d"))
    extension(model="c", width=0.1, hourly=50)
    told = capsys.readouterr().out

    assert "117 more answers for the win rate of c@1 against p@1 to within 10 points" in told
    assert "At 36 s an answer (mean of 10): 1.2 hours, 58 at 50 an hour." in told


@pytest.mark.slow
def test_when_there_are_enough_it_says_so_and_what_cannot_be_planned_is_named(
    view, capsys, monkeypatch, tmp_path
):
    with pytest.raises(UsageError, match="tenure align compare --model p@1"):
        budget(view(people=100).model("p@1"), view(people=100), 0.1)
    monkeypatch.setenv("TENURE_DOSSIER", str(tmp_path / "d"))
    extension(model="c", width=0.1)
    assert "Enough: people said of 100 pairs" in capsys.readouterr().out
    for width in (0, 0.5, 7):
        with pytest.raises(UsageError, match=r"0 to 0\.5"):
            extension(model="c", width=width)
    with pytest.raises(UsageError, match="no game of c@1 against c@1"):
        extension(model="c", against="c")
