"""The heads: what they read, how they are stored, how they score, and the reward made of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from tenure import plugins
from tenure.errors import EngineError, ModelError, UsageError
from tenure.training.preference import (
    CARD,
    NUMBERS,
    PreferenceModel,
    features,
    of_files,
    pooled,
    read,
)
from tenure.training.reward import Batch

BACKBONE = "sha256:" + "a" * 64


def model(**given):
    chance = np.random.default_rng(0)
    return PreferenceModel(
        **{
            "backbone": BACKBONE,
            "layer": 2,
            "mean": chance.standard_normal(5),
            "scale": np.full(5, 2.0),
            "heads": {a: chance.standard_normal((3, 6)) for a in ("principle", "helpful")},
            "temperature": {"principle": 0.5, "helpful": 2.0},
            "weights": {"principle": 1.0, "helpful": 0.25},
            "uncertainty": 0.5,
            **given,
        }
    )


def test_features_are_mean_last_and_length():
    hidden = np.arange(6.0).reshape(3, 2)

    assert features(hidden).tolist() == [2, 3, 4, 5, np.log1p(3)]
    assert np.isnan(features(np.zeros((0, 2)))).all()
    with pytest.raises(UsageError, match="tokens, width"):
        features(np.zeros(3))


def test_a_reader_and_a_trainer_lay_features_out_alike():
    hidden = np.random.default_rng(1).standard_normal((4, 3))
    both = pooled(hidden.mean(0)[None], hidden[-1:], [4])

    assert both[0] == pytest.approx(features(hidden))
    assert np.isnan(pooled(np.zeros((1, 3)), np.zeros((1, 3)), [0])).all()


def test_the_reward_is_the_mean_less_what_the_heads_disagree_on():
    held, states = model(), np.random.default_rng(2).standard_normal((4, 5))
    rewards, spread = held.scores(states)
    scaled = (states - held.mean) / 2
    each = sum(
        w * (scaled @ held.heads[a][:, :-1].T + held.heads[a][:, -1]) / held.temperature[a]
        for a, w in held.weights.items()
    )

    assert rewards == pytest.approx(each.mean(1) - 0.5 * each.std(1))
    assert spread == pytest.approx(each.std(1))
    chance = held.chances(states[:2], states[2:], "helpful")
    assert chance + held.chances(states[2:], states[:2], "helpful") == pytest.approx([1, 1])


def test_the_same_model_is_the_same_bytes_and_reads_back(tmp_path):
    files = model().to_files()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    again = read(tmp_path)

    assert again.to_files() == files == model().to_files()
    states = np.random.default_rng(3).standard_normal((4, 5))
    assert again.scores(states)[0] == pytest.approx(model().scores(states)[0])


def test_nothing_is_unpickled(tmp_path):
    files = model().to_files()
    held = tmp_path / "evil.npz"
    np.savez(held, mean=np.array([object()], dtype=object), scale=np.ones(5))

    with pytest.raises(ModelError, match="no preference model"):
        of_files(files[CARD], held.read_bytes())


def test_what_is_no_preference_model_is_named_with_the_remedy(tmp_path):
    files = model().to_files()
    other = json.dumps({**json.loads(files[CARD]), "schema": "tenure/preference.v9"}).encode()
    with pytest.raises(ModelError, match=r"preference\.v9"):
        of_files(other, files[NUMBERS])
    with pytest.raises(ModelError, match="tenure align prefer"):
        of_files(b"{", files[NUMBERS])
    with pytest.raises(ModelError, match="tenure align prefer"):
        read(tmp_path)
    with pytest.raises(ModelError, match="not \\(k, 6\\)"):
        model(heads={"principle": np.full((3, 6), np.nan), "helpful": np.zeros((3, 6))})
    with pytest.raises(ModelError, match="as many heads"):
        model(heads={})
    with pytest.raises(ModelError, match="no weight"):
        model(weights={"principle": 1.0})


def test_another_backbone_is_refused_with_the_command():
    model().check(BACKBONE)
    with pytest.raises(UsageError, match="tenure align prefer --model"):
        model().check("sha256:" + "b" * 64)
    with pytest.raises(UsageError, match="expected \\(n, 5\\)"):
        model().scores(np.zeros((2, 4)))


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, content in model().to_files().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def batch(states):
    n = 0 if states is None else len(states)
    return Batch(
        step=0, rows=[{"id": "p"}] * n, completions=["x"] * n, finished=[True] * n, states=states
    )


def test_an_answer_without_a_token_has_no_reward(folder):
    score = plugins.load("reward", "preference").open({}, folder)
    states = [np.zeros(5), np.full(5, np.nan)]
    found = score(batch(states))

    assert found.values[0] == pytest.approx(model().scores(np.zeros((1, 5)))[0][0])
    assert found.values[1] is None
    assert sorted(found.columns) == ["helpful", "principle", "std"]


def test_the_reward_takes_settings_and_refuses_unknown_ones(folder):
    extension = plugins.load("reward", "preference")
    states = np.random.default_rng(4).standard_normal((3, 5))
    plain = extension.open({"uncertainty": 0.0, "weights": {"helpful": 0.0}}, folder)
    only = model(weights={"principle": 1.0, "helpful": 0.0}, uncertainty=0.0)

    assert extension.backbone
    assert plain(batch(list(states))).values == pytest.approx(only.scores(states)[0].tolist())
    held = extension.open({"clip": 0.1}, folder)(batch(list(states))).values
    assert max(abs(v) for v in held) <= 0.1
    with pytest.raises(UsageError, match="setting of the reward"):
        extension.open({"c": 1}, folder)
    with pytest.raises(UsageError, match="axis of the preference model"):
        extension.open({"weights": {"harmless": 1}}, folder)
    with pytest.raises(EngineError, match="hidden states"):
        extension.open({}, folder)(batch(None))
