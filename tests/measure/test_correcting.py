"""A corrected rate is a measure like any other: from records, missing grades at their worst."""

import numpy as np
import pytest

from tenure.dossier import Recipe
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.stats.corrected import allocate

RECIPE = Recipe(
    estimator="corrected", value="bad", options={"human": "truth", "estimator": "stratified"}
)


def made(records, recipe=RECIPE):
    return estimate(records, recipe, name="m", unit="proportion", samples=None)


def planted(rate, seed, n=2000, budget=300):
    """Transcripts with a rate of bad ones, a grader with .90/.95, and labels as a plan draws them."""
    chance = np.random.default_rng(seed)
    truth = chance.random(n) < rate
    grade = np.where(truth, chance.random(n) < 0.90, chance.random(n) < 0.05)
    yes, no = allocate(budget, int(grade.sum()), n)
    asked = {
        *chance.choice(np.flatnonzero(grade), yes, replace=False).tolist(),
        *chance.choice(np.flatnonzero(~grade), no, replace=False).tolist(),
    }
    return [
        {"id": i, "bad": bool(g), "truth": bool(t) if i in asked else None}
        for i, (g, t) in enumerate(zip(grade, truth, strict=True))
    ]


@pytest.mark.slow
def test_the_correction_undoes_what_the_grader_adds():
    records = planted(0.03, seed=1)
    raw = made(records, Recipe(estimator="proportion", value="bad"))
    found = made(records)

    assert raw.low > 0.05  # false alarms alone: a narrow interval around the wrong rate
    assert found.low < 0.03 < found.high
    assert found.high - found.low < 0.035
    assert found.n == 2000
    assert "300 human labels" in found.method


@pytest.mark.slow
def test_missing_grades_and_labels_widen_the_bounds_and_never_the_rate():
    records = planted(0.03, seed=2)
    whole = made(records)
    holes = [{**r, "bad": None} if r["bad"] and i % 2 else r for i, r in enumerate(records)]
    found = made(holes)
    unsure = made([{**r, "truth": "cannot say"} if r["truth"] else r for r in records])

    assert found.missing == sum(r["bad"] is None for r in holes)
    assert found.worst[0] <= whole.estimate <= found.worst[1]
    assert found.lower <= whole.lower
    assert found.upper >= whole.upper
    assert unsure.upper >= whole.upper - 1e-9
    assert unsure.estimate == 0.0


def test_nothing_labelled_and_nothing_graded_are_not_zeros():
    unlabelled = made([{"id": 1, "bad": True, "truth": None}, {"id": 2, "bad": False}])
    ungraded = made([{"id": 1, "bad": None, "truth": True}])

    assert (unlabelled.estimate, unlabelled.lower, unlabelled.upper) == (None, 0.0, 1.0)
    assert (ungraded.estimate, ungraded.missing, ungraded.worst) == (None, 1, (0.0, 1.0))


def test_a_card_corrects_where_no_label_is_at_hand():
    records = [{"id": i, "bad": i < 150} for i in range(1000)]
    card = {"yes": 100, "seen": 90, "no": 200, "cleared": 190}
    found = made(records, Recipe(estimator="corrected", value="bad", options={"card": card}))

    assert found.estimate == pytest.approx((0.15 - 0.05) / 0.85)
    assert found.low < 0.1 < found.high
    with pytest.raises(UsageError, match="no more than a coin"):
        made(
            records,
            Recipe(estimator="corrected", value="bad", options={"card": card | {"cleared": 10}}),
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs options"),
        ({"human": "truht"}, "no column named 'truht'; did you mean 'truth'"),
        ({"human": "truth", "estimator": "exact"}, "no estimator of a corrected rate"),
        ({"human": "truth", "drawn": "somehow"}, "no way of drawing labels"),
        ({"human": "truth", "estimator": "human-only"}, "no random sample"),
        ({"human": "id"}, "a human label is true, false"),
    ],
)
def test_options_that_do_not_fit_say_why(options, message):
    with pytest.raises(UsageError, match=message):
        made(
            [{"id": "a", "bad": True, "truth": True}],
            Recipe(estimator="corrected", value="bad", options=options),
        )


def clustered(seed, groups=120, size=10, rate=0.1, alike=0.4):
    """Transcripts of which those of one family are alike, in truth and in the grader's errors."""
    chance = np.random.default_rng(seed)

    def shares(mean):
        a = mean * (1 / alike - 1)
        return np.repeat(chance.beta(a, a / mean - a, groups), size)

    n = groups * size
    truth = chance.random(n) < shares(rate)
    grade = chance.random(n) < np.where(truth, shares(0.9), shares(0.05))
    yes, no = allocate(200, int(grade.sum()), n)
    asked = {
        *chance.choice(np.flatnonzero(grade), yes, replace=False).tolist(),
        *chance.choice(np.flatnonzero(~grade), no, replace=False).tolist(),
    }
    return [
        {"id": i, "bad": bool(g), "truth": bool(t) if i in asked else None, "family": i // size}
        for i, (g, t) in enumerate(zip(grade, truth, strict=True))
    ]


@pytest.mark.slow
def test_a_corrected_rate_of_clusters_is_wider_and_holds_the_truth():
    """Two of the data sets whose coverage is measured by bench/coverage.py."""
    recipe = Recipe(
        estimator="corrected", value="bad", cluster="family",
        options={"human": "truth", "estimator": "stratified"},
    )  # fmt: skip
    found = [made(clustered(seed), recipe) for seed in range(2)]
    apart = made(clustered(0))

    assert all(m.low <= 0.1 <= m.high for m in found)
    assert found[0].clusters == 120
    assert found[0].high - found[0].low > apart.high - apart.low
    assert "clusters at their worth" in found[0].method
