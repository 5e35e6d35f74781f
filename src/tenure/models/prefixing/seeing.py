"""What the tokens of one pass see: keys and values of what they begin with, and of their own row.

transformers calls :func:`attention` in place of its own; the pass that is under way comes as the
keyword ``seen``. What rows share is read once for all of them, not once a row (the idea of
Hydragen, Juravsky et al. 2024, arXiv 2402.05099); scores over what is shared and what is not are put
together before the softmax, so the sum is the one that a row alone would make.

Keys and values of every layer lie in one tensor: (layers, 2, [rows,] heads, tokens, width).
"""

from collections.abc import Sequence
from typing import Any, Protocol

HOW = "tenure_prefixed"  # the name under which transformers finds `attention`


class Seen(Protocol):
    """One pass: ``attend`` keeps the keys and values of its tokens, and answers its queries."""

    def attend(self, layer: int, q: Any, k: Any, v: Any, scale: float) -> Any:
        """Take (batch, heads, tokens, width) and return (batch, tokens, heads, width)."""
        ...


def attention(
    module: Any, query: Any, key: Any, value: Any, _mask: Any, **how: Any
) -> tuple[Any, None]:
    """Answer a layer's queries out of the pass that is under way."""
    return how["seen"].attend(module.layer_idx, query, key, value, how["scaling"]), None


class Alone:
    """One row: tokens that come after ``past``, (layers, 2, heads, tokens, width) or None."""

    def __init__(self, past: Any) -> None:
        self._past = past
        self._kept: list[Any] = []

    def attend(self, layer: int, q: Any, k: Any, v: Any, scale: float) -> Any:
        """Let each token see what comes before it; see :class:`Seen`."""
        import torch

        own = torch.stack((k[0], v[0]))
        self._kept.append(own)
        both = own if self._past is None else torch.cat((self._past[layer], own), 2)
        return _one_row(q, both[0], both[1], scale)[None]

    def kept(self) -> Any:
        """Return keys and values of the tokens of this pass."""
        import torch

        return torch.stack(self._kept)


class Rests:
    """The ends of several prompts, laid one after the other without padding, in one pass.

    ``spans`` says for each row its slot, where it begins in the pass, and how many tokens it has.
    They are kept in ``own`` (layers, 2, slots, heads, columns, width), the last of each in column
    ``width - 1``; the row's own tokens begin there at column ``first[slot]``.
    """

    def __init__(
        self,
        own: Any,
        trunk: Any,
        spans: Sequence[tuple[int, int, int]],
        first: Sequence[int],
        width: int,
    ) -> None:
        self._own, self._trunk, self._spans = own, trunk, spans
        self._first, self._width = first, width

    def attend(self, layer: int, q: Any, k: Any, v: Any, scale: float) -> Any:
        """Let each token see its own row alone; see :class:`Seen`."""
        import torch

        found: list[Any] = []
        for slot, start, count in self._spans:
            mine = slice(start, start + count)
            column = self._width - count
            self._own[layer, 0, slot, :, column : self._width] = k[0, :, mine]
            self._own[layer, 1, slot, :, column : self._width] = v[0, :, mine]
            both = self._own[layer, :, slot, :, self._first[slot] : self._width]
            if self._trunk is not None:
                both = torch.cat((self._trunk[layer], both), 2)
            found.append(_one_row(q[:, :, mine], both[0], both[1], scale))
        return torch.cat(found)[None]


class OneMore:
    """One more token of every row; it is kept in ``column``. ``hidden`` (rows, columns) is padding."""

    def __init__(self, own: Any, trunk: Any, column: int, hidden: Any) -> None:
        self._own, self._trunk, self._column, self._hidden = own, trunk, column, hidden

    def attend(self, layer: int, q: Any, k: Any, v: Any, scale: float) -> Any:
        """Read what is shared once for all rows; see :class:`Seen`."""
        import torch

        rows, heads, _, width = q.shape
        groups = k.shape[1]
        each = heads // groups  # query heads that share one head of keys
        q = q.reshape(rows, groups, each, width)
        own = self._own[layer, :, :rows]
        own[0, :, :, self._column], own[1, :, :, self._column] = k[:, :, 0], v[:, :, 0]
        keys, values = own[:, :, :, : self._column + 1]
        scores = (q @ keys.transpose(-1, -2)).float() * scale
        scores = scores.masked_fill(self._hidden[:, None, None], float("-inf"))
        if self._trunk is None:
            return (scores.softmax(-1).to(q.dtype) @ values).reshape(rows, 1, heads, width)
        shared_keys, shared_values = self._trunk[layer]
        folded = q.transpose(0, 1).reshape(groups, rows * each, width)
        shared = (folded @ shared_keys.transpose(-1, -2)).float() * scale
        tokens = shared.shape[-1]
        shared = shared.reshape(groups, rows, each, tokens).transpose(0, 1)
        weights = torch.cat((shared, scores), -1).softmax(-1).to(q.dtype)
        first = weights[..., :tokens].transpose(0, 1).reshape(groups, rows * each, tokens)
        read = (first @ shared_values).reshape(groups, rows, each, width).transpose(0, 1)
        return (read + weights[..., tokens:] @ values).reshape(rows, 1, heads, width)


def _one_row(q: Any, keys: Any, values: Any, scale: float) -> Any:
    """Answer one row's queries (1, heads, tokens, width), the last tokens of its keys; (tokens, heads, width)."""
    import torch

    _, heads, tokens, width = q.shape
    groups, length, _ = keys.shape
    folded = q.reshape(groups, heads // groups * tokens, width)
    scores = (folded @ keys.transpose(-1, -2)).float() * scale
    later = torch.ones(tokens, length, dtype=torch.bool).triu(length - tokens + 1)
    scores = scores.reshape(groups, heads // groups, tokens, length).masked_fill(
        later, float("-inf")
    )
    weights = scores.softmax(-1).to(q.dtype).reshape(groups, -1, length)
    return (weights @ values).reshape(heads, tokens, width).transpose(0, 1)
