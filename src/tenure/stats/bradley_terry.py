# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingTypeStubs=false
# scipy.optimize carries no types; it is touched in one place here.
"""Preferences from several sources, each with its own noise and its own habits.

Two answers a and b with features x_a, x_b; D = w . (x_a - x_b). Source s says that a is better with

    P_s = eps_s + (1 - 2 eps_s) * sigmoid(tau_s * D + beta_s * first + lam_s * length)

(Bradley and Terry 1952, with a share of answers that say nothing of the pair, a slope, and what the
place and the length of an answer do to a source). A trusted source (an anchor) has tau 1, eps 0.02
and lam 0: what the trusted make of length is meant; what the others make of it beyond that is a
habit of theirs. Place is never meant: every source has its own beta, and none of it is used to score.
Where nobody trusted spoke, a source whose noise was measured elsewhere can be the anchor, with that
noise as its eps (``noise``).

The labels are chances (0.5 is a tie) and weighed; the loss is their cross-entropy. What ties the
scale of a source to that of the trusted are pairs that both labelled. With fewer than ``ENOUGH`` of
them its four numbers are drawn towards those of a plain source, and it is named in ``shrunk``.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tenure.errors import UsageError
from tenure.stats.clustered import Codes, Floats

ENOUGH = 100  # pairs that a source and a trusted one both labelled
ANCHOR_EPS = 0.02
KINDS = ("eps", "tau", "beta", "lam")  # the order in which a source's numbers are laid out
BOUNDS = ((1e-4, 0.45), (0.02, 20.0), (-8.0, 8.0), (-8.0, 8.0))
USUAL = (0.1, 1.0, 0.0, 0.0)  # a plain source, and how far one usually is from it
SPREAD = (0.1, 1.0, 1.0, 1.0)
PLAIN = (0.0, 1.0, 0.0, 0.0)  # a source without noise or habits: what pooling takes all for
STEEPEST = 30.0  # of the logit; beyond it a sigmoid is 0 or 1 to thirteen digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """Labels, one a row.

    ``x`` (n, d) is the features of a less those of b; ``p`` (n,) the chance that a is better;
    ``weight`` (n,) what the label counts; ``source`` (n,) places in ``names``; ``first`` (n,) is +1
    where a was shown first, -1 where b was, 0 where neither; ``length`` (n,) how much longer a is,
    in any unit; ``pair`` (n,) numbers the pair, to count those labelled by several.

    Raises:
        UsageError: columns of different lengths, a chance outside 0 to 1, a weight below 0.
    """

    x: Floats
    p: Floats
    weight: Floats
    source: Codes
    first: Floats
    length: Floats
    pair: Codes
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what no likelihood could be computed of."""
        n = len(self.p)
        columns = (self.x, self.weight, self.source, self.first, self.length, self.pair)
        if self.x.ndim != 2 or any(len(column) != n for column in columns):
            raise UsageError(
                f"{n} labels need as many rows of features, weights, sources and pairs"
            )
        if not (np.isfinite(self.p).all() and ((self.p >= 0) & (self.p <= 1)).all()):
            raise UsageError("a label is a chance from 0 to 1; leave missing labels out, counted")
        if not (np.isfinite(self.x).all() and (self.weight >= 0).all()):
            raise UsageError("features must be finite and weights 0 or above; mend the rows")
        if n and not 0 <= int(self.source.min()) <= int(self.source.max()) < len(self.names):
            raise UsageError(f"a source is a place among the {len(self.names)} names given")

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> "Comparisons":
        """Return some of the rows, or some several times; the sources keep their places."""
        kept = ("x", "p", "weight", "source", "first", "length", "pair")
        return replace(self, **{name: getattr(self, name)[rows] for name in kept})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was fitted: ``w`` (d,), each source's four numbers, and how sure the scale is.

    ``overlap`` counts the pairs that a source shares with the trusted ones; ``shrunk`` names the
    sources with fewer than ``ENOUGH``. ``loss`` is the weighed cross-entropy of a label.
    """

    w: Floats
    names: tuple[str, ...]
    eps: Floats
    tau: Floats
    beta: Floats
    lam: Floats
    overlap: Codes
    shrunk: tuple[str, ...]
    loss: float
    converged: bool

    def chances(self, x: Floats) -> Floats:
        """Return the chance that a is better, freed of every source's noise and habits."""
        return sigmoid(x @ self.w)


