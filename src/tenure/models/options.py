"""A few options that an answer may begin with, in tokens: what has to be asked of a model, and the sum.

An option is a list of spellings, whose probabilities are summed; a spelling whose tokens begin
with those of another of its option is counted with that one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import UsageError

Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """Options as tokens.

    ``heads`` are the beginnings after which ``tokens`` have to be weighed; with options of one
    token each there is one, the empty one.
    """

    spelt: tuple[tuple[Ids, ...], ...]
    heads: tuple[Ids, ...]
    tokens: tuple[int, ...]

    def summed(self, after: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum log-probabilities of ``tokens`` after each head, (heads, prompts, tokens), to (prompts, options)."""
        head = {ids: after[at] for at, ids in enumerate(self.heads)}
        column = {token: at for at, token in enumerate(self.tokens)}
        found = np.empty((after.shape[1], len(self.spelt)))
        for at, option in enumerate(self.spelt):
            each = [
                sum(head[ids[:k]][:, column[ids[k]]] for k in range(len(ids))) for ids in option
            ]
            found[:, at] = np.logaddexp.reduce(np.stack(each), axis=0)
        return found


def in_tokens(options: Sequence[Sequence[str]], encode: Callable[[str], Sequence[int]]) -> Options:
    """Write options in the tokens of a model.

    Raises:
        UsageError: an option has no spelling of at least one token.
    """
    spelt = tuple(_shortest([tuple(encode(text)) for text in option]) for option in options)
    if not all(spelt):
        raise UsageError("an option needs at least one spelling that is not empty")
    return Options(
        spelt=spelt,
        heads=tuple(sorted({ids[:k] for o in spelt for ids in o for k in range(len(ids))})),
        tokens=tuple(sorted({token for o in spelt for ids in o for token in ids})),
    )


def _shortest(spellings: Sequence[Ids]) -> tuple[Ids, ...]:
    """Leave out what begins with another: its chance is part of that one's."""
    kept: list[Ids] = []
    for ids in sorted({s for s in spellings if s}, key=lambda s: (len(s), s)):
        if not any(ids[: len(other)] == other for other in kept):
            kept.append(ids)
    return tuple(kept)
