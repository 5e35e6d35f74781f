"""Estimators of preference: do chances mean what they say, who wins how often, and how strong is who.

ece        calibration error of the chances in ``value`` against the option ``truth`` (a chance, 0
           to 1; 0.5 is a tie), over ``bins`` (15) bins of equal mass
brier      mean squared difference of the two
log_loss   mean cross-entropy of the two, in nats
elo        rating of the player ``of`` relative to ``against`` out of games: ``value`` is the chance
           that the player in the column ``first`` beat the one in the column ``second``
powered    mean of a judge's scores in ``value``, 0 to 1, put right by the scores of people in the
           column ``human``, asked about samples drawn uniformly at random (PPI++, arXiv 2311.01453)

``cluster`` is what is redrawn together, as a rule the prompt. Bootstraps are of 1,000, seed 0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError
from tenure.measure.columns import Row, label, outcomes
from tenure.measure.estimators import mean
from tenure.measure.found import MISSING_AT_WORST, Found
from tenure.stats import Interval, codes_of, one_sided
from tenure.stats.calibration import BINS, DRAWS, around, floor, redrawn
from tenure.stats.calibration import ece as calibration_error
from tenure.stats.clustered import Codes, Floats
from tenure.stats.elo import BASE, Games, ratings
from tenure.stats.quantiles import t_quantile


def _option(recipe: Recipe, name: str, what: str) -> str:
    given = recipe.options.get(name)
    if not isinstance(given, str):
        raise UsageError(f"{recipe.estimator} needs options: {name}, {what}")
    return given


def _chances(records: Sequence[Row], recipe: Recipe, column: str) -> Floats:
    """Read a column of chances, NaN where missing; UsageError outside 0 to 1."""
    values = outcomes(records, replace(recipe, value=column, cluster=None)).values
    held = values[~np.isnan(values)]
    if len(held) and not (held.min() >= 0 and held.max() <= 1):
        raise UsageError(f"'{column}' holds numbers outside 0 to 1; a chance was expected")
    return values


def _both(records: Sequence[Row], recipe: Recipe) -> tuple[Floats, Floats, Codes | None, int]:
    """Read chances and truths that are both there, their clusters, and how many are missing."""
    truth = _option(recipe, "truth", "the column of what was so, 0 to 1")
    p, t = (_chances(records, recipe, column) for column in (recipe.value, truth))
    held = ~np.isnan(p + t)
    codes = None
    if recipe.cluster is not None:
        kept = [row for row, good in zip(records, held, strict=True) if good]
        codes = codes_of([label(row, recipe.cluster) for row in kept])
    return p[held], t[held], codes, int((~held).sum())


def ece(records: Sequence[Row], recipe: Recipe) -> Found:
    """Calibration error, with the basic bootstrap's interval, and what the best could have here."""
    p, truth, codes, missing = _both(records, recipe)
    if len(p) == 0:
        return Found(missing=missing, worst=(0.0, 1.0) if missing else None, method="no records")
    found, kept = calibration_error(p, truth), len(p) / (len(p) + missing)
    drawn = redrawn(calibration_error, (p, truth), codes)
    two = None if drawn is None else around(drawn, recipe.level, found)
    side = None if drawn is None else around(drawn, one_sided(recipe.level), found)
    return Found(
        estimate=found,
        low=two.low if two else None,
        high=two.high if two else None,
        # Chances that are missing could make up for the errors of those that are there.
        lower=max(0.0, side.low * kept - (1 - kept)) if side else 0.0,
        upper=min(1.0, side.high * kept + 1 - kept) if side else 1.0,
        n=len(p),
        clusters=None if codes is None else len(np.unique(codes)),
        missing=missing,
        worst=(max(0.0, found * kept - (1 - kept)), min(1.0, found * kept + 1 - kept)),
        method=f"{min(BINS, len(p))} bins of equal mass; perfect chances would show "
        f"{floor(p):.3f} here; basic bootstrap of {DRAWS:,} whole clusters, seed 0; "
        f"{MISSING_AT_WORST}",
    )


def _scored(records: Sequence[Row], recipe: Recipe, rule: Literal["brier", "log_loss"]) -> Found:
    """Mean of a rule over chance and truth, by the estimator of means."""
    truth = _option(recipe, "truth", "the column of what was so, 0 to 1")
    p, t = (_chances(records, recipe, column) for column in (recipe.value, truth))
    held = np.clip(p, 1e-13, 1 - 1e-13)
    each = np.square(p - t) if rule == "brier" else -t * np.log(held) - (1 - t) * np.log1p(-held)
    rows: list[Row] = [
        {**row, rule: None if math.isnan(value) else value}
        for row, value in zip(records, each.tolist(), strict=True)
    ]
    options = {"range": [0.0, 1.0] if rule == "brier" else [0.0, -math.log(1e-13)]}
    return mean(rows, replace(recipe, value=rule, options=options))


def brier(records: Sequence[Row], recipe: Recipe) -> Found:
    """Mean squared difference of chance and truth."""
    return _scored(records, recipe, "brier")


def log_loss(records: Sequence[Row], recipe: Recipe) -> Found:
    """Mean cross-entropy of chance and truth, in nats; a chance is held 1e-13 from 0 and 1."""
    return _scored(records, recipe, "log_loss")


