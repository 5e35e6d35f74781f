"""Estimators of preference, through recipes, so that what is stored can be computed again."""

import numpy as np
import pytest

from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.stats.elo import BASE, POINTS

pytestmark = pytest.mark.slow


def measured(rows, estimator, value="p", unit="mean", **recipe):
    asked = Recipe(estimator=estimator, value=value, **recipe)
    return estimate(rows, asked, name="x", unit=unit, samples=None)


def chances(seed=0, n=600, sharp=1.0):
    chance = np.random.default_rng(seed)
    logits = chance.standard_normal(n)
    said = chance.random(n) < 1 / (1 + np.exp(-logits))
    p = 1 / (1 + np.exp(-sharp * logits))
    return [
        {"id": str(i), "prompt": f"q{i // 2}", "p": float(p[i]), "said": float(said[i])}
        for i in range(n)
    ]


def test_calibration_error_says_what_the_best_could_have():
    good, bad = chances(), chances(sharp=5.0)
    found = measured(good, "ece", cluster="prompt", options={"truth": "said"})

    assert "perfect chances would show 0.0" in found.method
    assert found.low <= found.estimate <= found.high
    assert found.clusters == 300
    assert measured(bad, "ece", options={"truth": "said"}).lower > found.upper


def test_brier_and_log_loss_are_means_of_what_they_say():
    rows = [{"id": "a", "p": 0.8, "said": 1.0}, {"id": "b", "p": 0.5, "said": 0.0}]

    assert measured(rows, "brier", options={"truth": "said"}).estimate == pytest.approx(0.145)
    assert measured(rows, "log_loss", options={"truth": "said"}).estimate == pytest.approx(
        -(np.log(0.8) + np.log(0.5)) / 2
    )


@pytest.mark.parametrize("estimator", ["ece", "brier", "log_loss"])
def test_a_missing_chance_is_counted_and_widens_the_bounds(estimator):
    rows = chances(1, 200)
    gone = [{**row, "p": None} if i < 40 else row for i, row in enumerate(rows)]
    whole, found = (measured(each, estimator, options={"truth": "said"}) for each in (rows, gone))

    assert (found.missing, found.n) == (40, 160)
    assert found.upper > whole.upper
    assert found.lower <= whole.lower
    assert found.worst[0] < whole.estimate < found.worst[1]


def test_a_chance_out_of_range_and_a_truth_unnamed_are_refused():
    rows = chances(2, 10)
    with pytest.raises(UsageError, match="outside 0 to 1"):
        measured([{**rows[0], "p": 1.5}], "ece", options={"truth": "said"})
    with pytest.raises(UsageError, match="needs options: truth"):
        measured(rows, "brier")


def games(seed, prompts=80, missing=0):
    chance, theta = np.random.default_rng(seed), {"base": 0.0, "sl": 0.8, "rl": 1.6}
    rows = []
    for prompt in range(prompts):
        for one, other in (("rl", "base"), ("rl", "sl"), ("sl", "base")):
            p = float(chance.random() < 1 / (1 + np.exp(theta[other] - theta[one])))
            rows.append({"id": f"{prompt}{one}", "q": prompt, "one": one, "two": other, "p": p})
    for row in rows[:missing]:
        row["p"] = None
    return rows


def rated(rows, of):
    options = {"first": "one", "second": "two", "of": of, "against": "base"}
    return measured(rows, "elo", unit="count", cluster="q", options=options)


def test_ratings_come_out_of_the_games_of_all():
    rows = games(0)
    sl, rl = rated(rows, "sl"), rated(rows, "rl")

    assert rated(rows, "base").estimate == BASE
    assert sl.low <= BASE + 0.8 * POINTS <= sl.high
    assert rl.low <= BASE + 1.6 * POINTS <= rl.high
    assert rl.clusters == 80
    assert rl.lower >= rl.low


def test_missing_games_are_taken_at_their_worst():
    whole, found = rated(games(1), "rl"), rated(games(1, missing=30), "rl")

    assert found.missing == 30
    assert found.lower < whole.lower
    assert found.worst[0] < found.estimate < found.worst[1]


def scored(seed, n=400, asked=120, bias=0.15):
    """A judge that follows people's scores but is off by a bias; people are asked about a random part."""
    chance = np.random.default_rng(seed)
    human = (chance.random(n) < 0.55).astype(float)
    judge = np.clip(0.2 + 0.6 * human + bias + 0.1 * chance.standard_normal(n), 0, 1)
    some = set(chance.choice(n, asked, replace=False).tolist())
    return [
        {
            "id": str(i),
            "q": i // 2,
            "p": float(judge[i]),
            "human": float(human[i]) if i in some else None,
        }
        for i in range(n)
    ], float(human.mean())


def test_people_put_a_biased_judge_right():
    inside = 0
    for seed in range(40):
        rows, truth = scored(seed)
        found = measured(rows, "powered", cluster="q", options={"human": "human"})
        inside += found.low <= 0.55 <= found.high
        assert abs(found.estimate - truth) < 0.1
    raw = measured(rows, "mean", options={"range": [0, 1]})
    assert raw.low > 0.6
    assert inside >= 35


def test_a_judge_that_follows_people_narrows_what_they_alone_would_say():
    rows, _ = scored(0, bias=0.0)
    found = measured(rows, "powered", options={"human": "human"})
    alone = measured([r for r in rows if r["human"] is not None], "mean", "human")

    assert found.high - found.low < 0.75 * (alone.high - alone.low)
    assert "120 scored by people" in found.method


def test_where_nobody_was_asked_nothing_is_corrected():
    rows, _ = scored(0, asked=0)
    found = measured(rows, "powered", options={"human": "human"})

    assert found.estimate is None
    assert (found.lower, found.upper) == (0.0, 1.0)
