"""A corrected rate covers where what is usually offered does not, and is never wider than labels alone."""

import numpy as np
import pytest

from tenure.errors import UsageError
from tenure.stats.choosing import choose, rivals
from tenure.stats.corrected import Card, allocate, by_card, ends, human_only, prediction_powered
from tenure.stats.proportion import clopper_pearson
from tenure.stats.stratified import Labels, bounds, stratified

BUDGET, TOTAL, RUNS = 300, 3000, 400


def drawn(rate, sensitivity, specificity, *, runs=RUNS, seed=3):
    """Many data sets: labels drawn stratified, as ``allocate`` says."""
    chance = np.random.default_rng(seed)
    true = chance.binomial(TOTAL, rate, runs)
    seen, false = chance.binomial(true, sensitivity), chance.binomial(TOTAL - true, 1 - specificity)
    yes, no = np.array([allocate(BUDGET, int(k), TOTAL) for k in seen + false]).T
    return Labels.of(
        TOTAL, seen + false,
        yes, chance.hypergeometric(seen, false, yes),
        no, chance.hypergeometric(true - seen, TOTAL - true - false, no),
    )  # fmt: skip


def covered(interval, rate):
    low, high = interval
    return float(np.mean((low <= rate) & (rate <= high)))


def half(interval):
    return float(np.mean(interval[1] - interval[0])) / 2


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.001, 0.005, 0.03, 0.12, 0.5])
@pytest.mark.parametrize("grader", [(0.86, 0.84), (0.90, 0.95), (0.97, 0.99)])
def test_it_covers_in_every_cell_and_is_narrower_than_the_labels_alone(rate, grader):
    """bench/coverage.py has 10,000 a cell; 400 here, so 0.95 less 2.5 standard errors."""
    found = stratified(drawn(rate, *grader))
    x = np.random.default_rng(4).binomial(BUDGET, rate, 4000).astype(float)
    alone = human_only(Labels.of(BUDGET, BUDGET, BUDGET, x, 0, 0))

    assert covered(found, rate) >= 0.923
    assert half(found) <= half(alone)
    if (rate, grader) == (0.03, (0.97, 0.99)):
        assert half(found) <= 0.6 * half(alone)


@pytest.mark.slow
def test_what_is_usually_offered_does_not_cover_rare_rates():
    data = drawn(0.005, 0.86, 0.84)

    assert covered(prediction_powered(data), 0.005) < 0.93
    assert covered(stratified(data[:200]), 0.005) >= 0.92


def test_nothing_found_in_proportion_is_the_exact_bound_of_the_labels_alone():
    low, high = bounds(Labels.of(3000, 600, 60, 0, 240, 0), 0.95)
    exact = clopper_pearson(0, 300, 1 - 2 * 0.05 * 0.96).high

    assert (low[0], high[0]) == (0.0, pytest.approx(exact, abs=1e-4))


def test_the_interval_turns_with_the_words():
    one = stratified(Labels.of(3000, 400, 80, 60, 220, 3))
    two = stratified(Labels.of(3000, 2600, 220, 217, 80, 20))

    assert (one[0][0], one[1][0]) == pytest.approx((1 - two[1][0], 1 - two[0][0]), abs=2e-5)


def test_a_stratum_without_labels_is_unknown():
    low, high = stratified(Labels.of(1000, 100, 0, 0, 200, 0))

    assert low[0] < 0.001
    assert high[0] >= 0.1  # all hundred could be true


@pytest.mark.parametrize(("flagged", "total"), [(0, 3000), (33, 3000), (1500, 3000), (3000, 3000)])
def test_the_labels_are_all_used_and_there(flagged, total):
    yes, no = allocate(300, flagged, total)

    assert yes + no == 300
    assert yes <= flagged
    assert no <= total - flagged
    assert allocate(10_000, flagged, total) == (flagged, total - flagged)


@pytest.mark.slow
def test_the_choice_is_made_by_coverage_and_says_why():
    rare = Labels.of(3000, 500, 70, 1, 230, 0)
    first, again = choose(rare), choose(rare)

    assert first == again
    assert first.name == "stratified"
    assert "too low: rogan-gladen" in first.why
    assert all(t.coverage < 0.95 for t in first.tried if t.name != "stratified")


@pytest.mark.slow
def test_the_short_way_to_the_choice_agrees_with_the_long_one():
    for x in (9, 60):
        data = Labels.of(3000, 400, 60, x, 240, 2)
        offered, choice = rivals(data), choose(data)

        assert choice.name in ("stratified", *offered)
        assert {t.name for t in choice.tried if t.coverage >= 0.95} - {"stratified"} == set(offered)


def test_human_labels_alone_are_clopper_and_pearson():
    data = Labels.of(100, 50, 50, [0, 4, 50], 50, [0, 3, 50])
    low, high = human_only(data)

    for place, k in enumerate((0, 7, 100)):
        exact = clopper_pearson(k, 100)
        assert (low[place], high[place]) == (pytest.approx(exact.low), pytest.approx(exact.high))


def test_the_tuned_weight_cancels_where_labels_were_stratified():
    data = Labels.of(3000, 600, 100, 80, 200, 10)
    low, high = prediction_powered(data)
    other = ends("rogan-gladen", data)

    assert (low + high)[0] / 2 == pytest.approx(data.estimate()[0])
    assert low[0] == pytest.approx(other[0][0], abs=0.01)


@pytest.mark.slow
def test_by_the_card_alone_the_interval_covers():
    """Rate 5%, a card of 150 and 150 at .90/.95: 300 draws."""
    chance, hits = np.random.default_rng(5), 0
    for _ in range(60):
        card = Card(150, int(chance.binomial(150, 0.9)), 150, int(chance.binomial(150, 0.95)))
        flagged = int(chance.binomial(2000, 0.05 * 0.9 + 0.95 * 0.05))
        hits += 0.05 in by_card(flagged, 2000, card)[1]

    assert hits >= 54


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(UsageError, match="are not counts"):
        Labels.of(100, 20, 30, 0, 10, 0)
