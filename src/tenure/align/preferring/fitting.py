"""The heads of one axis: penalty by folds, an ensemble over redrawn prompts, temperature, predictions.

Whatever a number here says of a pair was fitted without that pair's family (without its prompt,
where there are too few families): folds go round, so that every pair is held out once. The final
heads are fitted on all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tenure.align.constitution import fraction
from tenure.align.preferring.anchoring import Anchor
from tenure.align.preferring.words import Word
from tenure.errors import UsageError
from tenure.stats.bradley_terry import Comparisons, Fitted, cross_entropy, fit, sigmoid
from tenure.stats.calibration import temperature
from tenure.stats.clustered import Codes, Floats, codes_of

PENALTIES = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
REDRAWS = 20  # of prompts, until a trusted label is among them
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """``heads`` members; ``folds``; ``l2`` None chooses it by folds; ``modelled`` False pools sources."""

    heads: int = 5
    folds: int = 5
    l2: float | None = None
    modelled: bool = True
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What was fitted on one axis.

    ``weights`` (k, features) are the ensemble's; ``whole`` is the fit on all labels, whose sources'
    numbers are told. For each word: its ``fold``, the calibrated log-odds ``logit`` that a is better
    by heads and a temperature that were fitted without it, and the ``spread`` of the ensemble there.
    ``anchor`` is the judge that stood in where nobody trusted spoke; None: somebody did.
    """

    weights: Floats
    whole: Fitted
    l2: float
    tried: dict[str, float]
    temperature: float
    fold: Codes
    logit: Floats
    spread: Floats
    by: str
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The labels of an axis, whom to trust, and what is redrawn and held out together.

    Where nobody trusted spoke, ``anchor`` is the judge in their place.
    """

    data: Comparisons
    anchors: frozenset[int]
    prompts: Codes
    fold: Codes
    by: str
    anchor: Anchor | None = None

    @property
    def trusted(self) -> Mask:
        """Say which rows a trusted source labelled, or the judge in their place."""
        return np.isin(self.data.source, sorted(self.anchors))

    def fit(self, data: Comparisons, l2: float, how: How) -> Fitted:
        """Fit some of the labels, the anchors as they stand here."""
        noise = dict.fromkeys(self.anchors, self.anchor.eps) if self.anchor else None
        return fit(data, self.anchors, l2=l2, modelled=how.modelled, noise=noise)


def comparisons(
    words: Sequence[Word], x: Floats, folds: int, seed: int, anchor: Anchor | None = None
) -> Problem:
    """Lay words out for the fit; ``x`` are the features of a less those of b, standardised.

    ``anchor`` is heard only where no word is a trusted source's.

    Raises:
        UsageError: neither a trusted source nor an anchor among them, or fewer than two prompts.
    """
    names = tuple(sorted({word.source for word in words}))
    data = Comparisons(
        x=x,
        p=np.asarray([word.p for word in words]),
        weight=np.asarray([word.weight for word in words]),
        source=np.asarray([names.index(word.source) for word in words], dtype=np.intp),
        first=np.asarray([word.place for word in words]),
        length=np.asarray([word.length for word in words]),
        pair=codes_of([word.pair.id for word in words]),
        names=names,
    )
    anchors = frozenset(names.index(w.source) for w in words if w.trusted)
    anchor = None if anchors else anchor
    if anchor is not None:
        anchors = frozenset({names.index(anchor.source)})
    if not anchors:
        raise UsageError(
            f"on the axis '{words[0].axis}' none of the sources {', '.join(names)} is a person who is "
            "trusted, a rule or an experiment, and none is a judge that align/qualify measured and "
            "found fit on this axis, so nothing says what their labels are worth; label some pairs "
            "(tenure feedback, or tenure align label --judge rule), qualify the judge (tenure align "
            "qualify --model NAME), or count all labels of a pair together: --axes pairs"
        )
    by, groups = _groups(words, folds)
    order = sorted(set(groups), key=lambda group: (fraction(seed, "fold", group), group))
    count = min(folds, len(order))
    dealt = {group: at % count for at, group in enumerate(order)}
    return Problem(
        data=data,
        anchors=anchors,
        prompts=codes_of([word.pair.prompt_id for word in words]),
        fold=np.asarray([dealt[group] for group in groups], dtype=np.intp),
        by=by,
        anchor=anchor,
    )


def _groups(words: Sequence[Word], folds: int) -> tuple[str, list[str]]:
    """Return what is held out together: families where there are enough, else prompts."""
    families, prompts = (
        [word.pair.family for word in words],
        [word.pair.prompt_id for word in words],
    )
    if len(set(families)) >= folds:
        return "family", families
    if len(set(prompts)) < 2:
        raise UsageError(
            f"on the axis '{words[0].axis}' there are labels of one prompt alone, which cannot be held "
            "out from each other; label more pairs, or count all labels of a pair together: --axes pairs"
        )
    return "prompt", prompts


def learn(problem: Problem, how: How) -> Axis:
    """Choose the penalty, fit the ensemble in every fold and on all, and the temperature."""
    problem, basis = _turned(problem)
    tried: dict[str, float] = {}
    if how.l2 is None:
        tried = {f"{l2:g}": _held_out_loss(problem, l2, how) for l2 in PENALTIES}
    l2 = how.l2 if how.l2 is not None else float(min(tried, key=lambda k: (tried[k], -float(k))))
    data, n = problem.data, len(problem.data.p)
    logits = np.zeros((n, how.heads))
    for fold in range(int(problem.fold.max()) + 1):
        out = problem.fold == fold
        members = _ensemble(problem, ~out, replace(how, l2=l2), f"fold {fold}")
        logits[out] = data.x[out] @ members.T
    whole = problem.fit(data, l2, how)
    cool = _crossed(problem, logits.mean(axis=1))
    return Axis(
        weights=_ensemble(problem, np.ones(n, dtype=np.bool_), replace(how, l2=l2), "all") @ basis,
        whole=replace(whole, w=whole.w @ basis),
        l2=l2,
        tried=tried,
        temperature=_temperature(problem, logits.mean(axis=1), problem.trusted),
        fold=problem.fold,
        logit=logits.mean(axis=1) / cool,
        spread=logits.std(axis=1) / cool,
        by=problem.by,
        anchor=problem.anchor,
    )


def _turned(problem: Problem) -> tuple[Problem, Floats]:
    """Turn the features into as few as there are different pairs; return them and the turn (r, features).

    The penalised weights lie in the span of the rows, so nothing is lost, and far less is computed.
    """
    data = problem.data
    _, once = np.unique(data.pair, return_index=True)
    _, size, turn = np.linalg.svd(data.x[once], full_matrices=False)
    basis = turn[size > size[0] * 1e-10] if len(size) and size[0] > 0 else turn[:1]
    return replace(problem, data=replace(data, x=data.x @ basis.T)), basis


def _temperature(problem: Problem, logits: Floats, rows: Mask) -> float:
    data = problem.data
    return temperature(logits[rows], data.p[rows], data.weight[rows])


def _crossed(problem: Problem, logits: Floats) -> Floats:
    """Return, for each row, the temperature fitted on the trusted labels of the other folds."""
    found = np.ones(len(logits))
    for fold in range(int(problem.fold.max()) + 1):
        rows = problem.trusted & (problem.fold != fold)
        found[problem.fold == fold] = _temperature(problem, logits, rows) if rows.any() else 1.0
    return found


def _held_out_loss(problem: Problem, l2: float, how: How) -> float:
    """Return the mean cross-entropy of the trusted labels, each by a fit without its fold."""
    data, logits = problem.data, np.zeros(len(problem.data.p))
    for fold in range(int(problem.fold.max()) + 1):
        out = problem.fold == fold
        fitted = problem.fit(data.take(~out), l2, how)
        logits[out] = data.x[out] @ fitted.w
    held = problem.trusted
    logits = logits[held] / _temperature(problem, logits, held)
    weight = data.weight[held]
    return float(weight @ cross_entropy(sigmoid(logits), data.p[held]) / weight.sum())


def _ensemble(problem: Problem, rows: Mask, how: How, what: str) -> Floats:
    """Fit one member for each redrawing of the prompts, (k, features); a prompt counts as often as drawn."""
    data, prompts = problem.data.take(rows), problem.prompts[rows]
    present = np.unique(prompts)
    members: list[Floats] = []
    for member in range(how.heads):
        times = _times(problem, rows, present, f"{what} {how.seed} {member}")
        kept = times > 0
        again = replace(data.take(kept), weight=data.weight[kept] * times[kept])
        members.append(problem.fit(again, float(how.l2 or 0.0), how).w)
    return np.stack(members)


def _times(problem: Problem, rows: Mask, present: Codes, key: str) -> Floats:
    """Draw prompts with replacement until a trusted label is among them; return each row's count."""
    chance = np.random.Generator(np.random.PCG64(int(fraction(key) * 2**53)))
    trusted, prompts = problem.trusted[rows], problem.prompts[rows]
    for _ in range(REDRAWS):
        drawn = np.bincount(chance.choice(present, len(present)), minlength=int(prompts.max()) + 1)
        times = drawn[prompts].astype(float)
        if times[trusted].any():
            return times
    raise UsageError(
        "the trusted labels are too few to be held out: in one of the folds there are next to none; "
        "label more pairs (tenure feedback), give fewer folds, or count all labels of a pair "
        "together: --axes pairs"
    )
