"""The shape of what the larger interviews plan and record, and their sizes.

A planned row is JSON: ``id``, ``session`` ("S1", "S1r", "S3", "S4" ...), ``kind``, ``item``,
``topic``, ``messages``, ``order``, ``polarity``, ``first`` ("bright" or "dark": which end of the
scale stands first), one column for each of :data:`FACTORS` (null where it does not vary), ``lean``,
``subject``, ``cell`` and ``round`` (1, or 2 for fresh cells). Rows of kind "pair" have no
``order``, ``polarity`` or ``first`` but ``preference``, ``side``, ``cost`` and ``pays``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]

FACTORS = (
    "paraphrase",
    "polarity",
    "order",
    "frame",
    "asker",
    "preamble",
    "temperature",
    "history",
    "language",
    "persona",
    "knowledge",
)

KINDS = (
    "rated",
    "anchor",
    "lean",
    "false premise",
    "swap",
    "pair",
    "fact",
    "open",
    "informed",
    "review",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many items, cells an item, fresh cells, leaning questions, sessions, turns and pairs."""

    items: int
    cells: int
    retest: int
    lean: int
    open: int
    turns: int
    leaning: int
    pairs: int
    informed: int
    reviews: int
    facts: int


SIZES: Mapping[str, Sizes] = {
    "small": Sizes(
        items=48,
        cells=12,
        retest=24,
        lean=40,
        open=12,
        turns=8,
        leaning=5,
        pairs=200,
        informed=4,
        reviews=3,
        facts=20,
    ),
    "full": Sizes(
        items=96,
        cells=24,
        retest=32,
        lean=192,
        open=20,
        turns=10,
        leaning=20,
        pairs=1000,
        informed=10,
        reviews=5,
        facts=20,
    ),
}
"""The two larger protocols; the short one keeps the sizes of its own bank."""

Responder = Callable[[Row], str]
"""Planned row -> the text of an answer: used by simulations only."""