def elo(records: Sequence[Row], recipe: Recipe) -> Found:
    """Rating of one player out of everybody's games; bounds take its missing games as lost, or won."""
    columns = [_option(recipe, side, "the column of a player") for side in ("first", "second")]
    of, against = (_option(recipe, side, "a player's name") for side in ("of", "against"))
    sides = [[str(label(row, column)) for row in records] for column in columns]
    names = tuple(sorted({of, against, *sides[0], *sides[1]}))
    scores = _chances(records, recipe, recipe.value)
    if not len(scores):
        return Found(method="no records")
    places = [np.asarray([names.index(name) for name in side], dtype=np.intp) for side in sides]
    cluster = recipe.cluster
    codes = (
        np.arange(len(scores), dtype=np.intp)
        if cluster is None
        else codes_of([label(row, cluster) for row in records])
    )
    held = ~np.isnan(scores)
    missing = int((~held).sum())
    player, other = names.index(of), names.index(against)

    def rate(level: float, fill: float | None) -> tuple[float, float | None, float | None]:
        """Rate with the player's missing games left out, or scored ``fill`` for it."""
        known, seen = scores, held
        if fill is not None:
            own = np.where(places[0] == player, fill, 1 - fill)
            mine = (places[0] == player) | (places[1] == player)
            known, seen = np.where(held, scores, own), held | mine
        games = Games(places[0], places[1], np.where(seen, known, 0.5), seen * 1.0, names)
        found = ratings(games, codes, other, level=level)[player]
        return found.rating, found.low, found.high

    point, low, high = rate(recipe.level, None)
    side = one_sided(recipe.level)
    down = rate(side, 0.0 if missing else None)
    up = rate(side, 1.0) if missing else down
    return Found(
        estimate=point if held.any() else None,
        low=low,
        high=high,
        lower=down[1],
        upper=up[2],
        n=int(held.sum()),
        clusters=None if cluster is None else len(np.unique(codes[held])),
        missing=missing,
        worst=(down[0], up[0]),
        method=f"Bradley and Terry over {len(names)} players, {against} = {BASE:.0f}, half a drawn game "
        f"lent to each; bootstrap of {DRAWS:,} whole clusters, seed 0; missing games of {of} at their worst",
    )  # fmt: skip


def powered(records: Sequence[Row], recipe: Recipe) -> Found:
    """Mean score as people would give it, from a judge's scores of all and people's of a random part."""
    column = _option(recipe, "human", "the column of people's scores of a uniform random part")
    judge, people = (_chances(records, recipe, name) for name in (recipe.value, column))
    held = ~np.isnan(judge)
    missing, planned = int((~held).sum()), len(judge)
    if not held.any():
        return Found(missing=missing, worst=(0.0, 1.0) if missing else None, method="no records")
    cluster = recipe.cluster
    kept = [row for row, good in zip(records, held, strict=True) if good]
    codes = (
        np.arange(len(kept), dtype=np.intp)
        if cluster is None
        else codes_of([label(row, cluster) for row in kept])
    )
    point, error, freedom, weight = _powered(judge[held], people[held], codes)
    asked, share = int((~np.isnan(people[held])).sum()), len(kept) / planned
    if point is None or freedom < 1:
        return Found(
            lower=0.0, upper=1.0, n=len(kept), missing=missing, worst=(0.0, 1.0),
            method=f"{asked} of these were scored by people: too few to put the judge right",
        )  # fmt: skip

    def around(level: float) -> Interval:
        half = t_quantile(0.5 + level / 2, freedom) * error
        return Interval(max(0.0, point - half), min(1.0, point + half), level)

    two, one = around(recipe.level), around(one_sided(recipe.level))
    return Found(
        estimate=point,
        low=two.low,
        high=two.high,
        lower=one.low * share,
        upper=one.high * share + 1 - share,
        n=len(kept),
        clusters=None if cluster is None else len(np.unique(codes)),
        missing=missing,
        worst=(point * share, point * share + 1 - share),
        method=f"prediction-powered (PPI++), {asked} scored by people, the judge weighed {weight:.2f}; "
        f"cluster-robust t with {freedom} degrees; {MISSING_AT_WORST}",
    )


def _powered(judge: Floats, people: Floats, codes: Codes) -> tuple[float | None, float, int, float]:
    """Return the mean, its standard error, the degrees of freedom, and the weight of the judge."""
    asked = ~np.isnan(people)
    n, rest = int(asked.sum()), int((~asked).sum())
    freedom = len(np.unique(codes[asked])) - 1
    if n < 2 or freedom < 1:
        return None, 0.0, 0, 0.0
    h, f = people[asked], judge[asked]
    spread = float(judge.var())
    weight = 0.0
    if rest and spread > 0:
        both = float(((h - h.mean()) * (f - f.mean())).mean())
        weight = min(1.0, max(0.0, both / spread / (1 + n / rest)))
    unseen = float(judge[~asked].mean()) if rest else float(f.mean())
    point = float(h.mean()) + weight * (unseen - float(f.mean()))
    moved = np.zeros(len(judge))
    moved[asked] = (h - weight * f - float((h - weight * f).mean())) / n
    if rest:
        moved[~asked] = weight * (judge[~asked] - unseen) / rest
    totals = np.bincount(codes, weights=moved)
    groups = len(np.unique(codes))
    variance = groups / (groups - 1) * float(np.square(totals).sum())
    return min(1.0, max(0.0, point)), math.sqrt(variance), freedom, weight


PREFERRING: Mapping[str, Callable[[Sequence[Row], Recipe], Found]] = MappingProxyType(
    {"ece": ece, "brier": brier, "log_loss": log_loss, "elo": elo, "powered": powered}
)
