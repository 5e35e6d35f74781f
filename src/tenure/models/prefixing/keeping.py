"""Pieces of prefixes that were computed: kept while there is room, forgotten the oldest first."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tenure.models.prefixing.planning import PIECE

Compute = Callable[[Sequence[int], Sequence[Any]], Any]


class Kept:
    """Keys and values of pieces, each by all tokens up to its end; ``room`` is in bytes."""

    def __init__(self, room: int) -> None:
        self._room, self._used = room, 0
        self._pieces: OrderedDict[bytes, Any] = OrderedDict()

    def prefix(self, tokens: Sequence[int], compute: Compute) -> list[Any]:
        """Return the pieces of a prefix, a whole number of them; ``compute`` makes what is not kept.

        ``compute`` gets the tokens of one piece and the pieces before it. A piece is always computed
        alone, so it is the same whether it was kept or not.
        """
        found: list[Any] = []
        for start in range(0, len(tokens), PIECE):
            key = np.array(tokens[: start + PIECE], dtype=np.int32).tobytes()
            piece = self._pieces.get(key)
            if piece is None:
                piece = compute(tokens[start : start + PIECE], found)
                self._pieces[key] = piece
                self._used += piece.nbytes
                while self._used > self._room and len(self._pieces) > 1:
                    self._used -= self._pieces.popitem(last=False)[1].nbytes
            else:
                self._pieces.move_to_end(key)
            found.append(piece)
        return found

    def clear(self) -> None:
        """Forget everything."""
        self._pieces.clear()
        self._used = 0
