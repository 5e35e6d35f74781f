"""Training: rows, prompts or pairs in, a registered child model out.

charter   what must never be trained, what needs approval, what is free; asked before any job
settings  FineTune: everything one fine-tuning depends on
job       finetune(): one unit of work, from rows to a registered child
worker    the process that trains, so that memory goes back and a crash takes nobody along
sft       the training itself: LoRA over TRL's SFTTrainer, merged and saved
checkpoints  the model as it was at steps on the way
child     what any training has in common: the words that travel with a child, its files
template  chat templates that cannot be trained with, refused before anything starts
reward    how a training asks for rewards, and who watches it
reinforcement/  training by a reward, and from pairs
launch, world   several processes for one training, and what they share
preference, reward_trainer  the preference model: heads on a backbone, or a model of its own
"""

from tenure.training.charter import Approvals, Charter, check
from tenure.training.job import finetune
from tenure.training.settings import FineTune
from tenure.training.worker import warm

__all__ = ["Approvals", "Charter", "FineTune", "check", "finetune", "warm"]
