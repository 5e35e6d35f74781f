"""Who anchors an axis on which nobody trusted spoke: the qualified judge that was measured best.

Its share of wrong words is not fitted, for nothing there could tell it from what is hard to say, and
not assumed: it is what ``align/qualify`` measured of this judge on this axis, at the lower bound of its
accuracy (one-sided, 95%: the bound by which it was found fit). The lower end, because the known
pairs have planted faults and are easier than most: a judge errs rather more often than less, and the more
often it is held to err, the less one word of it pulls. The temperature is fitted to its words as they
stand: the chances that are told are those that *the judge* would name an answer, never surer than it.

What no other source can tell stays in: its taste for length is taken for meant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.align.comparing.card import Card, cards
from tenure.align.comparing.labels import LABEL, digits, source_of
from tenure.align.comparing.planted import OWN
from tenure.align.preferring.words import Word
from tenure.dossier.nouns import Evidence, Measure, Model
from tenure.dossier.stage import View
from tenure.stats.bradley_terry import ANCHOR_EPS
from tenure.training.preference import PreferenceModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A judge in the place of the trusted, and what its card says of it on this axis.

    ``lower`` is the one-sided 95% bound of the share of ``n`` known pairs that it judged right;
    ``place`` is how much oftener it names what is shown first, measured (None: not), ``card`` the
    digest of what was found.
    """

    source: str
    accuracy: float
    lower: float
    n: int
    place: float | None
    card: str

    @property
    def eps(self) -> float:
        """Return the share of its words that say nothing, as the fit holds it fast."""
        return max(ANCHOR_EPS, 1.0 - self.lower)

    @property
    def name(self) -> str:
        """Return the judge's name."""
        return source_of(self.source).name

    @property
    def said(self) -> str:
        """Say what an axis that rests on it is worth."""
        return (
            f"no trusted source spoke here; calibrated only as well as judge {self.name} was measured: "
            f"right at least {self.lower:.0%} of the time, by {self.n} known pairs"
        )

    def to_json(self) -> dict[str, Any]:
        """Write it as findings do; the numbers that the fit held stand among those of all sources."""
        return {
            "source": self.source,
            "accuracy": round(self.accuracy, 4),
            "at_least": round(self.lower, 4),
            "known_pairs": self.n,
            "position_bias": None if self.place is None else round(self.place, 4),
            "card": self.card,
            "note": self.said,
        }


def anchor_of(view: View, model: Model, words: Sequence[Word]) -> Anchor | None:
    """Return the judge that anchors these words, all of one axis; None where somebody trusted spoke.

    Of several judges that are fit on this axis it is the one with the highest bound; the others are
    fitted beside it. None as well where no judge is: the fit then refuses.
    """
    if any(word.trusted for word in words):
        return None
    there = sorted({w.source for w in words if source_of(w.source).kind == "ai"})
    found = [one for source in there if (one := _measured(view, model, source, words[0].axis))]
    return max(found, key=lambda one: one.lower, default=None)


def judged_alone(
    fitted: PreferenceModel, weights: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return the axes of a reward that a judge alone anchors, and that judge, by its name.

    ``weights`` are those that the reward was told in place of the model's; an axis that counts
    for nothing is left out.
    """
    told: Any = fitted.about.get("anchored_by") or {}
    held = {**fitted.weights, **(weights or {})}
    return {axis: source_of(by).name for axis, by in sorted(told.items()) if held.get(axis)}


def said_of(alone: Mapping[str, str]) -> str:
    """Say for a summary which axes of a reward rest on a judge alone; empty where none does."""
    return "".join(
        f"; on the axis '{axis}' of the reward no trusted source spoke: it is what judge {name} prefers"
        for axis, name in alone.items()
    )


def _measured(view: View, model: Model, source: str, axis: str) -> Anchor | None:
    """Return what a judge's card says of it on an axis; None where it is not fit there."""
    who = source_of(source)
    judge = next(
        (m for m in view.models() if (m.id, digits(m)) == (who.name, who.digest)),
        None,
    )
    if judge is None:
        return None
    fit = [card for card in _by_which(view, model, judge) if _fit(card, axis)]
    told = [one for card in fit if (one := _told(source, card, axis))]
    # Which way of asking its labels came from may not be said: then the worse one holds.
    return min(told, key=lambda one: one.lower, default=None)


def _by_which(view: View, model: Model, judge: Model) -> list[Card]:
    """Return the newest card of each way of asking, of those ways by which the judge labelled."""
    every = cards(view, judge)
    named = {
        e.findings.get("card")
        for _, e in view.all_evidence(model.id)
        if e.name == LABEL and e.findings.get("judge") == judge.id
    }
    ways = {card.found.findings.get("how") for card in every if card.digest in named}
    newest = {card.found.findings.get("how"): card for card in every}
    return [card for how, card in newest.items() if not ways or how in ways]


def _fit(card: Card, axis: str) -> bool:
    """Say whether a card lets a judge label on an axis, the items that somebody brought included."""
    verdicts: Mapping[str, str] = card.found.findings["axes"]
    return all(verdicts.get(name) == "met" for name in {axis, *(OWN & set(verdicts))})


def _told(source: str, card: Card, axis: str) -> Anchor | None:
    right, swing = (
        _measure(card.found, f"{name}/{axis}") for name in ("accuracy", "position_swing")
    )
    if right is None or right.estimate is None or right.lower is None:
        return None
    half = None if swing is None or swing.estimate is None else swing.estimate / 2
    return Anchor(
        source=source, accuracy=right.estimate, lower=right.lower, n=right.n, place=half,
        card=card.digest,
    )  # fmt: skip


def _measure(found: Evidence, name: str) -> Measure | None:
    return next((m for m in found.measures if m.name == name), None)
