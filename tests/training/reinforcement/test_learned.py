"""A learned reward reads the policy's own parent; monitors remember what a killed run had shown them."""

import json
from pathlib import Path

import numpy as np
import pytest

from tenure import plugins
from tenure.errors import UsageError
from tenure.models.activations import Reader
from tenure.training.preference import PreferenceModel, features
from tenure.training.reinforcement import loop
from tenure.training.reinforcement.policy import Policy
from tenure.training.reward import Monitor

from . import conftest as kit  # noqa: TID252 - not a fixture

pytestmark = pytest.mark.local
WIDTH, LAYER = 64, 1


def silent(_said):
    pass


def with_heads(job, backbone="sha256:0"):
    """Put a preference model with drawn heads among the files that the reward is handed."""
    chance = np.random.default_rng(0)
    wide = 2 * WIDTH + 1
    model = PreferenceModel(
        backbone=backbone, layer=LAYER, mean=np.zeros(wide), scale=np.ones(wide),
        heads={"principle": chance.normal(0, 1, (3, wide + 1))},
        temperature={"principle": 1.0}, weights={"principle": 1.0},
    )  # fmt: skip
    for name, content in model.to_files().items():
        (Path(job["files"]) / name).write_bytes(content)
    return job


def test_the_states_are_those_that_the_preference_model_was_fitted_on(job):
    base = Path(job("any")["base"])
    settings = {**kit.small().numbers(), "temperature": 1.0}
    policy = Policy(base, settings)
    policy.values.normal_(generator=policy._torch.Generator().manual_seed(1))
    policy.restore({}, 0)  # adapters far from nothing: the states must not see them
    messages, said = kit.PROMPTS[0]["messages"], ["A lamp stands there.", "No."]
    ids = [policy.answer(messages, text) for text in said]

    _, states = policy.reference([policy.prompt(messages)], 2, ids, LAYER)

    with Reader(base) as reader:
        asked = [[*messages, {"role": "assistant", "content": text}] for text in said]
        mean = reader.hidden(asked, [LAYER], "answer")[:, 0]
        last = reader.hidden(asked, [LAYER], "last")[:, 0]
    for found, wanted_mean, wanted_last in zip(map(features, states), mean, last, strict=True):
        assert found[:WIDTH] == pytest.approx(wanted_mean, abs=1e-4)
        assert found[WIDTH:-1] == pytest.approx(wanted_last, abs=1e-4)
    assert features(states[0])[-1] == pytest.approx(np.log1p(len(said[0])))  # a byte a token


def test_heads_are_a_reward_and_their_spread_is_logged(job):
    run = with_heads(job("learned", reward="preference", gold="letters", gold_every=2))

    went = loop.train(run, silent)

    assert went["steps"] == 4
    log = [json.loads(x) for x in (Path(run["scratch"]) / "log.jsonl").read_text().splitlines()]
    assert all(line["reward/std"] > 0 for line in log)
    assert len({line["reward"] for line in log}) == 4


def test_heads_of_another_backbone_are_refused(job):
    run = with_heads(job("other", reward="preference"), backbone="sha256:" + "1" * 64)

    with pytest.raises(UsageError, match="fit one on it: tenure align prefer"):
        loop.train(run, silent)


def watching(monkeypatch, alarm_at=None):
    """Install a monitor that counts; return the steps it was shown."""
    seen = []

    def watch(step, batch, found):
        seen.append(step)
        assert len(batch.completions) == len(found.values) == 8
        said = {"steps": len(seen)}
        return {**said, "alarm": "seen enough"} if step == alarm_at else said

    real = plugins.load
    own = Monitor(name="counting", watch=watch)
    monkeypatch.setattr(
        plugins, "load", lambda kind, name: own if kind == "monitor" else real(kind, name)
    )
    return seen


def test_a_monitor_is_shown_again_what_a_killed_run_had_shown_it(job, monkeypatch):
    seen = watching(monkeypatch)
    run = job("watched", monitors=("counting",))

    def killed(said):
        if said["done"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(run, killed)
    seen.clear()
    loop.train(run, silent)

    assert seen == [0, 1, 2, 3]
    log = [json.loads(x) for x in (Path(run["scratch"]) / "log.jsonl").read_text().splitlines()]
    assert [line["counting/steps"] for line in log] == [1, 2, 3, 4]


@pytest.mark.parametrize(("stops", "steps"), [(True, 2), (False, 4)])
def test_a_monitors_alarm_is_acted_on_as_the_settings_say(job, monkeypatch, stops, steps):
    watching(monkeypatch, alarm_at=1)

    went = loop.train(job("alarmed", monitors=("counting",), stop_on_alarm=stops), silent)

    assert went["steps"] == went["kept_step"] == steps
    assert went["alarm"] == {"at": 2, "why": "counting: seen enough"}
