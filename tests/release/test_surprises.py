"""What the guards of training fired at is a surprise; it stays open until a person says what it was."""

import pytest

from tenure.dossier.nouns import Evidence, Recipe
from tenure.measure import estimate
from tenure.release.surprises import Surprise, fold, seen


def evidence(name="align/train", measures=(), **findings):
    return Evidence(name=name, model="m@1", summary="x", measures=measures, findings=findings)


def guard(name, child, parent):
    rows = [
        {"pair": i, "arm": arm, "v": value * (1 + i % 3 / 10)}
        for i in range(30)
        for arm, value in (("child", child), ("parent", parent))
    ]
    recipe = Recipe(
        estimator="paired_difference", value="v", arm="arm", arms=("child", "parent"), pair="pair"
    )
    return estimate(rows, recipe, name=f"guard/{name}", unit="mean", samples=None)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (evidence(trained={"first_loss": 2.0, "last_loss": 1.0}), []),
        (evidence(trained={"first_loss": 1.0, "last_loss": 2.0}), ["loss-rose"]),
        (evidence(trained={"first_loss": 1.0, "last_loss": float("nan")}), ["loss-not-finite"]),
        (evidence(trained={}), ["no-loss"]),
        (evidence("align/adherence", holm={"a": {"statement": "worsened"}}), ["worsened-a"]),
        (evidence("align/adherence", holm={"a": {"statement": "not shown"}}), []),
        (
            evidence("align/adherence", collapse={"child": {"empty": 3}, "parent": {"empty": 1}}),
            ["collapse-empty"],
        ),
        (
            evidence("align/adherence", collapse={"child": {"empty": 1}, "parent": {"empty": 1}}),
            [],
        ),
        (evidence("assess/faking", trained={"first_loss": 1.0, "last_loss": 2.0}), []),
    ],
)
def test_guards_fire_at_what_nobody_expects(found, expected):
    assert [name for name, _ in seen(found)] == expected


@pytest.mark.parametrize(
    ("name", "child", "parent", "fires"),
    [
        ("repeats", 0.5, 0.1, True),
        ("repeats", 0.1, 0.5, False),
        ("words", 10, 40, True),
        ("words", 40, 10, False),
    ],
)
def test_a_guard_fires_only_on_its_bad_side(name, child, parent, fires):
    found = evidence("align/adherence", measures=(guard(name, child, parent),))

    assert [each for each, _ in seen(found)] == ([f"guard-{name}"] if fires else [])


OPEN = Surprise(id="loss-rose", state="open", text="the loss rose")


def row(**fields):
    return {"id": "loss-rose", "text": "the loss rose", **fields}


def test_nobody_looked_is_not_the_same_as_nothing_was_there():
    assert fold([], []) is None
    assert fold([], [{"id": "none", "state": "none", "text": "looked"}]) == {}


def test_an_explanation_is_of_what_was_seen_then():
    explained = row(state="explained", because="a new tokenizer", name="Ada")

    found = fold([OPEN], [explained])
    assert found is not None
    assert (found["loss-rose"].state, found["loss-rose"].name) == ("explained", "Ada")

    again = Surprise(id="loss-rose", state="open", text="the loss rose twice as much")
    found = fold([again], [explained])
    assert found is not None
    assert found["loss-rose"].state == "open"
