"""Coverage is computed exactly: every possible count, weighed by its binomial probability."""

import math

import numpy as np
import pytest

from tenure.errors import UsageError
from tenure.stats import clopper_pearson, lower_bound, newcombe, upper_bound, wilson

RATES = (0.001, 0.005, 0.02, 0.1, 0.3, 0.5, 0.9, 0.999)


def chances(n, p):
    """Binomial probabilities of 0..n."""
    k = np.arange(n + 1)
    log = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in k]
    return np.exp(np.asarray(log) + k * math.log(p) + (n - k) * math.log1p(-p))


def coverage(intervals, n, p):
    held = np.asarray([i.low <= p <= i.high for i in intervals])
    return float((chances(n, p) * held).sum())


@pytest.mark.parametrize("n", [10, 60, 200])
def test_clopper_pearson_covers_at_every_rate(n):
    intervals = [clopper_pearson(k, n) for k in range(n + 1)]

    for p in RATES:
        assert coverage(intervals, n, p) >= 0.95


@pytest.mark.parametrize("n", [30, 60, 200])
def test_the_one_sided_bounds_cover_at_every_rate(n):
    uppers = [upper_bound(k, n) for k in range(n + 1)]
    lowers = [lower_bound(k, n) for k in range(n + 1)]

    for p in RATES:
        assert float((chances(n, p) * (np.asarray(uppers) >= p)).sum()) >= 0.95
        assert float((chances(n, p) * (np.asarray(lowers) <= p)).sum()) >= 0.95


@pytest.mark.parametrize(
    ("n", "mean", "least"), [(30, 0.95, 0.83), (60, 0.95, 0.83), (200, 0.95, 0.83)]
)
def test_wilson_covers_its_level_on_average(n, mean, least):
    """Nominal 0.95. Measured over the rates 0.002..0.998: mean 0.951 to 0.953, least 0.887; between those rates it dips to 0.84 near 0 and 1."""
    intervals = [wilson(k, n) for k in range(n + 1)]
    covered = [coverage(intervals, n, p) for p in np.linspace(0.002, 0.998, 250)]

    assert np.mean(covered) >= mean - 0.005
    assert min(covered) >= least


@pytest.mark.parametrize(
    ("p", "q"), [(0.005, 0.005), (0.02, 0.1), (0.1, 0.1), (0.5, 0.3), (0.99, 0.02)]
)
def test_newcombe_covers(p, q):
    """Nominal 0.95, n = 50 and 60; measured 0.924 (at 0.99 and 0.02) to 1.0."""
    n, m = 50, 60
    one, two = chances(n, p), chances(m, q)
    covered = sum(
        one[i] * two[j]
        for i in range(n + 1)
        for j in range(m + 1)
        if one[i] * two[j] > 1e-7 and p - q in newcombe((i, n), (j, m))
    )

    assert covered >= 0.92


def test_the_figures_of_the_papers():
    found = newcombe((56, 70), (48, 80))

    assert (round(found.low, 4), round(found.high, 4)) == (
        0.0524,
        0.3339,
    )  # Newcombe 1998, table II a
    assert (round(wilson(3, 10).low, 2), round(wilson(3, 10).high, 2)) == (0.11, 0.60)


@pytest.mark.parametrize(
    ("n", "bound"), [(20, 0.14), (59, 0.05), (100, 0.03), (300, 0.01), (3000, 0.001)]
)
def test_nothing_seen_is_a_bound_and_not_a_zero(n, bound):
    assert upper_bound(0, n) == pytest.approx(bound, rel=0.06)
    assert wilson(0, n).low == 0.0
    assert wilson(0, n).high > 0


def test_counts_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="0 <= k <= n"):
        wilson(4, 3)
    with pytest.raises(UsageError, match="level"):
        wilson(1, 3, 95)
    with pytest.raises(UsageError, match="above"):
        upper_bound(1, 3, 0.4)
