"""Ratings of games: planted strengths, ties, players who never met, clusters."""

import numpy as np
import pytest

from tenure.errors import UsageError
from tenure.stats.elo import BASE, POINTS, Games, ratings, strengths


def games(rows, names):
    a, b, score = (np.array(column) for column in zip(*rows, strict=True))
    return Games(a, b, score.astype(float), np.ones(len(a)), names)


def planted(seed, prompts=300):
    """Three players 0, 0.5 and 1.5 apart in log-odds, all against all on every prompt."""
    chance, theta = np.random.default_rng(seed), np.array([0.0, 0.5, 1.5])
    rows, codes = [], []
    for prompt in range(prompts):
        for a, b in ((0, 1), (0, 2), (1, 2)):
            rows.append((a, b, chance.random() < 1 / (1 + np.exp(theta[b] - theta[a]))))
            codes.append(prompt)
    return games(rows, ("x", "y", "z")), np.array(codes)


@pytest.mark.slow
def test_planted_strengths_are_found_within_their_intervals():
    inside = 0
    for seed in range(20):
        found = ratings(*planted(seed, 150), 0)
        inside += found[2].low <= BASE + 1.5 * POINTS <= found[2].high
        assert found[0].low is None
    assert inside >= 16


def test_strengths_are_the_solution_of_bradley_and_terry():
    found = strengths(planted(0, 3000)[0])

    assert found - found[0] == pytest.approx([0, 0.5, 1.5], abs=0.1)
    assert found.mean() == pytest.approx(0)


def test_two_players_differ_by_the_log_odds_of_their_score():
    held = games([(0, 1, 1.0)] * 300 + [(0, 1, 0.0)] * 100, ("x", "y"))

    assert strengths(held)[0] - strengths(held)[1] == pytest.approx(np.log(3), abs=0.01)


def test_a_tie_is_half_a_win_and_the_names_do_not_matter():
    half = games([(0, 1, 0.5)] * 10, ("x", "y"))
    both = games([(0, 1, 1.0), (1, 0, 1.0)] * 5, ("x", "y"))

    assert strengths(half) == pytest.approx([0, 0], abs=1e-9)
    assert strengths(both) == pytest.approx([0, 0], abs=1e-9)


def test_who_won_all_has_a_finite_rating_and_who_never_played_an_average_one():
    found = strengths(games([(0, 1, 1.0)] * 20, ("x", "y", "z")))

    assert np.isfinite(found).all()
    assert found[0] > found[2] > found[1]


def test_a_third_player_connects_two_who_never_met():
    found = strengths(games([(0, 1, 0.75)] * 200 + [(1, 2, 0.75)] * 200, ("x", "y", "z")))

    assert found[0] - found[2] == pytest.approx(2 * np.log(3), abs=0.05)


@pytest.mark.slow
def test_an_interval_is_over_whole_prompts():
    held, codes = planted(1, 60)
    alone = ratings(held, np.arange(len(codes)), 0)[1]
    copied = Games(*(np.tile(c, 4) for c in (held.a, held.b, held.score, held.weight)), held.names)
    together = ratings(copied, np.tile(np.arange(len(codes)), 4), 0)[1]

    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.15)


def test_one_player_and_a_score_out_of_range_are_refused():
    with pytest.raises(UsageError, match="two models"):
        strengths(games([(0, 0, 1.0)], ("x",)))
    with pytest.raises(UsageError, match="from 0"):
        strengths(games([(0, 1, 2.0)], ("x", "y")))
