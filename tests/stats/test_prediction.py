"""The prediction interval of a second count holds what it promises, at every rate."""

import math

import pytest

from tenure.errors import UsageError
from tenure.stats.prediction import predicted


def chance(k, n, p):
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


def test_it_is_the_hypergeometric_one():
    # 0 of 3, then x of 2: P(X >= 1 | 1 in all) = 2/5, P(X >= 2 | 2 in all) = 1/10.
    assert predicted(0, 3, 2, 0.75) == (0, 1)
    assert predicted(0, 3, 2, 0.85) == (0, 2)
    assert predicted(3, 3, 2, 0.75) == (1, 2)


def test_second_samples_lie_inside_as_often_as_promised():
    n, more, level = 12, 8, 0.9
    inside = {k: predicted(k, n, more, level) for k in range(n + 1)}

    for rate in (0.01, 0.1, 0.3, 0.5, 0.8):
        covered = sum(
            chance(k, n, rate) * chance(x, more, rate)
            for k, (low, high) in inside.items()
            for x in range(low, high + 1)
        )
        assert covered >= level


def test_larger_samples_say_more():
    small, large = predicted(5, 10, 24), predicted(50, 100, 24)

    assert small[0] < large[0] < 12 < large[1] < small[1]
    with pytest.raises(UsageError, match="not a share"):
        predicted(3, 2, 5)
