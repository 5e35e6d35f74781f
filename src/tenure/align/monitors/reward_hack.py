"""The alarm: by any of the marks, unearned reward, changed files, known tricks."""

from tenure.align.world.watching import Window, marked
from tenure.training.reward import Monitor

extension = Monitor(
    name="reward_hack",
    watch=Window(name="reward_hack", mark=marked, what="look like reward hacking"),
)
