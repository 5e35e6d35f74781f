"""From completions to rewards to advantages; what is no number is refused or counted as missing.

A trainer that is handed a NaN trains on it, or counts it as zero, and says nothing. Here a value is
a finite number or None: None is missing (counted, and nothing is learned from it), NaN, an infinity
or an exception ends the training with the reward, the step and the prompt by name.
"""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tenure.errors import EngineError, TenureError
from tenure.training.reward import Batch, Scored, Scorer

MISSING_MOST = (
    0.2  # share of a step's completions without a reward, above which it is not trained on
)
SMALL = 1e-4  # beside a spread that is divided by
Floats = NDArray[np.float64]


def scored(
    name: str, scorer: Scorer, batch: Batch, *, missing_most: float = MISSING_MOST
) -> Scored:
    """Ask a reward about a batch and check what it says.

    Raises:
        EngineError: a value that is not a finite number, another count of values, an exception, or
            more than ``missing_most`` of them missing; names the reward, the step and the prompt.
    """
    try:
        found = scorer(batch)
    except TenureError:
        raise
    except Exception as error:
        raise EngineError(
            f"reward '{name}' failed at step {batch.step} ({type(error).__name__}: {error}); "
            "mend it, or let it return None for what it cannot score"
        ) from error
    if len(found.values) != len(batch.completions):
        raise EngineError(
            f"reward '{name}' gave {len(found.values)} values for {len(batch.completions)} "
            f"completions at step {batch.step}; it must give one for each"
        )
    for row, value in zip(batch.rows, found.values, strict=True):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise EngineError(
                f"reward '{name}' is {value} at step {batch.step} for the prompt '{row['id']}', and a "
                "reward is a finite number; mend it, or let it return None (missing)"
            )
    missing = sum(value is None for value in found.values)
    if missing > missing_most * len(found.values):
        raise EngineError(
            f"reward '{name}' has no value for {missing} of {len(found.values)} completions at step "
            f"{batch.step}, more than {missing_most:.0%}: a policy would learn to be unscorable; mend "
            "the reward or the prompts"
        )
    return found


def advantages(
    values: Sequence[float | None], draws: int, algorithm: Literal["rloo", "grpo"]
) -> Floats:
    """Return an advantage for each completion; the draws of one prompt stand together.

    RLOO (Ahmadian et al. 2024, arXiv 2402.14740) subtracts the mean of the other draws; GRPO (Shao
    et al. 2024, arXiv 2402.03300) the mean of all, and divides by their spread. A missing reward has
    the advantage 0 and counts in nobody's mean.
    """
    given = np.array([np.nan if v is None else v for v in values], np.float64).reshape(-1, draws)
    known = ~np.isnan(given)
    count = known.sum(1, keepdims=True)
    total = np.where(known, given, 0.0).sum(1, keepdims=True)
    mean = total / np.maximum(count, 1)
    if algorithm == "rloo":
        others = (total - np.where(known, given, 0.0)) / np.maximum(count - 1, 1)
        found = given - others
    else:
        apart = np.where(known, given - mean, 0.0)
        spread = np.sqrt((apart**2).sum(1, keepdims=True) / np.maximum(count - 1, 1))
        found = (given - mean) / (spread + SMALL)
    return np.where(known & (count > 1), found, 0.0).reshape(-1)


def same_reward(values: Sequence[float | None], draws: int) -> int:
    """Count the prompts whose draws all have the same reward, so that nothing is learned there."""
    groups = [values[i : i + draws] for i in range(0, len(values), draws)]
    return sum(len({v for v in group if v is not None}) < 2 for group in groups)


def same_text(texts: Sequence[str], draws: int) -> int:
    """Count the completions that another draw of the same prompt has said word for word."""
    groups = [texts[i : i + draws] for i in range(0, len(texts), draws)]
    return sum(group.count(text) > 1 for group in groups for text in group)
