"""The world as the judge: the files that an answer hands in are run, and graded elsewhere.

Settings: ``environments``, a list of environments as documents (the trainer hands over those that
the dossier admitted; ``tenure.align.world.register.chosen``); ``action`` on what a signature or the
holdout marks: ``log`` (the default), ``screen`` (no reward: it is left out of the gradient),
``penalise`` (the least reward). Each prompt's record names its ``environment`` by id, or its family
is the id; the seed of a play is the step, so that cases are drawn anew.
"""

import weakref
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from tenure.align.world.contract import Environment
from tenure.align.world.handing_in import work_of
from tenure.align.world.running import Arena, Outcome
from tenure.align.world.watching import ACTIONS, acted, marked
from tenure.dossier.nouns import JSON
from tenure.errors import EngineError, UsageError, unknown
from tenure.training.reward import Batch, Reward, Scored, Scorer

COLUMNS = ("holdout", "changed", "marked")


def open_world(settings: Mapping[str, JSON], files: Path) -> Scorer:
    """Open the environments of a training; UsageError where there are none."""
    del files  # all there is to know stands in the settings, and so in the record
    given = [Environment.model_validate(one) for one in settings.get("environments", ())]
    if not given:
        raise UsageError(
            "the reward 'world' needs environments; admit some, and write its settings: "
            "tenure align admit ENV --model MODEL --into training.yaml"
        )
    action = str(settings.get("action", "log"))
    if action not in ACTIONS:
        raise unknown("action", action, ACTIONS)
    by_id = {env.id: env for env in given}
    arena = Arena()
    arena.__enter__()

    @lru_cache(maxsize=4096)
    def played(name: str, text: str, seed: int) -> tuple[Outcome, Outcome | None]:
        env, work = by_id[name], work_of(by_id[name], text)
        own = arena.play(env, work, seed)
        if env.holdout is None:
            return own, None
        return own, arena.play(env, work, seed, scoring=env.holdout)

    def score(batch: Batch) -> Scored:
        named = [str(row.get("environment") or row.get("family")) for row in batch.rows]
        for name in named:
            if name not in by_id:
                raise unknown("environment", name, by_id)
        found = [played(n, t, batch.step) for n, t in zip(named, batch.completions, strict=True)]
        scored = Scored(
            values=[_reward(own) for own, _ in found],
            columns={
                "holdout": [None if held is None else held.reward for _, held in found],
                "changed": [list(own.changed) for own, _ in found],
            },
        )
        marks = marked(batch, scored)
        low = [by_id[name].low for name in named]
        return acted(scored, marks, low, action)

    weakref.finalize(score, arena.close)  # it lives as long as its scorer, at most to the end
    return score


def _reward(outcome: Outcome) -> float | None:
    if outcome.reached:
        raise EngineError(
            f"a grader reached for {', '.join(outcome.reached)} during training; admit the "
            "environment again: tenure align admit ENV"
        )
    return outcome.reward


extension = Reward(name="world", open=open_world)
