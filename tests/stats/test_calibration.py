"""Chances against what was so: temperature, calibration error, Brier, log loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.errors import UsageError
from tenure.stats.bradley_terry import sigmoid
from tenure.stats.calibration import around, brier, ece, floor, log_loss, redrawn, temperature


def drawn(seed, n=4000, sharp=1.0):
    chance = np.random.default_rng(seed)
    logits = chance.standard_normal(n) * 1.5
    return sharp * logits, (chance.random(n) < sigmoid(logits)).astype(float)


@pytest.mark.parametrize("sharp", [0.25, 1.0, 4.0])
def test_a_planted_temperature_is_found_again(sharp):
    logits, truth = drawn(0, sharp=sharp)

    assert temperature(logits, truth) == pytest.approx(sharp, rel=0.1)


def test_the_temperature_has_the_least_log_loss():
    logits, truth = drawn(1, 500, sharp=2.0)
    best = temperature(logits, truth)

    losses = [log_loss(sigmoid(logits / t), truth) for t in (best * 0.9, best, best * 1.1)]
    assert losses[1] == min(losses)


def test_a_weight_of_the_temperature_is_so_many_pairs():
    logits, truth = drawn(2, 60)
    weight = np.random.default_rng(0).integers(1, 4, 60)

    assert temperature(logits, truth, weight.astype(float)) == pytest.approx(
        temperature(np.repeat(logits, weight), np.repeat(truth, weight))
    )


def test_logits_that_say_nothing_or_never_err_give_an_end():
    assert temperature(np.ones(4), np.array([0.0, 0, 0, 1])) == pytest.approx(1000)
    assert temperature(np.array([1.0, -1]), np.array([1.0, 0])) == pytest.approx(0.001)
    with pytest.raises(UsageError, match="held-out pairs"):
        temperature(np.zeros(0), np.zeros(0))


@pytest.mark.slow
def test_calibrated_chances_have_the_error_that_the_floor_says():
    logits, truth = drawn(3)
    p = sigmoid(logits)

    assert ece(p, truth) < 2 * floor(p)
    assert ece(sigmoid(4 * logits), truth) > 0.1
    assert floor(p[:60]) > floor(p)


def test_the_error_of_a_constant_chance_is_its_distance_from_the_rate():
    truth = np.array([1.0, 0, 0, 0] * 15)

    assert ece(np.full(60, 0.75), truth) == pytest.approx(0.5)
    assert brier(np.full(60, 0.25), truth) == pytest.approx(0.1875)
    assert log_loss(np.full(60, 0.5), truth) == pytest.approx(np.log(2))


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40))
def test_every_score_stays_in_its_range(rows):
    p, truth = (np.array(column) for column in zip(*rows, strict=True))

    assert 0 <= ece(p, truth) <= 1
    assert 0 <= brier(p, truth) <= 1
    assert abs((p - truth).mean()) <= ece(p, truth) + 1e-12


@pytest.mark.slow
def test_the_interval_redraws_whole_clusters():
    logits, truth = drawn(4, 300)
    p, codes = sigmoid(logits), np.repeat(np.arange(30), 10)
    many, threes = (np.tile(p, 3), np.tile(truth, 3)), np.tile(np.arange(300), 3)
    wide, narrow = (around(redrawn(brier, many, each), 0.9) for each in (threes, None))

    assert wide.high - wide.low > 1.4 * (narrow.high - narrow.low)
    found = around(redrawn(ece, (p, truth), codes), 0.9, ece(p, truth))
    assert 0 <= found.low <= ece(p, truth) <= found.high
    assert redrawn(ece, (p, truth), np.zeros(300, int)) is None


def test_a_cluster_is_drawn_whole():
    p, codes = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0, 1, 0, 1])
    seen = redrawn(lambda a, _: float(a.sum()), (p, p), codes)

    assert {round(s, 6) for s in seen} == {0.8, 1.5, 2.2}
