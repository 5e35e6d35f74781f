"""Fit the preference model: small heads on what the backbone makes of answers, from labels of known sources.

People, rules and experiments are trusted; what a judge is worth, and its habits of place and length, are fitted
beside the heads (``tenure.stats.bradley_terry``). Every number told of a pair comes from heads that
never saw its family. The heads of each axis stay apart and are added with the weights declared here.
Where nobody trusted spoke on an axis, the qualified judge that was measured best anchors it, and the axis
says so (``tenure.align.preferring.anchoring``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tenure.align.comparing.labels import check_labels, known_sources, settled
from tenure.align.comparing.pairs import Axis as AxisName
from tenure.align.preferring import whole
from tenure.align.preferring.anchoring import anchor_of
from tenure.align.preferring.fitting import Axis, How, Mask, Problem, comparisons, learn
from tenure.align.preferring.states import States, read_states, texts
from tenure.align.preferring.telling import held_against, measures, records
from tenure.align.preferring.words import (
    FEEDBACK,
    OUTCOMES,
    TRUSTED,
    Reading,
    Word,
    axes_of,
    gathered,
    words,
)
from tenure.dossier.nouns import Evidence, Measure, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.stats.bradley_terry import named_sources
from tenure.training.preference import Floats, PreferenceModel

PREFER = "align/prefer"
FLAT = 1e-6  # a feature that varies less says nothing


class Spec(BaseModel):
    """Settings of the preference model."""

    model_config = ConfigDict(extra="forbid")

    layer: int | None = Field(None, ge=1, description="After which block; None: two thirds deep.")
    heads: int = Field(5, ge=1, le=16, description="Members of the ensemble.")
    folds: int = Field(
        5, ge=2, description="Into how many parts families are dealt to be held out."
    )
    l2: float | None = Field(
        None, gt=0, description="Penalty, in labels; None: chosen by the folds."
    )
    weights: dict[AxisName, float] = Field(
        {"principle": 1.0, "correctness": 1.0, "helpful": 0.5},
        description="What an axis counts in the reward.",
    )
    uncertainty: float = Field(
        0.5, ge=0, description="c of the reward, mean - c * std of the heads."
    )
    sources: Literal["modelled", "pooled"] = Field(
        "modelled", description="pooled takes every label at its word, for comparison."
    )
    form: Literal["head", "lora"] = Field(
        "head",
        description="lora trains the whole backbone as well, and tells it beside the heads.",
    )
    rank: int = Field(16, ge=1, description="Of the LoRA; this and the next three: form lora.")
    learning_rate: float = Field(2e-4, gt=0)
    epochs: float = Field(2.0, gt=0)
    max_length: int = Field(256, ge=8, description="Tokens; longer pairs are refused.")
    conflicts: Literal["refuse", "tie"] = Field(
        "refuse", description="What to do with a pair that one source labelled both ways."
    )
    # "pairs" was the default once and is what settings on record without the word mean: so it alone is
    # left out. Each run ever recorded keeps its key and its meaning, and what is asked for now is said.
    axes: Literal["pairs", "principles"] = Field(
        "principles",
        description="Where a label counts: on its principle's axis, so that principle and correctness "
        "are never averaged; or on its pair's, all that was asked of a pair in one number.",
        exclude_if=lambda value: value == "pairs",
    )
    people: Literal["all", "experts", "shown"] = Field(
        "all",
        description="Which people are trusted as they stand: all, those who sat as experts, or those "
        "shown on known pairs to do better than guessing; the noise of the others is fitted.",
        exclude_if=lambda value: value == "all",
    )
    seed: int = 0


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Fit the heads; UsageError for unknown sources, labels both ways, nobody to trust, no labels."""
    axes = axes_of(model, view) if spec.axes == "principles" else {}
    how = Reading(axes=axes, doubted=_doubted(model, view, spec))
    given = gathered(model, view, how)
    labels = settled(given.labels, spec.conflicts)
    check_labels(labels, given.pairs.values(), known_sources(view))
    said, missing = words(given.pairs, labels, how)
    if not said:
        raise UsageError(
            f"all {missing} labels of {model.id} are missing: whoever was asked could not say; ask "
            f"another judge: tenure align label --model {model.id} --judge NAME, or people: tenure feedback"
        )
    states = read_states(model, texts(word.pair for word in said), spec.layer, view, emit)
    read: Mask = np.asarray(np.isfinite(states.features).all(axis=1))
    usable = _usable(model, said, states, read)
    scale = _scale(states, read)
    fitted = _fits(_problems(model, usable, states, scale, spec, view), spec, emit)
    rows = [r for axis, (mine, found) in fitted.items() for r in records(axis, mine, found)]
    samples = emit.records(rows)
    heads = _model(model, states, scale, {a: found for a, (_, found) in fitted.items()}, spec)
    second = (
        _whole(model, fitted, rows, spec, view=view, emit=emit) if spec.form == "lora" else None
    )
    apart = {a: found.anchor for a, (_, found) in fitted.items() if found.anchor}
    counted = {
        "labels": len(labels), "missing": missing, "unread": len(said) - len(usable), **given.left_out,
    }  # fmt: skip
    return Evidence(
        name=PREFER,
        model=model.id,
        kind="record",
        summary=_summary(rows, fitted),
        form=states.form,
        measures=(
            *measures(rows, samples, {axis: one.said for axis, one in apart.items()}),
            *(second.measures if second else ()),
        ),
        files={
            **(second.files if second else {}),
            **{name: emit.file(content) for name, content in heads.to_files().items()},
            "samples.jsonl": samples,
        },
        findings={
            "backbone": model.digest,
            "layer": states.layer,
            "form": spec.form,
            "lora": second.went if second else None,
            "sources": {axis: _sources(*fit) for axis, fit in fitted.items()},
            "temperature": dict(heads.temperature),
            "weights": dict(heads.weights),
            "fits": {axis: _told(found) for axis, (_, found) in fitted.items()},
            "counted": counted,
            **({"axes": spec.axes} if spec.axes != "pairs" else {}),
            **({"anchored_by": {a: one.to_json() for a, one in apart.items()}} if apart else {}),
            **({"doubted": sorted(how.doubted)} if spec.people != "all" else {}),
        },
    )


