"""Checkpoints of a training: the model as it was at steps between its first and its last.

The trainer saves the adapter alone at these steps; each is merged into a fresh copy of the base once
the training is over, so that what comes out at the end is the same bytes with and without them.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Save = Callable[[Any, Mapping[str, Any]], None]


def even_steps(total: int, count: int) -> list[int]:
    """Return ``count`` steps evenly between 0 and ``total``, or as many as there are."""
    found = {round(total * i / (count + 1)) for i in range(1, count + 1)}
    return sorted(step for step in found if 0 < step < total)


def step_name(name: str, step: int) -> str:
    """Name the checkpoint of a model: ``tulip-step-40``."""
    return f"{name}-step-{step}"


def step_folder(scratch: Path, step: int) -> Path:
    """Say where the trainer leaves the whole checkpoint of a step."""
    return scratch / "checkpoints" / str(step)


def saver(count: int) -> Any:
    """Return a trainer's callback that has it save at the even steps of its own length."""
    from transformers import TrainerCallback

    class Saving(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step in even_steps(state.max_steps, count):
                control.should_save = True

    return Saving()


def write_checkpoints(job: Mapping[str, Any], history: Sequence[Mapping[str, Any]], save: Save) -> list[dict[str, Any]]:  # fmt: skip
    """Merge what the trainer saved, oldest first, and save each; return steps and losses there.

    ``save`` is told the merged model and the job as it is for that checkpoint: its folder, and
    entries of config.json that say what it is.
    """
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    found: list[dict[str, Any]] = []
    losses = {entry["step"]: entry["loss"] for entry in history if "loss" in entry}
    scratch = Path(job["scratch"])
    saved = (scratch / "trainer").glob("checkpoint-*")
    for step, place in sorted((int(p.name.removeprefix("checkpoint-")), p) for p in saved):
        base = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.bfloat16)
        adapted: Any = PeftModel.from_pretrained(base, place, autocast_adapter_dtype=False)
        out = step_folder(scratch, step)
        out.mkdir(parents=True)
        made: dict[str, Any] = job["config"]["tenure"]
        said = {"name": step_name(made["name"], step), "checkpoint": step}
        save(
            adapted.merge_and_unload(),
            {
                **job,
                "out": out,
                "config": {"tenure": {**made, **said, "checkpoint_of": made["name"]}},
            },
        )
        found.append({"step": step, "loss": round(losses[step], 4) if step in losses else None})
    return found
