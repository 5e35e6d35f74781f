"""A reward model of the whole backbone: LoRA and a score, over TRL's RewardTrainer, aware of sources.

TRL 1.16 knows one kind of label: a was chosen. Here a label is a chance, weighed, from a source
whose noise and habits are known (``tenure.stats.bradley_terry``, whose loss this is, with the
sources' numbers as the heads' fit found them). And TRL leaves out, without a word, pairs of which an
answer is longer than ``max_length``: here they are refused, with their number. Runs in a process of
its own (see ``worker``).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenure.errors import UsageError
from tenure.training.sft import Say, quiet

MORE = ("p", "weight", "source", "first", "length")  # columns that TRL does not know
CENTRE = 0.01  # weight of the squared sum of a pair's rewards: it keeps them around 0
LAID = ("id", "messages", "a", "b", *MORE, "held")


def train(job: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Train as ``job`` says, score the pairs held out, and return what happened.

    ``job`` holds ``base`` (a folder of safetensors), ``rows`` (a JSON Lines file of ``LAID``; those
    with ``held`` are only scored), ``out`` (an empty folder), ``scratch``, ``sources`` (eps, tau,
    beta, lam of each, in the order that ``source`` counts) and ``settings`` (rank, learning_rate,
    epochs, batch, max_length, seed, threads). ``out`` gets the adapter with its score,
    ``adapter_model.safetensors``, and ``scores.jsonl`` (id, a, b).

    Raises:
        UsageError: pairs longer than max_length, nothing to train on; nothing was trained.
    """
    quiet(job["settings"])
    text = Path(job["rows"]).read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(job["base"])
    read = [_tokens(row, tokenizer) for row in rows]
    check_lengths(read, int(job["settings"]["max_length"]))
    own = [row for row, laid in zip(read, rows, strict=True) if not laid["held"]]
    if not own:
        raise UsageError("every pair is held out; label more pairs, or give more folds")
    trainer = _trainer(job, own, tokenizer, say)
    trainer.train()
    model = trainer.model.eval()
    out = Path(job["out"])
    model.save_pretrained(out, safe_serialization=True)
    _score(model, [r for r, laid in zip(read, rows, strict=True) if laid["held"]], out)
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {
        "steps": trainer.state.global_step,
        "pairs": len(own),
        "held": len(rows) - len(own),
        "first_loss": round(losses[0], 4) if losses else None,
        "last_loss": round(losses[-1], 4) if losses else None,
    }


def check_lengths(rows: Sequence[Mapping[str, Any]], most: int) -> None:
    """Refuse pairs that TRL would leave out without a word.

    Raises:
        UsageError: says how many there are, the longest, and the remedy.
    """
    lengths = [max(len(row["chosen_ids"]), len(row["rejected_ids"])) for row in rows]
    long = [length for length in lengths if length > most]
    if long:
        raise UsageError(
            f"{len(long)} of {len(rows)} pairs are longer than max_length {most} (the longest is "
            f"{max(long)} tokens) and would be left out; give max_length {max(long)}, or draw shorter "
            "answers"
        )


def _tokens(row: Mapping[str, Any], tokenizer: Any) -> dict[str, Any]:
    """Write a pair in tokens: the prompt as the model reads it, an answer, and what ends it."""
    head = tokenizer.apply_chat_template(
        row["messages"], add_generation_prompt=True, tokenize=False
    )
    prompt = tokenizer(head, add_special_tokens=False)["input_ids"]
    end = [tokenizer.eos_token_id]
    a, b = (tokenizer(row[side], add_special_tokens=False)["input_ids"] for side in ("a", "b"))
    kept = {name: row[name] for name in ("id", *MORE)}
    return {**kept, "chosen_ids": [*prompt, *a, *end], "rejected_ids": [*prompt, *b, *end]}


