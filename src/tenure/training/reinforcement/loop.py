"""The training by a reward itself: draw, score, compare draws of one prompt, learn; step by step.

Why a loop of our own and not a trainer of TRL's (1.16): that one counts a NaN reward as zero, takes
up an interrupted run elsewhere than it left it when updates share completions, and on a CPU spends
most of a step on drawing through adapters and on reading a prompt once for every draw of it. What a
step draws is here a function of seed and step (``course``), so the state is three arrays and a step
number (``held``). Runs in a process of its own (see ``worker``), or in several (``launch``).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tenure.errors import EngineError
from tenure.training.reinforcement import course
from tenure.training.reinforcement.alarm import Gold, drifted, over_optimised
from tenure.training.reinforcement.asking import Rewards
from tenure.training.reinforcement.held import Held
from tenure.training.reinforcement.learning import Asked, Learner, Work
from tenure.training.reinforcement.policy import Drawn, Policy
from tenure.training.reinforcement.scoring import advantages, same_reward, same_text
from tenure.training.reward import Batch, Scored
from tenure.training.sft import Say, quiet, save
from tenure.training.world import World

IDLE_MOST = 5  # steps in a row in which no two draws of a prompt differ in reward
FIRST_KL = 1e-3  # nats a completion, between the parent and the policy before it has learned


@dataclass(slots=True)
class Story:
    """What has happened so far; plain JSON, held with the weights."""

    log: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    said: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    golds: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    best: int = 0
    alarm: dict[str, Any] | None = None


def train(job: Mapping[str, Any], say: Say, world: World | None = None) -> dict[str, Any]:
    """Train as ``job`` says and return what happened.

    ``job`` holds ``base``, ``out``, ``scratch``, ``config`` as ``sft.train`` has them; ``prompts``
    (a JSON Lines file of id, family, text, messages, and ``gold``: true for those that are only
    measured on), ``files`` (a folder for the reward), ``held`` (a folder), ``key`` (what all this
    depends on), ``digest`` (the parent's), ``settings`` (``Reinforce.numbers``) and ``keep_every``.
    """
    quiet(job["settings"])
    run = Run(job, world or World())
    run.resume()
    for step in range(len(run.story.log), run.settings["steps"]):
        if run.ended(step):
            break
        run.step(step)
        say({"done": step + 1, "of": run.settings["steps"]})
    else:
        run.ended(run.settings["steps"])
    return run.finish()


class Run:
    """One training under way."""

    def __init__(self, job: Mapping[str, Any], world: World) -> None:
        self.job, self.world = job, world
        self.settings: Mapping[str, Any] = job["settings"]
        rows = [json.loads(line) for line in Path(job["prompts"]).read_text("utf-8").splitlines()]
        self.rows = [row for row in rows if not row.get("gold")]
        self.gold_rows = [row for row in rows if row.get("gold")]
        self.ids = [str(row["id"]) for row in self.rows]
        self.hard = [place for place, row in enumerate(self.rows) if row.get("hard")]
        self.rewards = Rewards.open(job)
        self.policy = Policy(Path(job["base"]), self.settings)
        self.learner = Learner(self.policy, self.settings)
        self.held = Held(Path(job["held"]), job["key"])
        self.story = Story()
        self.best: Any = None
        self._sizes: dict[str, list[float]] = {}
        self.begun = self.policy.values.clone() if self.settings["learning_rate"] == 0 else None

    # -- one step --------------------------------------------------------------------------------

    def step(self, step: int) -> None:
        """Draw, score, learn, write down, and hold the state now and then."""
        s, draws = self.settings, self.settings["draws"]
        hard = round(s["focus"] * s["prompts_a_step"])
        many = (hard, s["prompts_a_step"] - hard)
        places = course.dealt(step, self.ids, self.hard if hard else (), many, s["seed"])
        self.policy.refresh()
        mine = self.world.mine(len(places))
        asked = [self.policy.prompt(self.rows[places[k]]["messages"]) for k in mine]
        noise = [
            course.chance(s["seed"], step, k, draw, s["max_tokens"])
            for k in mine
            for draw in range(draws)
        ]
        chances = np.array(noise).reshape(-1, draws, s["max_tokens"])
        chances[:, : s["greedy"]] = np.nan
        drawn = self.policy.draw(asked, draws, s["max_tokens"], chances.reshape(len(noise), -1))
        work = self.learner.begin(Asked(asked, drawn), self.rewards.layer)
        batch = self._batch(step, places, mine, drawn, work.states)
        found = self.rewards.score(batch)
        worth = advantages(found.values, draws, s["algorithm"]).reshape(-1, draws)
        norm = 0.0
        for _ in range(s["iterations"]):
            gradient = self.learner.gradient(work, worth[mine].reshape(-1), worth.size)
            norm = self.policy.update(
                self.world.total(gradient), course.rate(s["learning_rate"], step, s["steps"])
            )
        self._write_down(step, batch, found, {**self._sums(work), "gradient": norm})
        self._check(step)
        if (step + 1) % self.job["keep_every"] == 0:
            self.hold(step + 1)

    def _batch(
        self, step: int, places: Sequence[int], mine: Sequence[int], drawn: Sequence[Drawn],
        states: Sequence[Any] | None,
    ) -> Batch:  # fmt: skip
        """Tell all processes what was drawn; return the whole step's batch."""
        draws = self.settings["draws"]
        told: dict[int, Any] = {}
        for k, place in enumerate(mine):
            own = slice(k * draws, (k + 1) * draws)
            told[place] = {
                "texts": [self.policy.text(one) for one in drawn[own]],
                "finished": [one.ended for one in drawn[own]],
                "entropy": [one.entropy for one in drawn[own]],
                "tokens": [len(one.ids) for one in drawn[own]],
                "states": None if states is None else [one.tolist() for one in states[own]],
            }
        everything = self.world.told(told)

        def flat(name: str) -> list[Any]:
            return [one for group in everything for one in group[name]]

        batch = Batch(
            step=step,
            rows=[self.rows[place] for place in places for _ in range(draws)],
            completions=flat("texts"),
            finished=flat("finished"),
            states=None if states is None else [np.array(one) for one in flat("states")],
        )
        self._sizes = {"tokens": flat("tokens"), "entropy": flat("entropy")}
        return batch

    def _sums(self, work: Work) -> dict[str, float]:
        """Return the step's divergence from the parent and gap to the drawer, over all processes."""
        import torch

        own = torch.tensor([work.sums.tokens, work.sums.kl, work.sums.gap], dtype=torch.float64)
        tokens, kl, gap = (float(one) for one in self.world.total(own))
        return {"kl": kl / self._a_step(), "gap": gap / tokens}

    def _write_down(
        self, step: int, batch: Batch, found: Scored, more: Mapping[str, float]
    ) -> None:
        draws = self.settings["draws"]
        known = np.array([v for v in found.values if v is not None], np.float64)
        line: dict[str, Any] = {
            "step": step,
            "reward": float(known.mean()) if len(known) else None,
            "spread": float(known.std()) if len(known) else None,
            "missing": len(found.values) - len(known),
            "entropy": float(np.mean(self._sizes["entropy"])),
            "tokens": float(np.mean(self._sizes["tokens"])),
            "finished": float(np.mean(batch.finished)),
            "same_text": same_text(batch.completions, draws),
            "same_reward": same_reward(found.values, draws),
            **more,
        }
        columns = {name: list(values) for name, values in found.columns.items()}
        for name, values in columns.items():
            numbers = [v for v in values if isinstance(v, int | float)]
            line[f"reward/{name}"] = float(np.mean(numbers)) if numbers else None
        said = {
            "step": step,
            "ids": [row["id"] for row in batch.rows],
            "completions": list(batch.completions),
            "finished": list(batch.finished),
            "values": list(found.values),
            "columns": columns,
        }
        watched = self.rewards.watch(step, batch, found)
        self.story.log.append({**line, **watched.columns})
        self.story.said.append(said)
        if watched.alarm:
            self._alarm(step + 1, watched.alarm)

    def _check(self, step: int) -> None:
        """Stop where the numbers say that this is not the training that was asked for."""
        log = self.story.log
        if step == 0 and abs(log[0]["kl"]) > FIRST_KL:
            raise EngineError(
                f"before anything was learned the policy is {log[0]['kl']:.3f} nats from its parent; "
                "the adapters or the reference are not what they should be, and nothing was registered"
            )
        drift = drifted([line["gap"] for line in log])
        if drift:
            raise EngineError(f"at step {step} {drift}; nothing was registered")
        last = log[-IDLE_MOST:]
        if len(last) == IDLE_MOST and all(self._idle(line) for line in last):
            if all(self._idle(line) for line in log):
                raise EngineError(
                    f"in {IDLE_MOST} steps no two completions of a prompt had different rewards, so "
                    "there is nothing to learn from: look at the reward, or raise draws or temperature"
                )
            self._alarm(step + 1, "no two completions of a prompt differ in reward any more")

    def _idle(self, line: Mapping[str, Any]) -> bool:
        return line["same_reward"] == self.settings["prompts_a_step"]

    def _alarm(self, at: int, why: str) -> None:
        if self.story.alarm is None:
            self.story.alarm = {"at": at, "why": why}

    # -- gold, and the end -----------------------------------------------------------------------

    def ended(self, step: int) -> bool:
        """Ask the gold reward where it is due; say whether an alarm ends the training here."""
        s, story = self.settings, self.story
        due = step % s["gold_every"] == 0 or step == s["steps"]
        if self.rewards.gold and due and step not in [g["step"] for g in story.golds]:
            self._gold(step)
        return story.alarm is not None and bool(s["stop_on_alarm"])

    def _gold(self, step: int) -> None:
        s, story = self.settings, self.story
        self.policy.refresh()
        mine = self.world.mine(len(self.gold_rows))
        found: dict[int, Any] = {}
        at_once = s["prompts_a_step"]
        for start in range(0, len(mine), at_once):
            some = mine[start : start + at_once]
            asked = [self.policy.prompt(self.gold_rows[k]["messages"]) for k in some]
            for k, one in zip(some, self.policy.draw(asked, 1, s["max_tokens"], None), strict=True):
                found[k] = [self.policy.text(one), one.ended]
        told = self.world.told(found)
        texts, finished = [one[0] for one in told], [one[1] for one in told]
        batch = Batch(step=step, rows=self.gold_rows, completions=texts, finished=finished)
        values = self.rewards.judge(batch)
        story.golds.append(
            {"step": step, "values": list(values), "answers": texts, "finished": finished}
        )
        golds = [Gold(g["step"], g["values"]) for g in story.golds]
        means = [g.mean if g.mean is not None else -np.inf for g in golds]
        if story.alarm is None and means[-1] >= max(means):
            story.best, self.best = step, self.policy.values.clone()
        looks = s["steps"] // s["gold_every"] + 1
        why = over_optimised(golds, [line["reward"] for line in story.log], looks)
        if why:
            self._alarm(step, why)

    # -- holding ---------------------------------------------------------------------------------

    def hold(self, step: int) -> None:
        """Hold the state after ``step`` steps."""
        if not self.world.first:
            return

        def write(folder: Path) -> None:
            from safetensors.torch import save_file

            arrays = self.policy.state()
            if self.best is not None:
                arrays["best"] = self.best
            save_file(arrays, folder / "arrays.safetensors")
            story = {
                "updates": self.policy.updates,
                "log": self.story.log,
                "said": self.story.said,
                "golds": self.story.golds,
                "best": self.story.best,
                "alarm": self.story.alarm,
            }
            (folder / "story.json").write_text(json.dumps(story), encoding="utf-8")

        self.held.save(step, write)

    def resume(self) -> None:
        """Go on where a killed run of the same training had been."""
        found = self.held.newest()
        if found is None:
            return
        from safetensors.torch import load_file

        _, folder = found
        arrays = load_file(folder / "arrays.safetensors")
        story = json.loads((folder / "story.json").read_text(encoding="utf-8"))
        self.policy.restore(arrays, story.pop("updates"))
        self.best = arrays.get("best")
        self.story = Story(**story)
        by_id = {str(row["id"]): row for row in self.rows}
        for said in self.story.said:  # a monitor remembers what it has seen
            batch = Batch(
                step=said["step"],
                rows=[by_id[one] for one in said["ids"]],
                completions=said["completions"],
                finished=said["finished"],
            )
            self.rewards.watch(
                said["step"], batch, Scored(values=said["values"], columns=said["columns"])
            )

    def finish(self) -> dict[str, Any]:
        """Save the step that is kept, and the log; return what happened."""
        story, log = self.story, self.story.log
        kept = len(log)
        if story.alarm and self.settings["stop_on_alarm"] and self.best is not None:
            kept = story.best
            self.policy.restore({"values": self.best}, self.policy.updates)
        if self.begun is not None:
            self._canary(self.begun)
        if self.world.first:
            self.policy.refresh()
            save(self.policy.drawer, self.job)
            scratch = Path(self.job["scratch"])
            for name, lines in (("log", log), ("completions", story.said), ("gold", story.golds)):
                text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)
                (scratch / f"{name}.jsonl").write_text(text, encoding="utf-8")
        rewards = [line["reward"] for line in log]
        return {
            "steps": len(log),
            "kept_step": kept,
            "first_reward": _mean(rewards[:5]),
            "last_reward": _mean(rewards[-5:]),
            "missing": sum(line["missing"] for line in log),
            "kl": log[-1]["kl"] if log else 0.0,
            "tokens": round(sum(line["tokens"] for line in log) * self._a_step()),
            "gold": [[g["step"], Gold(g["step"], g["values"]).mean] for g in story.golds],
            "alarm": story.alarm,
            "processes": self.world.size,
        }

    def _a_step(self) -> int:
        return self.settings["prompts_a_step"] * self.settings["draws"]

    def _canary(self, begun: Any) -> None:
        moved = float((self.policy.values - begun).abs().max())
        strayed = max((abs(line["kl"]) for line in self.story.log), default=0.0)
        if moved or strayed > FIRST_KL:
            raise EngineError(
                f"with a learning rate of 0 the adapters moved by {moved:g} and the policy strayed "
                f"{strayed:g} nats; something else writes the weights, and nothing was registered"
            )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(sum(known) / len(known), 6) if known else None
