"""Known tricks in the text of what is handed in, by its syntax tree."""

from tenure.align.world.watching import Window, signed
from tenure.training.reward import Monitor

extension = Monitor(
    name="signatures",
    watch=Window(
        name="signatures", mark=signed, what="show a known trick and do not pass the holdout"
    ),
)
