"""What a preference model is worth, as measures over stored records: one record a held-out pair and source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
            "longer": abs(word.length),
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


def held_against(rows: Iterable[Record], found: Axis, axis: str) -> list[dict[str, Any]]:
    """Return one record a pair of what an axis is held against: the trusted, or the judge in their place.

    A judge that was asked in both orders has one word on a pair, their mean.
    """
    source = found.anchor.source if found.anchor else ALL_TRUSTED
    pairs: dict[str, list[Record]] = {}
    for row in rows:
        if row["axis"] == axis and row["source"] == source:
            pairs.setdefault(row["pair"], []).append(row)
    return [
        _said(dict(same[0]), float(np.mean([row["said"] for row in same])))
        for same in pairs.values()
    ]


def measures(
    rows: Sequence[Record], samples: str, apart: Mapping[str, str] | None = None
) -> list[Measure]:
    """Measure accuracy, AUROC, calibration error, Brier score and log loss; on trusted labels first.

    ``accuracy/AXIS`` and so on are against the trusted labels, ``accuracy/AXIS/SOURCE`` against one
    source's, ``accuracy/AXIS/gap-1`` to ``gap-4`` by how different the answers are in length. An
    axis on which nobody trusted spoke has the second kind alone; ``apart`` says of an axis what every
    note there is to say besides.
    """
    found: list[Measure] = []
    for axis in sorted({row["axis"] for row in rows}):
        mine = [row for row in rows if row["axis"] == axis]
        trusted = [row for row in mine if row["source"] == ALL_TRUSTED]
        sources = sorted({row["source"] for row in mine} - {ALL_TRUSTED})
        gaps = sorted({row["gap"] for row in trusted})
        asked: list[tuple[str, dict[str, Any]]] = [
            *([(axis, {"source": ALL_TRUSTED})] if trusted else []),
            *((f"{axis}/{source}", {"source": source}) for source in sources),
            *((f"{axis}/gap-{gap}", {"source": ALL_TRUSTED, "gap": gap}) for gap in gaps),
        ]
        more = f"; {apart[axis]}" if apart and axis in apart else ""
        for name, where in asked:
            found += _each(rows, samples, {"axis": axis, **where}, name, more)
    return found


def _each(
    rows: Sequence[Record], samples: str, within: Mapping[str, Any], name: str, more: str
) -> Iterator[Measure]:
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
            note=f"{note}; predicted by heads fitted without the pair's family or prompt{more}",
        )
