"""The training itself on a tiny model: resumed exactly, refused by name, nothing moves at rate 0."""

import hashlib
import json
from pathlib import Path

import pytest

from tenure.errors import EngineError
from tenure.training.reinforcement import loop
from tenure.training.reinforcement.policy import Policy

pytestmark = pytest.mark.local


class KilledError(Exception):
    pass


def silent(_said):
    pass


def killed_after(step):
    def say(said):
        if said["done"] == step:
            raise KilledError

    return say


def left(job):
    """Digest what a training leaves: the weights and all it has written down."""
    files = [Path(job["out"]) / "model.safetensors", *sorted(Path(job["scratch"]).glob("*.jsonl"))]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def lines(job, name="log"):
    text = (Path(job["scratch"]) / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "how",
    [
        {"algorithm": "rloo", "iterations": 1, "gold": "letters", "gold_every": 2},
        {"algorithm": "grpo", "iterations": 2, "keep_every": 2, "greedy": 1},
    ],
)
def test_killed_at_every_step_it_ends_with_the_same_bytes(job, how):
    whole = job("whole", **how)
    went = loop.train(whole, silent)
    assert went["steps"] == 4
    assert len(left(whole)) == 4

    broken = job("broken", **how)
    for step in (1, 2, 3, 4):
        with pytest.raises(KilledError):
            loop.train(broken, killed_after(step))
    again = loop.train(broken, silent)

    assert again == went
    whole_config = json.loads((Path(whole["out"]) / "config.json").read_text())
    assert whole_config["tenure"] == {"name": "whole"}
    assert left(broken) == left(whole)


def test_it_learns_what_is_rewarded_and_tells_every_step(job):
    run = job("child", steps=12, prompts_a_step=8, learning_rate=3e-2, beta=0.0)

    went = loop.train(run, silent)

    assert went["last_reward"] > went["first_reward"] + 0.05
    told = lines(run)
    assert [line["step"] for line in told] == list(range(12))
    assert told[0]["kl"] == 0.0
    assert told[-1]["kl"] > 0.0
    assert max(abs(line["gap"]) for line in told) < 1e-3
    assert went["tokens"] == sum(line["tokens"] * 32 for line in told)


def test_at_a_rate_of_zero_nothing_moves(job):
    run = job("canary", learning_rate=0.0)

    went = loop.train(run, silent)

    assert went["kl"] == 0.0
    from safetensors.torch import load_file

    child = load_file(Path(run["out"]) / "model.safetensors")
    parent = load_file(Path(run["base"]) / "model.safetensors")
    assert set(child) <= set(parent)
    assert all((child[name] == parent[name]).all() for name in child)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), r"reward 'letters' is nan at step 1 for the prompt 'p-\d'"),
        (float("inf"), "reward 'letters' is inf at step 1"),
        ("fail", r"reward 'letters' failed at step 1 \(ValueError: no such word\)"),
    ],
)
def test_a_reward_that_is_no_number_ends_it_and_leaves_no_model(job, value, said):
    run = job("bad", reward_settings={"step": 1, "value": value})

    with pytest.raises(EngineError, match=said):
        loop.train(run, silent)

    assert list(Path(run["out"]).iterdir()) == []


def test_a_missing_reward_is_counted_and_the_training_goes_on(job):
    run = job("missing", reward_settings={"step": 1, "value": None})

    went = loop.train(run, silent)

    assert went["missing"] == 1
    assert lines(run, "completions")[1]["values"].count(None) == 1


def test_rewards_that_never_differ_are_refused(job, monkeypatch):
    monkeypatch.setattr(loop.Rewards, "score", lambda _, batch: same(batch))

    with pytest.raises(EngineError, match="nothing to learn from"):
        loop.train(job("flat", steps=8), silent)


def same(batch):
    from tenure.training.reward import Scored

    return Scored(values=[0.5] * len(batch.completions))


def test_a_drawer_with_stale_weights_trips_the_alarm_within_two_steps_of_learning(job, monkeypatch):
    monkeypatch.setattr(Policy, "refresh", lambda self: None)
    run = job("stale", learning_rate=0.05, steps=8, prompts_a_step=4)

    with pytest.raises(EngineError, match=r"at step [12] .*differ by"):
        loop.train(run, silent)
    assert list(Path(run["out"]).iterdir()) == []


def test_an_alarm_keeps_the_best_step_before_it(job, monkeypatch):
    seen = []

    def at_third_look(golds, _rewards, _looks):
        seen.append([g.mean for g in golds])
        return "gold falls" if len(golds) == 3 else None

    monkeypatch.setattr(loop, "over_optimised", at_third_look)
    run = job("alarmed", steps=8, gold="letters", gold_every=2, learning_rate=1e-2)

    went = loop.train(run, silent)

    assert went["alarm"] == {"at": 4, "why": "gold falls"}
    assert went["steps"] == 4
    best = max(seen[-1])
    assert went["kept_step"] == max(2 * k for k, mean in enumerate(seen[-1]) if mean == best)


def test_a_greedy_draw_is_the_likeliest_answer_and_the_others_stay_what_they_were(job):
    freely, one = job("freely", steps=1), job("one", steps=1, greedy=1)
    for run in (freely, one):
        loop.train(run, silent)
    policy = Policy(Path(one["base"]), one["settings"])
    rows = {
        row["id"]: row for row in map(json.loads, Path(one["prompts"]).read_text().splitlines())
    }

    drawn, said = (lines(run, "completions")[0] for run in (freely, one))

    for k in range(0, 8, 4):
        asked = [policy.prompt(rows[said["ids"][k]]["messages"])]
        assert policy.text(policy.draw(asked, 1, 8, None)[0]) == said["completions"][k]
        assert said["completions"][k + 1 : k + 4] == drawn["completions"][k + 1 : k + 4]
    assert said["completions"] != drawn["completions"]
