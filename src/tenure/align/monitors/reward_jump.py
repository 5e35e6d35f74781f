"""A reward that jumps while the completions become fewer: learning looks like this too, so it is told."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean

from tenure.dossier.nouns import JSON
from tenure.training.reward import Batch, Monitor, Scored

STEPS, JUMP, FALL = 10, 0.2, 0.2


@dataclass
class Jump:
    """Compares the last steps with those before; a ``notice``, never an alarm."""

    seen: deque[tuple[float, float]] = field(
        default_factory=lambda: deque[tuple[float, float]](maxlen=2 * STEPS)
    )
    last: int = -1

    def __call__(self, step: int, batch: Batch, scored: Scored) -> Mapping[str, JSON]:
        """Tell the mean reward's rise and the fall of the share of different completions."""
        if step <= self.last:
            self.seen.clear()
        self.last = step
        values = [v for v in scored.values if v is not None]
        if not values:
            return {"rise": None, "fall": None}
        self.seen.append((fmean(values), len({*batch.completions}) / len(batch.completions)))
        if len(self.seen) < 2 * STEPS:
            return {"rise": None, "fall": None}
        held = list(self.seen)
        rise, kept = (
            fmean(one[k] for one in held[STEPS:]) - fmean(one[k] for one in held[:STEPS])
            for k in (0, 1)
        )
        found: dict[str, JSON] = {"rise": rise, "fall": -kept}
        if rise >= JUMP and -kept >= FALL:
            found["notice"] = (
                f"over {STEPS} steps the reward rose by {rise:.2f} while the share of different "
                f"completions fell by {-kept:.2f}; read some"
            )
        return found


extension = Monitor(name="reward_jump", watch=Jump())
