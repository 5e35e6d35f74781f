"""Reinforcement killed at every step, and at random moments, ends with the bytes of a run left alone.

A tiny model, float32, one thread: the code paths are those of a real run, the numbers mean nothing
else. Every kill is SIGKILL to the process that trains; another process goes on from what is held.

    python bench/rl_resume.py [--small] [--moments 12] [--loaded]
"""

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

from table import row, write

from tenure import plugins
from tenure.models import tiny
from tenure.stats import upper_bound
from tenure.training.reinforcement import Reinforce, loop
from tenure.training.reward import Reward, Scored

ASK = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ASK.add_argument("--small", action="store_true", help="one algorithm, printed and not written")
ASK.add_argument("--moments", type=int, default=12, help="kills at random moments, each algorithm")
ASK.add_argument(
    "--loaded", action="store_true", help="others use the machine too: said in the rows"
)
STEPS = 12
CASES = [("rloo", 1), ("rloo", 2), ("grpo", 1), ("grpo", 2)]


def score(batch):
    """Reward letters: every text of a random model has some, and no two have the same."""
    return Scored(values=[sum(c.isalpha() for c in text) / 12 for text in batch.completions])


def prepare(here):
    """Write the model and the prompts; let the reward be found by its name; import once for all forks."""
    importlib.import_module("datasets")
    importlib.import_module("peft")
    importlib.import_module("transformers").AutoModelForCausalLM  # noqa: B018 - loads what it names
    tiny.make(here / "tiny")
    rows = [
        {
            "id": f"p-{n}",
            "family": f"family {n % 3}",
            "text": f"Say {n}",
            "messages": [{"role": "user", "content": f"Say {n}"}],
            **({"gold": True} if n >= 9 else {}),
        }
        for n in range(12)
    ]
    (here / "prompts.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    real, own = plugins.load, Reward(name="letters", open=lambda _settings, _folder: score)
    plugins.load = lambda kind, name: own if name == "letters" else real(kind, name)


def job(here, name, algorithm, iterations):
    """One training; called again it goes on with what is held."""
    place = here / name
    for folder in ("out", "scratch", "files"):
        shutil.rmtree(place / folder, ignore_errors=True)
        (place / folder).mkdir(parents=True)
    settings = Reinforce(
        name="child", purpose="test-fixture", reward="letters", gold="letters", gold_every=4,
        steps=STEPS, draws=4, prompts_a_step=2, max_tokens=8, rank=4, alpha=8, threads=1,
        dtype="float32", learning_rate=1e-3, algorithm=algorithm, iterations=iterations,
    )  # fmt: skip
    return {
        "base": str(here / "tiny"), "out": str(place / "out"), "scratch": str(place / "scratch"),
        "config": {"tenure": {"name": "child"}}, "prompts": str(here / "prompts.jsonl"),
        "files": str(place / "files"), "held": str(place / "held"), "key": f"{algorithm}{iterations}",
        "digest": "sha256:0", "settings": settings.numbers(), "keep_every": 1,
    }  # fmt: skip


def in_a_process(work):
    """Run in a forked process; return how it ended and how long it took."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:  # only where it failed
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status, time.monotonic() - began


def train(asked, kill_at=None, kill_after=None):
    """Train in a process of its own, killed after a step or after a while."""

    def say(said):
        if said["done"] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def work():
        if kill_after is not None:
            signal.setitimer(signal.ITIMER_REAL, kill_after)
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        loop.train(asked, say)

    return in_a_process(work)


def digest(asked):
    """Digest the child's weights and all that the training wrote down."""
    files = [
        Path(asked["out"]) / "model.safetensors",
        *sorted(Path(asked["scratch"]).glob("*.jsonl")),
    ]
    return hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()


def case(here, algorithm, iterations, moments):
    """Count how many kills, at steps and at moments, ended with the bytes of the whole run."""
    name = f"{algorithm}-{iterations}"
    whole = job(here, f"{name}-whole", algorithm, iterations)
    status, seconds = train(whole)
    if status:
        raise SystemExit(f"{name}: the run that was left alone failed")
    wanted, chance = digest(whole), random.Random(name)
    same = {"steps": 0, "moments": 0}
    kills = [("steps", {"kill_at": step}) for step in range(1, STEPS + 1)]
    kills += [("moments", {"kill_after": chance.uniform(0.05, seconds)}) for _ in range(moments)]
    for number, (kind, how) in enumerate(kills):
        broken = job(here, f"{name}-{number}", algorithm, iterations)
        train(broken, **how)
        again = job(here, f"{name}-{number}", algorithm, iterations)
        status, _ = train(again)
        same[kind] += status == 0 and digest(again) == wanted
        shutil.rmtree(here / f"{name}-{number}")
    return same


def main():
    """Measure, and write the rows unless it is a small run."""
    asked = ASK.parse_args()
    cases = CASES[:1] if asked.small else CASES
    moments = 2 if asked.small else asked.moments
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        prepare(here)
        found = {one: case(here, *one, moments) for one in cases}
    when = ", on a loaded machine" if asked.loaded else ""
    how = (
        f"tiny model, float32, one thread, SIGKILL, compared: weights, log, completions, gold{when}"
    )
    rows = [
        row(
            f"RL resumed bit-identical: {algorithm}, {iterations} update{'s' * (iterations > 1)} a batch",
            f"{STEPS} of {STEPS} steps", f"{same['steps']} of {STEPS}", "steps", STEPS,
            same["steps"] == STEPS, how,
        )
        for (algorithm, iterations), same in found.items()
    ]  # fmt: skip
    total = moments * len(cases)
    hit = sum(same["moments"] for same in found.values())
    most = upper_bound(total - hit, total)
    rows.append(
        row(
            "RL resumed bit-identical: killed at random moments", "all", f"{hit} of {total}", "kills",
            total, hit == total, f"{how}; failing at most {most:.1%} (exact, one-sided 95%)",
        )
    )  # fmt: skip
    if asked.small:
        for one in rows:
            print(one)
    else:
        write("rl_resume", rows)


if __name__ == "__main__":
    main()
