"""One text and many short ends: what is left of the text after its last whole block is computed once.

Prefixes are shared in whole blocks of 32 tokens; up to 31 more that prompts have in common would be
computed for each of them. Where the ends are a few tokens themselves that is half of the work, so
here one computes them, and the others copy the block.
"""

from itertools import groupby

from tenure.models.paged import BLOCK, Row
from tenure.models.trees import common
from tenure.models.waves import Wave, Writing


class Ends(Wave):
    """Sequences whose prompts differ in a few tokens at the end."""

    def start(self) -> None:
        """Compute the prompts, what they share once, and note or draw each first token."""
        self._place()
        self._fork()
        self._compute()

    def _fork(self) -> None:
        rows: list[Row] = []
        copies: list[tuple[Writing, list[Writing]]] = []
        for first, *others in self._alike():
            end = min(common(first.prompt, other.prompt) for other in others)
            end = min(end, *(len(s.prompt) - 1 for s in (first, *others)))
            if end > first.shared:
                rows.append(Row(first.prompt[first.shared : end], first.shared, first.table, ()))
                copies.append((first, others))
                for sequence in (first, *others):
                    sequence.past = end
        if rows:
            self._model.step(rows)
        for first, others in copies:
            for at in range(-(-(first.past - first.shared) // BLOCK)):
                self._model.copy(first.own[at], [other.own[at] for other in others])

    def _alike(self) -> list[list[Writing]]:
        """Group what shares a prefix, of two and more."""

        def prefix(sequence: Writing) -> list[int]:
            return sequence.prompt[: sequence.shared]

        ordered = sorted(self.sequences, key=lambda s: (prefix(s), s.index))
        groups = [list(held) for _, held in groupby(ordered, key=prefix)]
        return [group for group in groups if len(group) > 1]
