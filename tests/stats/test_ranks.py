import numpy as np
import pytest
from scipy.stats import spearmanr

from tenure.errors import UsageError
from tenure.stats import permutation_p, spearman
from tenure.stats.ranks import spearman_interval


def test_a_rank_correlation_with_ties_is_that_of_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.integers(1, 8, size=30), rng.integers(1, 8, size=30)

    assert spearman(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert spearman(first, 3 * first + 1) == pytest.approx(1)


def test_where_one_side_is_all_ties_there_is_no_correlation():
    assert spearman(np.ones(9), np.arange(9)) is None
    assert permutation_p(np.ones(9), np.arange(9)) == 1
    assert spearman_interval(1.0, 9, 0.95) is None
    with pytest.raises(UsageError, match="needs pairs"):
        spearman(np.arange(3), np.arange(4))


def test_the_permutation_test_finds_what_is_there_and_not_what_is_not():
    rng = np.random.default_rng(1)
    first = rng.normal(size=20)
    by_chance = [permutation_p(first, rng.normal(size=20), seed=i) for i in range(20)]

    assert permutation_p(first, first + 0.5 * rng.normal(size=20)) < 0.01
    assert 0 < sum(p < 0.5 for p in by_chance) < 20


def test_the_interval_covers():
    """Nominal 0.95; 16 pairs of normal numbers with Pearson's 0.6, Spearman's is near 0.582."""
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        first = rng.normal(size=16)
        second = 0.6 * first + 0.8 * rng.normal(size=16)
        held += 0.582 in spearman_interval(spearman(first, second), 16, 0.95)

    assert held / 200 >= 0.9
