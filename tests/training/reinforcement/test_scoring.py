"""Rewards that are no numbers are named; what is missing teaches nothing; advantages by hand."""

import numpy as np
import pytest

from tenure.errors import EngineError
from tenure.training.reinforcement.scoring import advantages, same_reward, same_text, scored
from tenure.training.reward import Batch, Scored

BATCH = Batch(
    step=7,
    rows=[{"id": f"p-{n}"} for n in range(10)],
    completions=["x"] * 10,
    finished=[True] * 10,
)


def asked(values):
    return scored("kind", lambda _: Scored(values=values), BATCH)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "0.5", True])
def test_what_is_no_finite_number_is_named_with_step_and_prompt(value):
    with pytest.raises(EngineError, match=r"reward 'kind' is .* at step 7 for the prompt 'p-4'"):
        asked([1.0] * 4 + [value] + [1.0] * 5)


def test_one_nan_beside_missing_values_is_refused_not_averaged_away():
    with pytest.raises(EngineError, match="finite number"):
        asked([None, float("nan")] + [1.0] * 8)


def test_missing_values_pass_up_to_a_fifth_and_no_further():
    assert asked([None, None] + [1.0] * 8).values.count(None) == 2
    with pytest.raises(EngineError, match="no value for 3 of 10"):
        asked([None, None, None] + [1.0] * 7)


def test_an_exception_and_a_wrong_count_are_named():
    def fails(_):
        raise KeyError("word")

    with pytest.raises(EngineError, match=r"'kind' failed at step 7 \(KeyError"):
        scored("kind", fails, BATCH)
    with pytest.raises(EngineError, match="9 values for 10 completions"):
        asked([1.0] * 9)


def test_rloo_compares_with_the_others_and_grpo_with_all():
    assert advantages([1.0, 0.0, 0.0, 0.0], 4, "rloo") == pytest.approx([1, -1 / 3, -1 / 3, -1 / 3])
    grpo = advantages([1.0, 0.0], 2, "grpo")
    assert grpo == pytest.approx([0.5**0.5, -(0.5**0.5)], rel=1e-3)


@pytest.mark.parametrize("algorithm", ["rloo", "grpo"])
def test_a_missing_reward_learns_nothing_and_counts_in_no_mean(algorithm):
    found = advantages([1.0, None, 0.0, None, None, 1.0], 3, algorithm)

    assert found[1] == 0.0
    assert found[0] == -found[2] > 0
    assert (found[3:] == 0.0).all()  # alone with its reward, a draw has nothing to be compared with


@pytest.mark.parametrize("algorithm", ["rloo", "grpo"])
def test_draws_that_are_all_alike_give_zeros_and_never_nan(algorithm):
    assert np.array_equal(advantages([0.5] * 8, 4, algorithm), np.zeros(8))
    assert same_reward([0.5] * 4 + [1.0, 0.0, 0.5, None], 4) == 1
    assert same_text(["a", "a", "b", "c", "d", "d", "d", "d"], 4) == 6
