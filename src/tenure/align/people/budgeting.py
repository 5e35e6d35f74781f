"""How many answers of people a win rate still needs, and what they take: experts are scarce and dear.

Where people put a judge's win rate right (PPI++, Angelopoulos et al. 2023, arXiv 2311.01453), its
variance is var(h - l p) / n + l^2 var(p) / N: people's chances h over n answers, the judge's p over N
prompts, and how far the judge is listened to, l. Foreseen are both ends, l = 1 and l = 0, and the one
that needs fewer answers is taken. Before ``ENOUGH`` answers people's own part is taken at the most
that a chance can vary.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance
from typing import Any

from tenure.align.people.routing import BLOCK
from tenure.align.people.said import read
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import UsageError

COMPARE = "align/compare"
Z = 1.959964  # two-sided, 95%
ENOUGH = 20  # answers beside which the judge's verdict is known
MOST = 0.25  # variance of a chance, at most
USEFUL = (BLOCK - 2) / BLOCK  # of a rater's answers; the others are known pairs, and pairs again


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is there and what is missing for a win rate within ``width`` either way, at 95%.

    ``have`` answers of the ``need`` are there; ``pairs`` could be judged. ``seconds`` is the mean of
    ``timed`` answers so far, None where none was timed. ``measured`` is false while the worst is taken.
    """

    against: str
    width: float
    have: int
    pairs: int
    need: int
    measured: bool
    seconds: float | None
    timed: int

    @property
    def answers(self) -> int:
        """Return how many more answers are to be given on the page, tests of the rater among them."""
        return math.ceil(max(0, self.need - self.have) / USEFUL)

    @property
    def hours(self) -> float | None:
        """Return how long they take; None where nobody was timed."""
        return None if self.seconds is None else self.answers * self.seconds / 3600


def needed(p: Sequence[float], both: Sequence[tuple[float, float]], width: float) -> int:
    """Say how many people's answers are needed.

    ``p`` are the judge's chances over all matches, ``both`` people's and the judge's where both spoke.
    """
    if len(both) < ENOUGH:
        return math.ceil(Z**2 * MOST / width**2)
    alone = variance([h for h, _ in both]) / width**2
    left = width**2 - Z**2 * variance(p) / len(p)
    beside = variance([h - j for h, j in both]) / left if left > 0 else math.inf
    return math.ceil(Z**2 * min(alone, beside))


def budget(model: Model, view: View, width: float, against: str | None = None) -> Budget:
    """Foresee what the newest ``align/compare`` of a model still needs.

    Raises:
        UsageError: nothing was compared yet, another model than ``against``, or no width in 0 to 0.5.
    """
    if not 0 < width < 0.5:
        raise UsageError(
            f"width is {width:g}; give how far off the win rate may be, 0 to 0.5: 0.05"
        )
    found = view.evidence(COMPARE, model.id)
    if found is None:
        raise UsageError(
            f"{model.id} was compared with nobody yet; first run: tenure align compare --model {model.id}"
        )
    other = view.model(against).id if against else str(found.findings["base"])
    rows: list[Mapping[str, Any]] = [
        row
        for row in view.records(found.files["matches.jsonl"])
        if row["first"] == model.id and row["second"] == other and row["p"] is not None
    ]
    if not rows:
        raise UsageError(
            f"no game of {model.id} against {other} could be judged; compare them again"
        )
    both = [(row["human"], row["p"]) for row in rows if row["human"] is not None]
    told = [a.about.get("seconds") for a in read(view, model.id).answers]
    timed = [float(s) for s in told if isinstance(s, int | float)]
    return Budget(
        against=other,
        width=width,
        have=len(both),
        pairs=len(rows),
        need=needed([row["p"] for row in rows], both, width),
        measured=len(both) >= ENOUGH,
        seconds=fmean(timed) if timed else None,
        timed=len(timed),
    )
