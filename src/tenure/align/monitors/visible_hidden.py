"""The reward that is trained on beside the holdout that is not: what got it without the task."""

from tenure.align.world.watching import Window, unearned
from tenure.training.reward import Monitor

extension = Monitor(
    name="visible_hidden",
    watch=Window(
        name="visible_hidden",
        mark=unearned,
        what="got at least half the scale more than the holdout gives, which is next to nothing",
    ),
)
