"""The second form: a reward model of the whole backbone, one an axis, beside the heads on the same pairs.

It is trained without the first fold, by the sources' numbers that the heads' fit found, and told
beside the heads on that fold's pairs. It costs a training and a second model in memory; training by a
reward (``align/reinforce``) reads the heads.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenure.align.preferring.fitting import Axis
from tenure.align.preferring.telling import held_against
from tenure.align.preferring.words import Word
from tenure.dossier.nouns import Measure, Model, Recipe
from tenure.dossier.stage import Emit, View
from tenure.measure import estimate
from tenure.models import close_all
from tenure.training import worker
from tenure.training.child import base, check_room, libraries

HELD = 0  # the fold that it does not see


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How it is trained; ``max_length`` in tokens, prompt and answer together."""

    rank: int = 16
    learning_rate: float = 2e-4
    epochs: float = 2.0
    batch: int = 8
    max_length: int = 256
    seed: int = 0
    threads: int = 2

    def numbers(self) -> dict[str, Any]:
        """Return them as plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def rows_of(words: Sequence[Word], found: Axis) -> list[dict[str, Any]]:
    """Lay an axis's words out for the trainer."""
    names = list(found.whole.names)
    return [
        {
            "id": word.pair.id,
            "messages": [{"role": "user", "content": word.pair.prompt}],
            "a": word.pair.a,
            "b": word.pair.b,
            "p": word.p,
            "weight": word.weight,
            "source": names.index(word.source),
            "first": word.place,
            "length": word.length,
            "held": bool(found.fold[at] == HELD),
        }
        for at, word in enumerate(words)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One axis's training: what its heads' fit found, and its labels laid out (:func:`rows_of`)."""

    axis: str
    found: Axis
    rows: Sequence[Mapping[str, Any]]


def trained(model: Model, asked: Asked, how: Training, view: View, emit: Emit) -> dict[str, Any]:
    """Train one axis's model as one unit of work; return its files by digest and how it went.

    Raises:
        UsageError: pairs longer than max_length (says how many), or all held out.
        RoomError: too little disk; nothing was started.
        EngineError: the training failed.
    """
    fit = asked.found.whole
    sources = np.stack([fit.eps, fit.tau, fit.beta, fit.lam], axis=1).tolist()
    stored = emit.records(asked.rows)
    inputs = {
        "model": model.digest,
        "rows": stored,
        "sources": sources,
        "settings": how.numbers(),
        "libraries": libraries(),
    }

    def do() -> dict[str, Any]:
        scratch = emit.scratch / f"reward-{asked.axis}"
        shutil.rmtree(scratch, ignore_errors=True)
        check_room(model, view, scratch.parent, 1)
        (scratch / "out").mkdir(parents=True)
        close_all()  # the engines' memory is wanted now
        job = {
            "trains": "reward",
            "base": str(base(model, view)),
            "rows": str(view.path(stored)),
            "out": str(scratch / "out"),
            "scratch": str(scratch),
            "sources": sources,
            "settings": how.numbers(),
        }
        went = worker.run(job, scratch, lambda done, of: emit.progress(done, of, "training steps"))
        names = ("adapter_model.safetensors", "scores.jsonl")
        return {"went": went, "files": {name: emit.file(scratch / "out" / name) for name in names}}

    return emit.unit(f"reward model, {asked.axis}", inputs, do)


def told(
    axis: str, found: Axis, rows: Sequence[Mapping[str, Any]], scores: bytes
) -> list[dict[str, Any]]:
    """Write what it says of the held-out pairs, beside the heads; ``rows`` are the heads' records."""
    rewards = {one["id"]: one["a"] - one["b"] for one in map(json.loads, scores.splitlines())}
    both: list[dict[str, Any]] = []
    for row in held_against(rows, found, axis):
        if row["fold"] == HELD:
            right = (rewards[row["pair"]] > 0) == row["better"] if row["decided"] else None
            kept = {k: row[k] for k in ("id", "pair", "family", "axis", "decided")}
            both += [
                {**kept, "arm": "lora", "right": right, "gap": rewards[row["pair"]]},
                {**kept, "arm": "head", "right": row["right"], "gap": None},
            ]
    return both


def measured(
    axis: str, found: Axis, rows: Sequence[Mapping[str, Any]], samples: str
) -> list[Measure]:
    """Measure its accuracy on held-out pairs, and how much better it is than the heads there."""
    more = f"; {found.anchor.said}" if found.anchor else ""
    where = {"axis": axis, "decided": True}
    if not any(row["axis"] == axis and row["decided"] for row in rows):
        return []
    own = Recipe(
        estimator="proportion", value="right", where={**where, "arm": "lora"}, cluster="family"
    )
    gain = Recipe(
        estimator="paired_difference", value="right", where=where, arm="arm", arms=("lora", "head"),
        pair="pair", cluster="family",
    )  # fmt: skip
    return [
        estimate(
            rows, own, name=f"lora/accuracy/{axis}", unit="proportion", samples=samples,
            better="higher", note=f"the whole backbone trained, on the pairs of the first fold{more}",
        ),
        estimate(
            rows, gain, name=f"lora/gain/{axis}", unit="difference", samples=samples,
            better="higher", note=f"its accuracy less that of the heads, on the same pairs{more}",
        ),
    ]  # fmt: skip
