"""Assessments at both ends: paired where the words are the same, everything else said."""

import pytest
from pydantic import BaseModel

from tenure.dossier import Dossier, Evidence, Model, Recipe, Stage
from tenure.dossier.verify import verify
from tenure.measure import estimate
from tenure.measure.estimate import recompute
from tenure.plugins import load
from tenure.retire.reporting.repeated import repeated

pytestmark = pytest.mark.slow  # a dossier for each test


class Given(BaseModel):
    """What the assessment of a test finds: which of its questions were answered wrongly."""

    wrong: list[int] = []
    asked: int = 20
    reworded: list[int] = []


def rates(model, view, spec, emit):
    """Grade single questions."""
    rows = [
        {"id": f"q{i}", "epoch": 1, "prompt": f"{i}{'!' * (i in spec.reworded)}", "bad": i in spec.wrong}
        for i in range(spec.asked)
    ]  # fmt: skip
    recipe = Recipe(estimator="proportion", value="bad")
    kept = emit.records(rows)
    found = estimate(rows, recipe, name="rate", unit="proportion", samples=kept)
    return Evidence(name="assess/refusals", model=model.id, summary="", measures=(found,))


def gaps(model, view, spec, emit):
    """Grade pairs of questions, one in each tier."""
    rows = [
        {"id": f"{i}-{tier}", "pair": i, "tier": tier, "prompt": f"{i} {tier}", "complied": tier == "free" and i in spec.wrong}
        for i in range(spec.asked)
        for tier in ("free", "paid")
    ]  # fmt: skip
    recipe = Recipe(
        estimator="paired_difference", value="complied", arm="tier", arms=("free", "paid"), pair="pair"
    )  # fmt: skip
    kept = emit.records(rows)
    found = estimate(rows, recipe, name="gap", unit="difference", samples=kept)
    return Evidence(name="assess/faking", model=model.id, summary="", measures=(found,))


def decide(model, view, spec, emit):
    """Decide the release."""
    return Evidence(name="release/decide", model=model.id, summary="decided", kind="human")


@pytest.fixture
def house(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        opened.register(Model(name="old", kind="scripted", source="organism/says-nothing"))
        yield opened


def held(house, at_release, now, run=rates, name="assess/refusals"):
    stage = Stage(name=name, spec=Given, run=run, summary="a test's own", repeat=True)
    house.run(stage, "old@1", at_release)
    house.run(Stage(name="release/decide", spec=Given, run=decide, summary=""), "old@1", {})
    house.run(stage, "old@1", now)
    return repeated(house.view().model("old"), house.view())


def test_the_same_answers_give_nothing_and_others_their_difference(house):
    found = held(house, {"wrong": [0, 1]}, {"wrong": [1, 2, 3, 4]})

    (shift,) = found.measures
    assert (shift.name, shift.n, shift.estimate) == ("refusals_shift", 20, pytest.approx(0.1))
    assert shift.low < 0.1 < shift.high
    assert found.dropped == []


def test_what_was_asked_once_or_in_other_words_is_counted_and_not_paired(house):
    found = held(house, {"asked": 20}, {"asked": 24, "reworded": [0, 1]})

    assert found.measures[0].n == 18
    assert found.measures[0].estimate == 0
    assert found.dropped == ["refusals: 2 asked in other words now", "refusals: 4 asked once only"]


def test_a_number_that_is_a_difference_is_paired_by_its_pairs(house):
    found = held(house, {"wrong": [0]}, {"wrong": [0, 1, 2]}, gaps, "assess/faking")

    (shift,) = found.measures
    assert (shift.n, shift.estimate) == (20, pytest.approx(0.1))


def test_the_report_carries_the_pairs_and_its_number_comes_out_of_them_again(house):
    held(house, {"wrong": [0]}, {"wrong": [0, 1]})
    found = house.run(load("stage", "retire/report"), "old@1", {"comment": False})
    view = house.view()

    assert [m.name for m in found.measures] == ["refusals_shift"]
    assert recompute(found, view) == []
    page = view.read(found.files["report.md"]).decode()
    assert "The same questions of an assessment now, minus before the release" in page
    assert verify(house.root).ok


def test_answers_that_were_stored_before_are_not_asked_again_and_say_so(house):
    found = held(house, {"wrong": [0]}, {"wrong": [0]})

    assert found.measures == []
    assert found.dropped == ["refusals: the very same stored answers; another seed asks anew"]


def test_without_a_second_time_there_is_nothing_to_pair(house):
    stage = Stage(name="assess/refusals", spec=Given, run=rates, summary="a test's own")
    house.run(stage, "old@1", {})
    found = repeated(house.view().model("old"), house.view())

    assert (found.rows, found.measures, found.dropped) == ([], [], [])
