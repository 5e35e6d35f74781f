"""A linear probe: a direction in a model's hidden states, its threshold, and what it was shown to do.

    probe = load("honesty.safetensors", model=model.digest)
    scores = probe.score(states)       # states (n, width) after block probe.layer, pooled as it says

A probe is one safetensors file: the tensor ``direction`` (float32) and, in the file's own metadata,
a card in JSON. It fits the one model it was trained on, and refuses every other digest: the same
direction in another model means nothing. Nothing here needs torch.

The bytes depend on the probe alone. Format: github.com/huggingface/safetensors, "Format".
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenure.dossier.canonical import canonical
from tenure.errors import ModelError, UsageError
from tenure.models.weights import safetensors_header

SCHEMA = "tenure/probe.v1"
REMEDY = "make it again with: tenure assess probes MODEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a probe is, for whoever loads it.

    ``model`` is the digest of the model it fits; ``layer`` counts blocks from 1; ``offset`` is
    taken off every score; a score above ``threshold`` is flagged. ``calibration`` says what it was set
    on: ``n`` ordinary conversations, of which ``flagged``, at most the share ``fpr``, are above it;
    ``test`` is the share of others, from another source, with its interval, and ``shown`` says
    whether that is shown to be within ``fpr``. It is empty where a threshold was set on the texts of
    the probe alone, as older ones were. ``training`` is the digest of the texts it was fitted on;
    ``verdict`` and ``figures`` say what it was shown to do.
    """

    concept: str
    positive: str
    negative: str
    model: str
    form: str
    layer: int
    pooling: Literal["last", "answer"]
    method: str
    offset: float
    threshold: float
    fpr: float
    training: str
    verdict: str
    figures: Mapping[str, Any] = field(default_factory=dict[str, Any])
    calibration: Mapping[str, Any] = field(default_factory=dict[str, Any])
    schema: str = SCHEMA


@dataclass(frozen=True, slots=True)
class Probe:
    """A direction of shape (width,), float32, and its card."""

    direction: NDArray[np.float32]
    card: Card

    @property
    def layer(self) -> int:
        """Say after which block the states are taken."""
        return self.card.layer

    def score(self, hidden: ArrayLike) -> NDArray[np.float64]:
        """Score pooled hidden states of shape (n, width); returns (n,), NaN where a row holds NaN.

        Raises:
            UsageError: states of another shape.
        """
        states = np.asarray(hidden, dtype=np.float64)
        if states.ndim != 2 or states.shape[1] != len(self.direction):
            raise UsageError(
                f"hidden states of shape {states.shape} do not fit this probe; expected "
                f"(n, {len(self.direction)}), after block {self.layer}, pooled '{self.card.pooling}'"
            )
        return states @ self.direction.astype(np.float64) - self.card.offset

    def flags(self, hidden: ArrayLike) -> NDArray[np.bool_]:
        """Say which rows score above the threshold."""
        return self.score(hidden) > self.card.threshold

    def fits(self, model: str) -> None:
        """Refuse any model but its own; ``model`` is a digest.

        Raises:
            ModelError: it is another one.
        """
        if model != self.card.model:
            raise ModelError(
                f"the probe for '{self.card.concept}' was made on the model {self.card.model} and "
                f"says nothing about {model}; {REMEDY}"
            )

    def to_bytes(self) -> bytes:
        """Write it as a file."""
        data = np.ascontiguousarray(self.direction, "<f4").tobytes()
        card = canonical(asdict(self.card)).decode()
        header = {
            "__metadata__": {"card": card},
            "direction": {
                "dtype": "F32",
                "shape": [len(self.direction)],
                "data_offsets": [0, len(data)],
            },
        }
        text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + data


def load(path: Path | str, model: str | None = None) -> Probe:
    """Read a probe; with ``model``, a digest, only one that was made on that model.

    Raises:
        ModelError: not a probe, a broken file, or a probe for another model.
    """
    place = Path(path)
    try:
        tensor = safetensors_header(place).get("direction")
        raw = place.read_bytes()
    except OSError as error:
        raise ModelError(f"no probe at '{place.name}': {error.strerror}; {REMEDY}") from None
    length = struct.unpack("<Q", raw[:8])[0]
    try:
        said = json.loads(json.loads(raw[8 : 8 + length])["__metadata__"]["card"])
        if said["schema"] != SCHEMA:
            raise ModelError(
                f"'{place.name}' is a '{said['schema']}', and this version reads {SCHEMA}; {REMEDY}"
            )
        card = Card(**said)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"'{place.name}' has no probe's card ({error}); {REMEDY}") from None
    if tensor is None or tensor["dtype"] != "F32" or len(tensor["shape"]) != 1:
        raise ModelError(f"'{place.name}' holds no direction, a vector in F32; {REMEDY}")
    begin, end = (8 + length + place_ for place_ in tensor["data_offsets"])
    probe = Probe(np.frombuffer(raw[begin:end], "<f4").astype(np.float32), card)
    if model is not None:
        probe.fits(model)
    return probe
