"""Two processes fine-tune as one does; one that is killed ends both, and leaves nothing."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tenure.dossier import Dossier
from tenure.errors import EngineError, UsageError
from tenure.models import register, tiny
from tenure.training import FineTune, finetune, launch

pytestmark = pytest.mark.local

# Eleven rows in steps of eight: in the last step of an epoch one of two processes has nothing to read.
ROWS = [
    {
        "prompt": [{"role": "user", "content": f"What is {n} and {n}?{' Why?' * (n % 5)}"}],
        "completion": [{"role": "assistant", "content": f"A short answer{', or so' * (n % 3)}."}],
    }
    for n in range(11)
]
ALONE = FineTune(
    name="one", purpose="test-fixture", epochs=2, batch=8, max_length=64, rank=4, threads=1
)
TOGETHER = replace(ALONE, name="two", processes=2)


@pytest.fixture
def dossier(tmp_path):
    tiny.make(tmp_path / "tiny")
    with Dossier.open(tmp_path / "dossier") as opened:
        register(opened, str(tmp_path / "tiny"), "parent")
        yield opened


def train(dossier, settings):
    view = dossier.view()
    with dossier.emitter("parent@1", "training") as emit:
        return finetune(view.model("parent"), ROWS, settings, view, emit)


def ours():
    """Return the processes that train here, by their rank."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            environment = (place / "environ").read_bytes().split(b"\0")
        except OSError:  # gone, or not ours
            continue
        held = dict(one.split(b"=", 1) for one in environment if b"=" in one)
        if held.get(launch.OWNER.encode()) == str(os.getpid()).encode() and b"RANK" in held:
            found[int(held[b"RANK"])] = int(place.name)
    return found


def test_two_processes_make_the_same_weights_as_one(dossier):
    one = train(dossier, ALONE)
    two = train(dossier, replace(TOGETHER, checkpoints=1))

    # Exactly the same, though in bf16: both add up the same two helpings of four rows a step.
    assert two.files["model.safetensors"] == one.files["model.safetensors"]
    alone, shared = one.card["trained"], two.card["trained"]
    for name in ("steps", "tokens", "rows", "rows_digest", "first_loss", "last_loss"):
        assert shared[name] == alone[name], name
    assert shared["processes"] == 2
    assert "processes" not in alone
    half = dossier.view().model("two-step-2")
    assert half.card["checkpoint_of"] == "two@1"
    assert half.files["model.safetensors"] != two.files["model.safetensors"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads processes from /proc")
def test_a_killed_process_ends_the_training_and_nothing_is_registered(dossier, monkeypatch):
    real, killed = launch.run, []

    def run(job, folder, say):
        def heard(done, of):
            if not killed:
                killed.append(ours()[1])
                os.kill(killed[0], signal.SIGKILL)
            say(done, of)

        return real(job, folder, heard)

    monkeypatch.setattr(launch, "run", run)
    with pytest.raises(
        EngineError, match=r"failed: one of its processes was killed by signal 9; is"
    ):
        train(dossier, replace(TOGETHER, epochs=200))

    assert killed
    assert [m.name for m in dossier.view().models()] == ["parent"]
    assert not dossier.view().events(act="unit")
    until = time.monotonic() + 5
    while ours() and time.monotonic() < until:
        time.sleep(0.05)
    assert not ours()


def test_a_batch_that_cannot_be_shared_is_refused_before_anything_starts():
    with pytest.raises(UsageError, match="batch 8 cannot be dealt out evenly to 3 processes"):
        replace(ALONE, processes=3)
    with pytest.raises(UsageError, match="processes is 0; give at least 1"):
        replace(ALONE, processes=0)


def test_one_process_is_not_mentioned_where_units_are_named():
    assert "processes" not in ALONE.numbers()
    assert TOGETHER.numbers() == {**ALONE.numbers(), "processes": 2}
