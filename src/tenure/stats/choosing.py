"""Which estimator of a corrected rate to use: the narrowest that covers, by simulation, here.

*Here* is the operating point: the grader's share, and the shares of true cases among its yes and
its no, as far as the labels tell. They do not tell exactly, least of all where nothing was found;
so coverage is simulated at three points, with what the grader misses as seen, a little more, and as
much as 84% of a posterior would allow. An estimator that falls below its level at any of them is
not used. The stratified one is what remains. The seed is fixed, and the point is rounded first, so
that one more label does not turn the choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tenure.stats.clustered import Floats
from tenure.stats.corrected import ESTIMATORS, Drawn, ends
from tenure.stats.quantiles import beta_quantile
from tenure.stats.stratified import Labels

SIMULATIONS = 2000
SEED = 20260101
FEWER = {"stratified": 200, "rogan-gladen": 500}  # what takes long; the first decides nothing
GRID = 1.4  # counts that differ by less are one operating point
FALLBACK = "stratified"
USUAL = ("rogan-gladen", "prediction-powered")


@dataclass(frozen=True, slots=True)
class Tried:
    """One estimator at the operating point: its least simulated coverage and mean half-width."""

    name: str
    coverage: float
    half_width: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The estimator chosen, one sentence that says why, and what was tried."""

    name: str
    why: str
    tried: tuple[Tried, ...]
    human_only: float


def _round(count: float) -> float:
    """Round a count on a geometric grid; counts up to four stay as they are."""
    if count <= 4:
        return float(round(count))
    return float(round(4 * GRID ** round(np.log(count / 4) / np.log(GRID))))


def _share(true: float, read: float) -> float:
    """Round a share by its rarer side."""
    if read <= 0:
        return 0.5
    if true > read / 2:
        return 1 - _share(read - true, read)
    return min(_round(true) / read, 0.5)


@dataclass(frozen=True, slots=True)
class Where:
    """An operating point as the labels tell it: the shares are of true cases among yes and no."""

    total: float
    flagged: float
    read: tuple[float, float]
    shares: tuple[float, float]
    level: float
    drawn: Drawn


def _where(data: Labels, level: float, drawn: Drawn) -> Where:
    """Round one data set to its operating point."""
    total = float(data.total[0])
    flagged = min(_round(float(data.flagged[0])), total)
    read = [
        min(_round(float(m[0])), part)
        for m, part in ((data.read_yes, flagged), (data.read_no, total - flagged))
    ]
    shares = [
        _share(float(x[0]), float(m[0]))
        for x, m in ((data.true_yes, data.read_yes), (data.true_no, data.read_no))
    ]
    return Where(total, flagged, (read[0], read[1]), (shares[0], shares[1]), level, drawn)


def choose(data: Labels, level: float = 0.95, *, drawn: Drawn = "stratified") -> Choice:
    """Choose for one data set; deterministic. Takes about half a second the first time."""
    where = _where(data, level, drawn)
    return _judged([_tried(where, name) for name in ESTIMATORS], level, drawn)


def rivals(data: Labels, level: float = 0.95, *, drawn: Drawn = "stratified") -> tuple[str, ...]:
    """Name the usual estimators that may be used here; where there is none, :func:`choose` is not needed."""
    where = _where(data, level, drawn)
    return tuple(name for name in USUAL if _tried(where, name).coverage >= level)


def _points(read: tuple[float, float], shares: tuple[float, float]) -> list[tuple[float, float]]:
    """List the shares of true cases to simulate at."""
    more = [
        (
            (shares[0] * read[0] + 0.5) / (read[0] + 1),
            beta_quantile(quantile, shares[1] * read[1] + 0.5, (1 - shares[1]) * read[1] + 0.5),
        )
        for quantile in (0.5, 0.84)
    ]
    return [shares, *more]


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point: transcripts, the grader's share, true among its yes and no, labels of each."""

    total: float
    share: float
    truth: tuple[float, float]
    read: tuple[float, float]


def simulate(at: Point, chance: np.random.Generator, drawn: Drawn) -> Labels:
    """Draw data sets at an operating point, with labels drawn as they were."""
    total = int(at.total)
    flagged = chance.binomial(total, at.share, SIMULATIONS)
    if drawn == "random":
        n = int(min(sum(at.read), total))
        yes = chance.hypergeometric(flagged, total - flagged, n)
        no = n - yes
    else:
        yes = np.minimum(int(at.read[0]), flagged)
        no = np.minimum(int(at.read[1]), total - flagged)
    true = chance.binomial(yes, at.truth[0]), chance.binomial(no, at.truth[1])
    return Labels.of(total, flagged, yes, true[0], no, true[1])


@cache
def _tried(where: Where, name: str) -> Tried:
    """Simulate one estimator at the three points; a usual one that fails at one is let be."""
    chance = np.random.default_rng(SEED)  # the same data sets for every estimator
    q = where.flagged / where.total
    covered: list[float] = []
    widths: list[float] = []
    for truth in _points(where.read, where.shares):
        rate = q * truth[0] + (1 - q) * truth[1]
        at = Point(where.total, q, truth, where.read)
        made = simulate(at, chance, "random" if name == "human-only" else where.drawn)
        sets = made[: FEWER.get(name, SIMULATIONS)]
        low, high = ends(name, sets, where.level, drawn=where.drawn)
        covered.append(float(np.mean((low <= rate) & (rate <= high))))
        widths.append(float(np.mean(high - low)) / 2)
        if name in USUAL and covered[-1] < where.level:
            break
    return Tried(name, min(covered), float(np.mean(widths)))


def _judged(tried: Sequence[Tried], level: float, drawn: Drawn) -> Choice:
    """Take the narrowest that covers; the labels alone only where they were drawn at random."""
    alone = next(t for t in tried if t.name == "human-only")
    offered = [t for t in tried if t.name != "human-only" or drawn == "random"]
    good = [t for t in offered if t.coverage >= level or t.name == FALLBACK]
    best = min(good, key=lambda t: (round(t.half_width, 6), t.name != FALLBACK))
    short = [f"{t.name} {t.coverage:.1%}" for t in offered if t not in good]
    why = (
        f"{best.name}: narrowest of those that cover {level:.0%} in simulations at three points like "
        f"this one (half-width about {best.half_width:.4f}, "
        f"{best.half_width / alone.half_width:.2f} of as many labels alone)"
    )
    why += f"; too low: {', '.join(short)}" if short else ""
    return Choice(best.name, why, tuple(offered), alone.half_width)


def corrected(
    data: Labels, level: float = 0.95, *, estimator: str = "auto", drawn: Drawn = "stratified"
) -> tuple[Floats, Floats, str]:
    """Return the interval of one data set and how it was made; ``auto`` chooses."""
    if estimator != "auto":
        low, high = ends(estimator, data, level, drawn=drawn)
        return low, high, f"{estimator}, as the recipe asks"
    choice = choose(data, level, drawn=drawn)
    low, high = ends(choice.name, data, level, drawn=drawn)
    return low, high, choice.why
