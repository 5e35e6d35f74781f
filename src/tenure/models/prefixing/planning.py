"""Which rows of a batch are written together, and what all of them begin with.

A prefix is cut at multiples of ``PIECE`` tokens, so that the same beginning is cut the same way in
whatever batch it stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tenure.models.trees import common

PIECE = 64  # tokens


@dataclass(slots=True)
class Writing:
    """One prompt (token ids) and what has been written after it; ``index`` is its place in the batch."""

    index: int
    prompt: Sequence[int]
    written: list[int] = field(default_factory=list[int])


@dataclass(frozen=True, slots=True)
class Wave:
    """Rows that are written together, the shortest first, and how many tokens all of them share."""

    rows: list[Writing]
    trunk: int

    @property
    def width(self) -> int:
        """Return how many tokens of its own the longest prompt has."""
        return max(len(row.prompt) for row in self.rows) - self.trunk


def whole(tokens: int) -> int:
    """Return how many of so many tokens lie in whole pieces, one token at least left over."""
    return max(0, tokens - 1) // PIECE * PIECE


def waves(prompts: Sequence[Sequence[int]], new: int, room: int) -> list[Wave]:
    """Plan a batch: rows that share their first piece together, by length, in waves that fit.

    ``new`` tokens will be written after each; ``room`` is how many tokens of their own the rows of
    a wave may have together (a row alone is never refused). The plan depends on the batch alone.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, prompt in enumerate(prompts):
        begins = tuple(prompt[:PIECE]) if whole(len(prompt)) else ()
        groups.setdefault(begins, []).append(index)
    for begins in [b for b, rows in groups.items() if b and len(rows) == 1]:
        groups.setdefault((), []).extend(groups.pop(begins))
    planned: list[Wave] = []
    for begins, members in groups.items():
        trunk = shared([prompts[i] for i in members]) if begins else 0
        rows: list[Writing] = []
        for index in sorted(members, key=lambda i: (len(prompts[i]), i)):
            width = len(prompts[index]) - trunk + new
            if rows and width * (len(rows) + 1) > room:
                planned.append(Wave(rows, trunk))
                rows = []
            rows.append(Writing(index, prompts[index]))
        planned.append(Wave(rows, trunk))
    return planned


def shared(rows: Sequence[Sequence[int]]) -> int:
    """Count the tokens, in whole pieces, that all rows begin with; each has one of its own at least."""
    ordered = sorted(list(row) for row in rows)
    least, most = ordered[0], ordered[-1]  # what these two share, all between them share
    begun = common(least, most) // PIECE * PIECE
    return min(begun, *(whole(len(row)) for row in rows))
