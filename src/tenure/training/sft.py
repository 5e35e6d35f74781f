"""The training itself: LoRA over TRL's SFTTrainer, merged into the weights, saved as safetensors.

Runs in a process of its own (see ``worker``). TRL 1.16 facts that matter here: it assumes bf16 and
a GPU unless told otherwise; on rows of prompt and completion the loss is on the completion alone, on rows of text on all of it.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tenure.training.checkpoints import saver, write_checkpoints
from tenure.training.dealing import Dealt, at_once
from tenure.training.world import World

Say = Callable[[Mapping[str, Any]], None]
KEPT = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json",
        "generation_config.json", "vocab.json", "merges.txt", "tokenizer.model", "added_tokens.json")  # fmt: skip


def train(job: Mapping[str, Any], say: Say, world: World | None = None) -> dict[str, Any]:
    """Train as ``job`` says and return what happened.

    ``job`` holds ``base`` (a folder of safetensors), ``rows`` (a JSON Lines file of prompt and
    completion, or of text), ``out`` (an empty folder for the child), ``scratch``, ``config`` (entries added to
    config.json) and ``settings`` (``FineTune.numbers``). ``say`` is told {"done": step, "of":
    steps}. Returns steps, tokens trained on, first and last loss, and the checkpoints asked for. Of
    several processes the first one saves; then the number that worked together is told, too.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    world = world or World()
    settings = job["settings"]
    quiet(settings)
    trainer = _trainer(job, say, world)
    trainer.train()
    merged = trainer.model.merge_and_unload()
    if world.first:
        save(merged, job)
    history = list(trainer.state.log_history)
    losses = [entry["loss"] for entry in history if "loss" in entry]
    went = {
        "steps": trainer.state.global_step,
        "tokens": max((int(e.get("num_tokens", 0)) for e in history), default=0),
        "first_loss": round(losses[0], 4) if losses else None,
        "last_loss": round(losses[-1], 4) if losses else None,
    }
    if world.size > 1:
        went |= _together(went["tokens"], trainer, world)
    if not settings.get("checkpoints") or not world.first:
        return went
    del merged, trainer  # their memory is wanted for the checkpoints
    return {**went, "checkpoints": write_checkpoints(job, history, save)}


def quiet(settings: Mapping[str, Any]) -> None:
    """Set threads and seed, ask for exact repetition, and silence what would print."""
    import datasets
    import torch
    import transformers

    torch.set_num_threads(settings["threads"])
    torch.use_deterministic_algorithms(mode=True)
    datasets.disable_progress_bars()
    datasets.disable_caching()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    transformers.set_seed(settings["seed"])


def _rows(path: Path) -> Any:
    import datasets

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    parts = ("text",) if "text" in rows[0] else ("prompt", "completion")
    return datasets.Dataset.from_list([{k: r[k] for k in parts} for r in rows])


def _trainer(job: Mapping[str, Any], say: Say, world: World) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    settings = job["settings"]
    # The same step in smaller helpings: activations are what fills the memory.
    rows = at_once(settings["batch"], world.size)

    class Telling(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            say({"done": state.global_step, "of": state.max_steps})

    arguments = SFTConfig(
        output_dir=str(Path(job["scratch"]) / "trainer"),
        use_cpu=True,
        bf16=False,  # the weights are bf16 already; autocast would only add casts
        gradient_checkpointing=False,
        report_to="none",
        save_strategy="no",  # but where a callback asks for it, and then the adapter alone
        save_only_model=True,
        logging_steps=1,
        logging_strategy="steps",
        disable_tqdm=True,
        per_device_train_batch_size=rows,
        gradient_accumulation_steps=settings["batch"] // (rows * world.size),
        learning_rate=settings["learning_rate"],
        lr_scheduler_type="cosine",
        num_train_epochs=settings["epochs"],
        max_steps=settings["steps"] or -1,
        max_length=settings["max_length"],
        seed=settings["seed"],
        data_seed=settings["seed"],
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
    )
    model = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.bfloat16)
    lora = LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    wanted: int = settings.get("checkpoints", 0)
    return (SFTTrainer if world.size == 1 else _dealt(world))(
        # Adapters in bf16 like the weights: a sixth less work than casting to float32 and back.
        model=get_peft_model(model, lora, autocast_adapter_dtype=False),
        args=arguments,
        train_dataset=_rows(Path(job["rows"])),
        processing_class=AutoTokenizer.from_pretrained(job["base"]),
        callbacks=[Telling(), saver(wanted)] if wanted else [Telling()],
    )


def _together(tokens: int, trainer: Any, world: World) -> dict[str, int]:
    """Say how many worked together, and leave out the tokens of rows that nobody learned from."""
    import torch

    idle = int(world.total(torch.tensor(trainer.dealt.idle)))
    return {"tokens": tokens - idle, "processes": trainer.accelerator.num_processes}


def _dealt(world: World) -> Any:
    """Return TRL's trainer, but that each process is dealt its share of what one would read."""
    from accelerate.data_loader import SeedableRandomSampler
    from trl.trainer.sft_trainer import SFTTrainer

    class Together(SFTTrainer):
        def get_train_dataloader(self) -> Any:
            rows: Any = self.train_dataset
            a = self.args
            self.dealt = Dealt(
                dataset=rows,
                # The order in which one process would read them: its loader has this sampler, too.
                sampler=SeedableRandomSampler(rows, data_seed=a.data_seed),
                collate=self.data_collator,
                batch=a.per_device_train_batch_size * a.gradient_accumulation_steps * world.size,
                world=world,
            )
            return self.dealt

    return Together


def save(merged: Any, job: Mapping[str, Any]) -> None:
    """Save the weights in bf16, and beside them the parent's own tokenizer, template, settings."""
    import torch

    out, base = Path(job["out"]), Path(job["base"])
    merged.to(torch.bfloat16).save_pretrained(out, safe_serialization=True)
    for name in KEPT:
        if (base / name).is_file():
            shutil.copyfile(base / name, out / name)
    # The parent's own config: the trainer has switched things in its copy (use_cache).
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config |= {"dtype": "bfloat16", **job["config"]}
    text = json.dumps(config, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (out / "config.json").write_text(text, encoding="utf-8")
