"""How far logits lie from those that were kept: a sketch of them, and what is measured against it.

Of each position the sketch keeps the logits of the likeliest tokens and of some chosen by a fixed
rule, and how likely all others are together. The largest difference is over the kept ones; the
divergence is that of the coarser distribution, which is never above the true one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.preserve.sameness.stacks import Floats

LIKELIEST, CHOSEN = 32, 32
DIGITS = 5
MEASURES = ("max_dlogit", "mean_kl", "max_kl", "top1_changed")
FACTOR = 2.0
FLOORS = {"max_dlogit": 1e-4, "mean_kl": 1e-8, "max_kl": 1e-6, "top1_changed": 1.0}
RULE = (
    "A limit is twice the worst that was measured when it was kept, over engines, number formats, "
    "threads and batch sizes, and at least the floor: 1e-4 of a logit, 1e-8 and 1e-6 nats, one token."
)


def exact(logits: Sequence[Floats]) -> str:
    """Return the sha256 of the logits' float32 bytes."""
    found = hashlib.sha256()
    for each in logits:
        found.update(np.ascontiguousarray(each, dtype="<f4").tobytes())
    return found.hexdigest()


def sketch(logits: Sequence[Floats]) -> list[dict[str, Any]]:
    """Keep what drift is measured against: one entry for each position of each row."""
    return [_kept(row.astype(np.float64)) for each in logits for row in each]


def _kept(row: NDArray[np.float64]) -> dict[str, Any]:
    best = np.argsort(-row, kind="stable")[:LIKELIEST]
    # Fixed for a vocabulary, spread over it.
    chosen = (np.arange(CHOSEN, dtype=np.int64) * 7919 + 13) % len(row)
    ids = list(dict.fromkeys(int(i) for i in (*best, *chosen)))
    return {
        "ids": ids,
        "logits": [round(float(v), DIGITS) for v in row[ids]],
        "rest": _rest(row, ids),
    }


def _rest(row: NDArray[np.float64], ids: Sequence[int]) -> float:
    """Give the probability of all tokens that are not among ``ids``."""
    shares = np.exp(row - row.max())
    return round(float(1.0 - shares[list(ids)].sum() / shares.sum()), 9)


def measured(kept: Sequence[Mapping[str, Any]], logits: Sequence[Floats]) -> dict[str, float]:
    """Measure how far logits lie from a sketch: largest difference, divergence in nats, tokens.

    ``top1_changed`` counts the positions whose likeliest token is another one.

    Raises:
        ValueError: another number of positions than was kept.
    """
    rows = [row.astype(np.float64) for each in logits for row in each]
    divergence = list[float]()
    furthest, changed = 0.0, 0
    for was, row in zip(kept, rows, strict=True):
        ids = was["ids"]
        furthest = max(furthest, float(np.abs(row[ids] - np.array(was["logits"])).max()))
        changed += int(row.argmax()) != ids[0]
        divergence.append(_divergence(was, row))
    found = {
        "max_dlogit": furthest,
        "mean_kl": float(np.mean(divergence)),
        "max_kl": max(divergence),
        "top1_changed": float(changed),
    }
    return {name: float(f"{value:.6g}") for name, value in found.items()}


def _divergence(was: Mapping[str, Any], row: NDArray[np.float64]) -> float:
    """Give the divergence of ``row`` from what was kept, in nats, of the coarser distribution."""
    ids = was["ids"]
    values = np.array(was["logits"])
    shares = np.exp(values - values.max())
    first = np.append(shares / shares.sum() * (1 - was["rest"]), max(was["rest"], 0.0))
    second = np.append(np.exp(row - row.max())[ids], 0.0)
    whole = np.exp(row - row.max()).sum()
    second = second / whole
    second[-1] = max(1.0 - second[:-1].sum(), 1e-12)
    there = first > 1e-12
    terms = first[there] * np.log(first[there] / np.maximum(second[there], 1e-300))
    return max(0.0, float(terms.sum()))


def limits(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Make the limits by the rule, out of everything that was measured."""
    worst = {name: max((each[name] for each in found), default=0.0) for name in MEASURES}
    return {name: max(FACTOR * worst[name], FLOORS[name]) for name in MEASURES}


def outside(found: Mapping[str, float], within: Mapping[str, float]) -> list[str]:
    """Say which measures are beyond their limits."""
    return [
        f"{name} {found[name]:.4g}, at most {within[name]:.4g}"
        for name in MEASURES
        if found[name] > within[name]
    ]
