"""Who goes through the interview beside the model, and what is struck for it."""

from types import SimpleNamespace

import pytest

from tenure.errors import UsageError
from tenure.retire.hearing import controls
from tenure.retire.questions import bank, plan
from tenure.retire.questions.rows import SIZES

pytestmark = pytest.mark.slow


def test_a_control_is_the_parent_another_model_or_nobody(dossier):
    view, new = dossier.view(), dossier.view().model("new")

    assert controls.find(new, view, None, "base", 0).what == "old@1"
    assert controls.find(new, view, None, "old", 0).model.id == "old@1"
    assert controls.find(new, view, None, "none", 0).model is None


@pytest.mark.parametrize(
    ("name", "control", "expected"),
    [("old", "base", "no parent on record"), ("old", "old", "its own control")],
)
def test_a_control_that_cannot_be_is_refused(dossier, name, control, expected):
    view = dossier.view()
    with pytest.raises(UsageError, match=expected):
        controls.find(view.model(name), view, None, control, 0)


def test_a_model_without_weights_says_why_there_is_no_shuffled_one(dossier):
    from tenure import models

    script = models.register(dossier, "organism/declines", "script")
    found = controls.find(script, dossier.view(), None, "shuffled", 0)

    assert (found.what, found.model) == ("none", None)
    assert "no weights of script@1" in found.why


def test_random_letters_go_through_both_rounds():
    questions = bank.load(protocol="small")
    sizes = SIZES["small"]
    planned = [
        row
        for row in plan.structured_full(questions, sizes, 0)
        if row["kind"] in ("rated", "false premise")
    ]
    held = SimpleNamespace(bank=questions, sizes=sizes, seed=0)
    found = controls.at_random(held, planned, 5, 0)

    assert found["runs"] == 5
    assert found["runs_with_a_confirmed_item"]["n"] == 5
    assert found["struck"] == []
    assert "signal_share" in {measure["name"] for measure in found["box"]}
