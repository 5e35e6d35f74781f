"""Training by a reward: completions are drawn, scored, and what scored better is made likelier.

settings  Reinforce, Direct: everything one training depends on
job       reinforce(), direct(): one unit of work, from prompts or pairs to a registered child
loop      the training itself, step by step, in a process of its own
trl_loop  the same settings by TRL's trainers, for GPUs and vLLM
dpo       from pairs, with nothing drawn (DPO)
course    what a step draws: prompts, chance, learning rate, as functions of seed and step
policy    the model that learns, the one that draws and the parent, in one set of weights
learning  the loss and its gradient
asking, scoring  the reward by name; what is no number is refused or counted as missing
alarm     the reward rises while what it stands for falls; who draws is not who learns
held      the state on disk, so that a killed training goes on exactly where it was
"""

from tenure.training.reinforcement.job import check_child, direct, reinforce
from tenure.training.reinforcement.settings import Direct, Reinforce

__all__ = ["Direct", "Reinforce", "check_child", "direct", "reinforce"]
