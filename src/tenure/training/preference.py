"""The preference model: small linear heads over what a backbone makes of an answer.

    states = features(hidden)              # (tokens of the answer, width) after block `layer` -> (2 width + 1,)
    model = read(folder)                   # preference.json and preference.npz
    model.check(policy.digest)             # the backbone it was fitted on, and no other
    rewards, spread = model.scores(states) # (n,), (n,): mean - c * std of the heads, and that std

Two numbers never meet in one head: what a principle says of an answer and how helpful it is are
fitted apart (heads of each axis) and added with declared weights. Each axis has k heads, fitted to
redrawn prompts; where they disagree the model does not know, and the reward is lowered by ``c`` of
their standard deviation (Coste et al. 2023, arXiv 2310.02743). Numbers are stored as npz without
pickles. Nothing here needs torch.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import JSON, Evidence
from tenure.dossier.stage import View
from tenure.errors import ModelError, UsageError

Floats = NDArray[np.float64]
SCHEMA = "tenure/preference.v1"
CARD, NUMBERS = "preference.json", "preference.npz"
AXES = ("principle", "correctness", "helpful")
MOST = (
    64 << 20
)  # bytes of numbers that are read; a few heads over a few thousand features are far fewer


def features(hidden: ArrayLike) -> Floats:
    """Pool the hidden states of one answer, (tokens, width), into (2 width + 1,).

    The mean over the answer's tokens, the state at its last one, and the logarithm of 1 + tokens.
    The tokens are those of the answer's text: neither the template's nor the one that ends the turn.
    An answer without a token has no features: NaN in every place.

    Raises:
        UsageError: not (tokens, width).
    """
    states = np.asarray(hidden, dtype=np.float64)
    if states.ndim != 2:
        raise UsageError(f"hidden states of shape {states.shape} are not (tokens, width)")
    if len(states) == 0:
        return np.full(2 * states.shape[1] + 1, np.nan)
    return np.concatenate([states.mean(axis=0), states[-1], [np.log1p(len(states))]])


def pooled(mean: ArrayLike, last: ArrayLike, tokens: Sequence[int]) -> Floats:
    """Lay out :func:`features` of many answers from what a reader pooled, (n, width) each."""
    length = np.log1p(np.asarray(tokens, dtype=np.float64))[:, None]
    found = np.hstack([np.asarray(mean, np.float64), np.asarray(last, np.float64), length])
    found[np.asarray(tokens) == 0] = np.nan
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceModel:
    """Heads over the features of an answer.

    ``backbone`` is the digest of the model whose hidden states are read, after block ``layer``
    (from 1), pooled by :func:`features` ("answer": mean, last, length). ``mean`` and ``scale``
    (features,) standardise them. ``heads`` holds (k, features + 1) for each axis, the last column an
    offset; ``temperature`` divides an axis's logits, ``weights`` says what an axis counts.
    ``uncertainty`` is the c of mean - c * std. ``about`` is what else its card says.
    """

    backbone: str
    layer: int
    mean: Floats
    scale: Floats
    heads: Mapping[str, Floats]
    temperature: Mapping[str, float]
    weights: Mapping[str, float]
    uncertainty: float = 0.5
    pooling: Literal["answer"] = "answer"
    about: Mapping[str, JSON] = field(default_factory=dict[str, JSON])

    def __post_init__(self) -> None:
        """Refuse heads that do not fit; ModelError."""
        width = len(self.mean)
        sizes = {len(heads) for heads in self.heads.values()}
        if not self.heads or len(sizes) != 1 or len(self.scale) != width:
            raise ModelError("a preference model needs as many heads on every axis, and a scale")
        for axis, heads in self.heads.items():
            if heads.shape[1] != width + 1 or not np.isfinite(heads).all():
                raise ModelError(f"the heads of '{axis}' are not (k, {width + 1}) finite numbers")
            if axis not in self.temperature or axis not in self.weights:
                raise ModelError(f"the axis '{axis}' has no temperature or no weight")

    def check(self, digest: str) -> None:
        """Refuse any backbone but its own.

        Raises:
            UsageError: it was fitted on another model's states; names the command.
        """
        if digest != self.backbone:
            raise UsageError(
                f"this preference model reads the states of {self.backbone[:23]}, and training starts from "
                f"{digest[:23]}; fit one on it: tenure align prefer --model NAME"
            )

    def logits(self, states: ArrayLike) -> dict[str, Floats]:
        """Score answers by every head, {axis: (n, k)}; the difference of two is the log-odds.

        A row that holds NaN gives NaN.

        Raises:
            UsageError: states of another shape than (n, features).
        """
        given = np.asarray(states, dtype=np.float64)
        if given.ndim != 2 or given.shape[1] != len(self.mean):
            raise UsageError(
                f"states of shape {given.shape} do not fit; expected (n, {len(self.mean)}), by "
                f"training.preference.features after block {self.layer}"
            )
        scaled = (given - self.mean) / self.scale
        return {
            axis: (scaled @ heads[:, :-1].T + heads[:, -1]) / self.temperature[axis]
            for axis, heads in self.heads.items()
        }

    def scores(self, states: ArrayLike) -> tuple[Floats, Floats]:
        """Return each answer's reward, mean - c * std of the heads, and that std, both (n,)."""
        each = self.members(states)
        spread = each.std(axis=1)
        return each.mean(axis=1) - self.uncertainty * spread, spread

    def members(self, states: ArrayLike) -> Floats:
        """Return the reward by each member of the ensemble, the axes weighed and added, (n, k)."""
        found = self.logits(states)
        return np.sum([self.weights[axis] * held for axis, held in found.items()], axis=0)

    def chances(self, a: ArrayLike, b: ArrayLike, axis: str) -> Floats:
        """Return the chance that a is better than b on one axis, by the mean of the heads, (n,)."""
        gap = self.logits(a)[axis].mean(axis=1) - self.logits(b)[axis].mean(axis=1)
        return 1 / (1 + np.exp(-np.clip(gap, -30, 30)))

    def card(self) -> dict[str, Any]:
        """Return what is not an array, as JSON."""
        return {
            "schema": SCHEMA,
            "backbone": self.backbone,
            "layer": self.layer,
            "pooling": self.pooling,
            "features": len(self.mean),
            "axes": sorted(self.heads),
            "heads": len(next(iter(self.heads.values()))),
            "temperature": dict(self.temperature),
            "weights": dict(self.weights),
            "uncertainty": self.uncertainty,
            "about": dict(self.about),
        }

    def to_files(self) -> dict[str, bytes]:
        """Write it: a card and an npz of float64; the same model gives the same bytes."""
        arrays = {"mean": self.mean, "scale": self.scale}
        arrays |= {f"head.{axis}": heads for axis, heads in sorted(self.heads.items())}
        held = io.BytesIO()
        plain: dict[str, Any] = {k: np.ascontiguousarray(v, "<f8") for k, v in arrays.items()}
        np.savez(held, **plain)
        return {CARD: canonical(self.card()), NUMBERS: held.getvalue()}


