"""The reward of a preference model: what its heads say of an answer, less what they disagree on.

Settings: ``uncertainty`` and ``weights`` (both as the model's own where they are not given), and
``clip``, how far a reward may be from 0 at most (None: as far as it likes). It asks for the states of
its backbone, the policy with its adapters off. An answer without a token has no reward.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from tenure.dossier.nouns import JSON
from tenure.errors import EngineError, unknown
from tenure.training.preference import PreferenceModel, read
from tenure.training.reward import Batch, Reward, Scored, Scorer

SETTINGS = ("uncertainty", "weights", "clip")


def _open(settings: Mapping[str, JSON], folder: Path) -> Scorer:
    for name in settings:
        if name not in SETTINGS:
            raise unknown("setting of the reward 'preference'", name, SETTINGS)
    model = _as_asked(read(folder), settings)
    most = settings.get("clip")

    def score(batch: Batch) -> Scored:
        if batch.states is None:
            raise EngineError(
                "the reward 'preference' reads the backbone's hidden states and was given none; "
                "the training must ask for them (Reward.backbone)"
            )
        states = np.stack([np.asarray(one, dtype=np.float64) for one in batch.states])
        rewards, spread = model.scores(states)
        by_axis = {axis: held.mean(axis=1) for axis, held in model.logits(states).items()}
        held = rewards if most is None else np.clip(rewards, -float(most), float(most))
        return Scored(
            values=_given(held),
            columns={"std": _given(spread), **{a: _given(v) for a, v in sorted(by_axis.items())}},
        )

    return score


def _as_asked(model: PreferenceModel, settings: Mapping[str, JSON]) -> PreferenceModel:
    weights = dict(model.weights)
    for axis, weight in dict(settings.get("weights") or {}).items():
        if axis not in weights:
            raise unknown("axis of the preference model", axis, weights)
        weights[axis] = float(weight)
    c = settings.get("uncertainty")
    return replace(model, weights=weights, uncertainty=model.uncertainty if c is None else float(c))


def _given(values: np.ndarray) -> list[float | None]:
    """Turn NaN, which an answer without a token has, into a missing value."""
    return [None if np.isnan(value) else float(value) for value in values]


extension = Reward(name="preference", open=_open, backbone=True)
