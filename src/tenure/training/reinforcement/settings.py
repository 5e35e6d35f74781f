"""Everything that one reinforcement depends on, beside the model and the prompts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from tenure.dossier.nouns import JSON
from tenure.errors import UsageError
from tenure.training.charter import Approvals, Charter

Algorithm = Literal["rloo", "grpo"]
# What the weights do not depend on: names and words, and how often the state is held.
APART = ("name", "version", "purpose", "charter", "approvals", "containment", "note", "card", "keep_every")  # fmt: skip
LEAST: Mapping[str, float] = {
    "steps": 1, "prompts_a_step": 1, "draws": 2, "iterations": 1, "max_tokens": 1, "rank": 1,
    "alpha": 1, "threads": 1, "gold_every": 1, "keep_every": 1, "processes": 1, "beta": 0,
    "learning_rate": 0, "greedy": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumable:
    """What every training has whose state is held: the child's name and words, the adapter, the sums.

    ``keep_every`` is how many steps an interruption may cost.
    """

    name: str
    purpose: str = "alignment"
    version: str = "1"
    charter: Charter | None = None
    approvals: Approvals | None = None
    containment: str | None = None
    note: str = ""
    card: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rank: int = 16
    alpha: int = 32
    seed: int = 0
    threads: int = 2
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    keep_every: int = 5

    def check_least(self) -> None:
        """Refuse a number below what can be run; UsageError names the field."""
        for name, lowest in LEAST.items():
            if hasattr(self, name) and getattr(self, name) < lowest:
                raise UsageError(f"{name} is {getattr(self, name)}; give at least {lowest}")

    def numbers(self) -> dict[str, Any]:
        """Return what the weights depend on, as plain JSON."""
        names = (one.name for one in fields(self))
        return {name: _plain(getattr(self, name)) for name in names if name not in APART}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinforce(Resumable):
    """How a child is made of its parent by a reward.

    Each step draws ``draws`` completions of at most ``max_tokens`` tokens for each of
    ``prompts_a_step`` prompts at ``temperature`` (``greedy`` of them are the likeliest answer instead,
    which is no sample: it is what the model will be asked for), a share ``focus`` of the prompts from
    those marked hard, scores them with ``reward`` (a plugin), and makes
    ``iterations`` optimiser updates on them. ``beta`` weighs the divergence from the parent.
    ``learning_rate`` falls along a cosine to a tenth; 0 is the canary: nothing may move.
    ``gold`` is a reward that is asked every ``gold_every`` steps about greedy answers to prompts
    that are never trained on; with ``stop_on_alarm`` the run ends where it falls while the reward
    rises, and the best step before is kept. ``reward_files`` are the files handed to the reward, by
    digest. ``dtype`` "float32" with ``threads`` 1 is bit-identical however often it is interrupted;
    ``keep_every`` is how many steps an interruption may cost. ``processes`` share the prompts of a
    step. ``trainer`` "trl" hands the same settings to TRL's trainers, and "trl-vllm" has those draw
    with vLLM (a GPU is needed; not run here): no gold reward, no exact resume.
    """

    algorithm: Algorithm = "rloo"
    reward: str
    reward_settings: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    reward_files: Mapping[str, str] = field(default_factory=dict[str, str])
    gold: str | None = None
    gold_settings: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    gold_every: int = 10
    monitors: tuple[str, ...] = ()
    stop_on_alarm: bool = True
    steps: int = 50
    prompts_a_step: int = 4
    draws: int = 4
    greedy: int = 0
    focus: float = 0.0
    iterations: int = 1
    max_tokens: int = 56
    temperature: float = 0.7
    beta: float = 0.02
    clip: float = 0.2
    learning_rate: float = 3e-4
    processes: int = 1
    trainer: Literal["own", "trl", "trl-vllm"] = "own"

    def __post_init__(self) -> None:
        """Refuse what cannot be run; UsageError names the fields."""
        self.check_least()
        if self.temperature <= 0:
            raise UsageError("temperature is not above zero, so all draws would be the same")
        if self.greedy >= self.draws:
            raise UsageError(
                f"greedy is {self.greedy} of {self.draws} draws; at least one must be drawn by chance"
            )
        if not 0 <= self.focus < 1:
            raise UsageError(f"focus is {self.focus}; give a share of a step's prompts below 1")
        if self.prompts_a_step % self.processes:
            raise UsageError(
                f"prompts_a_step {self.prompts_a_step} does not divide by processes "
                f"{self.processes}; give a multiple"
            )
        if self.trainer != "own" and (
            self.gold is not None or self.monitors or self.greedy or self.focus
        ):
            raise UsageError(
                f"trainer '{self.trainer}' asks no gold reward and no monitors, draws no greedy answers "
                "and prefers no prompts; set gold to null, monitors to [], greedy and focus to 0, or "
                "give trainer: own"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct(Resumable):
    """How a child is made of its parent from pairs (DPO).

    Each step learns from ``batch`` pairs; ``beta`` weighs the divergence from the parent (a smaller
    one lets the child stray further). The rest as in :class:`Reinforce`.
    """

    epochs: float = 1.0
    batch: int = 8
    beta: float = 0.1
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        """Refuse what cannot be run; UsageError names the fields."""
        self.check_least()
        if self.epochs <= 0 or self.batch < 1 or self.beta <= 0 or self.learning_rate <= 0:
            raise UsageError("epochs, batch, beta and learning_rate must be above zero")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
