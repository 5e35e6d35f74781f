"""What labels say taken together: one row a pair and principle, measures of them, disagreement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tenure.align.comparing.labels import Label
from tenure.align.comparing.pairs import Pair
from tenure.dossier.nouns import Measure, Recipe
from tenure.measure import estimate


def records(labels: Sequence[Label], pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Write each label as a sample record; what is missing is null."""
    where = {pair.id: pair for pair in pairs}
    return [
        {
            "id": label.id,
            "pair": label.pair,
            "family": where[label.pair].family,
            "axis": where[label.pair].axis,
            "principle": label.principle,
            "source": label.source,
            "by": label.source.partition(":")[0],
            "first": label.first,
            "p": label.p,
            "given": label.p is not None,
            "tie": None if label.p is None else label.p == 0.5,
            "a_first": None if label.p is None or label.p == 0.5 else label.p > 0.5,
            "agrees": _agrees(label.about),
        }
        for label in labels
    ]


def _agrees(about: Mapping[str, Any]) -> bool | None:
    """Say whether both orders named the same answer; None where they were not both asked."""
    ab, ba = about.get("ab"), about.get("ba")
    return None if ab is None or ba is None else (ab > 0.5) == (ba > 0.5)


def measures(rows: Sequence[Mapping[str, Any]], samples: str) -> list[Measure]:
    """Measure how many labels could be given, how many are ties, and whether the orders agree."""
    named: list[tuple[str, str, dict[str, str], str]] = [
        ("given", "given", {}, "share of the labels that could be given at all"),
        ("ties", "tie", {}, "share of the labels that say neither is better"),
    ]
    if any(row["agrees"] is not None for row in rows):
        both = {"by": "ai"}
        named.append(
            ("order_agreement", "agrees", both, "the judge names one answer in both orders")
        )
    return [
        estimate(
            rows,
            Recipe(estimator="proportion", value=column, where=where, cluster="family"),
            name=name,
            unit="proportion",
            samples=samples,
            note=note,
        )
        for name, column, where, note in named
    ]


def vectors(labels: Sequence[Label]) -> list[dict[str, Any]]:
    """Write for each pair what every principle says of it, their mean, and how far they are apart.

    ``mean`` is over the labels that were given, by weight; ``apart`` is true where one principle
    is for ``a`` and another for ``b``.
    """
    by_pair: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        by_pair[label.pair].append(label)
    found: list[dict[str, Any]] = []
    for pair, said in by_pair.items():
        given = [(label.p, label.weight) for label in said if label.p is not None]
        weight = sum(w for _, w in given)
        found.append(
            {
                "pair": pair,
                "p": {f"{one.principle} {one.first}".strip(): one.p for one in said},
                "mean": sum(p * w for p, w in given) / weight if weight else None,
                "apart": any(p > 0.5 for p, _ in given) and any(p < 0.5 for p, _ in given),
                "missing": len(said) - len(given),
            }
        )
    return found
