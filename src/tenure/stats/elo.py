"""Ratings out of games: Bradley and Terry's strengths on the scale of Elo.

A game is (a, b, score): the chance, or the share, by which a won (0.5 is a tie). The strengths of all
players are fitted together, so that a result against a third player counts too. Ratings are 400
points for odds of ten to one, relative to a player whose rating is ``BASE`` by definition.
"""

from dataclasses import dataclass

import numpy as np

from tenure.errors import UsageError
from tenure.stats.clustered import Codes, Floats
from tenure.stats.interval import check_level

BASE = 1000.0
POINTS = 400 / float(np.log(10))  # points a natural unit of log-odds
PRIOR = (
    0.5  # games drawn against an average player that every player is lent: no rating is infinite
)
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Games:
    """Games, one a row: places of the players in ``names``, a's score 0 to 1, what a game counts."""

    a: Codes
    b: Codes
    score: Floats
    weight: Floats
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating and its interval; None for the player it is relative to, and where no game differs."""

    rating: float
    low: float | None
    high: float | None


def strengths(games: Games) -> Floats:
    """Return each player's log-strength, (players,), with mean 0, by Newton's method.

    Every player is lent ``PRIOR`` games drawn against an average player, so that one who won all, or
    who never met the others, has a finite strength.

    Raises:
        UsageError: fewer than two players, or a score outside 0 to 1.
    """
    count = len(games.names)
    if count < 2:
        raise UsageError("a rating needs at least two models; name another to compare with")
    if len(games.score) and not ((games.score >= 0) & (games.score <= 1)).all():
        raise UsageError("a game's score lies from 0 (lost) to 1 (won); 0.5 is a tie")
    played, won = _by_cluster(games, np.zeros(len(games.score), dtype=np.intp))
    return _newton(played, won)[0]


def _by_cluster(games: Games, codes: Codes) -> tuple[Floats, Floats]:
    """Count the games between each two players and the first's score in each cluster, (clusters, players, players)."""
    count, groups = len(games.names), int(codes.max()) + 1 if len(codes) else 1
    cell = (codes * count + games.a) * count + games.b
    size = groups * count * count
    sums = (
        np.bincount(cell, weights=weights, minlength=size).astype(np.float64)
        for weights in (games.weight, games.weight * games.score)
    )
    played, won = (each.reshape(groups, count, count) for each in sums)
    return played, won


def _newton(played: Floats, won: Floats) -> Floats:
    """Return log-strengths with mean 0 for each of several tournaments, (tournaments, players)."""
    theta = np.zeros(played.shape[:2])
    for _ in range(100):
        step = _step(theta, played, won)
        far = np.abs(step).max(axis=1, keepdims=True)
        # A step of more than two units would leave where the curve describes the loss.
        theta = theta + step * np.minimum(1.0, 2.0 / np.maximum(far, 1e-12))
        if float(far.max()) < 1e-10:
            break
    return theta - theta.mean(axis=1, keepdims=True)


def _step(theta: Floats, played: Floats, won: Floats) -> Floats:
    p = 1 / (1 + np.exp(theta[:, None, :] - theta[:, :, None]))
    off = won - played * p
    own = 1 / (1 + np.exp(-theta))
    slope: Floats = off.sum(axis=2) - off.sum(axis=1) + PRIOR * (0.5 - own)
    bend = played * p * (1 - p)
    both: Floats = bend + np.swapaxes(bend, 1, 2)
    held: Floats = both.sum(axis=2) + PRIOR * own * (1 - own)
    curve = held[:, :, None] * np.eye(theta.shape[1]) - both
    return np.linalg.solve(curve, slope[:, :, None])[:, :, 0].astype(np.float64)


def ratings(
    games: Games, codes: Codes, against: int, *, level: float = 0.95, seed: int = 0
) -> list[Rating]:
    """Rate every player relative to ``against``, with a bootstrap over whole clusters.

    ``codes`` number the clusters (prompts) 0..G-1: all games on one prompt are drawn together, and a
    cluster counts as often as it was drawn. Below two clusters there is no interval.
    """
    check_level(level)
    found = strengths(games)
    points = BASE + POINTS * (found - found[against])
    drawn = _redrawn(games, codes, against, seed)
    if drawn is None:
        return [Rating(float(p), None, None) for p in points]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    flat = np.ptp(drawn, axis=0) < 1e-9  # all games alike: redrawing them says nothing
    return [
        Rating(float(p), None, None)
        if flat[at]
        else Rating(float(p), float(low[at]), float(high[at]))
        for at, p in enumerate(points)
    ]


def _redrawn(games: Games, codes: Codes, against: int, seed: int) -> Floats | None:
    """Return the ratings in each redrawn sample, (draws, players)."""
    groups = int(codes.max()) + 1 if len(codes) else 0
    if groups < 2:
        return None
    chance = np.random.Generator(np.random.PCG64(seed))
    picked = chance.integers(0, groups, (DRAWS, groups))
    times = np.stack([np.bincount(row, minlength=groups) for row in picked]).astype(np.float64)
    again = [np.tensordot(times, each, axes=1) for each in _by_cluster(games, codes)]
    found = _newton(again[0], again[1])
    return BASE + POINTS * (found - found[:, against : against + 1])
