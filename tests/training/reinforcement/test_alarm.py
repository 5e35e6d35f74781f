"""The alarms: gold falling while the reward rises, and a drawer that is not the learner."""

import numpy as np
import pytest

from tenure.training.reinforcement.alarm import GAP_MOST, Gold, drifted, over_optimised

pytestmark = pytest.mark.slow  # for the import of scipy

STEPS = (0, 10, 20, 30)


def golds(slope, seed=0, prompts=24):
    chance = np.random.default_rng(seed)
    return [
        Gold(step, list(0.8 + slope * step + chance.normal(0, 0.05, prompts))) for step in STEPS
    ]


def rewards(slope, seed=1):
    chance = np.random.default_rng(seed)
    return list(0.5 + slope * np.arange(30) + chance.normal(0, 0.02, 30))


def test_gold_that_falls_while_the_reward_rises_is_an_alarm():
    said = over_optimised(golds(-0.01), rewards(0.01), 6)

    assert "gold reward fell from 0.79" in said
    assert "between step 0 and step 30" in said


def test_nothing_is_said_where_both_rise_both_fall_or_nothing_moves():
    assert over_optimised(golds(0.01), rewards(0.01), 6) is None
    assert over_optimised(golds(-0.01), rewards(-0.01), 6) is None
    assert over_optimised(golds(0.0), rewards(0.0), 6) is None


def test_too_few_points_and_missing_values_say_nothing():
    assert over_optimised(golds(-0.01)[:2], rewards(0.01), 6) is None
    blank = [Gold(g.step, [None] * 24) for g in golds(-0.01)]
    assert over_optimised(blank, rewards(0.01), 6) is None


def test_a_prompt_without_a_value_somewhere_is_left_out_of_every_point():
    holed = [Gold(g.step, [None, *g.values[1:]]) for g in golds(-0.01)]

    assert over_optimised(holed, rewards(0.01), 6) is not None


def test_false_alarms_stay_below_what_is_promised():
    raised = sum(
        over_optimised(golds(0.0, seed), rewards(0.01, seed), 6) is not None for seed in range(300)
    )

    assert raised / 300 <= 0.05


def test_a_drift_needs_two_steps_in_a_row_in_either_direction():
    assert drifted([0.0, 2 * GAP_MOST]) is None
    assert drifted([2 * GAP_MOST, 0.0]) is None
    assert "stale weights" in drifted([0.0, 2 * GAP_MOST, -2 * GAP_MOST])
