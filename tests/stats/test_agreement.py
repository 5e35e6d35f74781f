import numpy as np
import pytest

from tenure.errors import UsageError
from tenure.stats import kappa, krippendorff

RUNS = 600


@pytest.mark.parametrize(
    ("n", "rate", "right"), [(60, 0.5, 0.95), (60, 0.5, 0.8), (84, 0.3, 0.9), (40, 0.2, 0.85)]
)
def test_kappa_is_covered(n, rate, right):
    """Nominal 0.95: a labeller who is right with a fixed chance; measured 0.958 to 0.968 in 4,000 runs."""
    agree = right
    said = rate * right + (1 - rate) * (1 - right)
    chance = rate * said + (1 - rate) * (1 - said)
    true = (agree - chance) / (1 - chance)
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(RUNS):
        first = rng.random(n) < rate
        second = np.where(rng.random(n) < right, first, ~first)
        found = kappa(first.tolist(), second.tolist())
        held += found.interval is not None and true in found.interval

    assert held / RUNS >= 0.92


def test_perfect_agreement_is_not_certainty():
    found = kappa(["yes", "no"] * 10, ["yes", "no"] * 10)

    assert found.kappa == 1.0
    assert found.interval.low < 0.75


def test_a_known_kappa():
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15

    assert kappa(first, second).kappa == pytest.approx(0.4)


def test_one_label_alone_has_no_kappa():
    assert kappa(["no"] * 5, ["no"] * 5).kappa is None
    with pytest.raises(UsageError, match="equal, non-empty"):
        kappa([], [])


def test_krippendorff_on_a_worked_example():
    """Krippendorff's own example (two observers, ten units, nominal): 0.095."""
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]

    assert krippendorff(np.asarray([first, second], dtype=float).T) == pytest.approx(
        0.095, abs=1e-3
    )


def test_krippendorff_skips_what_was_not_rated():
    ratings = np.asarray([[1, 1, np.nan], [2, 2, 2], [np.nan, np.nan, 3], [1, 1, 1]])

    assert krippendorff(ratings) == 1.0
    assert krippendorff(ratings, ordered=True) == 1.0
    assert krippendorff(np.full((3, 2), 4.0)) is None
