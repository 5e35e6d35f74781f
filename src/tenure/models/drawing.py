"""Drawing the next token: greedy, or from the nucleus, each row with a stream of its own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.models.talk import Sampling

Floats = NDArray[np.float32]


class Drawer:
    """Draws for the rows of one batch; row ``i`` has the random stream (seed, i)."""

    def __init__(self, sampling: Sampling, rows: int) -> None:
        self._sampling = sampling
        self._streams = [np.random.default_rng((sampling.seed, row)) for row in range(rows)]

    def draw(self, logits: Floats, rows: list[int]) -> list[int]:
        """Draw one token a row; ``logits`` is (rows, vocabulary)."""
        if self._sampling.temperature <= 0:
            return [int(token) for token in logits.argmax(-1)]
        return [self._one(values, row) for values, row in zip(logits, rows, strict=True)]

    def _one(self, values: Floats, row: int) -> int:
        scaled = values.astype(np.float64) / self._sampling.temperature
        chances = np.exp(scaled - scaled.max())
        chances /= chances.sum()
        # Likeliest first; a stable sort, so that ties fall the same way everywhere.
        order = np.argsort(-chances, kind="stable")
        before = np.cumsum(chances[order]) - chances[order]
        kept = order[before < self._sampling.top_p]
        ends = np.cumsum(chances[kept])
        place = int(np.searchsorted(ends, self._streams[row].random() * ends[-1], side="right"))
        return int(kept[min(place, len(kept) - 1)])


class Seen(Drawer):
    """Draws nothing: it notes the log-probabilities of some ``tokens``, (rows, tokens)."""

    def __init__(self, tokens: Sequence[int], rows: int) -> None:
        """Make room for them in ``found``."""
        super().__init__(Sampling(), 0)
        self._tokens = list(tokens)
        self.found = np.empty((rows, len(tokens)))

    def draw(self, logits: Floats, rows: list[int]) -> list[int]:
        """Note the tokens' log-probabilities; what is returned is no draw."""
        self.found[rows] = log_softmax(logits)[:, self._tokens]
        return [0] * len(rows)


def log_softmax(logits: Floats) -> NDArray[np.float64]:
    """Return natural log-probabilities over the last axis, in float64."""
    wide = logits.astype(np.float64)
    wide -= wide.max(-1, keepdims=True)
    return wide - np.log(np.exp(wide).sum(-1, keepdims=True))
