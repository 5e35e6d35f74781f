"""What the labels of a pair come to, by what a preference model found each of their sources to be worth.

The fit gives every source a chance of saying that a is better (``tenure.stats.bradley_terry``):

    P_s(D) = eps_s + (1 - 2 eps_s) * sigmoid(tau_s * D + beta_s * first + lam_s * length)

A pair whose answers clearly differ has D = +d or D = -d, each as likely before anybody spoke. A word p of
weight v then adds v * (p log(P_s(d) / P_s(-d)) + (1 - p) log((1 - P_s(d)) / (1 - P_s(-d)))) to the log-odds
that a is better: little where a source errs often, or says what its place or length made it say; and
a word against a source's habit counts more than one with it. Axes are added with the weights that the
preference model adds them with, the greatest of them here being 1.

d is ``CLEAR``: one whose every word counted would name the better answer 19 times in 20. It is not
taken from the heads' own gaps, which are small where the backbone cannot read a difference, however
plain that is to whoever labelled.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tenure.align.preferring.words import Gathered, Reading, Word, axes_of, without_lone, words
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import View
from tenure.stats.bradley_terry import KINDS, sigmoid

PREFER = "align/prefer"
CLEAR = math.log(19)
Numbers = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """The chance of each pair that ``a`` is better, by the fit; or ``why`` there are none.

    ``fit`` is the digest of the evidence whose numbers they rest on.
    """

    chances: Mapping[str, float]
    fit: str = ""
    why: str = ""


def weighed(model: Model, given: Gathered, axis: str, view: View) -> Weighed:
    """Weigh every label of the pairs of an axis by the newest preference model of their model.

    Without chances, and with the reason: nothing was fitted, it took every source at its word, or
    it has not heard a source that labelled since.
    """
    found = view.evidence(PREFER, model.id)
    if found is None:
        return Weighed(chances={}, why=f"no preference model of {model.id} was fitted")
    sources: Numbers = found.findings["sources"]
    if not any(about["eps"] for held in sources.values() for about in held.values()):
        return Weighed(chances={}, why="the newest preference model took every source at its word")
    how = Reading(axes=axes_of(model, view) if found.findings.get("axes") == "principles" else {})
    labels, _ = without_lone(given.pairs, given.labels, how)  # as the fit left them out
    said = [word for word in words(given.pairs, labels, how)[0] if word.pair.axis == axis]
    for word in said:
        if word.source not in sources.get(word.axis, {}):
            why = (
                f"the newest preference model has not heard {word.source} on the axis '{word.axis}'"
            )
            return Weighed(chances={}, why=why)
    return Weighed(
        chances=_chances(said, found), fit=digest_of(replace(found, runtime={}).to_json())
    )


def _chances(said: Sequence[Word], found: Evidence) -> dict[str, float]:
    sources: Numbers = found.findings["sources"]
    weights: Mapping[str, float] = found.findings["weights"]
    most = max((abs(weights[word.axis]) for word in said), default=0.0) or 1.0
    odds: dict[str, float] = defaultdict(float)
    for word in said:
        odds[word.pair.id] += (
            weights[word.axis] / most * told(word, sources[word.axis][word.source])
        )
    return {pair: float(sigmoid(np.asarray(value))) for pair, value in odds.items()}


def told(word: Word, numbers: Mapping[str, Any]) -> float:
    """Return what a word adds to the log-odds that ``a`` is better, by its source's four numbers."""
    eps, tau, beta, lam = (float(numbers[kind]) for kind in KINDS)
    at = np.asarray([tau * CLEAR, -tau * CLEAR]) + beta * word.place + lam * word.length
    yes, no = eps + (1 - 2 * eps) * sigmoid(at)
    given = word.p * math.log(yes / no) + (1 - word.p) * math.log((1 - yes) / (1 - no))
    return word.weight * given
