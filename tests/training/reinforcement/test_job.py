"""One training as one unit of work: a child with its card, killed and gone on with, done once."""

import sys

import pytest

from tenure import plugins
from tenure.dossier import Dossier
from tenure.errors import BusyError, EngineError, ModelError, RefusedError, UsageError
from tenure.models import register, resolve, tiny
from tenure.training import launch, worker
from tenure.training.reinforcement import Direct, direct, held, reinforce

from . import conftest as kit  # noqa: TID252 - not a fixture

pytestmark = pytest.mark.local
PAIRS = [
    {
        "id": f"pair-{n}",
        "messages": kit.PROMPTS[n]["messages"],
        "a": "Well said.",
        "b": "!!",
        "p": 0.9 if n % 2 else 0.8,
        "weight": 1.0 + n % 2,
    }
    for n in range(6)
]


@pytest.fixture
def dossier(tmp_path, letters_reward):
    tiny.make(tmp_path / "tiny")
    with Dossier.open(tmp_path / "dossier") as opened:
        register(opened, str(tmp_path / "tiny"), "parent")
        yield opened


def train(dossier, prompts=kit.PROMPTS, **given):
    view = dossier.view()
    with dossier.emitter("parent@1", "training") as emit:
        return reinforce(view.model("parent"), prompts, kit.small(**given), view, emit)


def models(dossier):
    return [m.name for m in dossier.view().models()]


def test_a_child_has_its_parent_and_a_card_that_says_how(dossier, monkeypatch):
    child = train(dossier, gold="letters", gold_every=2)
    trained = child.card["trained"]

    view = dossier.view()
    assert child.parent == "parent@1"
    assert trained["method"] == "RLOO on letters, LoRA, rank 4, merged"
    assert trained["steps"] == trained["kept_step"] == 4
    assert [step for step, _ in trained["gold"]] == [0, 2, 4]
    assert len(view.records(trained["log_digest"])) == 4
    assert child.files["model.safetensors"] != view.model("parent").files["model.safetensors"]
    assert not list((view.root / "work" / "held").iterdir())

    monkeypatch.setattr(worker, "run", None)  # would fail if it were called
    assert train(dossier, gold="letters", gold_every=2).digest == child.digest
    with pytest.raises(
        UsageError, match=r"child@1 is there already.*differs: gold, gold_every, seed"
    ):
        train(dossier, seed=1)
    with pytest.raises(UsageError, match=r"differs: prompts\); nothing was trained"):
        train(dossier, kit.PROMPTS[1:], gold="letters", gold_every=2)


def test_two_processes_are_two_and_learn_what_one_learns(dossier):
    one, two = train(dossier), train(dossier, name="both", processes=2)

    assert two.card["trained"]["processes"] == 2
    view = dossier.view()
    logs = [view.records(m.card["trained"]["log_digest"]) for m in (one, two)]
    for alone, shared in zip(*logs, strict=True):
        assert shared["reward"] == pytest.approx(alone["reward"])
        assert shared["gradient"] == pytest.approx(alone["gradient"], rel=1e-3)


def test_fewer_processes_than_were_asked_for_are_an_error(dossier, monkeypatch):
    # What a launcher does that starts one and says nothing: it trains, and tells of one process.
    one = "print('tenure-said ' + '{\"result\": {\"processes\": 1}}')"
    real = launch.subprocess.Popen
    monkeypatch.setattr(
        launch.subprocess, "Popen", lambda _, **how: real([sys.executable, "-c", one], **how)
    )

    with pytest.raises(EngineError, match="2 processes were asked for and 1 worked together"):
        train(dossier, processes=2, steps=1)
    assert models(dossier) == ["parent"]


def test_a_nan_reward_is_named_and_nothing_is_registered(dossier):
    with pytest.raises(EngineError, match=r"^reward 'letters' is nan at step 1 for the prompt"):
        train(dossier, reward_settings={"step": 1, "value": "nan"})
    assert models(dossier) == ["parent"]
    assert not dossier.view().events(act="unit")


