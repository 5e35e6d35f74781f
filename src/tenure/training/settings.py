"""Everything that one fine-tuning depends on, beside the model and the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tenure.errors import UsageError
from tenure.training.charter import Approvals, Charter


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTune:
    """How a child is made of its parent.

    ``name`` and ``version`` are the child's. ``purpose`` is the purpose that the research charter
    is asked about; ``charter`` None means the one shipped with Tenure, which forbids what it does
    not list. ``containment`` labels the child (a parent's label is inherited when None).
    ``max_length`` and ``batch`` are in tokens and rows; ``steps`` caps the optimiser steps;
    ``threads`` (of each process) is fixed because sums depend on it. ``processes`` share the rows of
    every step; ``batch`` is that of all together. ``checkpoints`` is how many intermediate models
    are kept, at even distances. ``note`` is a sentence for the model card.
    """

    name: str
    purpose: str
    version: str = "1"
    charter: Charter | None = None
    approvals: Approvals | None = None
    containment: str | None = None
    rank: int = 16
    alpha: int = 32
    learning_rate: float = 5e-4
    epochs: float = 1.0
    steps: int | None = None
    batch: int = 8
    max_length: int = 256
    seed: int = 0
    threads: int = 2
    checkpoints: int = 0
    processes: int = 1
    note: str = ""
    card: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, spec: Any, **given: Any) -> Self:
        """Take from a stage's settings what has the same name here, and the rest as it is given.

        The adapter's ``alpha`` is twice its rank, the usual scale (LoRA, arXiv 2106.09685).
        """
        own = ("charter", "approvals", "rank", "learning_rate", "epochs", "steps", "batch")
        taken = (*own, "max_length", "seed", "threads", "checkpoints", "processes")
        held = {name: getattr(spec, name) for name in taken if hasattr(spec, name)}
        if "rank" in held:
            held["alpha"] = 2 * held["rank"]
        return cls(**{**held, **given})

    def __post_init__(self) -> None:
        """Refuse what no trainer could run; UsageError names the field."""
        one = dict.fromkeys(("rank", "alpha", "batch", "threads", "processes"), 1)
        least = {**one, "max_length": 8, "checkpoints": 0}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise UsageError(f"{name} is {getattr(self, name)}; give at least {lowest}")
        if (
            self.learning_rate <= 0
            or self.epochs <= 0
            or (self.steps is not None and self.steps < 1)
        ):
            raise UsageError("learning_rate, epochs and steps must be above zero")
        if self.batch % self.processes:
            raise UsageError(
                f"batch {self.batch} cannot be dealt out evenly to {self.processes} processes; give a "
                f"batch that {self.processes} divides"
            )

    def numbers(self) -> dict[str, Any]:
        """Return what the weights depend on, as plain JSON; no checkpoints and no further process are not mentioned."""
        left_out = {
            "name",
            "version",
            "purpose",
            "charter",
            "approvals",
            "containment",
            "note",
            "card",
            *(() if self.checkpoints else ("checkpoints",)),
            *(() if self.processes > 1 else ("processes",)),
        }
        return {name: getattr(self, name) for name in self.__slots__ if name not in left_out}
