"""The same training by TRL's trainers, for machines that our own loop does not reach: GPUs and vLLM.

RLOO and GRPO of TRL 1.16 under accelerate, with the same reward, guarded as in our own loop before
TRL sees a value (it would count a NaN beside other values as zero). What is different: a killed run
begins again; there is no gold reward, no alarm and no learned reward that reads hidden states. What
runs on CPUs here is tested; ``trl-vllm`` draws with vLLM, which needs a GPU and was not run here.
"""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenure.errors import UsageError
from tenure.training.reinforcement.asking import Rewards
from tenure.training.reward import Batch
from tenure.training.sft import Say, quiet, save
from tenure.training.world import World

LOGGED = ("reward", "kl", "entropy", "loss", "grad_norm")


def train(job: Mapping[str, Any], say: Say, world: World | None = None) -> dict[str, Any]:
    """Train as ``job`` says, as ``loop.train`` does; returns the same fields."""
    settings = job["settings"]
    rewards = Rewards.open(job)
    if rewards.layer is not None:
        raise UsageError(
            f"trainer '{settings['trainer']}' has no reward that reads hidden states; name one that "
            "reads texts, or give trainer: own"
        )
    quiet(settings)
    told = _Told(rewards, say, settings["steps"])
    trainer = _trainer(job, told)
    trainer.train()
    log = [
        {"step": entry["step"] - 1, **{k: entry[k] for k in LOGGED if k in entry}}
        for entry in trainer.state.log_history
        if "reward" in entry
    ]
    if world is None or world.first:
        save(trainer.accelerator.unwrap_model(trainer.model).merge_and_unload(), job)
        for name, lines in (("log", log), ("completions", told.said), ("gold", [])):
            text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)
            (Path(job["scratch"]) / f"{name}.jsonl").write_text(text, encoding="utf-8")
    values = [entry["reward"] for entry in log]
    return {
        "steps": trainer.state.global_step,
        "kept_step": trainer.state.global_step,
        "first_reward": _mean(values[:5]),
        "last_reward": _mean(values[-5:]),
        "missing": told.missing,
        "kl": log[-1].get("kl", 0.0) if log else 0.0,
        "tokens": told.tokens,
        "gold": [],
        "alarm": None,
        "processes": trainer.accelerator.num_processes,
    }


class _Told:
    """The reward as TRL calls it, and what it was asked about."""

    __name__ = "reward"  # TRL names its logs after it

    def __init__(self, rewards: Rewards, say: Say, steps: int) -> None:
        self.rewards, self.tell, self.steps = rewards, say, steps
        self.said: list[dict[str, Any]] = []
        self.missing = self.tokens = 0
        self.ends: frozenset[int] = frozenset()

    def __call__(
        self, completions: Any, completion_ids: Any, trainer_state: Any, **columns: Any
    ) -> list[float | None]:
        step = int(trainer_state.global_step)
        rows = [
            {name: columns[name][k] for name in ("id", "family", "text")}
            for k in range(len(completions))
        ]
        batch = Batch(
            step=step,
            rows=rows,
            completions=[one[0]["content"] for one in completions],
            finished=[bool(ids) and ids[-1] in self.ends for ids in completion_ids],
        )
        found = self.rewards.score(batch)
        self.missing += sum(value is None for value in found.values)
        self.tokens += sum(len(ids) for ids in completion_ids)
        self.said.append(
            {
                "step": step,
                "ids": [row["id"] for row in rows],
                "completions": list(batch.completions),
                "finished": list(batch.finished),
                "values": list(found.values),
            }
        )
        self.tell({"done": step + 1, "of": self.steps})
        return list(found.values)


def _arguments(s: Mapping[str, Any]) -> dict[str, Any]:
    """Say in TRL's words what the settings say in ours; every default that would break a CPU is set."""
    vllm = {"use_vllm": True, "vllm_mode": "colocate"} if s["trainer"] == "trl-vllm" else {}
    return {
        "bf16": False,  # the weights are in their own type already; autocast would only add casts
        "gradient_checkpointing": False,
        "report_to": "none",
        "save_strategy": "no",
        "logging_steps": 1,
        "disable_tqdm": True,
        "per_device_train_batch_size": s["prompts_a_step"] * s["draws"] // s["processes"],
        "num_generations": s["draws"],
        "num_iterations": s["iterations"],
        "max_completion_length": s["max_tokens"],
        "max_steps": s["steps"],
        "temperature": s["temperature"],
        "beta": s["beta"],
        "epsilon": s["clip"],
        "learning_rate": s["learning_rate"],
        "lr_scheduler_type": "cosine",
        "seed": s["seed"],
        "data_seed": s["seed"],
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        **vllm,
    }


def _rows(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the prompts that are trained on, in the columns that TRL hands to a reward."""
    lines = Path(job["prompts"]).read_text(encoding="utf-8").splitlines()
    return [
        {"prompt": row["messages"], "id": row["id"], "family": row["family"], "text": row["text"]}
        for row in map(json.loads, lines)
        if not row.get("gold")
    ]


def _trainer(job: Mapping[str, Any], told: _Told) -> Any:
    import datasets
    import torch
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer

    s = job["settings"]
    trl: Any = importlib.import_module("trl")
    name = s["algorithm"].upper()
    config, trainer = getattr(trl, f"{name}Config"), getattr(trl, f"{name}Trainer")
    arguments = config(
        output_dir=str(Path(job["scratch"]) / "trainer"),
        use_cpu=not torch.cuda.is_available(),
        **_arguments(s),
    )
    lora = LoraConfig(
        r=s["rank"],
        lora_alpha=s["alpha"],
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    tokenizer = AutoTokenizer.from_pretrained(job["base"])
    told.ends = frozenset({int(tokenizer.eos_token_id)})
    return trainer(
        model=AutoModelForCausalLM.from_pretrained(job["base"], dtype=getattr(torch, s["dtype"])),
        reward_funcs=told,
        args=arguments,
        train_dataset=datasets.Dataset.from_list(_rows(job)),
        processing_class=tokenizer,
        peft_config=lora,
    )


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 6) if values else None
