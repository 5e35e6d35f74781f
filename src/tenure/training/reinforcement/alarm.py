"""When a training goes wrong: the reward rises while what it stands for falls, or two models drift.

Over-optimisation (Gao et al. 2022, arXiv 2210.10760): a policy keeps raising a learned reward long
after answers have ceased to get better. A gold reward on prompts that are never trained on is asked
every few steps. The alarm: over the last few of these, gold falls (the mean slope over prompts is
below zero, one-sided t test over prompts, at 5% shared among all the looks there will be) while the
reward rises (slope over the same steps above zero, one-sided 5%).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WINDOW = 4  # gold points that a slope is drawn through, at least 3
LEVEL = 0.05
GAP_MOST = 0.05  # nats a token between who draws and who learns
GAP_STEPS = 2  # in a row


@dataclass(frozen=True, slots=True)
class Gold:
    """What the gold reward said after ``step`` steps, a value a prompt; None is missing."""

    step: int
    values: Sequence[float | None]

    @property
    def mean(self) -> float | None:
        """Return the mean over what has a value."""
        known = [v for v in self.values if v is not None]
        return sum(known) / len(known) if known else None


def over_optimised(
    golds: Sequence[Gold], rewards: Sequence[float | None], looks: int
) -> str | None:
    """Say in a sentence that gold falls while the reward rises, or return None.

    ``rewards`` is each step's mean reward; ``looks`` is how often this is asked in the whole run.
    """
    window = golds[-WINDOW:]
    if len(window) < 3:
        return None
    steps = np.array([g.step for g in window], np.float64)
    by_prompt = np.array([[np.nan if v is None else v for v in g.values] for g in window])
    whole = by_prompt[:, ~np.isnan(by_prompt).any(0)]
    if whole.shape[1] < 3:
        return None
    falls = _slopes(steps, whole)
    first, last = int(steps[0]), int(steps[-1])
    seen = [(at, r) for at, r in enumerate(rewards[first:last], first) if r is not None]
    if len(seen) < 4 or _chance_not_below(falls) > LEVEL / max(looks, 1):
        return None
    if _chance_not_rising(np.array(seen, np.float64)) > LEVEL:
        return None
    was, now = window[0].mean, window[-1].mean
    return (
        f"the gold reward fell from {was:.3f} to {now:.3f} between step {first} and step {last} "
        "while the reward rose: what is learned is the reward's mistakes"
    )


def _slopes(steps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the slope of each column over the steps."""
    apart = steps - steps.mean()
    return apart @ values / (apart @ apart)


def _chance_not_below(values: np.ndarray) -> float:
    """Return the p of the mean being at or above zero, one-sided t."""
    from scipy.special import stdtr

    spread = float(values.std(ddof=1))
    mean = float(values.mean())
    if spread == 0:
        return 0.0 if mean < 0 else 1.0
    return float(stdtr(len(values) - 1, mean / (spread / np.sqrt(len(values)))))


def _chance_not_rising(points: np.ndarray) -> float:
    """Return the p of a line through (step, reward) not rising, one-sided t."""
    from scipy.special import stdtr

    steps, values = points.T
    apart = steps - steps.mean()
    slope = float(apart @ values / (apart @ apart))
    rest = values - values.mean() - slope * apart
    spread = float(np.sqrt(rest @ rest / (len(steps) - 2) / (apart @ apart)))
    if spread == 0:
        return 0.0 if slope > 0 else 1.0
    return float(stdtr(len(steps) - 2, -slope / spread))


def drifted(gaps: Sequence[float]) -> str | None:
    """Say that the model that draws is not the model that learns, or return None.

    ``gaps`` are the mean differences of their log-probabilities a token, in nats, a value a step.
    """
    last = gaps[-GAP_STEPS:]
    if len(last) < GAP_STEPS or not all(abs(gap) > GAP_MOST for gap in last):
        return None
    shown = ", ".join(f"{gap:.3f}" for gap in last)
    return (
        f"the model that draws and the model that learns differ by {shown} nats a token in the last "
        f"{GAP_STEPS} steps (at most {GAP_MOST}): what is learned is not what was drawn. Look for "
        "stale weights, another template or another temperature"
    )
