"""What a preference model is worth, as measures over stored records: one record a held-out pair and source."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tenure.align.preferring.fitting import Axis
from tenure.align.preferring.words import Word
from tenure.dossier.nouns import Measure, Recipe
from tenure.measure import estimate
from tenure.measure.estimate import Unit
from tenure.stats.bradley_terry import sigmoid

ALL_TRUSTED = "trusted"  # the people and rules together, as a source of records
Record = Mapping[str, Any]


def records(axis: str, words: Sequence[Word], found: Axis) -> list[dict[str, Any]]:
    """Write for each pair what every source said, and the trusted together, beside what was predicted.

    ``p`` is the calibrated chance that a is better, by heads that never saw the pair's family;
    ``said`` the source's; ``decided`` is false at a tie; ``gap`` the quartile of the difference in
    length, 1 for the most alike.
    """
    rows = [_record(axis, word, found, at) for at, word in enumerate(words)]
    by_pair: dict[str, list[int]] = {}
    for at, word in enumerate(words):
        if word.trusted:
            by_pair.setdefault(word.pair.id, []).append(at)
    for places in by_pair.values():
        weight = [words[at].weight for at in places]
        said = float(np.average([words[at].p for at in places], weights=weight))
        rows.append(_said({**rows[places[0]], "source": ALL_TRUSTED}, said))
    return _quartiles(rows)


def _record(axis: str, word: Word, found: Axis, at: int) -> dict[str, Any]:
    pair = word.pair
    return _said(
        {
            "pair": pair.id,
            "prompt_id": pair.prompt_id,
            "family": pair.family,
            "axis": axis,
            "source": word.source,
            "first": word.first,
            "longer": abs(float(np.log((1 + len(pair.a)) / (1 + len(pair.b))))),
            "fold": int(found.fold[at]),
            "p": float(sigmoid(found.logit[at : at + 1])[0]),
            "spread": float(found.spread[at]),
            **({"apart": axis} if word.axis != pair.axis else {}),
        },
        word.p,
    )


def _said(row: dict[str, Any], said: float) -> dict[str, Any]:
    decided = abs(said - 0.5) > 1e-12
    right = (row["p"] > 0.5) == (said > 0.5) if decided else None
    parts = (row["pair"], row["source"], row["first"], row.get("apart"))
    name = " ".join(str(part) for part in parts if part)
    return {
        **row,
        "id": name,
        "said": said,
        "decided": decided,
        "better": said > 0.5,
        "right": right,
    }


def _quartiles(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    gaps = np.asarray([row["longer"] for row in rows])
    edges = np.quantile(gaps, [0.25, 0.5, 0.75]) if len(gaps) else np.zeros(3)
    return [
        {**row, "gap": int(np.searchsorted(edges, gap, side="left")) + 1}
        for row, gap in zip(rows, gaps, strict=True)
    ]


def measures(rows: Sequence[Record], samples: str) -> list[Measure]:
    """Measure accuracy, AUROC, calibration error, Brier score and log loss; on trusted labels first.

    ``accuracy/AXIS`` and so on are against the trusted labels, ``accuracy/AXIS/SOURCE`` against one
    source's, ``accuracy/AXIS/gap-1`` to ``gap-4`` by how different the answers are in length.
    """
    found: list[Measure] = []
    for axis in sorted({row["axis"] for row in rows}):
        mine = [row for row in rows if row["axis"] == axis]
        found += _each(rows, samples, axis, {"source": ALL_TRUSTED}, axis)
        for source in sorted({row["source"] for row in mine} - {ALL_TRUSTED}):
            found += _each(rows, samples, axis, {"source": source}, f"{axis}/{source}")
        for gap in sorted({row["gap"] for row in mine}):
            where = {"source": ALL_TRUSTED, "gap": gap}
            if any(row["gap"] == gap and row["source"] == ALL_TRUSTED for row in mine):
                found += _each(rows, samples, axis, where, f"{axis}/gap-{gap}")
    return found


def _each(
    rows: Sequence[Record], samples: str, axis: str, where: Mapping[str, Any], name: str
) -> Iterator[Measure]:
    within = {"axis": axis, **where}
    one_in_a_prompt = {"where": within, "cluster": "prompt_id", "options": {"truth": "said"}}
    decided = {"where": {**within, "decided": True}, "cluster": "family"}
    asked: Mapping[str, tuple[Unit, Literal["higher", "lower"], Recipe, str]] = {
        "accuracy": (
            "proportion", "higher", Recipe(estimator="proportion", value="right", **decided),
            "share of the pairs, not ties, whose better answer is named",
        ),
        "auroc": (
            "proportion", "higher",
            Recipe(estimator="auroc", value="p", **decided, options={"label": "better"}),
            "over pairs, not ties",
        ),
        "ece": ("mean", "lower", Recipe(estimator="ece", value="p", **one_in_a_prompt), "calibration error"),
        "brier": ("mean", "lower", Recipe(estimator="brier", value="p", **one_in_a_prompt), "mean squared error of the chance"),
        "log_loss": ("mean", "lower", Recipe(estimator="log_loss", value="p", **one_in_a_prompt), "in nats; 0.693 knows nothing"),
    }  # fmt: skip
    for what, (unit, better, recipe, note) in asked.items():
        yield estimate(
            rows,
            recipe,
            name=f"{what}/{name}",
            unit=unit,
            samples=samples,
            better=better,
            note=f"{note}; predicted by heads fitted without the pair's family or prompt",
        )