def of_files(card: bytes, numbers: bytes) -> PreferenceModel:
    """Read what :meth:`PreferenceModel.to_files` wrote.

    Raises:
        ModelError: not a preference model, or one that this version does not read.
    """
    try:
        said = json.loads(card)
        if said.get("schema") != SCHEMA:
            raise ModelError(f"this is a '{said.get('schema')}', and this version reads {SCHEMA}")
        if len(numbers) > MOST:
            raise ModelError(f"{len(numbers)} bytes of numbers are more than heads need")
        with np.load(io.BytesIO(numbers), allow_pickle=False) as held:
            arrays = {name: np.asarray(held[name], dtype=np.float64) for name in held.files}
        return PreferenceModel(
            backbone=said["backbone"],
            layer=int(said["layer"]),
            pooling=said["pooling"],
            mean=arrays["mean"],
            scale=arrays["scale"],
            heads={axis: arrays[f"head.{axis}"] for axis in said["axes"]},
            temperature=said["temperature"],
            weights=said["weights"],
            uncertainty=float(said["uncertainty"]),
            about=said["about"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ModelError(
            f"no preference model can be read here ({type(error).__name__}: {error}); make one: "
            "tenure align prefer --model NAME"
        ) from None


def read(folder: Path) -> PreferenceModel:
    """Read the two files from a folder; ModelError where they are not there or not sound."""
    try:
        card, numbers = ((folder / name).read_bytes() for name in (CARD, NUMBERS))
    except OSError as error:
        raise ModelError(
            f"no preference model in '{folder.name}': {error.strerror}; make one: "
            "tenure align prefer --model NAME"
        ) from None
    return of_files(card, numbers)


def load(view: View, evidence: Evidence) -> PreferenceModel:
    """Read the preference model that a run of ``align/prefer`` left.

    Raises:
        ModelError: the evidence has none (a full model was trained: see its product), or not sound.
    """
    if CARD not in evidence.files or NUMBERS not in evidence.files:
        raise ModelError(
            f"{evidence.name} of {evidence.model} left no heads; run it with form: head"
        )
    return of_files(view.read(evidence.files[CARD]), view.read(evidence.files[NUMBERS]))