def sigmoid(z: Floats) -> Floats:
    """Return 1 / (1 + exp(-z))."""
    return 1.0 / (1.0 + np.exp(-np.clip(z, -STEEPEST, STEEPEST)))


@dataclass(frozen=True, slots=True)
class Problem:
    """The function that is made small: its value and its gradient at ``w`` and the sources' numbers.

    ``free`` (sources, 4) says which numbers are fitted, ``fixed`` (sources, 4) holds the others,
    ``pull`` (sources,) how strongly a source is drawn to a plain one.
    """

    data: Comparisons
    l2: float
    free: npt.NDArray[np.bool_]
    fixed: Floats
    pull: Floats

    @property
    def start(self) -> Floats:
        """Where the search begins: no weights, plain sources."""
        plain = np.tile(np.asarray(USUAL), (len(self.fixed), 1))
        return np.concatenate([np.zeros(self.data.x.shape[1]), plain[self.free]])

    @property
    def bounds(self) -> list[tuple[float | None, float | None]]:
        """The box that the search stays in."""
        places = np.nonzero(self.free)[1]
        return [(None, None)] * self.data.x.shape[1] + [BOUNDS[int(kind)] for kind in places]

    def numbers(self, theta: Floats) -> tuple[Floats, Floats]:
        """Take apart: the weights, and (sources, 4) numbers."""
        width = self.data.x.shape[1]
        found = self.fixed.copy()
        found[self.free] = theta[width:]
        return theta[:width], found

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Return the penalised loss and its gradient."""
        data, (w, numbers) = self.data, self.numbers(theta)
        eps, tau, beta, lam = numbers[data.source].T
        gap = data.x @ w
        s = sigmoid(tau * gap + beta * data.first + lam * data.length)
        v, keen = s * (1 - s), 1 - 2 * eps
        chance = eps + keen * s
        spread = eps * (1 - eps) + keen * keen * v  # chance * (1 - chance), without cancellation
        loss = float(data.weight @ cross_entropy(chance, data.p))
        off = data.weight * (chance - data.p) / spread
        by_logit = off * keen * v
        rows = (off * (1 - 2 * s), by_logit * gap, by_logit * data.first, by_logit * data.length)
        slope = np.stack(
            [np.bincount(data.source, weights=row, minlength=len(numbers)) for row in rows], axis=1
        )
        away = (numbers - np.asarray(USUAL)) / np.asarray(SPREAD)
        drawn = self.pull[:, None] * np.where(self.free, away, 0.0)
        loss += 0.5 * float((drawn * away).sum()) + 0.5 * self.l2 * float(w @ w)
        slope += drawn / np.asarray(SPREAD)
        down = data.x.T @ (by_logit * tau) + self.l2 * w
        return loss, np.concatenate([down, slope[self.free]])


def cross_entropy(chance: Floats, p: Floats) -> Floats:
    """Return -p log(chance) - (1 - p) log(1 - chance) of each row, at most that of a chance of 1e-13."""
    held = np.clip(chance, 1e-13, 1 - 1e-13)
    return -p * np.log(held) - (1 - p) * np.log1p(-held)


def overlaps(data: Comparisons, anchors: Set[int]) -> Codes:
    """Count, for each source, the pairs that it and a trusted source other than itself labelled."""
    sets = [set(data.pair[data.source == s].tolist()) for s in range(len(data.names))]
    counts: list[int] = []
    for s, own in enumerate(sets):
        others: set[int] = set().union(*(sets[a] for a in anchors if a != s))
        counts.append(len(own & others))
    return np.asarray(counts, dtype=np.intp)


def problem(
    data: Comparisons,
    anchors: Set[int],
    *,
    l2: float,
    modelled: bool = True,
    noise: Mapping[int, float] | None = None,
) -> Problem:
    """Set the problem up: what is fitted, what stands fast, how strongly sources are drawn.

    ``noise`` is the eps of anchors, by place, whose noise is known to be another than that of the trusted.
    """
    count = len(data.names)
    free = np.zeros((count, 4), dtype=np.bool_)
    fixed = np.tile(np.asarray(PLAIN), (count, 1))
    if modelled:
        free[:] = True
        for anchor in anchors:
            free[anchor] = (False, False, True, False)
            fixed[anchor, 0] = (noise or {}).get(anchor, ANCHOR_EPS)
    shared = overlaps(data, anchors)
    pull = np.maximum(1.0, ENOUGH / (1.0 + shared)).astype(float)
    pull[sorted(anchors)] = 1.0
    return Problem(data, l2, free, fixed, pull)


def fit(
    data: Comparisons,
    anchors: Set[int],
    *,
    l2: float,
    modelled: bool = True,
    noise: Mapping[int, float] | None = None,
) -> Fitted:
    """Fit the weights and the sources by L-BFGS-B with the analytic gradient.

    ``anchors`` are the places of the trusted sources. ``l2`` is the penalty on the squared weights,
    in labels. ``modelled`` False takes every source at its word (the plain model, for comparison).
    ``noise`` is the eps of an anchor whose noise was measured elsewhere, by place, fixed; without it
    an anchor has ``ANCHOR_EPS``.

    Raises:
        UsageError: no labels, or no trusted source among them: nothing would fix the scale.
    """
    _check_anchors(data, anchors, modelled=modelled)
    from scipy.optimize import minimize  # 0.1 s, and only who fits needs it

    asked = problem(data, anchors, l2=l2, modelled=modelled, noise=noise)
    found = minimize(
        asked,
        asked.start,
        jac=True,
        method="L-BFGS-B",
        bounds=asked.bounds,
        options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-12, "gtol": 1e-6 * max(1.0, len(data.p))},
    )  # fmt: skip
    theta: Floats = np.asarray(found.x, dtype=float)
    w, numbers = asked.numbers(theta)
    eps, tau, beta, lam = numbers.T
    shared = overlaps(data, anchors)
    few = [s for s in range(len(data.names)) if s not in anchors and shared[s] < ENOUGH]
    plain = Problem(data, 0.0, asked.free, asked.fixed, np.zeros(len(numbers)))
    total = plain(theta)[0]
    return Fitted(
        w=w,
        names=data.names,
        eps=eps,
        tau=tau,
        beta=beta,
        lam=lam,
        overlap=shared,
        shrunk=tuple(data.names[s] for s in few) if modelled else (),
        loss=total / max(float(data.weight.sum()), 1e-12),
        converged=bool(found.success),
    )


def _check_anchors(data: Comparisons, anchors: Set[int], *, modelled: bool) -> None:
    if not len(data.p):
        raise UsageError("there are no labels to fit; label pairs first: tenure align label")
    if not modelled:
        return
    here = set(data.source.tolist())
    if not anchors & here:
        raise UsageError(
            "no label comes from a trusted source, so nothing fixes the scale of the others "
            f"({', '.join(data.names)}); have people label some pairs (tenure feedback), or label by "
            "rule (tenure align label --judge rule)"
        )


def named_sources(fitted: Fitted, anchors: Sequence[str]) -> dict[str, dict[str, object]]:
    """Tell each source's numbers, rounded, as findings do."""
    return {
        name: {
            **{kind: round(float(getattr(fitted, kind)[s]), 4) for kind in KINDS},
            "overlap": int(fitted.overlap[s]),
            "trusted": name in anchors,
            "shrunk": name in fitted.shrunk,
        }
        for s, name in enumerate(fitted.names)
    }