def _usable(model: Model, said: Sequence[Word], states: States, read: Mask) -> list[Word]:
    """Return the words on pairs of which both answers could be read."""
    usable = [
        w for w in said if all(read[states.place[w.pair.prompt, t]] for t in (w.pair.a, w.pair.b))
    ]
    if not usable:
        raise UsageError(
            f"none of the pairs of {model.id} can be read: an answer of each is empty, or longer than "
            f"the model's window; draw others: tenure align pairs --model {model.id}"
        )
    return usable


def _doubted(model: Model, view: View, spec: Spec) -> frozenset[str]:
    """List the people who are not trusted as they stand."""
    evidence = view.evidence(FEEDBACK, model.id) if spec.people != "all" else None
    raters: Mapping[str, Mapping[str, Any]] = evidence.findings["raters"] if evidence else {}
    return frozenset(
        f"human:{name}"
        for name, about in raters.items()
        if not (
            about["expert"]
            if spec.people == "experts"
            else about["better_than_guessing"] == "shown"
        )
    )


Scale = tuple[Floats, Floats]
Fits = Mapping[str, tuple[list[Word], Axis]]


def _scale(states: States, read: Mask) -> Scale:
    """Return the mean and the spread of each feature over the answers; one that is flat is left at 1."""
    seen = states.features[read]
    spread = seen.std(axis=0)
    return seen.mean(axis=0), np.where(spread > FLAT, spread, 1.0)


def _problems(
    model: Model, said: Sequence[Word], states: States, scale: Scale, spec: Spec, view: View
) -> dict[str, tuple[list[Word], Problem]]:
    """Lay every axis out, so that one which cannot be fitted is refused before any is."""
    laid: dict[str, tuple[list[Word], Problem]] = {}
    for axis in sorted({word.axis for word in said}):
        mine = [word for word in said if word.axis == axis]
        a, b = (
            states.of([w.pair.prompt for w in mine], [getattr(w.pair, side) for w in mine])
            for side in ("a", "b")
        )
        anchor = anchor_of(view, model, mine)
        laid[axis] = mine, comparisons(mine, (a - b) / scale[1], spec.folds, spec.seed, anchor)
    return laid


def _fits(
    laid: Mapping[str, tuple[list[Word], Problem]], spec: Spec, emit: Emit
) -> dict[str, tuple[list[Word], Axis]]:
    how = How(
        heads=spec.heads,
        folds=spec.folds,
        l2=spec.l2,
        modelled=spec.sources == "modelled",
        seed=spec.seed,
    )
    found: dict[str, tuple[list[Word], Axis]] = {}
    for done, (axis, (mine, problem)) in enumerate(laid.items()):
        emit.progress(done, len(laid), "axes fitted")
        found[axis] = (mine, learn(problem, how))
    emit.progress(len(laid), len(laid), "axes fitted")
    return found


