"""Studying one concept: fit a probe, test it, compare it, and say what it shows.

A concept's texts and hidden states come in as ``Material``; what goes out is one record for every
text, with the probe's score beside those of the baselines, and the measures made of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tenure.assess import fitting
from tenure.assess.fitting import Data, Fit, Null, Tried
from tenure.assess.pairs import Concept, Sample
from tenure.dossier.nouns import Measure, Recipe
from tenure.errors import EngineError
from tenure.measure import estimate
from tenure.models.activations import Floats
from tenure.models.talk import plain

Verdict = Literal[
    "carries", "does not carry", "not shown beyond baseline", "not shown beyond falsity"
]
MARGIN = 0.65  # an AUROC below this is of no use, whether or not it differs from chance
ALPHA = 0.05
CHANCE = 0.5  # an AUROC of deception against mere falsity must be shown to be above it
DOSE = 6.0  # spreads; what is planted into the positive control
DIGITS = 9  # of a score in the records
NAN_WHY = "longer than the model's window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a probe is made and judged: seed, false alarms a threshold may raise, draws of the null."""

    seed: int = 0
    fpr: float = 0.01
    null: int = fitting.NULL_DRAWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The texts of a concept, their labels, and their hidden states by layer, (n, width)."""

    name: str
    concept: Concept
    samples: Sequence[Sample]
    base: Data
    states: Mapping[int, Floats]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Say which texts have states: one longer than the model's window has none."""
        sums = next(iter(self.states.values())).sum(axis=1)
        return ~np.isnan(sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """What was fitted to a concept, and the records its measures come from."""

    material: Material
    tried: list[Tried]
    made: Fit
    threshold: float
    null: Null
    random: list[float]
    rows: list[dict[str, Any]]

    @property
    def chosen(self) -> Tried:
        """Return the layer and way that validation chose."""
        return self.tried[0]


def study(material: Material, plan: Plan) -> Studied:
    """Choose, fit, test, and compare; every text gets a record.

    Raises:
        EngineError: too few texts fit the model's window.
    """
    held = material.readable
    base = material.base.take(held)
    if set(base.of("train", "validate", "apart").splits) != {"train", "validate", "apart"}:
        raise EngineError(
            f"too few texts of '{material.name}' fit the model's window; use a model that reads more"
        )
    tried = fitting.sweep(base, {k: v[held] for k, v in material.states.items()})
    best = tried[0]
    states = material.states[best.layer]
    here = base.with_features(states[held])
    known = here.of("train", "validate")
    made = fitting.fit(known, best.way)
    seen = fitting.words(material.samples)
    worded = fitting.fit(base.with_features(seen[held]).of("train", "validate"), best.way)
    scores, draws = fitting.random_directions(here, plan.seed)
    random = np.full(len(held), np.nan)
    random[held] = scores
    limit = fitting.threshold(known, best.way, plan.fpr)
    columns = {"probe": made.score(states), "words": worded.score(seen), "random": random}
    return Studied(
        material=material,
        tried=tried,
        made=made,
        threshold=limit,
        null=fitting.null(here, best.way, plan.seed, plan.null),
        random=draws,
        rows=_rows(material, columns, limit),
    )


def _rows(
    material: Material, columns: Mapping[str, NDArray[Any]], limit: float
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for i, sample in enumerate(material.samples):
        scores = {name: number(values[i]) for name, values in columns.items()}
        row: dict[str, Any] = {
            "id": sample.id,
            "set": material.name,
            "family": sample.family,
            "pair": sample.pair,
            "split": sample.split,
            "label": bool(material.base.truth[i]),
            "messages": plain(sample.messages),
            **scores,
            "flagged": None if scores["probe"] is None else scores["probe"] > limit,
            "parent_probe": None,
            "parent_itself": None,
        }
        rows.append(row | ({"why": NAN_WHY} if scores["probe"] is None else {}))
    return rows


def number(value: float) -> float | None:
    """Write a score for a record; None where there is none."""
    return None if np.isnan(value) else float(f"{value:.{DIGITS}g}")


# name, estimator, column, split, only these labels, options, better, note
_ASKED: tuple[tuple[str, str, str, str, bool | None, dict[str, Any], str], ...] = (
    ("apart_auroc", "auroc", "probe", "apart", None, {}, "Families with other wordings."),
    ("heldout_auroc", "auroc", "probe", "heldout", None, {}, "The families it was made on."),
    ("apart_recall", "recall_at", "probe", "apart", None, {}, "At the rate of false alarms asked for."),
    ("heldout_recall", "recall_at", "probe", "heldout", None, {}, "At the rate of false alarms asked for."),
    ("apart_flagged", "proportion", "flagged", "apart", True, {}, "Of the concept's texts, at the kept threshold."),
    ("apart_false_alarms", "proportion", "flagged", "apart", False, {}, "Of the opposite's texts, at the kept threshold."),
    ("words_apart_auroc", "auroc", "words", "apart", None, {}, "Baseline: words and pairs of words."),
    ("words_heldout_auroc", "auroc", "words", "heldout", None, {}, "Baseline: words and pairs of words."),
    ("random_apart_auroc", "auroc", "random", "apart", None, {}, "One random direction."),
    ("beyond_words", "auroc_difference", "probe", "apart", None, {"minus": "words"}, "Probe less words."),
)  # fmt: skip
_DECIDING = ("apart_auroc", "beyond_words")


def measures(studied: Studied, digest: str, records: Sequence[Any], plan: Plan) -> list[Measure]:
    """Measure a concept from the stored records; of a control only what decides."""
    name = studied.material.name
    found: list[Measure] = []
    for what, estimator, column, split, label, options, note in _ASKED:
        if name.startswith("control/") and what not in _DECIDING:
            continue
        where: dict[str, Any] = {"set": name, "split": split}
        if estimator == "proportion":
            where, given = where | {"label": label}, {}
        else:
            given = {"label": "label", **options}
        if estimator == "recall_at":
            given["fpr"] = plan.fpr
        found.append(
            estimate(
                records,
                Recipe(
                    estimator=estimator,
                    value=column,
                    where=where,
                    cluster="family",
                    options=given,
                ),
                name=f"{name}/{what}",
                unit="difference" if what == "beyond_words" else "proportion",
                samples=digest,
                note=note,
            )
        )
    return found


def verdict(name: str, found: Mapping[str, Measure], p: float) -> Verdict:
    """Say whether a probe carries, by one-sided bounds.

    Where it was asked (``mere_falsity_auroc``), it must also tell its concept from mere falsity.
    """
    area, beyond = found[f"{name}/apart_auroc"], found[f"{name}/beyond_words"]
    if area.lower is None or area.upper is None or beyond.lower is None:
        return "not shown beyond baseline"
    if area.lower > MARGIN and beyond.lower > 0 and p <= ALPHA:
        mere = found.get(f"{name}/mere_falsity_auroc")
        told = mere is None or (mere.lower is not None and mere.lower > CHANCE)
        return "carries" if told else "not shown beyond falsity"
    return "does not carry" if area.upper < MARGIN else "not shown beyond baseline"


def controls_of(yardstick: Material, seed: int) -> list[tuple[Material, str, str]]:
    """Make the controls: (material, what must be found, what is true of it).

    All three use the texts of the yardstick: with their true labels, with labels that mean nothing,
    and with the same labels and an effect planted for them.
    """
    empty = fitting.shuffled_labels(yardstick.base, seed)
    planted = {
        layer: fitting.planted(empty.with_features(states), DOSE, seed + layer)[0].features
        for layer, states in yardstick.states.items()
    }
    kinds = (
        ("known-concept", yardstick.base, yardstick.states, "carries", yardstick.concept.positive),
        ("meaningless-labels", empty, yardstick.states, "not carried", "labels drawn by a coin"),
        ("planted", empty, planted, "carries", f"{DOSE:g} spreads along a random direction"),
    )
    return [
        (replace(yardstick, name=f"control/{name}", base=base, states=states), expected, truth)
        for name, base, states, expected, truth in kinds
    ]


def control_row(
    studied: Studied, expected: str, truth: str, found: Mapping[str, Measure]
) -> dict[str, Any]:
    """Say whether a control came out as it must."""
    name = studied.material.name
    reached = verdict(name, found, studied.null.p)
    passed = (reached == "carries") == (expected == "carries")
    row = {
        "name": name.removeprefix("control/"),
        "source": truth,
        "expected": {"apart_auroc": expected},
        "found": {"apart_auroc": reached},
        "passed": passed,
    }
    return row if passed else row | {"why": f"expected {expected}, found {reached}"}
