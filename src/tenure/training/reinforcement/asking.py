"""The reward, the gold reward and the monitors of one training, opened by name where it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tenure import plugins
from tenure.dossier.nouns import JSON
from tenure.errors import EngineError
from tenure.training import preference
from tenure.training.reinforcement.scoring import scored
from tenure.training.reward import Batch, Monitor, Reward, Scored, Scorer


@dataclass(frozen=True, slots=True)
class Watched:
    """What the monitors said of one step: numbers for the log, and the first alarm."""

    columns: Mapping[str, JSON]
    alarm: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """``layer`` is the block whose states the reward reads, None where it reads texts alone."""

    name: str
    scorer: Scorer
    layer: int | None
    gold_name: str
    gold: Scorer | None
    monitors: Sequence[Monitor]

    @classmethod
    def open(cls, job: Mapping[str, Any]) -> Self:
        """Open what a job names.

        Raises:
            UsageError: an unknown name or setting, or a preference model of another backbone.
        """
        settings, folder = job["settings"], Path(job["files"])
        reward: Reward = plugins.load("reward", settings["reward"])
        layer = None
        if reward.backbone:
            model = preference.read(folder)
            model.check(job["digest"])
            layer = model.layer
        gold: Reward | None = plugins.load("reward", settings["gold"]) if settings["gold"] else None
        if gold is not None and gold.backbone:
            raise EngineError(
                f"'{gold.name}' reads hidden states and cannot be the gold reward; name one that "
                "reads texts, for example checks"
            )
        return cls(
            name=reward.name,
            scorer=reward.open(settings["reward_settings"], folder),
            layer=layer,
            gold_name=settings["gold"] or "",
            gold=gold.open(settings["gold_settings"], folder) if gold else None,
            monitors=[plugins.load("monitor", name) for name in settings["monitors"]],
        )

    def score(self, batch: Batch) -> Scored:
        """Ask the reward; see ``scoring.scored``."""
        return scored(self.name, self.scorer, batch)

    def judge(self, batch: Batch) -> Sequence[float | None]:
        """Ask the gold reward; see ``scoring.scored``, but any number may be missing."""
        if self.gold is None:
            return []
        return scored(self.gold_name, self.gold, batch, missing_most=1.0).values

    def watch(self, step: int, batch: Batch, found: Scored) -> Watched:
        """Tell every monitor of a step."""
        columns: dict[str, JSON] = {}
        alarm = None
        for monitor in self.monitors:
            said = dict(monitor.watch(step, batch, found))
            warned = said.pop("alarm", None)
            columns |= {f"{monitor.name}/{name}": value for name, value in said.items()}
            if warned and alarm is None:
                alarm = f"{monitor.name}: {warned}"
        return Watched(columns, alarm)