def _model(
    model: Model, states: States, scale: Scale, fitted: Mapping[str, Axis], spec: Spec
) -> PreferenceModel:
    weights: dict[str, float] = {str(axis): weight for axis, weight in spec.weights.items()}
    anchors = {axis: one.anchor.source for axis, one in fitted.items() if one.anchor}
    return PreferenceModel(
        backbone=model.digest,
        layer=states.layer,
        mean=scale[0],
        scale=scale[1],
        # The offset is 0: features are centred on the answers, so rewards are.
        heads={
            axis: np.hstack([found.weights, np.zeros((len(found.weights), 1))])
            for axis, found in fitted.items()
        },
        temperature={axis: found.temperature for axis, found in fitted.items()},
        weights={axis: weights.get(axis, 1.0) for axis in fitted},
        uncertainty=spec.uncertainty,
        about={
            "model": model.id,
            "form": states.form,
            "trusted": list(TRUSTED),
            **({"anchored_by": anchors} if anchors else {}),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The second form, told: its files, its measures, how each training went."""

    files: dict[str, str]
    measures: tuple[Measure, ...]
    went: dict[str, Any]


def _whole(
    model: Model, fitted: Fits, rows: Sequence[dict[str, Any]], spec: Spec, view: View, emit: Emit
) -> Whole:
    """Train the second form on every axis, and tell it beside the heads."""
    how = whole.Training(
        rank=spec.rank, learning_rate=spec.learning_rate, epochs=spec.epochs,
        max_length=spec.max_length, seed=spec.seed,
    )  # fmt: skip
    asked = {
        axis: whole.Asked(axis=axis, found=found, rows=whole.rows_of(said, found))
        for axis, (said, found) in fitted.items()
    }
    done = {axis: whole.trained(model, asked[axis], how, view, emit) for axis in fitted}
    told = [
        row
        for axis, one in done.items()
        for row in whole.told(
            axis, asked[axis].found, rows, view.read(one["files"]["scores.jsonl"])
        )
    ]
    samples = emit.records(told)
    return Whole(
        files={
            "lora.jsonl": samples,
            **{
                f"lora-{a}.safetensors": d["files"]["adapter_model.safetensors"]
                for a, d in done.items()
            },
        },
        measures=tuple(
            m for a, one in asked.items() for m in whole.measured(a, one.found, told, samples)
        ),
        went={axis: one["went"] for axis, one in done.items()},
    )


def _sources(words: Sequence[Word], found: Axis) -> dict[str, dict[str, object]]:
    """Tell each source's numbers, and which judge stood in where nobody trusted spoke."""
    told = named_sources(found.whole, [word.source for word in words if word.trusted])
    if found.anchor:
        told[found.anchor.source]["anchors"] = True
    return told


def _told(found: Axis) -> dict[str, Any]:
    return {
        "l2": found.l2,
        "tried": {k: round(v, 6) for k, v in found.tried.items()},
        "folds": int(found.fold.max()) + 1,
        "held_out_by": found.by,
        "converged": found.whole.converged,
        "shrunk": list(found.whole.shrunk),
        "temperature": found.temperature,
    }


def _summary(rows: Sequence[Mapping[str, Any]], fitted: Fits) -> str:
    parts: list[str] = []
    for axis in sorted(fitted):
        found = fitted[axis][1]
        mine = [row for row in held_against(rows, found, axis) if row["decided"]]
        right, anchor = sum(bool(row["right"]) for row in mine), found.anchor
        answer = f"the answer that {anchor.name} prefers" if anchor else "the better answer"
        said = f"{axis}: {answer} named in {right} of {len(mine)} held-out pairs"
        parts.append(f"{said} ({anchor.said})" if anchor else said)
    return "; ".join(parts)


stage = Stage(
    name=PREFER,
    spec=Spec,
    run=run,
    summary="Fit the preference model: heads on hidden states, from labels of known sources, calibrated",
    kinds=("weights",),
    why_not="a preference model here reads hidden states, and those of a model elsewhere cannot be read",
    disk=200 << 20,
    reads=("align/pairs", "align/label", FEEDBACK, OUTCOMES),
)
