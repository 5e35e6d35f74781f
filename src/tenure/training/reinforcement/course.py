"""What a step draws: its prompts, its chance, its learning rate. All are functions of seed and step.

Nothing here has a state, so a run that goes on at step 31 draws what it would have drawn.
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LAST_SHARE = 0.1  # of the learning rate, at the last step


def prompts_of(step: int, ids: Sequence[str], many: int, seed: int) -> list[int]:
    """Return the places of the prompts of a step: every prompt once, in a keyed order, then again."""
    found: list[int] = []
    for at in range(step * many, (step + 1) * many):
        turn, place = divmod(at, len(ids))
        found.append(_order(ids, turn, seed)[place])
    return found


def dealt(
    step: int, ids: Sequence[str], hard: Sequence[int], many: tuple[int, int], seed: int
) -> list[int]:
    """Return the places of a step's prompts: ``many[0]`` of the places ``hard``, ``many[1]`` of the others."""
    marked = set(hard)
    others = [place for place in range(len(ids)) if place not in marked]
    return [
        places[k]
        for places, some in ((list(hard), many[0]), (others, many[1]))
        for k in prompts_of(step, [ids[place] for place in places], some, seed)
    ]


def _order(ids: Sequence[str], turn: int, seed: int) -> list[int]:
    def key(place: int) -> str:
        return hashlib.sha256(f"{seed}\n{turn}\n{ids[place]}".encode()).hexdigest()

    return sorted(range(len(ids)), key=key)


def chance(seed: int, step: int, place: int, draw: int, many: int) -> NDArray[np.float64]:
    """Return ``many`` numbers in [0, 1) for one completion, one a token."""
    stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, step, place, draw])))
    return stream.random(many)


def rate(learning_rate: float, step: int, steps: int) -> float:
    """Return the learning rate of a step, counted from 0: a cosine down to a tenth."""
    fallen = 0.5 * (1 + math.cos(math.pi * step / max(steps, 1)))
    return learning_rate * (LAST_SHARE + (1 - LAST_SHARE) * fallen)
