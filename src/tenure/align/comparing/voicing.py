"""From what a judge said of a pair to labels: one a principle, or one a principle and order."""

from collections.abc import Mapping
from typing import Any, Literal

from tenure.align.comparing.judging import Verdict
from tenure.align.comparing.labels import MISSING, Label, label_id
from tenure.align.comparing.pairs import Pair

HELPFUL = "helpful"  # the axis, and what stands for the principle there


def voiced(
    pair: Pair,
    found: Mapping[str, Verdict],
    source: str,
    weights: Mapping[str, float],
    *,
    averaged: bool = True,
) -> list[Label]:
    """Write a judge's verdicts on one pair as labels.

    Averaged, a label holds both orders' mean, and is missing where either is; apart, each order is
    a label that says what was shown first, so that a preference model can learn what the place
    weighs. ``weights`` are those of principles, 1 where there is none.
    """
    made: list[Label] = []
    for name, verdict in found.items():
        one = _One(pair, source, name, weights.get(name, 1.0))
        if averaged:
            about = {
                "ab": verdict.ab, "ba": verdict.ba, "difficulty": verdict.difficulty,
                "said": verdict.said,
            }  # fmt: skip
            made.append(one.label("", verdict.p, verdict.why, about))
        else:
            said = {"said": verdict.said}
            made.append(one.label("a", verdict.ab, verdict.why, said))
            made.append(one.label("b", verdict.ba, verdict.why, said))
    return made


class _One:
    """A source's word on a pair under one principle, about to be written."""

    def __init__(self, pair: Pair, source: str, principle: str, weight: float) -> None:
        self._pair, self._source, self._principle, self._weight = pair, source, principle, weight

    def label(
        self, first: Literal["a", "b", ""], p: float | None, why: str, about: Mapping[str, Any]
    ) -> Label:
        """Write it; a chance that is not there takes its reason along."""
        return Label(
            id=label_id(self._pair.id, self._source, self._principle, first),
            pair=self._pair.id,
            source=self._source,
            principle=self._principle,
            first=first,
            p=p,
            weight=self._weight,
            why="" if p is not None else why or f"{MISSING}the judge gave no verdict",
            about={key: value for key, value in about.items() if value is not None},
        )
