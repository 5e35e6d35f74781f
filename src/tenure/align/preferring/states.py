"""What the backbone makes of each answer: read once, in fixed chunks, and kept as a unit's fact."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.align.comparing.pairs import Pair
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.models import activations
from tenure.training.preference import Floats, pooled

CHUNK = 128  # answers a unit
DEPTH = 2 / 3  # of the model, where states are read when no layer is named


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """Features of answers, (answers, features), and the row of each (prompt, answer)."""

    features: Floats
    place: dict[tuple[str, str], int]
    layer: int
    form: str

    def of(self, prompts: Sequence[str], answers: Sequence[str]) -> Floats:
        """Return the features of these answers, one a row."""
        return self.features[[self.place[key] for key in zip(prompts, answers, strict=True)]]


def texts(pairs: Iterable[Pair]) -> list[tuple[str, str]]:
    """List each prompt and answer once, in an order that depends on the texts alone."""
    return sorted({(pair.prompt, text) for pair in pairs for text in (pair.a, pair.b)})


def read_states(
    model: Model, asked: Sequence[tuple[str, str]], layer: int | None, view: View, emit: Emit
) -> States:
    """Read the states of (prompt, answer) texts; a finished chunk is a fact and is not read again.

    Raises:
        UsageError: a layer there is not.
        ModelError: the model has no weights here.
    """
    chunks: list[NDArray[np.float32]] = []
    with activations.open_reader(model, view) as reader:
        at = layer or max(1, round(reader.layers * DEPTH))
        for start in range(0, len(asked), CHUNK):
            emit.progress(start, len(asked), "answers read")
            chunk = asked[start : start + CHUNK]
            inputs = {
                "model": model.digest,
                "layer": at,
                "form": reader.form,
                "texts": digest_of(chunk),
            }

            def read(chunk: Sequence[tuple[str, str]] = chunk) -> str:
                return emit.file(_bytes(_features(reader, chunk, at)))

            done = emit.unit(f"states {start // CHUNK + 1}", inputs, read)
            chunks.append(np.load(io.BytesIO(view.read(done)), allow_pickle=False))
        form = reader.form
    emit.progress(len(asked), len(asked), "answers read")
    return States(
        features=np.concatenate(chunks).astype(np.float64),
        place={key: row for row, key in enumerate(asked)},
        layer=at,
        form=form,
    )


def _features(
    reader: activations.Reader, chunk: Sequence[tuple[str, str]], layer: int
) -> NDArray[np.float32]:
    conversations = [
        [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        for prompt, answer in chunk
    ]
    states, tokens = reader.answered(conversations, [layer])
    return pooled(states[:, 0, 0], states[:, 1, 0], tokens).astype(np.float32)


def _bytes(values: NDArray[np.float32]) -> bytes:
    held = io.BytesIO()
    np.save(held, values, allow_pickle=False)
    return held.getvalue()