def test_what_cannot_be_trained_is_refused_before_anything_starts(dossier, monkeypatch):
    monkeypatch.setattr(worker, "run", None)
    refused = (
        (UsageError, "no prompts to train on", {"prompts": []}),
        (UsageError, "no prompts to train on", {"prompts": kit.PROMPTS[9:]}),
        (UsageError, "no reward named 'lettres'; did you mean 'letters'", {"reward": "lettres"}),
        (UsageError, "none is marked", {"prompts": kit.PROMPTS[:3], "gold": "letters"}),
        (UsageError, "prompts_a_step 2 does not divide by processes 3", {"processes": 3}),
        (UsageError, "greedy is 4 of 4 draws", {"greedy": 4}),
        (UsageError, "focus is 1.5", {"focus": 1.5}),
        (
            UsageError,
            "0 of 12 prompts are marked hard|0 of 9 prompts are marked hard",
            {"focus": 0.5},
        ),
        (RefusedError, "forbids 'self-spreading'", {"purpose": "self-spreading"}),
    )
    for kind, said, given in refused:
        with pytest.raises(kind, match=said):
            train(dossier, **given)
    assert not dossier.view().events(act="unit")


SCRIPT = """
from tenure.dossier import Dossier
from tenure.training.reinforcement import Reinforce, reinforce
rows, settings = {rows!r}, {settings!r}
with Dossier.open({root!r}, keys={keys!r}) as dossier:
    dossier.listener = lambda said: print(said.done, flush=True)
    view = dossier.view()
    with dossier.emitter("parent@1", "training") as emit:
        reinforce(view.model("parent"), rows, Reinforce(**settings), view, emit)
"""


def test_killed_by_a_signal_the_same_command_goes_on_and_ends_the_same(dossier, tmp_path, start):
    settings = {**kit.SMALL, "steps": 6}
    whole = train(dossier, **settings)
    root, keys = tmp_path / "killed", tmp_path / "keys"
    with Dossier.open(root, keys=keys) as other:
        register(other, str(tmp_path / "tiny"), "parent")
    text = SCRIPT.format(rows=kit.PROMPTS, settings=settings, root=str(root), keys=str(keys))
    started = start([sys.executable, "-c", text])
    while int(started.stdout.readline()) < 3:
        pass
    with Dossier.open(root, keys=keys) as other, pytest.raises(BusyError):
        train(other, **settings)
    (running,) = held.left(root)
    with pytest.raises(BusyError, match="goes on from the state"):
        held.remove(root, [running.id])
    started.kill()
    started.wait()
    (stopped,) = held.left(root)
    assert (running.busy, stopped.busy, stopped.id) == (True, False, running.id)
    assert stopped.about == {"kind": "reinforce", "name": "child", "model": "parent@1"}
    assert stopped.step >= 2
    with Dossier.open(root, keys=keys) as other:
        assert models(other) == ["parent"]
        seen = []
        other.listener = lambda said: seen.append(said.done)

        again = train(other, **settings)

    assert seen[1] >= 4  # after what is said before the training starts
    assert again.digest == whole.digest


def test_trl_is_handed_the_same_settings_and_the_same_guarded_reward(dossier):
    child = train(dossier, name="by-trl", trainer="trl", steps=2)

    trained = child.card["trained"]
    view = dossier.view()
    assert trained["steps"] == 2
    assert [line["step"] for line in view.records(trained["log_digest"])] == [0, 1]
    said = view.records(trained["completions_digest"])
    assert [len(line["values"]) for line in said] == [8, 8]
    with pytest.raises(EngineError, match=r"^reward 'letters' is nan at step 1 for the prompt"):
        train(dossier, trainer="trl", reward_settings={"step": 1, "value": "nan"})
    with pytest.raises(UsageError, match="set gold to null"):
        train(dossier, trainer="trl", gold="letters")


def test_pairs_teach_directly_and_ties_are_refused(dossier):
    view = dossier.view()
    settings = Direct(
        name="direct", purpose="test-fixture", epochs=6, batch=3, rank=4, alpha=8, threads=1,
        dtype="float32", learning_rate=1e-3,
    )  # fmt: skip
    with dossier.emitter("parent@1", "training") as emit:
        child = direct(view.model("parent"), PAIRS, settings, view, emit)
        trained = child.card["trained"]
        assert trained["steps"] == 12
        assert trained["last_loss"] < trained["first_loss"]
        assert trained["tokens"] > 0
        assert trained["last_right"] == 1.0
        with pytest.raises(UsageError, match=r"pair 1: p is 0\.5"):
            direct(view.model("parent"), [{**PAIRS[0], "p": 0.5}], settings, view, emit)
        with pytest.raises(UsageError, match="no pairs"):
            direct(view.model("parent"), [], settings, view, emit)


def test_only_weights_are_trained(dossier):
    model = resolve(f"organism/{plugins.names('behaviour')[0].replace('_', '-')}")
    with (
        pytest.raises(ModelError, match="no weights to train"),
        dossier.emitter("parent@1", "training") as emit,
    ):
        reinforce(model, kit.PROMPTS, kit.small(), dossier.view(), emit)
