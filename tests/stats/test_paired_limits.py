"""The joined limits keep their error at the worst rate, where the score bound does not."""

import math

import pytest

from tenure.errors import UsageError
from tenure.stats import clopper_pearson, joined_limits, one_sided, tango
from tenure.stats.paired_limits import REACH

SIDE = one_sided(0.95)


def chance(bound, n, gap, other):
    """Sum the probability of every table whose upper bound lies below the true gap."""
    p = (gap + other, other, 1 - gap - 2 * other)
    total = 0.0
    for c in range(n + 1):
        for b in range(n + 1 - c):
            if bound(b, c, n, SIDE).high >= gap:
                break  # it rises with b
            ways = math.lgamma(n + 1) - sum(math.lgamma(k + 1) for k in (b, c, n - b - c))
            parts = zip((b, c, n - b - c), p, strict=True)
            if all(q > 0 or k == 0 for k, q in parts):
                logs = zip((b, c, n - b - c), p, strict=True)
                total += math.exp(ways + sum(k * math.log(q) for k, q in logs if k))
    return total


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 59])
@pytest.mark.parametrize("gap", [-0.3, -0.03, 0.0, 0.02, 0.05, 0.12, 0.3])
def test_the_error_is_kept_at_every_rate_of_disagreement(n, gap):
    least, most = max(0.0, -gap), (1 - gap) / 2
    rates = [least + (most - least) * (i / 24) ** 2 for i in range(25)]

    assert max(chance(joined_limits, n, gap, other) for other in rates) <= 0.05


@pytest.mark.slow
def test_the_score_bound_does_not_keep_it():
    assert chance(tango, 100, -0.03, 0.035) > 0.08
    assert chance(joined_limits, 100, -0.03, 0.035) <= 0.05


@pytest.mark.parametrize(("k", "n"), [(0, 59), (1, 93), (4, 100), (0, 1000)])
def test_without_a_pair_the_other_way_it_is_the_exact_bound_of_a_share(k, n):
    assert joined_limits(k, 0, n, SIDE).high == pytest.approx(clopper_pearson(k, n, SIDE).high)


@pytest.mark.parametrize("n", [5, 19.5, 20, 33.3, 80])
def test_it_turns_with_its_arms_and_never_leaves_its_range(n):
    for b in range(int(n) + 1):
        for c in range(int(n) + 1 - b):
            one, two = joined_limits(b, c, n, SIDE), joined_limits(c, b, n, SIDE)
            assert (one.low, one.high) == (-two.high, -two.low)
            assert -1 <= one.low <= (b - c) / n <= one.high <= 1


@pytest.mark.parametrize("n", [8, 20, 60])
def test_a_further_failure_never_helps(n):
    for c in range(n + 1):
        ends = [joined_limits(b, c, n, SIDE).high for b in range(n + 1 - c)]
        assert ends == sorted(ends)


def test_beyond_its_reach_it_is_wider_and_still_turns_over():
    assert joined_limits(20, 5, 100, SIDE).high > REACH
    assert joined_limits(20, 5, 100, SIDE).high > tango(20, 5, 100, SIDE).high


@pytest.mark.parametrize("counts", [(3, 3, 5), (-1, 0, 5), (0, 0, 0)])
def test_counts_that_do_not_fit_are_refused(counts):
    with pytest.raises(UsageError, match="do not fit"):
        joined_limits(*counts)
