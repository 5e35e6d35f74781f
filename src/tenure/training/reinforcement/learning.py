"""What is learned from a batch: the clipped policy gradient, less the divergence from the parent.

The loss of a completion is minus its advantage times the sum over its tokens of the ratio of new to
old chance, clipped (Schulman et al. 2017, arXiv 1707.06347), plus ``beta`` times the divergence from
the parent, estimated at each token without bias and never below zero (Schulman's k3). Both are
divided by one constant, the tokens a completion may have, never by its own length: else long wrong
answers cost less than short ones (Liu et al. 2025, arXiv 2503.20783).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tenure.training.preference import features
from tenure.training.reinforcement.policy import Drawn, Policy

AT_ONCE = 640  # tokens that are learned from at once; a 135M model stays below 2.5 GiB


@dataclass(frozen=True, slots=True)
class Asked:
    """Prompts as tokens, and the completions drawn for them; the draws of a prompt stand together."""

    prompts: Sequence[Sequence[int]]
    drawn: Sequence[Drawn]


@dataclass(slots=True)
class Sums:
    """Sums over a step's tokens: their number, and in nats the policy's divergence from its parent.

    ``gap`` is what the drawer gave them less what the policy gives them.
    """

    tokens: float = 0.0
    kl: float = 0.0
    gap: float = 0.0


@dataclass(slots=True)
class Work:
    """Batches of prompts with what stays the same over the updates made on them."""

    parts: list["Part"]
    states: list[Any] | None
    sums: Sums = field(default_factory=lambda: Sums())


@dataclass(slots=True)
class Part:
    """Some prompts and their draws; ``old`` and ``parent`` are log-probabilities, (rows, longest).

    ``cost`` is the sum of the log-probabilities with which the tokens were drawn.
    """

    prompts: Sequence[Sequence[int]]
    said: Sequence[Sequence[int]]
    rows: slice
    cost: float
    parent: Any
    old: Any = None


class Learner:
    """Learns on one policy."""

    def __init__(self, policy: Policy, settings: Mapping[str, Any]) -> None:
        self._policy = policy
        self._settings = settings

    def begin(self, asked: Asked, layer: int | None) -> Work:
        """Read what was drawn as the parent reads it.

        With ``layer`` the states are features of the answers, as a preference model wants them.
        """
        draws = self._settings["draws"]
        work = Work([], None if layer is None else [])
        for first, last in self._cut(asked):
            drawn = asked.drawn[first * draws : last * draws]
            said = [one.ids for one in drawn]
            prompts = asked.prompts[first:last]
            parent, states = self._policy.reference(prompts, draws, said, layer)
            if work.states is not None and states is not None:
                work.states += [features(one) for one in states]
            rows = slice(first * draws, last * draws)
            cost = sum(sum(one.logps) for one in drawn)
            work.parts.append(Part(prompts, said, rows, cost, parent))
        return work

    def _cut(self, asked: Asked) -> list[tuple[int, int]]:
        """Cut the prompts into parts of at most AT_ONCE tokens, or of one prompt."""
        draws = self._settings["draws"]
        cuts, start, held = list[tuple[int, int]](), 0, 0
        for k, prompt in enumerate(asked.prompts):
            own = len(prompt) + sum(len(d.ids) for d in asked.drawn[k * draws : (k + 1) * draws])
            if held and held + own > AT_ONCE:
                cuts.append((start, k))
                start, held = k, 0
            held += own
        return [*cuts, (start, len(asked.prompts))]

    def gradient(self, work: Work, worth: np.ndarray, many: int) -> Any:
        """Return this process's share of the gradient; ``many`` completions are in the whole step."""
        import torch

        s = self._settings
        for part in work.parts:
            logp, real = self._policy.logps(part.prompts, s["draws"], part.said)
            if part.old is None:  # the first update on this batch: the policy that drew it
                part.old = logp.detach()
                work.sums.tokens += float(real.sum())
                work.sums.kl += float((part.old - part.parent)[real].sum())
                work.sums.gap += part.cost - float(part.old[real].sum())
            gains = torch.from_numpy(worth[part.rows]).to(logp.dtype)[:, None]
            ratio = (logp - part.old).exp()
            held = ratio.clamp(1 - s["clip"], 1 + s["clip"])
            loss = -torch.minimum(ratio * gains, held * gains)
            if s["beta"]:
                apart = part.parent - logp
                loss = loss + s["beta"] * (apart.exp() - apart - 1)
            (torch.where(real, loss, 0.0).sum() / (many * s["max_tokens"])).backward()
        return self._policy.gradient()
