"""Coverage over every possible table of pairs, weighed by its trinomial probability."""

import math

import numpy as np
import pytest

from tenure.errors import UsageError
from tenure.stats import mcnemar, tango


def tables(n):
    return [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]


def chance(n, b, c, p, q):
    rest = n - b - c
    log = math.lgamma(n + 1) - math.lgamma(b + 1) - math.lgamma(c + 1) - math.lgamma(rest + 1)
    for count, share in ((b, p), (c, q), (rest, 1 - p - q)):
        if share == 0 and count:
            return 0.0
        log += count * math.log(share) if count else 0.0
    return math.exp(log)


@pytest.fixture(scope="module")
def intervals():
    return {n: {(b, c): tango(b, c, n) for b, c in tables(n)} for n in (24, 40)}


@pytest.mark.parametrize("n", [24, 40])
@pytest.mark.parametrize(
    ("p", "q"),
    [(0.002, 0.002), (0.02, 0.0), (0.05, 0.02), (0.14, 0.0), (0.3, 0.1), (0.3, 0.3), (0.9, 0.05)],
)
def test_tango_covers(intervals, n, p, q):
    """Nominal 0.95; measured 0.937 (at 0.14 and 0, n = 40) to 1.0."""
    covered = sum(chance(n, b, c, p, q) for (b, c), i in intervals[n].items() if p - q in i)

    assert covered >= 0.935


@pytest.mark.parametrize(
    ("p", "q"), [(0.02, 0.0), (0.14, 0.0), (0.3, 0.1), (0.5, 0.5), (0.85, 0.0)]
)
def test_the_one_sided_bounds_cover(p, q):
    """Nominal 0.95 a side, n = 24; measured 0.91 to 1.0 here, 0.885 for true gaps above 0.9."""
    n = 24
    low = high = 0.0
    for b, c in tables(n):
        weight = chance(n, b, c, p, q)
        if weight > 1e-9:
            found = tango(b, c, n, 0.90)
            low += weight * (found.low <= p - q)
            high += weight * (found.high >= p - q)

    assert min(low, high) >= 0.905


def test_no_disagreement_is_not_certainty():
    found = tango(0, 0, 50)

    assert (found.low, found.high) == pytest.approx((-0.0713, 0.0713), abs=1e-4)


def test_the_figure_of_the_paper():
    found = tango(9, 3, 32)  # Tango 1998; Newcombe 1998 table II gives -0.027 to 0.390

    assert (round(found.low, 3), round(found.high, 3)) == (-0.027, 0.390)


def test_the_interval_turns_with_the_arms():
    one, two = tango(7, 2, 30), tango(2, 7, 30)

    assert (one.low, one.high) == pytest.approx((-two.high, -two.low), abs=1e-9)


def test_all_pairs_one_way_stay_in_range():
    found = tango(20, 0, 20)

    assert found.high == 1.0
    assert 0.67 < found.low < 0.69


def test_mcnemar_is_the_binomial_test():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 0) == pytest.approx(2 / 32)
    assert mcnemar(9, 3) == pytest.approx(0.14599609375)


def test_mcnemar_keeps_its_level():
    """Under no gap, p <= 0.05 comes up at most 5% of the time, for any number of disagreements."""
    for m in (5, 12, 30):
        weights = [math.comb(m, b) / 2**m for b in range(m + 1)]
        assert np.sum([w for b, w in enumerate(weights) if mcnemar(b, m - b) <= 0.05]) <= 0.05


def test_pairs_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="b \\+ c <= n"):
        tango(5, 6, 10)
