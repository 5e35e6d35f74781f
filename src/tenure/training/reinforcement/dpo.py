"""Direct preference optimisation: a child from pairs, with no reward model and nothing drawn.

The loss of Rafailov et al. 2023 (arXiv 2305.18290), with the chance that the first answer is better
in place of "it is better" (Mitchell 2023, the conservative form), and each pair's weight: TRL 1.16
knows one flip rate for all pairs. Both answers of a pair share what was read of the prompt; the
parent is the policy with its adapters off. Runs in a process of its own (see ``worker``), goes on
where it was killed (``held``).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenure.training.reinforcement import course
from tenure.training.reinforcement.held import Held
from tenure.training.reinforcement.policy import Policy
from tenure.training.sft import Say, quiet, save

Pair = Mapping[str, Any]


def train(job: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Train as ``job`` says and return what happened.

    ``job`` is that of ``loop.train`` with ``pairs`` (a JSON Lines file of id, messages, a, b, p,
    weight) in place of prompts, and ``settings`` of ``Direct.numbers``.
    """
    quiet(job["settings"])
    run = Run(job)
    run.resume()
    for step in range(len(run.log), run.steps):
        run.step(step)
        say({"done": step + 1, "of": run.steps})
    return run.finish()


class Run:
    """One training under way."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.job = job
        self.settings: Mapping[str, Any] = job["settings"]
        text = Path(job["pairs"]).read_text(encoding="utf-8")
        self.pairs: list[Pair] = [json.loads(line) for line in text.splitlines()]
        self.ids = [str(pair["id"]) for pair in self.pairs]
        self.steps = max(1, round(self.settings["epochs"] * len(self.pairs) / self.batch))
        self.policy = Policy(Path(job["base"]), {**self.settings, "temperature": 1.0})
        self.held = Held(Path(job["held"]), job["key"])
        self.log: list[dict[str, Any]] = []

    @property
    def batch(self) -> int:
        """Return how many pairs a step learns from."""
        return min(self.settings["batch"], len(self.pairs))

    def step(self, step: int) -> None:
        """Learn from the pairs of one step."""
        s = self.settings
        places = course.prompts_of(step, self.ids, self.batch, s["seed"])
        total, right, tokens = 0.0, 0.0, 0
        weights = sum(float(self.pairs[k].get("weight", 1.0)) for k in places)
        for k in places:
            loss, margin, read = self._loss(self.pairs[k])
            (loss / weights).backward()
            total += float(loss) / weights
            right += (margin > 0) == (self.pairs[k]["p"] > 0.5)
            tokens += read
        norm = self.policy.update(
            self.policy.gradient(), course.rate(s["learning_rate"], step, self.steps)
        )
        told = {"step": step, "loss": total, "right": right / len(places)}
        self.log.append({**told, "gradient": norm, "tokens": tokens})
        if (step + 1) % self.job["keep_every"] == 0:
            self.held.save(step + 1, self._write)

    def _loss(self, pair: Pair) -> tuple[Any, float, int]:
        """Return a pair's weighted loss, how much more the policy favours ``a`` than the parent, and its tokens."""
        from torch.nn.functional import logsigmoid

        prompts = [self.policy.prompt(pair["messages"])]
        said = [self.policy.answer(pair["messages"], pair[side]) for side in ("a", "b")]
        parent, _ = self.policy.reference(prompts, 2, said, None)
        logp, _ = self.policy.logps(prompts, 2, said)
        gains = (logp - parent).sum(1)
        margin = self.settings["beta"] * (gains[0] - gains[1])
        p = float(pair["p"])
        loss = -(p * logsigmoid(margin) + (1 - p) * logsigmoid(-margin))
        read = sum(map(len, (*prompts, *said)))
        return float(pair.get("weight", 1.0)) * loss, float(margin), read

    def _write(self, folder: Path) -> None:
        from safetensors.torch import save_file

        save_file(self.policy.state(), folder / "arrays.safetensors")
        story = {"updates": self.policy.updates, "log": self.log}
        (folder / "story.json").write_text(json.dumps(story), encoding="utf-8")

    def resume(self) -> None:
        """Go on where a killed run of the same training had been."""
        found = self.held.newest()
        if found is None:
            return
        from safetensors.torch import load_file

        folder = found[1]
        story = json.loads((folder / "story.json").read_text(encoding="utf-8"))
        self.policy.restore(load_file(folder / "arrays.safetensors"), story["updates"])
        self.log = story["log"]

    def finish(self) -> dict[str, Any]:
        """Save the child and the log; return what happened."""
        self.policy.refresh()
        save(self.policy.drawer, self.job)
        text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in self.log)
        (Path(self.job["scratch"]) / "log.jsonl").write_text(text, encoding="utf-8")
        told = all("tokens" in line for line in self.log)  # a state of before does not say
        return {
            "steps": len(self.log),
            "tokens": sum(line["tokens"] for line in self.log) if told else None,
            "first_loss": _mean([line["loss"] for line in self.log[:5]]),
            "last_loss": _mean([line["loss"] for line in self.log[-5:]]),
            "first_right": _mean([line["right"] for line in self.log[:5]]),
            "last_right": _mean([line["right"] for line in self.log[-5:]]),
        }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 6)
