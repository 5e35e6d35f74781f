"""Rows of tokens read as trees: what rows begin with in common is computed once, and nothing is padded.

A tree holds the tokens of several rows one after the other, each distinct beginning once. A token
sees itself and those before it in its own row, and stands at its place in that row; so a causal
model computes for it what it would compute for the row alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Architectures whose tokens see by the mask, and stand at the positions, that they are given.
ARCHITECTURES = {"llama", "mistral", "qwen2", "qwen3"}


@dataclass(frozen=True, slots=True)
class Tree:
    """Some rows: ``ids`` and ``positions`` of the tokens, and for each row the places of its tokens."""

    ids: list[int]
    positions: list[int]
    places: dict[int, list[int]]

    @property
    def branches(self) -> bool:
        """Say whether it is more than one row's tokens in order."""
        return self.positions != list(range(len(self.positions)))

    def seen(self) -> NDArray[np.bool_]:
        """Say which tokens (columns) each token (rows) sees, (tokens, tokens)."""
        mask = np.zeros((len(self.ids), len(self.ids)), np.bool_)
        done = 0
        for places in self.places.values():
            for k, place in enumerate(places):
                if place >= done:
                    mask[place, places[: k + 1]] = True
            done = max(done, places[-1] + 1)
        return mask


def trees(rows: Sequence[Sequence[int]], most: int, window: int) -> Iterator[Tree]:
    """Pack rows into trees of at most ``most`` tokens, or of one row; too long and empty ones are left out."""
    tree, before, path = Tree([], [], {}), (), list[int]()
    for row in sorted(range(len(rows)), key=lambda i: (tuple(rows[i]), i)):
        ids = tuple(rows[row])
        if not 0 < len(ids) <= window:
            continue
        # In this order a row shares with the one before it all that it shares with any in the tree.
        shared = common(before, ids)
        if tree.ids and len(tree.ids) + len(ids) - shared > most:
            yield tree
            tree, shared = Tree([], [], {}), 0
        start = len(tree.ids)
        tree.ids.extend(ids[shared:])
        tree.positions.extend(range(shared, len(ids)))
        before, path = ids, [*path[:shared], *range(start, len(tree.ids))]
        tree.places[row] = path
    if tree.ids:
        yield tree


def alone(rows: Sequence[Sequence[int]], window: int) -> Iterator[Tree]:
    """Give each row a tree of its own, for a model that cannot read several at once."""
    for row, ids in enumerate(rows):
        if 0 < len(ids) <= window:
            order = list(range(len(ids)))
            yield Tree(list(ids), order, {row: order})


def can_read(config: Any) -> bool:
    """Say by a model's config whether it reads trees; a window that slides would need its own mask."""
    kinds = getattr(config, "layer_types", None)
    slides = set(kinds) != {"full_attention"} if kinds else getattr(config, "sliding_window", None)
    return config.model_type in ARCHITECTURES and not slides


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Count the tokens that two rows begin with in common."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
