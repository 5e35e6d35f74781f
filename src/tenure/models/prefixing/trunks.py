"""What all rows of a call begin with, computed once and kept for the calls after it.

For a model that reads trees (``tenure.models.trees``) through transformers' own attention. A trunk
is cut at multiples of 64 tokens, and each piece is computed alone after those before it: a call gives
the same numbers whether its beginning was kept or not.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tenure.models.prefixing.keeping import Kept
from tenure.models.prefixing.planning import shared
from tenure.models.trees import Tree

ROOM = 256 << 20  # bytes; 5,800 tokens of SmolLM2-135M in float32


class Trunks:
    """The trunks of one model's calls: keys and values, (layers, 2, heads, tokens, width)."""

    def __init__(self, model: Any, room: int = ROOM) -> None:
        self._model, self._kept = model, Kept(room)

    def of(self, rows: Sequence[Sequence[int]]) -> Any:
        """Return what several rows of token ids begin with, in whole pieces; None where there is no such."""
        import torch

        tokens = rows[0][: shared(rows)] if len(rows) > 1 else ()
        with torch.inference_mode():
            pieces = self._kept.prefix(tokens, self._piece)
            return torch.cat(pieces, 3) if pieces else None

    def _piece(self, tokens: Sequence[int], before: Sequence[Any]) -> Any:
        import torch

        past, order = torch.cat(list(before), 3) if before else None, list(range(len(tokens)))
        taken = inputs(Tree(list(tokens), order, {0: order}), past)
        cache = _cache(past)
        self._model.base_model(**{**taken, "past_key_values": cache, "use_cache": True})
        own = [torch.cat((one.keys, one.values))[:, :, -len(tokens) :] for one in cache.layers]
        return torch.stack(own)


def inputs(tree: Tree, trunk: Any = None) -> dict[str, Any]:
    """Write a tree, after a trunk or from the beginning, as a model takes it.

    A row alone from the beginning needs no mask, and is faster with none.
    """
    import torch

    begun, mask = 0 if trunk is None else int(trunk.shape[3]), None
    if tree.branches or begun:
        seen = np.pad(tree.seen(), ((0, 0), (begun, 0)), constant_values=True)
        mask = torch.from_numpy(np.where(seen, np.float32(0), np.float32(-np.inf)))[None, None]
    found = {
        "input_ids": torch.tensor([tree.ids]),
        "position_ids": torch.tensor([tree.positions]) + begun,
        "attention_mask": mask,
        "use_cache": trunk is not None,
    }
    return found if trunk is None else {**found, "past_key_values": _cache(trunk)}


def _cache(trunk: Any) -> Any:
    """Write a trunk as transformers keeps keys and values; what is read after it leaves it as it was."""
    from transformers import DynamicCache

    return DynamicCache([(one[:1], one[1:]) for one in trunk] if trunk is not None else None)
