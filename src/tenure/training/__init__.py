"""Training: rows in, a registered child model out; thin over TRL and PEFT.

charter   what must never be trained, what needs approval, what is free; asked before any job
settings  FineTune: everything one fine-tuning depends on
job       finetune(): one unit of work, from rows to a registered child
worker    the process that trains, so that memory goes back and a crash takes nobody along
sft       the training itself: LoRA over TRL's SFTTrainer, merged and saved
checkpoints  the model as it was at steps on the way
"""

from tenure.training.charter import Approvals, Charter, check
from tenure.training.job import finetune
from tenure.training.settings import FineTune
from tenure.training.worker import warm

__all__ = ["Approvals", "Charter", "FineTune", "check", "finetune", "warm"]
