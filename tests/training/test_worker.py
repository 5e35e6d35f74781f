"""The training process: it ends with whoever started it, and a killed job is said to be one."""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from tenure.dossier import Dossier
from tenure.errors import EngineError
from tenure.models import register, tiny
from tenure.training import FineTune, finetune, worker

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads processes from /proc"),
]
ROW = {
    "prompt": [{"role": "user", "content": "What is it?"}],
    "completion": [{"role": "assistant", "content": "A short answer."}],
}
PATIENCE_SECONDS = 20.0

# Trains, says which process helps at the first step, and then listens no more.
SCRIPT = """
import sys, time
from tenure.dossier import Dossier
from tenure.models import register
from tenure.training import FineTune, finetune, worker
row = {row!r}
def told(progress):
    if progress.what == "training steps":
        print(worker._running[0].pid, flush=True)
        time.sleep(600)
with Dossier.open({root!r}, keys={keys!r}) as dossier:
    dossier.listener = told
    register(dossier, {model!r}, "parent")
    view = dossier.view()
    with dossier.emitter("parent@1", "training") as emit:
        settings = FineTune(name="child", purpose="test-fixture", epochs=500, batch=1, max_length=64)
        finetune(view.model("parent"), [row] * 8, settings, view, emit)
"""


def children(pid):
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def soon(condition):
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def test_a_killed_parent_leaves_no_training_behind(tmp_path, start):
    tiny.make(tmp_path / "tiny")
    text = SCRIPT.format(
        row=ROW, root=str(tmp_path / "d"), keys=str(tmp_path / "k"), model=str(tmp_path / "tiny")
    )
    (tmp_path / "train.py").write_text(text, encoding="utf-8")
    parent = start([sys.executable, tmp_path / "train.py"])
    helper = int(parent.stdout.readline())
    trainers = children(helper)
    assert len(trainers) == 1

    parent.kill()
    parent.wait()

    assert soon(lambda: gone(helper) and gone(trainers[0]))


def test_a_killed_training_is_reported_and_the_next_one_works(tmp_path):
    tiny.make(tmp_path / "tiny")
    short = FineTune(name="child", purpose="test-fixture", steps=1, batch=1, max_length=64)
    long = FineTune(name="child", purpose="test-fixture", epochs=500, batch=1, max_length=64)
    with Dossier.open(tmp_path / "d") as dossier:
        register(dossier, str(tmp_path / "tiny"), "parent")
        view = dossier.view()

        def kill(progress):
            if progress.what == "training steps" and progress.done == 1:
                for pid in children(worker._running[0].pid):
                    os.kill(pid, signal.SIGKILL)

        dossier.listener = kill
        with dossier.emitter("parent@1", "training") as emit:
            with pytest.raises(EngineError, match="killed by signal 9"):
                finetune(view.model("parent"), [ROW], long, view, emit)
            assert not list(emit.scratch.iterdir())
        dossier.listener = None
        with dossier.emitter("parent@1", "training") as emit:
            assert finetune(view.model("parent"), [ROW], short, view, emit).parent == "parent@1"


def test_a_helper_started_ahead_of_time_is_the_one_that_works():
    worker.warm()
    helper = worker._running[0]

    worker.warm()

    assert worker._running == [helper]
    worker.stop()
    assert helper.poll() is not None
    assert worker._running == []


def test_a_job_that_comes_before_the_last_one_is_reaped_is_not_lost(tmp_path):
    helper = worker._helper()
    try:
        for number in range(12):
            helper.stdin.write(f"{tmp_path / 'nowhere.json'}\n")
            helper.stdin.flush()
            ready, _, _ = select.select([helper.stdout], [], [], 3 * PATIENCE_SECONDS)

            assert ready, f"job {number} was never answered"
            assert "FileNotFoundError" in json.loads(helper.stdout.readline())["error"]
    finally:
        worker.stop()
