import pytest

from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError
from tenure.measure import estimate


def made(rows, **recipe):
    return estimate(rows, Recipe(**recipe), name="m", unit="ratio", samples=None)


def test_answers_that_hold_are_consistent_and_answers_by_cell_are_not():
    by_item = [{"item": i, "score": i % 7} for i in range(8) for _ in range(6)]
    by_cell = [{"item": i, "score": c} for i in range(8) for c in range(6)]

    held = made(by_item, estimator="alpha", value="score", cluster="item")
    not_held = made(by_cell, estimator="alpha", value="score", cluster="item")

    assert held.estimate == 1
    assert held.clusters == 8
    assert not_held.estimate < 0


def test_alpha_has_an_interval_and_a_missing_answer_takes_its_bounds_away():
    rows = [{"item": i, "score": (i + (c == i % 3)) % 7} for i in range(12) for c in range(6)]
    whole = made(rows, estimator="alpha", value="score", cluster="item")
    holed = made([*rows[1:], {"item": 0}], estimator="alpha", value="score", cluster="item")

    assert whole.low < whole.estimate < whole.high
    assert whole.lower > whole.low
    assert (holed.missing, holed.lower, holed.upper) == (1, -1, 1)
    with pytest.raises(UsageError, match="give cluster"):
        made(rows, estimator="alpha", value="score")


def test_a_rank_correlation_counts_pairs_that_lack_a_side():
    rows = [{"id": i, "said": i, "done": i + 3 * (i % 2)} for i in range(10)]
    recipe = {"estimator": "rank_correlation", "value": "said", "options": {"with": "done"}}
    whole = made(rows, **recipe)
    holed = made([*rows, {"id": 10, "said": 3, "done": None}], **recipe)

    assert 0.8 < whole.estimate < 1
    assert whole.low < whole.estimate < whole.high
    assert "permutation test p 0.0" in whole.method
    assert (holed.n, holed.missing, holed.lower, holed.upper) == (10, 1, -1, 1)
    with pytest.raises(UsageError, match="the other column"):
        made(rows, estimator="rank_correlation", value="said")