def source_loss(gap: Any, labels: Mapping[str, Any], numbers: Any) -> Any:
    """Return the weighed cross-entropy of labels, given the reward of a less that of b.

    ``gap`` and each of ``labels`` are tensors (n,); ``numbers`` (sources, 4) holds eps, tau, beta, lam.
    """
    import torch

    eps, tau, beta, lam = numbers[labels["source"].long()].T
    z = tau * gap + beta * labels["first"] + lam * labels["length"]
    chance = (eps + (1 - 2 * eps) * torch.sigmoid(z)).clamp(1e-6, 1 - 1e-6)
    p = labels["p"]
    each = -(p * torch.log(chance) + (1 - p) * torch.log1p(-chance))
    return (labels["weight"] * each).sum() / labels["weight"].sum().clamp_min(1e-6)


def _classes() -> tuple[Any, Any]:
    """Return the collator and the trainer; made here because TRL takes seconds to import."""
    import torch
    from trl.trainer.reward_trainer import DataCollatorForPreference, RewardTrainer

    class Collator(DataCollatorForPreference):
        def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
            found = super().torch_call(examples)
            for name in MORE:
                values = [float(example[name]) for example in examples]
                found[name] = torch.tensor(values, dtype=torch.float32)
            return found

    class SourceAwareRewardTrainer(RewardTrainer):
        sources: Any = None

        def _set_signature_columns_if_needed(self) -> None:
            # Otherwise what TRL does not know is taken away before the collator sees it.
            self._signature_columns = ["chosen_ids", "rejected_ids", *MORE]

        def compute_loss(
            self,
            model: Any,
            inputs: Any,
            return_outputs: Any = False,  # noqa: FBT002 - the base class's signature
            num_items_in_batch: Any = None,
        ) -> Any:
            labels = {name: inputs.pop(name) for name in MORE}
            outputs = model(**inputs, use_cache=False)
            a, b = torch.chunk(outputs.logits.squeeze(-1).float(), 2)
            loss = source_loss(a - b, labels, self.sources) + CENTRE * ((a + b) ** 2).mean()
            return (loss, outputs) if return_outputs else loss

    return Collator, SourceAwareRewardTrainer


def _trainer(
    job: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], tokenizer: Any, say: Say
) -> Any:
    import datasets
    import torch
    from peft import LoraConfig
    from transformers import AutoModelForSequenceClassification, TrainerCallback
    from trl.trainer.reward_config import RewardConfig

    settings = job["settings"]
    collator, kind = _classes()

    class Telling(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            say({"done": state.global_step, "of": state.max_steps})

    arguments = RewardConfig(
        output_dir=str(Path(job["scratch"]) / "trainer"),
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
        save_strategy="no",
        logging_steps=1,
        logging_strategy="steps",
        disable_tqdm=True,
        per_device_train_batch_size=settings["batch"],
        learning_rate=settings["learning_rate"],
        lr_scheduler_type="cosine",
        num_train_epochs=settings["epochs"],
        max_length=None,  # checked before: TRL would filter
        seed=settings["seed"],
        data_seed=settings["seed"],
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
    )
    model = AutoModelForSequenceClassification.from_pretrained(
        job["base"], num_labels=1, dtype=torch.float32
    )
    lora = LoraConfig(
        r=settings["rank"],
        lora_alpha=2 * settings["rank"],
        lora_dropout=0.0,
        target_modules="all-linear",
        modules_to_save=["score"],
        task_type="SEQ_CLS",
    )
    trainer = kind(
        model=model,
        args=arguments,
        data_collator=collator(pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id),
        train_dataset=datasets.Dataset.from_list([dict(row) for row in rows]),
        processing_class=tokenizer,
        callbacks=[Telling()],
        peft_config=lora,
    )
    trainer.sources = torch.tensor(job["sources"], dtype=torch.float32)
    return trainer


def _score(model: Any, rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Write the rewards of both answers of each pair."""
    import torch

    with (out / "scores.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            told = {"id": row["id"]}
            for side, column in (("a", "chosen_ids"), ("b", "rejected_ids")):
                with torch.inference_mode():
                    ids = torch.tensor([row[column]])
                    told[side] = float(model(input_ids=ids, use_cache=False).logits[0, 0])
            file.write(json.dumps(told, sort_keys=True) + "\n")
