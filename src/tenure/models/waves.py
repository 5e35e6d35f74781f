"""A batch of prompts on its way through a paged model: shared prefixes, rests, then tokens.

What is computed together depends on the batch alone: prefixes are found among its own prompts,
admission counts worst cases against a constant number of blocks, and rows leave when they end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tenure.errors import EngineError
from tenure.models.drawing import Drawer
from tenure.models.paged import BLOCK, CUT, Paged, Row
from tenure.models.talk import Sampling

SHORTEST = 64  # tokens; a shorter common prefix is not worth a pass of its own
TOGETHER = 1024  # tokens of prompts a pass; longer passes are no faster and hold more memory


@dataclass(slots=True)
class Writing:
    """One prompt and what has been written after it."""

    index: int
    prompt: list[int]
    shared: int
    table: list[int] = field(default_factory=list[int])
    own: list[int] = field(default_factory=list[int])
    past: int = 0
    written: list[int] = field(default_factory=list[int])
    ended: bool = False


def shared_lengths(prompts: Sequence[Sequence[int]]) -> list[int]:
    """Say how much of each prompt is computed as a prefix: whole blocks, 0 where it is too short.

    In a batch it is what a prompt has in common with another one; alone, whole pieces of ``CUT``
    tokens, which the next question under the same system prompt will find again.
    """
    if len(prompts) == 1:
        return [(len(prompts[0]) - 1) // CUT * CUT]
    order = sorted(range(len(prompts)), key=lambda i: list(prompts[i]))
    longest = [0] * len(prompts)
    for one, other in pairwise(order):
        common = _common(prompts[one], prompts[other])
        longest[one], longest[other] = max(longest[one], common), max(longest[other], common)
    return [_whole(min(n, len(p) - 1)) for n, p in zip(longest, prompts, strict=True)]


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _whole(tokens: int) -> int:
    blocks = tokens // BLOCK * BLOCK
    return blocks if blocks >= SHORTEST else 0


def waves(prompts: Sequence[list[int]], new: int, room: int) -> list[list[Writing]]:
    """Cut a batch into waves that fit into ``room`` blocks, in order, by their worst case.

    Raises:
        EngineError: one prompt alone does not fit.
    """
    cut: list[list[Writing]] = [[]]
    prefixes: set[tuple[int, ...]] = set()
    needed = 0
    for index, (prompt, shared) in enumerate(zip(prompts, shared_lengths(prompts), strict=True)):
        pieces = {tuple(prompt[: min(s + CUT, shared)]) for s in range(0, shared, CUT)}
        own = -(-(len(prompt) - shared + new) // BLOCK)
        fresh = sum(-(-(len(p) % CUT or CUT) // BLOCK) for p in pieces - prefixes)
        if cut[-1] and needed + own + fresh > room:
            cut.append([])
            prefixes, needed = set(), 0
            fresh = shared // BLOCK
        if own + fresh > room:
            raise EngineError(
                f"a prompt of {len(prompt)} tokens and {new} new ones need more than the {room * BLOCK} tokens "
                "of memory for keys and values; shorten it, or raise TENURE_KV_MIB"
            )
        prefixes |= pieces
        needed += own + fresh
        cut[-1].append(Writing(index, list(prompt), shared))
    return cut


class Wave:
    """Sequences that are written together."""

    def __init__(
        self, model: Paged, sequences: list[Writing], sampling: Sampling, drawer: Drawer
    ) -> None:
        self._model, self._sampling, self._drawer = model, sampling, drawer
        self.sequences = sequences

    def start(self) -> None:
        """Compute the prompts, and draw each first token."""
        self._place()
        self._compute()

    def _place(self) -> None:
        """Compute the prefixes, and take blocks for the rests."""
        for sequence in self.sequences:
            sequence.table = self._model.prefix(sequence.prompt[: sequence.shared])
            sequence.past = sequence.shared
        for sequence in self.sequences:
            tokens = len(sequence.prompt) - sequence.shared + self._sampling.max_tokens
            sequence.own = self._model.take(-(-tokens // BLOCK))
            sequence.table = sequence.table + sequence.own

    def _compute(self) -> None:
        waiting = list(self.sequences)
        while waiting:
            waiting = self._rest(waiting)

    def _rest(self, waiting: list[Writing]) -> list[Writing]:
        room, rows, done = TOGETHER, list[Row](), list[Writing]()
        for sequence in waiting:
            if not room:
                break
            todo = sequence.prompt[sequence.past : sequence.past + room]
            room -= len(todo)
            last = sequence.past + len(todo) == len(sequence.prompt)
            rows.append(Row(todo, sequence.past, sequence.table, (len(todo) - 1,) if last else ()))
            sequence.past += len(todo)
            if last:
                done.append(sequence)
        logits = self._model.step(rows)
        if done:
            self._draw(logits, done)
        return [s for s in waiting if s.past < len(s.prompt)]

    def _draw(self, logits: Any, sequences: list[Writing]) -> None:
        for sequence, token in zip(
            sequences, self._drawer.draw(logits, [s.index for s in sequences]), strict=True
        ):
            sequence.written.append(token)

    def advance(self, ended: Callable[[Writing], bool]) -> bool:
        """Write one more token of every sequence that has not ended; False when all have."""
        for sequence in self.sequences:
            sequence.ended = (
                sequence.ended
                or len(sequence.written) >= self._sampling.max_tokens
                or ended(sequence)
            )
        alive = [s for s in self.sequences if not s.ended]
        if not alive:
            return False
        logits = self._model.step([Row(s.written[-1:], s.past, s.table, (0,)) for s in alive])
        for sequence in alive:
            sequence.past += 1
        self._draw(logits, alive)
        return True

    def finish(self) -> None:
        """Give back the blocks; prefixes are kept for later."""
        for sequence in self.sequences:
            self._model.give(sequence.own)
        self._model.release()
